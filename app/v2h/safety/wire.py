"""The safety wire: fixed binary packets between charger (client) and guard (server) on a Unix seqpacket socket.

charger sends a Request at 10 Hz, and at once when the outputs that it wants change; guard answers each with a Report,
and sends an extra one at a K edge or a trip. When one side receives nothing for 300 ms, it treats the other as failed.
"""

import struct
from dataclasses import dataclass
from enum import IntEnum

from v2h.safety.outputs import Output

VERSION = 2
SILENCE_S = 0.3
"""How long either side may be silent (design law: guard makes safe, charger writes 0 A)."""

_REQUEST = struct.Struct(
    "<BBBxIIHhh"
)  # version, outputs, flags, -, session, sequence, loop age ms, pre current, cable v
_REPORT = struct.Struct("<BBBBIIHxx")  # version, outputs, state, trip, session, sequence, flags


class WireError(ValueError):
    """A packet of the wrong length or version."""


class GuardState(IntEnum):
    """What guard is doing; charger may ask for outputs only in READY."""

    STARTING = 0
    READY = 1
    MAKING_SAFE = 2
    TRIPPED = 3


class Trip(IntEnum):
    """Why guard made safe."""

    NONE = 0
    CHARGER_SILENT = 1
    CHARGER_LATE = 2
    FORBIDDEN_OUTPUTS = 3
    K_OFF_CURRENT = 4
    FOUND_CLOSED_AT_START = 5
    CHARGER_ASKED = 6
    WROTE_AFTER_TRIP = 7
    OUTPUT_FAILED = 8
    GUARD_STOPS = 9
    SUPERVISORD_STOPPED = 10
    K_OFF_CCS = 11

    @property
    def text(self) -> str:
        """'charger silent' for Trip.CHARGER_SILENT."""
        return self.name.lower().replace("_", " ")


@dataclass(frozen=True, slots=True)
class Request:
    """What charger wants. pre_current_a: + charging, as last measured (None: unknown); cable_v None: unknown.

    k_expected: K is expected on, so its loss is not normal. trip_wanted: charger asks guard to make safe.
    unlock_by_person: a person confirmed unlocking an unverified cable. cable_doubted: the cable's sensor disagreed with
    the converter or the car; guard remembers it for a charger that restarts.
    """

    outputs: Output
    session: int
    sequence: int
    loop_age_ms: int
    pre_current_a: float | None
    cable_v: float | None
    k_expected: bool = False
    trip_wanted: bool = False
    unlock_by_person: bool = False
    cable_doubted: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """The present state. outputs: as they were last switched. can_up: guard's own socket on can0 works. k_on: vehicle
    charge permission. cable_doubted: a charger has reported it since the plug was locked."""

    outputs: Output
    state: GuardState
    trip: Trip
    session: int
    sequence: int
    k_on: bool
    can_up: bool
    cable_doubted: bool = False


_UNKNOWN = -32768


def _tenths(value: float | None) -> int:
    return _UNKNOWN if value is None else max(-32767, min(32767, round(value * 10)))


def pack_request(request: Request) -> bytes:
    flags = request.k_expected | request.trip_wanted << 1 | request.unlock_by_person << 2 | request.cable_doubted << 3
    return _REQUEST.pack(
        VERSION,
        request.outputs,
        flags,
        request.session & 0xFFFFFFFF,
        request.sequence & 0xFFFFFFFF,
        min(request.loop_age_ms, 0xFFFF),
        _tenths(request.pre_current_a),
        _tenths(request.cable_v),
    )


def unpack_request(packet: bytes) -> Request:
    """Raises WireError."""
    version, outputs, flags, session, sequence, age, current, cable = _unpack(_REQUEST, packet)
    if version != VERSION or outputs & 0x80:
        raise WireError(f"request of version {version}, outputs {outputs:#04x}; this guard speaks {VERSION}")
    return Request(
        Output(outputs),
        session,
        sequence,
        age,
        None if current == _UNKNOWN else current / 10,
        None if cable == _UNKNOWN else cable / 10,
        bool(flags & 1),
        bool(flags & 2),
        bool(flags & 4),
        bool(flags & 8),
    )


def pack_report(report: Report) -> bytes:
    flags = report.k_on | report.can_up << 1 | report.cable_doubted << 2
    return _REPORT.pack(
        VERSION,
        report.outputs,
        report.state,
        report.trip,
        report.session & 0xFFFFFFFF,
        report.sequence & 0xFFFFFFFF,
        flags,
    )


def unpack_report(packet: bytes) -> Report:
    """Raises WireError."""
    version, outputs, state, trip, session, sequence, flags = _unpack(_REPORT, packet)
    if version != VERSION:
        raise WireError(f"report of version {version}; this charger speaks {VERSION}")
    on = [bool(flags & bit) for bit in (1, 2, 4)]
    return Report(Output(outputs), GuardState(state), Trip(trip), session, sequence, *on)


def _unpack(layout: struct.Struct, packet: bytes) -> tuple[int, ...]:
    if len(packet) != layout.size:
        raise WireError(f"packet of {len(packet)} bytes, expected {layout.size}")
    return layout.unpack(packet)
