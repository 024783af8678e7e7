"""Charger, guard's own core and the rig's plant on one virtual clock: a session in milliseconds of test."""

from collections.abc import Callable

from v2h.bus.messages import Setpoint
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session
from v2h.pre import objects as pre
from v2h.rig.battery import LEAF_24, Pack
from v2h.rig.habits import LEAF, Habits
from v2h.rig.plant import Plant
from v2h.safety.guarding import Guarding
from v2h.safety.makesafe import OFF_ORDER, ON_ORDER
from v2h.safety.outputs import Output
from v2h.safety.wire import GuardState

STEP_S = 0.01


class VirtualBoard:
    """One board and everything connected to it. A test may change public attributes between steps."""

    def __init__(
        self,
        *,
        soc_pct: float = 60.0,
        cells_in_series: int = 0,
        pack_kwh: int = 24,
        protocol: int = 2,
        habits: Habits = LEAF,
        pack: Pack = LEAF_24,
        by_converter: bool = False,
    ) -> None:
        self.plant = Plant(soc_pct=soc_pct, habits=habits, pack=pack)
        self.cells_in_series, self.pack_kwh, self.protocol = cells_in_series, pack_kwh, protocol
        self.by_converter = by_converter
        self.now = 0.0
        self.power_w = 3000.0
        self.wanted, self.order, self.has_bus = True, 1, True
        self.cable_measured = True
        self.charger_runs = True
        self.charger = self.new_charger(1000)
        self.guard = Guarding(0.0, self.plant.outputs, self.plant.k_on, can_up=True, ready_to_start=True)
        self.sent: list[Frame] = []
        self.states: list[State] = []
        self.notes: list[str] = []
        self.record: list[Frame] | None = None
        """Every frame of both buses, when set to a list."""
        self.spoil_car: Callable[[int, bytes], bytes | None] = lambda can_id, data: data
        """Changes a frame of the car on its way; None: the frame is lost."""
        self.lose_request: Callable[[bytes], bool] = lambda data: False
        """True: a request to the converter is lost on its way."""
        self.spoil_answer: Callable[[bytes], bytes] = lambda data: data
        """Changes an answer of the converter on its way."""
        self.adc_bias_v = 0.0
        self.pin_v: Callable[[float], float | None] = lambda cable_v: cable_v / 100.0
        """Volts at the ADC's pin for volts on the cable, as a calibration of the cable reads them; None: no reading."""
        self.guard_hangs = False
        self._steps = 0
        self._k = False

    def new_charger(self, number: int) -> Charger:
        session = Session(number, protocol=self.protocol)
        cells, kwh = self.cells_in_series, self.pack_kwh
        return Charger(
            session,
            max_charge_a=15,
            max_discharge_a=15,
            cells_in_series=cells,
            pack_kwh=kwh,
            by_converter=self.by_converter,
        )

    @property
    def state(self) -> State:
        return self.charger.session.state

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end - STEP_S / 2:
            self.step()

    def run_until(self, *states: State, within_s: float = 120.0) -> None:
        """Run until the session is in one of `states`; AssertionError with the states passed if it takes too long."""
        end = self.now + within_s
        while self.state not in states:
            assert self.now < end, f"{states} not reached: {self.states}, {self.charger.session.reason}"
            self.step()

    def step(self) -> None:
        if self._steps == 0 and self.cable_measured:  # the board has been on for a while and has read its ADC
            for tenth in range(-11, 0):
                self.charger.cable_sample(self.plant.cable_v, tenth / 10)
        self._steps += 1
        self.now = self._steps * STEP_S
        now, plant = self.now, self.plant
        plant.step(now)
        for can_id, sent in plant.car_frames_due(now):
            data = self.spoil_car(can_id, sent)
            if data is None:
                continue
            self._recorded(Frame(now, can_id, data, CAR_BUS))
            self.charger.car_frame(Frame(now, can_id, data, CAR_BUS))
        if self.cable_measured:
            self.charger.cable_sample(plant.cable_v + self.adc_bias_v, now)
        pin_v = self.pin_v(plant.cable_v) if self.charger.calibrates else None
        if pin_v is not None:
            self.charger.pin_sample(pin_v, now)
        if self._steps % 25 == 1 and self.has_bus:
            self.charger.setpoint(Setpoint(now, self.wanted, self.power_w, now + 1.0, "", self.order), now)
        if plant.k_on != self._k:
            self._k = plant.k_on
            self.guard.on_k(self._k)
        self._guard_acts()
        if self.charger_runs:
            self._charger_turns()
        if not self.states or self.states[-1] is not self.state:
            self.states.append(self.state)

    def _charger_turns(self) -> None:
        now = self.now
        for _ in range(30):
            turn = self.charger.turn(now)
            for can_id, data in turn.to_car:
                self.sent.append(Frame(now, can_id, data, CAR_BUS))
                self._recorded(self.sent[-1])
                self.plant.evse_frame(now, can_id, data)
            if turn.to_guard is not None:
                self.guard.on_request(now, turn.to_guard)
                self._guard_acts()
            if not turn.to_pre:
                return
            for _, data in turn.to_pre:
                self.guard.on_frame(Frame(now, pre.REQUEST_ID, data, PRE_BUS))
                self._converter(data)

    def _recorded(self, frame: Frame) -> None:
        if self.record is not None:
            self.record.append(frame)

    def _converter(self, data: bytes) -> None:
        self._recorded(Frame(self.now, pre.REQUEST_ID, data, PRE_BUS))
        answer = None if self.lose_request(data) else self.plant.pre_request(self.now, data)
        if answer is not None:
            frame = Frame(self.now, pre.ANSWER_ID, self.spoil_answer(answer), PRE_BUS)
            self._recorded(frame)
            self.guard.on_frame(frame)
            self.charger.pre_frame(frame)

    def _guard_acts(self) -> None:
        if self.guard_hangs:
            return
        plant = self.plant
        actions = self.guard.act(self.now, plant.outputs)
        if actions.send is not None:
            self._converter(actions.send)
        if actions.outputs != plant.outputs:
            self._switch(actions.outputs)
        self.notes += [note.code for note in actions.notes]
        if actions.report and self.charger_runs:
            self.charger.guard_report(self.guard.report(plant.outputs), self.now)

    def _switch(self, target: Output) -> None:
        plant = self.plant
        for order, changing, on in (
            (OFF_ORDER, plant.outputs & ~target, False),
            (ON_ORDER, target & ~plant.outputs, True),
        ):
            for output in order:
                if output in changing:
                    plant.set_output(output, on)

    def status_109_5(self) -> list[int]:
        seen: list[int] = []
        for frame in self.sent:
            if frame.can_id == 0x109 and (not seen or seen[-1] != frame.data[5]):
                seen.append(frame.data[5])
        return seen

    def assert_safe(self) -> None:
        """Nothing is energised, no current flows, and there was no misuse on the way."""
        assert self.plant.outputs & ~Output.PLUG_LOCK == Output(0), self.plant.outputs
        assert abs(self.plant.pre.out_a) < 0.01
        assert self.plant.violations == []

    def assert_guard_content(self) -> None:
        assert self.guard.state is GuardState.READY
        assert [note for note in self.notes if note in ("tripped", "held")] == [], self.notes
