"""SLAC as the charger: find out that the car which speaks is the one at our plug, and give it the key of our network.

On the power line every charger nearby hears every car. So the car sends sounds, each charger says how much of them was
lost on the way, and the car chooses the one that loses least. Pure: frames and `now` come in, frames go out.

    phase     deadline          then
    KEY       SET_KEY_S         the modem is asked again, SET_KEY_TRIES times in all; then LISTEN
    LISTEN    LISTEN_S          FAILED: no car has matched. While a car is matching, the phase goes on
    MATCHED   JOIN_S            FAILED: the car has the key, but nothing came from it
    JOINED    none              stop() or start()

    step of a car in LISTEN     deadline         then
    ANSWERED  PARM.CNF sent     START_S          the car is forgotten
    SOUNDING  sounds come       SOUNDS_S         our result is sent
    TOLD      ATTEN_CHAR sent   RESPONSE_S       our result is sent again, RESULT_TRIES times in all; then CHOSEN
    CHOSEN    RSP received      MATCH_S          the car is forgotten

Several cars may be in these steps at the same time: one of them stands at another charger and will choose that. The
first car that chooses us is matched, and no other until the next start().
slac_limits.py holds the numbers.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import Any

from v2h.ccs import slac_limits as limits
from v2h.ccs.homeplug import (
    BROADCAST,
    GROUPS,
    LOCAL_MODEM,
    AttenCharInd,
    AttenCharRsp,
    AttenProfileInd,
    Frame,
    MatchCnf,
    MatchReq,
    Mme,
    ParmCnf,
    ParmReq,
    SetKeyCnf,
    SetKeyReq,
    SoundInd,
    StartAttenCharInd,
    ValidateCnf,
    ValidateReq,
    nid_of,
    pack,
    unpack,
)


class Phase(Enum):
    """What matching as a whole is doing."""

    OFF = auto()
    KEY = auto()
    LISTEN = auto()
    MATCHED = auto()
    JOINED = auto()
    FAILED = auto()


class Step(Enum):
    """How far one car has come."""

    ANSWERED = auto()
    SOUNDING = auto()
    TOLD = auto()
    CHOSEN = auto()


@dataclass(slots=True)
class Car:
    """One car that is matching. expected: the sounds it announced; sounds: those heard; profiles: what the modem
    reported about them, dB for each group; tries: how often our result was sent."""

    mac: bytes
    run_id: bytes
    since_t: float
    step: Step = Step.ANSWERED
    expected: int = limits.SOUNDS
    sounds: int = 0
    profiles: list[bytes] = field(default_factory=list)
    tries: int = 0

    def enter(self, step: Step, now: float) -> None:
        self.step, self.since_t = step, now


class Slac:
    """The matching of one plug. mac: our address on the modem's interface, 6 bytes.

    phase; failure: why it is FAILED; car_mac: the matched car; remarks: ids of QUIRKS, which the caller takes away.
    start(), take() and tick() return the frames to send.
    """

    def __init__(self, mac: bytes) -> None:
        self.mac = mac
        self.phase, self.failure, self.car_mac = Phase.OFF, "", b""
        self.nmk, self.nid = b"", b""
        self.remarks: list[str] = []
        self._cars: dict[bytes, Car] = {}
        self._run_id = b""
        self._since_t, self._tries = 0.0, 0

    def start(self, now: float, nmk: bytes) -> list[bytes]:
        """Begin for a car that may be plugged in, with a new random key of 16 bytes. Start before the pilot's PWM: some
        cars begin within 0.5 s. Raises ValueError for a key of another length, or that of the last start."""
        if len(nmk) != 16 or nmk == self.nmk:
            raise ValueError("the key must have 16 bytes and differ from the last one")
        self.nmk, self.nid = nmk, nid_of(nmk)
        self.failure, self.car_mac, self._run_id, self._tries = "", b"", b"", 0
        self._cars.clear()
        self._enter(Phase.KEY, now)
        return [pack(self._set_key())]

    def stop(self) -> None:
        """The plug is out, or the session has ended: answer nobody."""
        self.phase = Phase.OFF
        self._cars.clear()

    def joined(self) -> None:
        """The caller has heard the matched car on the network."""
        if self.phase is Phase.MATCHED:
            self.phase = Phase.JOINED

    def take(self, now: float, data: bytes) -> list[bytes]:
        """Take one frame from the modem's interface; frames of any other kind are ignored."""
        frame = unpack(data)
        if frame is None or frame.destination not in (self.mac, BROADCAST) or frame.source == self.mac:
            return []
        if self.phase in (Phase.OFF, Phase.FAILED):
            return []
        handle = _TAKE.get(type(frame.message))
        answers = handle(self, now, frame.source, frame.message) if handle else []
        return [pack(answer) for answer in answers]

    def tick(self, now: float) -> list[bytes]:
        """Look at the deadlines; call it at least every 50 ms."""
        sent: list[Frame] = []
        for car in list(self._cars.values()):
            deadline_s, step_late = _STEP_ENDS[car.step]
            if now - car.since_t >= deadline_s:
                sent += step_late(self, now, car)
        if self.phase in _PHASE_ENDS:
            deadline_s, phase_late = _PHASE_ENDS[self.phase]
            if now - self._since_t >= deadline_s:
                sent += phase_late(self, now)
        return [pack(frame) for frame in sent]

    def _enter(self, phase: Phase, now: float) -> None:
        self.phase, self._since_t = phase, now

    def _set_key(self) -> Frame:
        self._tries += 1
        request = SetKeyReq(1, bytes(4), bytes(4), 4, 0, 0, 0, self.nid, 1, self.nmk)
        return Frame(LOCAL_MODEM, self.mac, request)

    def _answer(self, car: Car, message: Mme) -> list[Frame]:
        return [Frame(car.mac, self.mac, message)]

    def _car(self, source: bytes, run_id: bytes, *steps: Step) -> Car | None:
        """The car with this address, if it is in one of the steps and means its present matching."""
        car = self._cars.get(source)
        return car if car is not None and car.run_id == run_id and car.step in steps else None

    # What a message leads to.

    def _set_key_cnf(self, now: float, source: bytes, message: SetKeyCnf) -> list[Frame]:
        if self.phase is Phase.KEY:
            if message.result != 0:
                self.remarks.append("set_key_failed")
            self._enter(Phase.LISTEN, now)
        return []

    def _parm_req(self, now: float, source: bytes, message: ParmReq) -> list[Frame]:
        """A car that asks again begins again: it has not heard the answer, or its matching failed. When the matched car
        begins again, the caller must start again, because each matching has its own key."""
        if self.phase is Phase.MATCHED and source == self.car_mac and message.run_id != self._run_id:
            self._enter(Phase.FAILED, now)
            self.failure = "the matched car began to match again"
        if self.phase not in (Phase.KEY, Phase.LISTEN) or message.application or message.security:
            return []
        if source not in self._cars and len(self._cars) >= limits.MOST_CARS:
            return []
        car = self._cars[source] = Car(source, message.run_id, now)
        wanted = (BROADCAST, limits.SOUNDS, limits.TIMEOUT_100MS, limits.RESPONSE_HERE, source, 0, 0, message.run_id)
        return self._answer(car, ParmCnf(*wanted))

    def _start_atten_char(self, now: float, source: bytes, message: StartAttenCharInd) -> list[Frame]:
        if (car := self._car(source, message.run_id, Step.ANSWERED)) is not None:
            car.expected = message.sounds
            car.enter(Step.SOUNDING, now)
        return []

    def _sound(self, now: float, source: bytes, message: SoundInd) -> list[Frame]:
        """A sound without an announcement starts the step as well: all announcements may be lost."""
        if (car := self._car(source, message.run_id, Step.ANSWERED)) is not None:
            car.enter(Step.SOUNDING, now)
        if (car := self._car(source, message.run_id, Step.SOUNDING)) is not None:
            car.sounds += 1
        return []

    def _atten_profile(self, now: float, source: bytes, message: AttenProfileInd) -> list[Frame]:
        car = self._cars.get(message.car)
        if car is None or car.step is not Step.SOUNDING or message.groups != GROUPS:
            return []
        car.profiles.append(message.attenuation_db)
        return self._tell(now, car) if len(car.profiles) >= car.expected else []

    def _atten_char_rsp(self, now: float, source: bytes, message: AttenCharRsp) -> list[Frame]:
        if (car := self._car(source, message.run_id, Step.TOLD)) is not None:
            car.enter(Step.CHOSEN, now)
        return []

    def _validate_req(self, now: float, source: bytes, message: ValidateReq) -> list[Frame]:
        car = self._cars.get(source)
        return [] if car is None else self._answer(car, ValidateCnf(message.signal, 0, limits.NOT_REQUIRED))

    def _match_req(self, now: float, source: bytes, message: MatchReq) -> list[Frame]:
        """The first car that chooses us gets the key. It gets it again when it has not heard the answer."""
        again = self.car_mac == source and self._run_id == message.run_id
        car = self._car(source, message.run_id, Step.TOLD, Step.CHOSEN)
        if message.charger != self.mac or not (again or car):
            return []
        if not again:
            self.car_mac, self._run_id = source, message.run_id
            self._cars.clear()
            self._enter(Phase.MATCHED, now)
        return [Frame(source, self.mac, self._match_cnf(message))]

    def _match_cnf(self, asked: MatchReq) -> MatchCnf:
        ids = (asked.car_id, asked.car, asked.charger_id, self.mac, asked.run_id, asked.reserved)
        return MatchCnf(0, 0, limits.MATCH_CNF_LENGTH, *ids, self.nid, 0, self.nmk)

    # What a deadline leads to.

    def _key_late(self, now: float) -> list[Frame]:
        if self._tries < limits.SET_KEY_TRIES:
            self._enter(Phase.KEY, now)
            return [self._set_key()]
        self.remarks.append("set_key_unanswered")
        self._enter(Phase.LISTEN, now)
        return []

    def _listen_late(self, now: float) -> list[Frame]:
        if not self._cars:
            self._enter(Phase.FAILED, now)
            self.failure = f"no car has matched within {limits.LISTEN_S:.0f} s"
        return []

    def _join_late(self, now: float) -> list[Frame]:
        self._enter(Phase.FAILED, now)
        self.failure = f"the car got the key, and was not heard within {limits.JOIN_S:.0f} s"
        return []

    def _forget(self, now: float, car: Car) -> list[Frame]:
        del self._cars[car.mac]
        return []

    def _sounds_late(self, now: float, car: Car) -> list[Frame]:
        return self._tell(now, car) if car.sounds or car.profiles else self._forget(now, car)

    def _response_late(self, now: float, car: Car) -> list[Frame]:
        if car.tries < limits.RESULT_TRIES:
            return self._tell(now, car)
        self.remarks.append("response_missing")
        car.enter(Step.CHOSEN, now)
        return []

    def _tell(self, now: float, car: Car) -> list[Frame]:
        """Send the result of the sounds."""
        if car.step is Step.SOUNDING:
            self.remarks += ["no_attenuation"] if not car.profiles else []
            self.remarks += ["sounds_missing"] if max(car.sounds, len(car.profiles)) < car.expected else []
        car.tries += 1
        car.enter(Step.TOLD, now)
        heard = min(len(car.profiles) or car.sounds, 0xFF)
        ids = (car.mac, car.run_id, limits.NO_ID, limits.NO_ID)
        return self._answer(car, AttenCharInd(0, 0, *ids, heard, GROUPS, mean_db(car.profiles)))


