"""The simulated car's side of matching (SLAC): it looks for a charger, sounds, chooses, and takes the key. Pure.

The numbers are those of cars in recordings, and of HomePlug GreenPHY as EVerest names them.
"""

from dataclasses import dataclass
from enum import Enum, auto

from v2h.ccs.homeplug import (
    BROADCAST,
    LOCAL_MODEM,
    AttenCharInd,
    AttenCharRsp,
    Frame,
    MatchCnf,
    MatchReq,
    Mme,
    ParmCnf,
    ParmReq,
    SetKeyReq,
    SoundInd,
    StartAttenCharInd,
    pack,
    unpack,
)

PARM_S = 0.25
"""A car repeats its first question in this rhythm."""
PAUSE_S = 0.03
"""Between two sounds, and between two announcements."""
ANNOUNCEMENTS = 3
RESULTS_S = 1.2
"""TT_EV_atten_results: how long a car waits for results after its first announcement."""
MATCH_S, MATCH_TRIES = 0.2, 3
"""TT_match_response: the car asks again."""
FARTHEST_DB = 40
"""A charger that loses more of the sounds than this is not the one at the plug."""
CAR_ID = bytes(17)


class Step(Enum):
    """What the car waits for."""

    ASK = auto()
    SOUND = auto()
    RESULTS = auto()
    MATCH = auto()
    MATCHED = auto()
    FAILED = auto()


@dataclass(slots=True)
class SlacCar:
    """One car. mac: its address. run_id: 8 bytes, other ones for each attempt. nmk: the key that it got."""

    mac: bytes
    run_id: bytes
    step: Step = Step.ASK
    nmk: bytes = b""
    charger: bytes = b""
    _due_t: float = 0.0
    _began_t: float = 0.0
    _sent: int = 0

    def tick(self, now: float) -> list[bytes]:
        """What the car sends now."""
        if now < self._due_t or self.step in (Step.MATCHED, Step.FAILED):
            return []
        if self.step is Step.ASK:
            self._due_t = now + PARM_S
            return self._send(BROADCAST, ParmReq(0, 0, self.run_id))
        if self.step is Step.SOUND:
            return self._sound(now)
        if self.step is Step.MATCH and self._sent < MATCH_TRIES:
            return self._choose(now)
        self.step = Step.FAILED
        return []

    def take(self, now: float, data: bytes) -> list[bytes]:
        """Take a frame, and return what the car answers."""
        frame = unpack(data)
        if frame is None or frame.destination != self.mac:
            return []
        message = frame.message
        if isinstance(message, ParmCnf) and message.run_id == self.run_id and self.step is Step.ASK:
            self.step, self._sent, self._due_t = Step.SOUND, -ANNOUNCEMENTS, now
            return []
        if isinstance(message, AttenCharInd) and message.run_id == self.run_id:
            return self._result(now, frame.source, message)
        if isinstance(message, MatchCnf) and message.run_id == self.run_id and self.step is Step.MATCH:
            self.step, self.nmk = Step.MATCHED, message.nmk
            key = SetKeyReq(1, bytes(4), bytes(4), 4, 0, 0, 0, message.nid, 1, message.nmk)
            return self._send(LOCAL_MODEM, key)
        return []

    def _send(self, destination: bytes, message: Mme) -> list[bytes]:
        return [pack(Frame(destination, self.mac, message))]

    def _sound(self, now: float) -> list[bytes]:
        """Announce three times, then sound ten times."""
        number, self._sent, self._due_t = self._sent, self._sent + 1, now + PAUSE_S
        if number < 0:
            self._began_t = now if number == -ANNOUNCEMENTS else self._began_t
            return self._send(BROADCAST, StartAttenCharInd(0, 0, 10, 6, 1, self.mac, self.run_id))
        if number == 9:
            self.step, self._due_t = Step.RESULTS, self._began_t + RESULTS_S
        return self._send(BROADCAST, SoundInd(0, 0, CAR_ID, 9 - number, self.run_id))

    def _result(self, now: float, charger: bytes, message: AttenCharInd) -> list[bytes]:
        """Confirm each result, and choose the first charger that is near enough."""
        response = AttenCharRsp(0, 0, self.mac, self.run_id, message.source, message.response, 0)
        answers = self._send(charger, response)
        near = sum(message.attenuation_db) / len(message.attenuation_db) <= FARTHEST_DB
        if self.step is Step.RESULTS and near:
            self.step, self.charger, self._sent, self._due_t = Step.MATCH, charger, 0, now
            answers += self._choose(now)
        return answers

    def _choose(self, now: float) -> list[bytes]:
        self._sent, self._due_t = self._sent + 1, now + MATCH_S
        ids = (CAR_ID, self.mac, bytes(17), self.charger, self.run_id, bytes(8))
        return self._send(self.charger, MatchReq(0, 0, 0x3E, *ids))
