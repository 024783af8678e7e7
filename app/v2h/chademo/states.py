"""The table of session states: what each asks of outputs and converter, how long it may last, and where it can go.

Order and limits follow IEEE 2030.1.1 as quoted by open implementations, and the vendor's charger where they leave
a choice (lock before the insulation test; -0.2 A to empty the cable). No state lacks a way out: every one but IDLE and
FAULT has a deadline, and every one but those two says where a stop leads from it.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, auto

from v2h.chademo import limits
from v2h.chademo.limits import Limit
from v2h.safety.outputs import CONTACTORS, NONE, Output


class State(StrEnum):
    """Session states in the order of a normal session; the values are the words on the bus and the page."""

    __hash__ = str.__hash__  # enum's own is a Python function, and rows are looked up by state in every step

    IDLE = "idle"
    WAKE = "wake"
    HANDSHAKE = "handshake"
    CONVERTER = "converter"
    LOCK = "lock"
    INSULATION = "insulation test"
    BLEED = "bleed"
    TEST_OPEN = "test done"
    CAR_CONTACTORS = "car contactors"
    MATCH = "voltage match"
    READY = "ready"
    ENERGY = "energy"
    STOP_CURRENT = "stop"
    WELDING = "welding check"
    CAR_OPENS = "car opens"
    OPEN = "open"
    D2_OFF = "d2 off"
    UNLOCK = "unlock"
    FAREWELL = "farewell"
    SAFE = "make-safe"
    FAULT = "fault"


class Converter(Enum):
    """What is asked of the PRE; volts and amps of each are in session.py."""

    OFF = auto()
    """Not enabled, 0 V, 0 A."""
    ZERO = auto()
    """Enabled, 0 V, 0 A."""
    TEST = auto()
    """Test voltage, 1 A."""
    BLEED = auto()
    """-0.2 A at the voltage set before."""
    MATCH = auto()
    """Battery voltage + 8 V, 1 A."""
    HOLD = auto()
    """Battery ceiling, 0 A."""
    FLOW = auto()
    """Battery ceiling, the setpoint."""


@dataclass(frozen=True, slots=True)
class Row:
    """One state. outputs leaves the plug lock out: it is on from LOCK until the cable is measured empty.

    limit: how long it may last; late: the fault when it lasts longer; forced: where that leads when not to `stop`.
    stop: where a stop leads from here; the state itself where it has to be finished first; None while stopping.
    calm: the same for the owner's stop where that differs: with the car's contactors closed or closing, but before the
    first current, 109.5.5 is still 1 and can tell the car nothing, so energy is reached (at 0 A) and left in order.
    refuses: when it lasts longer the car does not want, or is not there: the session ends in order and nothing is
    latched, so that a schedule may try again.
    k: vehicle charge permission is expected on. speaks: EVSE frames are sent. stop_bit: 109.5.5.
    """

    outputs: Output
    converter: Converter
    limit: Limit | None
    late: str
    stop: State | None
    forced: State | None = None
    calm: State | None = None
    refuses: bool = False
    k: bool = False
    speaks: bool = True
    stop_bit: bool = True


_ON = Output.MASTER | Output.PRE_AC
_AWAKE = _ON | Output.D1
_CAR = _AWAKE | Output.D2
_S, _C = State, Converter

TABLE: dict[State, Row] = {
    _S.IDLE: Row(NONE, _C.OFF, None, "", None, speaks=False),
    _S.WAKE: Row(
        _AWAKE,
        _C.OFF,
        limits.WAKE,
        "the car does not answer; is the plug in, and the car not asleep for good?",
        _S.D2_OFF,
        refuses=True,
    ),
    _S.HANDSHAKE: Row(
        _AWAKE,
        _C.OFF,
        limits.PERMISSION,
        "the car gives no charge permission; is its own timer set?",
        _S.D2_OFF,
        refuses=True,
    ),
    _S.CONVERTER: Row(_AWAKE, _C.ZERO, limits.CONVERTER_READY, "the converter does not get ready", _S.D2_OFF, k=True),
    _S.LOCK: Row(_AWAKE, _C.ZERO, limits.LOCKING, "the plug does not lock on an empty cable", _S.D2_OFF, k=True),
    _S.INSULATION: Row(
        _AWAKE | CONTACTORS, _C.TEST, limits.INSULATION, "the cable does not reach the test voltage", _S.BLEED, k=True
    ),
    _S.BLEED: Row(
        _AWAKE | CONTACTORS, _C.BLEED, limits.BLEED, "the cable does not empty after the test", _S.BLEED, _S.TEST_OPEN
    ),
    _S.TEST_OPEN: Row(_AWAKE, _C.ZERO, limits.OPENING, "c1 and c2 do not open", _S.D2_OFF, _S.SAFE, k=True),
    _S.CAR_CONTACTORS: Row(
        _CAR,
        _C.ZERO,
        limits.CAR_CONTACTORS,
        "the car does not close its contactors",
        _S.CAR_OPENS,
        calm=_S.CAR_CONTACTORS,
        k=True,
    ),
    _S.MATCH: Row(
        _CAR,
        _C.MATCH,
        limits.VOLTAGE_MATCH,
        "the converter does not reach the battery voltage",
        _S.CAR_OPENS,
        calm=_S.MATCH,
        k=True,
    ),
    _S.READY: Row(
        _CAR | CONTACTORS,
        _C.HOLD,
        limits.FIRST_REQUEST,
        "the car asks for no current",
        _S.STOP_CURRENT,
        calm=_S.READY,
        k=True,
    ),
    _S.ENERGY: Row(_CAR | CONTACTORS, _C.FLOW, None, "", _S.STOP_CURRENT, k=True, stop_bit=False),
    _S.STOP_CURRENT: Row(_CAR | CONTACTORS, _C.HOLD, limits.CURRENT_STOP, "the current does not stop", None, _S.SAFE),
    _S.WELDING: Row(
        _CAR | CONTACTORS,
        _C.BLEED,
        limits.WELDING,
        "the car does not open its contactors or the cable stays charged",
        None,
        _S.OPEN,
    ),
    _S.CAR_OPENS: Row(_CAR, _C.ZERO, limits.WELDING, "the car does not open its contactors", None, _S.D2_OFF),
    _S.OPEN: Row(_CAR, _C.ZERO, limits.OPENING, "c1 and c2 do not open", None, _S.SAFE),
    _S.D2_OFF: Row(_AWAKE, _C.OFF, limits.OPENING, "d2 does not fall", None, _S.SAFE),
    _S.UNLOCK: Row(
        _ON, _C.OFF, limits.UNLOCKING, "the cable is not measured empty: the plug stays locked", None, _S.FAULT
    ),
    _S.FAREWELL: Row(_ON, _C.OFF, limits.OPENING, "the farewell does not end", None, _S.FAULT),
    _S.SAFE: Row(NONE, _C.OFF, limits.CABLE_SAFE, "guard does not report safe outputs", None, _S.FAULT),
    _S.FAULT: Row(NONE, _C.OFF, None, "", None, speaks=False),
}
"""ENERGY has no deadline of its own: it lasts as long as what supervision.py watches is well. forced = SAFE is the road
to guard's make-safe, the only one that may open c1/c2 above 5 A."""