def mean_db(profiles: Sequence[bytes]) -> bytes:
    """The mean of what the modem reported, in dB for each group; assumed values when it reported nothing."""
    if not profiles:
        return limits.ASSUMED_DB
    return bytes(max(limits.LEAST_DB, round(sum(group) / len(profiles))) for group in zip(*profiles, strict=True))


_TAKE: dict[type[Mme], Callable[[Slac, float, bytes, Any], list[Frame]]] = {
    SetKeyCnf: Slac._set_key_cnf,
    ParmReq: Slac._parm_req,
    StartAttenCharInd: Slac._start_atten_char,
    SoundInd: Slac._sound,
    AttenProfileInd: Slac._atten_profile,
    AttenCharRsp: Slac._atten_char_rsp,
    ValidateReq: Slac._validate_req,
    MatchReq: Slac._match_req,
}

_PHASE_ENDS: dict[Phase, tuple[float, Callable[[Slac, float], list[Frame]]]] = {
    Phase.KEY: (limits.SET_KEY_S, Slac._key_late),
    Phase.LISTEN: (limits.LISTEN_S, Slac._listen_late),
    Phase.MATCHED: (limits.JOIN_S, Slac._join_late),
}

_STEP_ENDS: dict[Step, tuple[float, Callable[[Slac, float, Car], list[Frame]]]] = {
    Step.ANSWERED: (limits.START_S, Slac._forget),
    Step.SOUNDING: (limits.SOUNDS_S, Slac._sounds_late),
    Step.TOLD: (limits.RESPONSE_S, Slac._response_late),
    Step.CHOSEN: (limits.MATCH_S, Slac._forget),
}
