"""The state machine of `guard` in virtual time, with outputs that obey, a `charger` and a converter."""

from dataclasses import replace

from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.safety.guarding import Guarding
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import Report, Request

ENERGY = Output(0x7F)
LOCK = Output.PLUG_LOCK
AWAKE = Output.MASTER | Output.PRE_AC | Output.D1
ZERO, DISABLE = pre.write_amps(0.0), pre.write_enable(False)


class Bench:
    """A `guard` whose outputs obey, a `charger` that sends at 10 Hz, and a converter that answers, in steps of 10 ms.

    rested: `charger` has already requested all outputs off."""

    def __init__(self, found: Output = NONE, *, start: bool = True, rested: bool = True) -> None:
        self.t = 50.0
        self.outputs = found
        self.guard = Guarding(self.t, found, k_on=True)
        self.guard.can_up = self.guard.ready_to_start = start
        if rested:
            self.guard.on_request(self.t, Request(NONE, 7, 0, loop_age_ms=1, pre_current_a=None, cable_v=None))
        self.request: Request | None = None
        self.amps: float | None = 0.0
        self.set_a = 0.0
        self.sent: list[tuple[float, bytes]] = []
        self.notes: list[str] = []
        self.reports: list[tuple[float, Report]] = []
        self.history: list[tuple[float, Output]] = []

    def ask(self, outputs: Output, session: int = 7, **flags: object) -> None:
        cable_v = 0.0 if Output.D2 in outputs else None  # d2 needs a known voltage
        request = Request(outputs, session, 0, loop_age_ms=1, pre_current_a=None, cable_v=cable_v)
        self.request = replace(request, **flags)  # type: ignore[arg-type]

    def act(self) -> None:
        actions = self.guard.act(self.t, self.outputs)
        if actions.send is not None:
            self.sent.append((self.t, actions.send))
        if actions.outputs != self.outputs:
            self.history.append((self.t, actions.outputs))
        self.outputs = actions.outputs
        self.notes += [note.code for note in actions.notes]
        if actions.report:
            self.reports.append((self.t, self.guard.report(self.outputs)))
        self.next_t = actions.next_t

    def run(self, seconds: float) -> "Bench":
        for _ in range(round(seconds / 0.01)):
            tenth = round(self.t * 100) % 10 == 0
            if tenth and self.amps is not None:
                for entry, value in ((pre.AMPS, self.amps), (pre.SET_AMPS, self.set_a)):
                    raw = round(value * 10).to_bytes(2, "little", signed=True)
                    self.guard.on_frame(Frame(self.t, pre.ANSWER_ID, pre.read_answer(entry, raw)))
            if tenth and self.request is not None:
                self.guard.on_request(self.t, self.request)
            self.act()
            self.t += 0.01
        return self

    def energy(self, amps: float = 14.0) -> "Bench":
        """Switch on in the order of a session until current flows."""
        for outputs in (AWAKE, AWAKE | LOCK, AWAKE | LOCK | Output.D2, ENERGY):
            self.ask(outputs)
            if Output.D2 in outputs & ~self.outputs:
                self.ask(self.outputs, cable_v=0.0)
                self.run(1.0)  # guard needs reports of the voltage for a while
                self.ask(outputs)
            self.run(0.1)
        assert self.outputs == ENERGY
        self.ask(ENERGY, k_expected=True)
        self.amps = self.set_a = amps
        return self.run(0.2)

    def fell_at(self, output: Output) -> float:
        return next(t for t, outputs in self.history if output not in outputs and t > self.mark)

    mark = 0.0
