"""Runs our session with a recorded car, in virtual time: what would our side have sent and done?

From the recording: the car's frames, K (follows 102.5.0, because no capture contains the line itself), the cable
voltage (the recorded 0x109 if there is one), the converter's silence and status word (the recorded 0x5B0 if there is
one).
From the rig's models: the converter's volts and amps, which follow our setpoints, and the circuit connected to it. The
recorded car does not react to us, so a replay proves order, bytes and limits, not control.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from operator import itemgetter

from v2h.bus.messages import Setpoint
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.chademo import frames, limits
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session
from v2h.pre import objects as pre
from v2h.rig.battery import Battery
from v2h.rig.cable import Circuit
from v2h.rig.pre import Pre
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Trip

STEP_S = 0.01
LEAD_S = 0.1
"""d1 rises this long before the recording's first frame."""
TAIL_S = 20.0
"""How long the session may go on after the recording's end."""
INSULATION_WAIT_S = 15.0
"""The recorded test voltage comes when the vendor applied it, and not when we order ours."""
WISH_W = 7000.0
"""The setpoint in a replay: charge as much as the car allows."""


@dataclass(slots=True)
class Result:
    """What our side did. sent: every EVSE frame with its time. states: from idle to the end."""

    frames_in: int = 0
    sent: list[Frame] = field(default_factory=list)
    states: list[tuple[float, State]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    reason: str = ""

    def status_109_5(self) -> list[int]:
        """The status byte, changes only."""
        seen: list[int] = []
        for frame in self.sent:
            if frame.can_id == 0x109 and (not seen or seen[-1] != frame.data[5]):
                seen.append(frame.data[5])
        return seen

    def max_gap_ms(self) -> dict[str, float]:
        """Id -> the longest time between two frames of that id, ms."""
        last: dict[int, float] = {}
        gaps: dict[str, float] = {}
        for frame in self.sent:
            name = f"{frame.can_id:x}"
            if frame.can_id in last:
                gaps[name] = max(gaps.get(name, 0.0), round((frame.t - last[frame.can_id]) * 1000, 1))
            last[frame.can_id] = frame.t
        return gaps

    def unlike_codec(self) -> int:
        """Number of frames whose bytes differ from those that the codec encodes from their decoded form."""
        return sum(frames.encode(frames.decode(f.can_id, f.data)) != (f.can_id, f.data) for f in self.sent)


class _Track:
    """A recorded quantity: the last value at or before a time."""

    def __init__(self, points: Iterator[tuple[float, float]]) -> None:
        self._points = list(points)

    def __bool__(self) -> bool:
        return bool(self._points)

    def at(self, t: float) -> float | None:
        index = bisect_right(self._points, t, key=itemgetter(0))
        return self._points[index - 1][1] if index else None


class _World:
    """The recording and the rig's models: all that is outside our program."""

    def __init__(self, capture: list[Frame]) -> None:
        self.car_frames = [f for f in capture if f.can_id in frames.CAR_IDS]
        self.cable = _Track(_cable_volts(capture))
        self.status = _Track(_status_words(capture))
        self.battery = Battery(_last_soc_pct(self.car_frames))
        self.circuit = Circuit(self.battery)
        self.pre = Pre()
        self.outputs = NONE
        self.k_on = False
        self.flag_closed = False

    def step(self, now: float) -> None:
        word = self.status.at(now)
        if self.status:
            self.pre.silent = word is None
            self.pre.forced_status = None if word is None else int(word)
        recorded_v = self.cable.at(now)
        empty = recorded_v is not None and recorded_v <= limits.BATTERY_PRESENT_V.value  # a car says so a second later
        self.circuit.set_car_contactors(now, self.flag_closed and Output.D2 in self.outputs and not empty)
        self.pre.step(now, STEP_S)
        self.circuit.step(now, STEP_S, self.pre.demand_a, self.pre.ceiling_v)
        self.pre.out_v, self.pre.out_a = self.circuit.pre_v, self.circuit.pre_a

    def hear_car(self, frame: Frame) -> None:
        if frame.can_id == 0x102:
            said = frames.decode(frame.can_id, frame.data)
            assert isinstance(said, frames.X102)
            self.k_on, self.flag_closed = said.charging_enabled, not said.contactors_open

    def obey(self, wanted: Output, now: float) -> None:
        changed, self.outputs = self.outputs ^ wanted, wanted
        if changed & CONTACTORS:
            self.circuit.set_contactors(now, Output.C1 in wanted, Output.C2 in wanted)
        if Output.PRE_AC in changed:
            self.pre.set_ac(now, Output.PRE_AC in wanted)

    def cable_v(self, now: float) -> float:
        recorded = self.cable.at(now)
        return self.circuit.cable_v if recorded is None else recorded

    def report(self, session: int) -> Report:
        return Report(self.outputs, GuardState.READY, Trip.NONE, session, 0, self.k_on, True)


def replay(capture: list[Frame]) -> Result:
    """Run a session with `capture` (t from 0). Ends when the session rests, at the latest 20 s after the capture."""
    world = _World(capture)
    session = Session(1, waits_s={State.INSULATION: INSULATION_WAIT_S})
    charger = Charger(session, max_charge_a=limits.AVAILABLE_A.value, max_discharge_a=limits.AVAILABLE_A.value)
    result = Result(frames_in=len(capture))
    coming = iter(world.car_frames)
    upcoming = next(coming, None)
    end_s = (capture[-1].t if capture else 0.0) + TAIL_S
    now, count = -LEAD_S, 0
    while now < end_s:
        world.step(now)
        while upcoming is not None and upcoming.t <= now:
            world.hear_car(upcoming)
            charger.car_frame(upcoming)
            upcoming = next(coming, None)
        charger.cable_sample(world.cable_v(now), now)
        charger.setpoint(Setpoint(now, True, WISH_W, now + 1.0, "replay", 1), now)
        charger.guard_report(world.report(session.number), now)
        _exchange(charger, world, result, now)
        if session.history and charger.resting:
            break
        count += 1
        now = -LEAD_S + count * STEP_S
    result.states = list(session.history)
    result.faults = [session.fault.name] if session.fault else []
    result.reason = session.reason
    return result


def _exchange(charger: Charger, world: _World, result: Result, now: float) -> None:
    """Call turn() until there is no more request to the converter at this time."""
    while True:
        turn = charger.turn(now)
        result.sent += [Frame(now, can_id, data, CAR_BUS) for can_id, data in turn.to_car]
        if turn.to_guard is not None:
            world.obey(turn.to_guard.outputs, now)
            charger.guard_report(world.report(charger.session.number), now)
        if not turn.to_pre:
            return
        for _, data in turn.to_pre:
            answer = world.pre.request(now, data)
            if answer is not None:
                charger.pre_frame(Frame(now, pre.ANSWER_ID, answer, PRE_BUS))


def _status_words(capture: list[Frame]) -> Iterator[tuple[float, float]]:
    """(t, word) of every recorded answer to 2101; the first answer of any kind ends the silence with word 0902.

    The bits for running and sinking follow the recorded commands, not ours, and are left out. A word counts from the
    time of the poll before it: the converter changed some time between the two, and our session must not be ready for
    the recorded test voltage later than the recorded session was.
    """
    heard = False
    polled_t = 0.0
    for frame in capture:
        if frame.can_id != pre.ANSWER_ID:
            continue
        answer = pre.parse_answer(frame.data)
        if isinstance(answer, pre.ReadAnswer) and answer.index == pre.STATUS.index:
            yield (polled_t if heard else frame.t), float(pre.unexpected_status(int(pre.STATUS.value(answer.raw))))
            polled_t = frame.t
        elif not heard:
            yield frame.t, float(0x0902)
            polled_t = frame.t
        heard = True


def _cable_volts(capture: list[Frame]) -> Iterator[tuple[float, float]]:
    """(t, volts) of every recorded 0x109."""
    for frame in capture:
        if frame.can_id == 0x109:
            said = frames.decode(frame.can_id, frame.data)
            assert isinstance(said, frames.X109)
            yield frame.t, float(said.present_v)


def _last_soc_pct(car_frames: list[Frame]) -> float:
    """The SOC at the end of the recording, % (the frames of the first two seconds report 3, then 1)."""
    for frame in reversed(car_frames):
        said = frames.decode(frame.can_id, frame.data)
        if isinstance(said, frames.X102):
            return float(said.soc_pct)
    return 60.0
