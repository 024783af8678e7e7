"""Runs our session with the car of a capture, in virtual time: what would our side have sent and done?

A capture of an Indra's two buses (it has frames of the converter) is played as recorded (as_recorded.py), every other
one by phase (by_phase.py). A capture that begins or ends in the middle of a session says so: that is no fault.
"""

from dataclasses import dataclass, field

from v2h.bus.messages import Setpoint
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.capture.as_recorded import AsRecorded
from v2h.capture.by_phase import ByPhase
from v2h.capture.phases import Phase, begins_in_the_middle, phases, sessions, without_holes
from v2h.capture.surroundings import STEP_S, Surroundings
from v2h.chademo import frames, limits
from v2h.chademo.charger import Charger
from v2h.chademo.session import Session
from v2h.pre import objects as pre

NEEDED = (0x100, 0x101, 0x102)
"""Every car sends these, and our session does not begin without them."""
LEAD_S = 0.1
"""Our program starts this long before t = 0, which is the first frame of a capture that is played as recorded."""
INSULATION_WAIT_S = 15.0
"""The recorded test voltage comes when the vendor applied it, and not when we order ours."""
WISH_W = 7000.0
"""The setpoint in a replay: charge as much as the car allows."""
BEGINS_CUT = "the capture begins in the middle of a charge: nothing can be said of a start"
ENDS_CUT = {
    **dict.fromkeys((State.WAKE, State.HANDSHAKE), "before the car permits"),
    **dict.fromkeys(
        (State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED, State.TEST_OPEN, State.CONTACTOR_CHECK),
        "before the car closes its contactors",
    ),
    State.CAR_CONTACTORS: "before the car closes its contactors",
    **dict.fromkeys((State.MATCH, State.READY), "before the car asks for current"),
    State.ENERGY: "before the car ends the charge",
}
"""State of our session -> what the capture no longer contains. In the other states the session ends without the car."""


@dataclass(slots=True)
class Result:
    """What our side did. sent: every EVSE frame with its time. states: from idle to the end. played: how. cut: where
    the capture begins or ends in the middle, or "". remarks: one sentence each."""

    frames_in: int = 0
    sent: list[Frame] = field(default_factory=list)
    states: list[tuple[float, State]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)
    reason: str = ""
    played: str = ""
    cut: str = ""
    remarks: list[str] = field(default_factory=list)

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


def replay(capture: list[Frame]) -> Result:
    """Run a session with the car of `capture` (t from 0; at least one frame must be a car's)."""
    result = Result(frames_in=len(capture))
    chosen = _chosen(sessions(capture), result)
    missing = [f"0x{can_id:03X}" for can_id in NEEDED if all(frame.can_id != can_id for frame in chosen)]
    if missing:
        result.cut = f"the capture lacks {', '.join(missing)} of the car: no session begins without"
    elif begins_in_the_middle(chosen):
        result.cut = BEGINS_CUT
    if result.cut:
        result.reason = result.cut
        return result
    if any(frame.can_id in (pre.REQUEST_ID, pre.ANSWER_ID) for frame in chosen):
        result.played = "as recorded"
        session = Session(1, waits_s={State.INSULATION: INSULATION_WAIT_S})
        return _run(session, AsRecorded(chosen), result)
    result.played = "by phase"
    whole, holes = without_holes(chosen)
    if holes:
        result.remarks.append(
            f"the logger recorded nothing for more than 0.5 s, {holes} times: these times are left out"
        )
    around = ByPhase(whole)
    _run(Session(1), around, result)
    result.remarks += [f"{v.t:.2f} s: {v.what}: {v.value}, allowed are {v.limit}" for v in around.circuit.violations]
    return result


def _chosen(parts: list[list[Frame]], result: Result) -> list[Frame]:
    """The session to play: the first one that has a start and reaches the flow of energy, if there is one."""
    if len(parts) == 1:
        return parts[0]
    number = min(range(len(parts)), key=lambda n: (begins_in_the_middle(parts[n]), _unfed(parts[n])))
    result.remarks.append(f"the capture holds {len(parts)} sessions of a car: number {number + 1} is played")
    return parts[number]


def _unfed(part: list[Frame]) -> bool:
    return Phase.FLOW not in phases(part).parts


def _run(session: Session, around: Surroundings, result: Result) -> Result:
    """Ends when the session rests, at the latest at around.end_s, or where the capture is cut."""
    charger = Charger(session, max_charge_a=limits.AVAILABLE_A.value, max_discharge_a=limits.AVAILABLE_A.value)
    now, count = -LEAD_S, 0
    while now < around.end_s:
        for frame in around.step(now):
            charger.car_frame(frame)
        if around.over and session.state in ENDS_CUT:
            result.cut = f"the capture ends here, {ENDS_CUT[session.state]}"
            break
        charger.cable_sample(around.cable_v(now), now)
        charger.setpoint(Setpoint(now, True, WISH_W, now + 1.0, "replay", 1), now)
        charger.guard_report(around.report(session.number), now)
        _exchange(charger, around, result, now)
        if session.history and charger.resting:
            break
        count += 1
        now = -LEAD_S + count * STEP_S
    result.states = list(session.history)
    result.faults = [session.fault.name] if session.fault else []
    result.reason = result.cut or session.reason
    return result


def _exchange(charger: Charger, around: Surroundings, result: Result, now: float) -> None:
    """Call turn() until there is no more request to the converter at this time."""
    while True:
        turn = charger.turn(now)
        for can_id, data in turn.to_car:
            around.hear(can_id, data)
            result.sent.append(Frame(now, can_id, data, CAR_BUS))
        if turn.to_guard is not None:
            around.obey(turn.to_guard.outputs, now)
            charger.guard_report(around.report(charger.session.number), now)
        if not turn.to_pre:
            return
        for _, data in turn.to_pre:
            answer = around.pre.request(now, data)
            if answer is not None:
                charger.pre_frame(Frame(now, pre.ANSWER_ID, answer, PRE_BUS))
