"""The table of session states: the outputs and the converter in each, how long it may last, and where it leads.

Order and limits follow IEEE 2030.1.1 as quoted by open implementations, and the vendor's charger where these leave
a choice (lock before the insulation test; -0.2 A to empty the cable). Every state has a way out: each except IDLE and
FAULT has a deadline, and each except these two says where a stop leads.
"""

from dataclasses import dataclass
from enum import Enum, auto

from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.limits import Limit
from v2h.safety.outputs import CONTACTORS, NONE, Output


class Converter(Enum):
    """The modes of the PRE in a state; session.py has the volts and amps of each."""

    OFF = auto()
    """Not enabled, 0 V, 0 A."""
    ZERO = auto()
    """Enabled, 0 V, 0 A."""
    TEST = auto()
    """Test voltage, 1 A."""
    CALIBRATE = auto()
    """The voltages of the calibration, one after another, 1 A."""
    BLEED = auto()
    """-0.2 A at the voltage set before."""
    CHECK = auto()
    """50 V, 1 A, with c1/c2 open."""
    AWAIT = auto()
    """0 V, 0 A; for a car without contactor flag a share of its ceiling and 1 A, because such a car asks at once."""
    MATCH = auto()
    """Battery voltage (+ 8 V if it is measured), 1 A."""
    HOLD = auto()
    """Battery ceiling, 0 A."""
    FLOW = auto()
    """Battery ceiling, the setpoint."""


@dataclass(frozen=True, slots=True)
class Row:
    """One state. outputs does not contain the plug lock, which is on from LOCK until the cable is measured empty.

    limit: how long the state may last; fault: the id of the fault if it lasts longer, "" if none is latched; late: the
    sentence about that (refusals.py has more exact ones); forced: the state that then follows if it is not `stop`.
    stop: the state after a stop; the same state if it must be finished first; None while stopping.
    calm: the same for the owner's stop, where it differs. With the car's contactors closed or closing, but before the
    first current, 109.5.5 is still 1 and cannot show the stop to the car, so the session enters ENERGY (at 0 A) and
    leaves it by an orderly stop.
    refuses: if the state lasts longer, the car does not want the session or is not there: an orderly stop without a
    latched fault, so that a schedule may try again.
    falling: how long it may last in total while the measured cable still falls; the limit then counts from each fall.
    k: vehicle charge permission is expected on. speaks: EVSE frames are sent. stop_bit: 109.5.5.
    """

    outputs: Output
    converter: Converter
    limit: Limit | None
    fault: str
    late: str
    stop: State | None
    forced: State | None = None
    calm: State | None = None
    refuses: bool = False
    falling: Limit | None = None
    k: bool = False
    speaks: bool = True
    stop_bit: bool = True


_ON = Output.MASTER | Output.PRE_AC
_AWAKE = _ON | Output.D1
_CAR = _AWAKE | Output.D2
_S, _C = State, Converter

