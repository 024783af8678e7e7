"""Plays the requests of a recorded CCS car to our message machine (v2h.ccs.secc), by phase and in virtual time. Pure.

The car repeats a request until our answer lets it go on, whatever the number of its repetitions was in the recording.
It sends every CurrentDemandReq and WeldingDetectionReq of the recording. The charger behind the machine is an obedient
one: it reaches each voltage and current at once, and a cable check takes it CHECK_S. So a replay proves the order of
the messages, their codes and what the machine reports. It proves nothing about the converter.
"""

from collections.abc import Iterator
from itertools import groupby
from typing import NamedTuple

from v2h.capture.v2g import Conversation, V2gFrame
from v2h.ccs.messages import DIALECTS, HANDSHAKE
from v2h.ccs.record import CarRecord, ChargerRecord, Isolation, Phase, Pilot
from v2h.ccs.secc import Answer, Secc

TURN_S = 0.05
CAR_S = 0.1
"""From our answer to the next request of the car."""
CHECK_S = 3.0
MOST_REPEATS = 200
MOST_TURNS = 400
"""20 s: longer than every answer may take."""
REPEATED = ("Authorization", "ContractAuthentication", "ChargeParameterDiscovery", "CableCheck", "PreCharge")
"""What the car repeats until it may go on."""
HELD_V, HELD_A, HELD_W = 500.0, 16.0, 6000.0
"""What the obedient charger gives."""
SESSION_ID = bytes(range(1, 9))
_WITH_VOLTAGE = (Phase.PRECHARGE, Phase.START, Phase.ENERGY)
_CHARGING = (Phase.CABLE_CHECK, Phase.PRECHARGE, Phase.START, Phase.ENERGY, Phase.STOP)


class Exchange(NamedTuple):
    """A request of the car and our answer. t: virtual seconds of the answer; code: its code; recorded: the code that
    the recorded charger gave to the last request of this name, "" without one; times: how often the car sent it in a
    row."""

    t: float
    name: str
    code: str
    recorded: str
    times: int


class V2gResult(NamedTuple):
    """sessions: one list of exchanges for each connection. reasons: why each was over, "" for one that the recording
    cuts off. ended: every session came to its orderly end."""

    sessions: list[list[Exchange]]
    reasons: list[str]
    ended: bool


def replay_v2g(found: Conversation) -> V2gResult:
    """Every supportedAppProtocolReq begins a session. Raises ValueError when the recording has no such request."""
    frames = [frame for frame in found.frames if frame.namespace]
    starts = [n for n, frame in enumerate(frames) if frame.name == f"{HANDSHAKE}Req"]
    if not starts:
        raise ValueError(f"no {HANDSHAKE}Req in it: the recording does not hold the beginning of a session")
    played = [_Play(frames[a:b]) for a, b in zip(starts, [*starts[1:], len(frames)], strict=True)]
    sessions = [list(play.exchanges()) for play in played]
    reasons = [play.secc.reason for play in played]
    return V2gResult(sessions, reasons, all(reason == "the car has ended the session" for reason in reasons))


class _Play:
    """One connection."""

    def __init__(self, frames: list[V2gFrame]) -> None:
        self._frames, self._now = frames, 0.0
        self.secc = Secc(DIALECTS, SESSION_ID, 1, 0.0)
        self._phase, self._since_t = Phase.HELLO, 0.0
        self._theirs = next((frame.session for frame in frames if frame.name == "SessionSetupRes"), None)

    def exchanges(self) -> Iterator[Exchange]:
        """Until the recording or the session ends."""
        asked = [frame for frame in self._frames if frame.sender == "car"]
        for name, group in groupby(asked, key=lambda frame: frame.name):
            requests = list(group)
            repeats = name.removesuffix("Req") in REPEATED
            answer, times = None, 0
            while not self.secc.reason and times < (MOST_REPEATS if repeats else len(requests)):
                answer = self._ask(requests[min(times, len(requests) - 1)])
                times += 1
                if repeats and answer is not None and _lets_go_on(answer):
                    break
            if times:
                code = "no answer" if answer is None else str(answer.fields["ResponseCode"])
                yield Exchange(self._now, name, code, self._recorded(requests[-1]), times)

    def _ask(self, frame: V2gFrame) -> Answer | None:
        self._now += CAR_S
        session = None if frame.name == f"{HANDSHAKE}Req" else self._session(frame)
        self.secc.hear(self._now, frame.name, session, frame.fields)
        for _ in range(MOST_TURNS):
            record = self.secc.record(self._now, 0, self._pilot)
            if answer := self.secc.turn(self._now, self._obey(record), self._pilot):
                return answer
            if self.secc.closing(self._now, self._pilot):
                return None
            self._now += TURN_S
        return None

    def _session(self, frame: V2gFrame) -> bytes:
        """Ours, where the car used the one that it had got; else what it really sent."""
        return self.secc.session_id if frame.session == self._theirs else bytes.fromhex(frame.session)

    @property
    def _pilot(self) -> Pilot:
        return Pilot.C if self.secc.phase in _CHARGING else Pilot.B

    def _obey(self, car: CarRecord) -> ChargerRecord:
        """What the charger reports to `ccs`."""
        if car.phase is not self._phase:
            self._phase, self._since_t = car.phase, self._now
        return ChargerRecord(
            car.phase,
            car.sequence,
            done=car.phase is not Phase.CABLE_CHECK or self._now - self._since_t >= CHECK_S,
            wanted=True,
            authorised=True,
            isolation=Isolation.INVALID if car.phase < Phase.CABLE_CHECK else Isolation.VALID,
            present_v=(car.target_v or 0.0) if car.phase in _WITH_VOLTAGE else 0.0,
            present_a=min(car.target_a or 0.0, HELD_A) if car.phase is Phase.ENERGY else 0.0,
            max_v=HELD_V,
            max_a=HELD_A,
            max_w=HELD_W,
        )

    def _recorded(self, request: V2gFrame) -> str:
        later = self._frames[self._frames.index(request) :]
        answer = next((frame for frame in later if frame.name == request.name.replace("Req", "Res")), None)
        return "" if answer is None else str(answer.fields.get("ResponseCode", ""))


def _lets_go_on(answer: Answer) -> bool:
    return bool(answer.fields.get("EVSEProcessing", "Finished") == "Finished")
