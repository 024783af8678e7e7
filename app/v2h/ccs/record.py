"""The wire between `ccs` and `charger`: one fixed record each way on a Unix seqpacket socket, at 10 Hz. Pure.

`ccs` sends a CarRecord at each request of the car and at least every 100 ms, 200 ms while no session is wanted;
`charger` answers each with a ChargerRecord. `ccs` speaks to a stranger and gives no order: it reports what the car asks
for, and `charger` decides. When one side receives nothing new for SILENCE_S, it treats the other as failed: `charger`
orders 0 A and stops, `ccs` switches the pilot off and stops.

Voltages and currents travel in tenths, without a sign: a negative current of the car cannot be written. Only the
measured current has a sign.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Generic, TypeVar

VERSION = 2
SILENCE_S = 0.3
"""How long either side may be silent: the same time as between charger and guard."""
UNKNOWN_U16 = 0xFFFF
UNKNOWN_I16 = -0x8000
MOST_TENTHS = 0xFFFE
MOST_W = 0xFFFF_FFFE

_CAR = struct.Struct("<BBBBIIHHHHIBBH")
"""version, phase, pilot, flags, session, sequence, target V, target A, highest V, highest A, highest W, SoC, error of
the car, age of its last request in ms."""
_CHARGER = struct.Struct("<BBBBIIHhHHHI")
"""version, phase answered, isolation, flags, session, sequence, present V, present A, highest V, lowest V, highest A,
highest W."""


class RecordError(ValueError):
    """A packet of the wrong length or version, or with a value that this version does not know."""


class Phase(IntEnum):
    """How far the car has come. FAILED: the session broke (connection lost, a deadline, a wrong order of messages)."""

    NONE = 0
    """No session and no search for one."""
    LINK = 1
    """The pilot asks for digital communication; SLAC, SDP and TCP are under way."""
    HELLO = 2
    """The car speaks: from the choice of the protocol to the authorisation."""
    PARAMETERS = 3
    CABLE_CHECK = 4
    PRECHARGE = 5
    START = 6
    """The car asks for the start of power, and waits for the answer."""
    ENERGY = 7
    STOP = 8
    """The car asks for the end of power."""
    WELDING = 9
    END = 10
    """The car has ended the session."""
    FAILED = 11


class Pilot(IntEnum):
    """The state of the control pilot by IEC 61851-1. UNKNOWN: the pilot box is silent."""

    UNKNOWN = 0
    A = 1
    B = 2
    C = 3
    D = 4
    E = 5
    F = 6


class Isolation(IntEnum):
    """The isolation that the car is shown; the values are the indexes of EVSEIsolationStatus in both dialects. The
    fifth value of ISO 15118-2, No_IMD, does not exist here: without a monitor there is no session."""

    INVALID = 0
    """Not measured."""
    VALID = 1
    WARNING = 2
    FAULT = 3


CHARGING_PILOT = (Pilot.C, Pilot.D)
"""The pilot states in which a car takes energy."""


@dataclass(frozen=True, slots=True)
class CarRecord:
    """What the car asks for. None: the car has not told it.

    session: number of the car's session at `ccs`, counted up; another number is another session. target_v, target_a:
    of the last PreChargeReq or CurrentDemandReq. max_v, max_a, max_w: the car's own limits. ready: EVReady. car_error:
    index of EVErrorCode; 0 means no error. request_age_ms: since the car's last request of this phase.
    """

    phase: Phase
    session: int
    sequence: int
    pilot: Pilot = Pilot.UNKNOWN
    target_v: float | None = None
    target_a: float | None = None
    max_v: float | None = None
    max_a: float | None = None
    max_w: float | None = None
    soc_pct: int | None = None
    ready: bool = False
    car_error: int = 0
    request_age_ms: int = 0


@dataclass(frozen=True, slots=True)
class ChargerRecord:
    """What the charger measures and permits.

    phase: the phase of the car that this answers; done: what this phase waits for has happened. wanted: a session is to
    run, so the pilot may ask for communication. session: its number at `charger`; another number is another session,
    also when no record between the two said that none is wanted. authorised: energy may be arranged. stop: the charger
    wants an orderly stop (EVSE_Shutdown). fault: it has a latched fault. cut: the pilot goes off at once. present_v,
    present_a: as measured, None where nothing measures. max_v, min_v, max_a, max_w: what it gives now.
    """

    phase: Phase
    sequence: int
    done: bool = False
    wanted: bool = False
    authorised: bool = False
    stop: bool = False
    fault: bool = False
    cut: bool = False
    isolation: Isolation = Isolation.INVALID
    present_v: float | None = None
    present_a: float | None = None
    max_v: float = 0.0
    min_v: float = 0.0
    max_a: float = 0.0
    max_w: float = 0.0
    session: int = 0


def pack_car(record: CarRecord) -> bytes:
    """Raises RecordError for a negative value and for one that does not fit."""
    return _CAR.pack(
        VERSION,
        record.phase,
        record.pilot,
        record.ready,
        record.session & 0xFFFFFFFF,
        record.sequence & 0xFFFFFFFF,
        _tenths("target_v", record.target_v),
        _tenths("target_a", record.target_a),
        _tenths("max_v", record.max_v),
        _tenths("max_a", record.max_a),
        _watts("max_w", record.max_w),
        0xFF if record.soc_pct is None else _within("soc_pct", record.soc_pct, 100),
        _within("car_error", record.car_error, 0xFF),
        min(record.request_age_ms, 0xFFFF),
    )


def unpack_car(packet: bytes) -> CarRecord:
    """Raises RecordError."""
    _, phase, pilot, flags, session, sequence, *amounts, max_w, soc_pct, error, age_ms = _unpack(_CAR, packet)
    target_v, target_a, max_v, max_a = map(_amount, amounts)
    if soc_pct > 100 and soc_pct != 0xFF:
        raise RecordError(f"SoC of {soc_pct} % in a record of ccs; 0 to 100 %, or 255 for unknown")
    return CarRecord(
        _known(Phase, phase),
        session,
        sequence,
        _known(Pilot, pilot),
        target_v,
        target_a,
        max_v,
        max_a,
        None if max_w == MOST_W + 1 else float(max_w),
        None if soc_pct == 0xFF else soc_pct,
        bool(flags & 1),
        error,
        age_ms,
    )


_CHARGER_FLAGS = ("done", "wanted", "authorised", "stop", "fault", "cut")


def pack_charger(record: ChargerRecord) -> bytes:
    """Raises RecordError for a negative limit and for a value that does not fit."""
    present_a = UNKNOWN_I16 if record.present_a is None else max(-0x7FFF, min(0x7FFF, round(record.present_a * 10)))
    return _CHARGER.pack(
        VERSION,
        record.phase,
        record.isolation,
        sum(getattr(record, name) << bit for bit, name in enumerate(_CHARGER_FLAGS)),
        record.session & 0xFFFFFFFF,
        record.sequence & 0xFFFFFFFF,
        _tenths("present_v", None if record.present_v is None else max(0.0, record.present_v)),
        present_a,
        _tenths("max_v", record.max_v),
        _tenths("min_v", record.min_v),
        _tenths("max_a", record.max_a),
        _watts("max_w", record.max_w),
    )


def unpack_charger(packet: bytes) -> ChargerRecord:
    """Raises RecordError."""
    _, phase, isolation, flags, session, sequence, volts, amps, *limits, max_w = _unpack(_CHARGER, packet)
    if UNKNOWN_U16 in limits or max_w > MOST_W:
        raise RecordError("a limit is unknown in a record of charger; charger always knows its own limits")
    max_v, min_v, max_a = (tenths / 10 for tenths in limits)
    done, wanted, authorised, stop, fault, cut = (bool(flags & 1 << bit) for bit in range(len(_CHARGER_FLAGS)))
    return ChargerRecord(
        _known(Phase, phase),
        sequence,
        done,
        wanted,
        authorised,
        stop,
        fault,
        cut,
        _known(Isolation, isolation),
        _amount(volts),
        None if amps == UNKNOWN_I16 else amps / 10,
        max_v,
        min_v,
        max_a,
        float(max_w),
        session,
    )


R = TypeVar("R", CarRecord, ChargerRecord)
E = TypeVar("E", bound=IntEnum)


class Heard(Generic[R]):
    """The last record of the other side, for as long as it may be used."""

    def __init__(self) -> None:
        self._record: R | None = None
        self._heard_t = float("-inf")

    def take(self, record: R, now: float) -> None:
        """A record has arrived. One with the sequence number of the last is not new: its sender stands still."""
        if self._record is not None and record.sequence == self._record.sequence:
            return
        self._record, self._heard_t = record, now

    def fresh(self, now: float) -> R | None:
        """The last record, or None if it is older than SILENCE_S."""
        return self._record if now - self._heard_t <= SILENCE_S else None

    def forget(self) -> None:
        """The connection was closed: what was received over it is no longer valid."""
        self._record, self._heard_t = None, float("-inf")


def _tenths(name: str, value: float | None) -> int:
    return UNKNOWN_U16 if value is None else _within(name, round(value * 10), MOST_TENTHS, tenths=True)


def _watts(name: str, value: float | None) -> int:
    return MOST_W + 1 if value is None else _within(name, round(value), MOST_W)


def _within(name: str, value: int, most: int, *, tenths: bool = False) -> int:
    if not 0 <= value <= most:
        shown, top = (value / 10, most / 10) if tenths else (value, most)
        raise RecordError(f"{name} = {shown} does not fit into a record; 0 to {top} are possible")
    return value


def _amount(tenths: int) -> float | None:
    return None if tenths == UNKNOWN_U16 else tenths / 10


def _known(kind: type[E], value: int) -> E:
    try:
        return kind(value)
    except ValueError as error:
        raise RecordError(f"{kind.__name__.lower()} {value} is not known; 0 to {max(kind)} are") from error


def _unpack(layout: struct.Struct, packet: bytes) -> tuple[int, ...]:
    if len(packet) != layout.size:
        raise RecordError(f"record of {len(packet)} bytes, expected {layout.size}")
    values = layout.unpack(packet)
    if values[0] != VERSION:
        raise RecordError(f"record of version {values[0]}; this program speaks {VERSION}")
    return values