TABLE: dict[State, Row] = {
    _S.IDLE: Row(NONE, _C.OFF, None, "", "", None, speaks=False),
    _S.WAKE: Row(
        _AWAKE,
        _C.OFF,
        limits.WAKE,
        "",
        say("late.wake"),
        _S.D2_OFF,
        refuses=True,
    ),
    _S.HANDSHAKE: Row(
        _AWAKE,
        _C.OFF,
        limits.PERMISSION,
        "",
        say("late.handshake"),
        _S.D2_OFF,
        refuses=True,
    ),
    _S.CONVERTER: Row(
        _AWAKE, _C.ZERO, limits.CONVERTER_READY, "late_converter", say("late.converter"), _S.D2_OFF, k=True
    ),
    _S.LOCK: Row(_AWAKE, _C.ZERO, limits.LOCKING, "late_lock", say("late.lock"), _S.D2_OFF, k=True),
    _S.INSULATION: Row(
        _AWAKE | CONTACTORS,
        _C.TEST,
        limits.INSULATION,
        "late_insulation_test",
        say("late.insulation_test"),
        _S.BLEED,
        k=True,
    ),
    _S.CALIBRATE: Row(
        _AWAKE | CONTACTORS,
        _C.CALIBRATE,
        limits.CALIBRATION,
        "late_calibration",
        say("late.calibration"),
        _S.BLEED,
        k=True,
    ),
    _S.BLEED: Row(
        _AWAKE | CONTACTORS,
        _C.BLEED,
        limits.BLEED,
        "late_bleed",
        say("late.bleed"),
        _S.BLEED,
        _S.TEST_OPEN,
        falling=limits.BLEED_FALLING,
    ),
    _S.TEST_OPEN: Row(
        _AWAKE, _C.ZERO, limits.OPENING, "late_test_done", say("late.contactors_open"), _S.D2_OFF, _S.SAFE, k=True
    ),
    _S.CONTACTOR_CHECK: Row(
        _AWAKE,
        _C.CHECK,
        limits.CONTACTOR_CHECK,
        "late_contactor_check",
        say("late.contactor_check"),
        _S.D2_OFF,
        k=True,
    ),
    _S.CAR_CONTACTORS: Row(
        _CAR,
        _C.AWAIT,
        limits.CAR_CONTACTORS,
        "late_car_contactors",
        say("late.car_contactors"),
        _S.CAR_OPENS,
        calm=_S.CAR_CONTACTORS,
        k=True,
    ),
    _S.MATCH: Row(
        _CAR,
        _C.MATCH,
        limits.VOLTAGE_MATCH,
        "late_voltage_match",
        say("late.voltage_match"),
        _S.CAR_OPENS,
        calm=_S.MATCH,
        k=True,
    ),
    _S.READY: Row(
        _CAR | CONTACTORS,
        _C.HOLD,
        limits.FIRST_REQUEST,
        "",
        say("late.ready"),
        _S.STOP_CURRENT,
        calm=_S.READY,
        refuses=True,
        k=True,
    ),
    _S.ENERGY: Row(_CAR | CONTACTORS, _C.FLOW, None, "", "", _S.STOP_CURRENT, k=True, stop_bit=False),
    _S.STOP_CURRENT: Row(_CAR | CONTACTORS, _C.HOLD, limits.CURRENT_STOP, "late_stop", say("late.stop"), None, _S.SAFE),
    _S.WELDING: Row(
        _CAR | CONTACTORS,
        _C.BLEED,
        limits.WELDING,
        "late_welding_check",
        say("late.welding_check"),
        None,
        _S.OPEN,
    ),
    _S.CAR_RELEASES: Row(
        _AWAKE | CONTACTORS,
        _C.BLEED,
        limits.CAR_RELEASES,
        "late_car_releases",
        say("late.car_releases"),
        None,
        _S.D2_OFF,
    ),
    _S.CAR_OPENS: Row(_CAR, _C.ZERO, limits.WELDING, "late_car_opens", say("late.car_opens"), None, _S.D2_OFF),
    _S.OPEN: Row(_CAR, _C.ZERO, limits.OPENING, "late_open", say("late.contactors_open"), None, _S.SAFE),
    _S.D2_OFF: Row(_AWAKE, _C.OFF, limits.OPENING, "late_d2_off", say("late.d2_off"), None, _S.SAFE),
    _S.UNLOCK: Row(
        _ON,
        _C.OFF,
        limits.UNLOCKING,
        "late_unlock",
        say("late.unlock"),
        None,
        _S.FAULT,
        falling=limits.UNLOCKING_FALLING,
    ),
    _S.FAREWELL: Row(_ON, _C.OFF, limits.OPENING, "late_farewell", say("late.farewell"), None, _S.FAULT),
    _S.SAFE: Row(NONE, _C.OFF, limits.CABLE_SAFE, "late_make_safe", say("late.make_safe"), None, _S.FAULT),
    _S.FAULT: Row(NONE, _C.OFF, None, "", "", None, speaks=False),
}
"""ENERGY has no deadline: it lasts until supervision.py or a stop ends it. forced = SAFE leads to guard's make-safe,
the only way in which c1/c2 may open above 5 A. CALIBRATE stands in the place of INSULATION in a session that calibrates
the cable; such a session ends after it and never switches d2 on."""
