"""Codec of the CHAdeMO frames: bytes <-> frozen dataclasses. No I/O, no clock.

All fields are little endian; a frame has 8 bytes. Only the codec knows the sign rules of the bus: discharge currents
are sent as 0xFF - A and are positive magnitudes in the dataclasses. Which bits a field occupies: layout.py.
Byte meanings: IEEE 2030.1.1 as quoted by open implementations, checked against captures of a Nissan Leaf ZE0
on the vendor's charger (CAP1, CAP2) and of a ZE1 on a public one (CAP3).
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from v2h.chademo.layout import DLC, FIELDS


@dataclass(frozen=True, slots=True)
class X100:
    """Car: battery limits (0x100)."""

    min_charge_current_a: int = 0
    max_current_a: int = 0
    min_battery_v: int = 0
    max_battery_v: int = 0
    charged_rate_reference_pct: int = 100
    unused_7: int = 0


@dataclass(frozen=True, slots=True)
class X101:
    """Car: charging times and capacity (0x101). capacity_kwh has steps of 0.1."""

    max_charging_time_10s: int = 0
    max_charging_time_min: int = 0
    estimated_charging_time_min: int = 0
    capacity_kwh: float = 0.0
    unused_0: int = 0
    unused_4: int = 0
    unused_7: int = 0


@dataclass(frozen=True, slots=True)
class X102:
    """Car: target, request, faults and status (0x102)."""

    protocol: int = 2
    target_battery_v: int = 0
    charge_current_request_a: int = 0
    # byte 4, faults, bit order of the standard's text (the predecessor's code had it reversed)
    battery_overvoltage: bool = False
    battery_undervoltage: bool = False
    battery_current_deviation: bool = False
    battery_high_temperature: bool = False
    battery_voltage_deviation: bool = False
    fault_unknown_bits: int = 0  # byte 4 bits 5 to 7, unshifted
    # byte 5
    charging_enabled: bool = False
    not_in_park: bool = False
    charging_system_fault: bool = False
    contactors_open: bool = False
    normal_stop_request: bool = False
    status_bit5: bool = False
    status_bit6: bool = False  # set on a Leaf ZE0, clear on a ZE1; meaning unknown
    discharge_compatible: bool = False
    soc_pct: int = 0  # charged rate as sent; divide by X100.charged_rate_reference_pct where that is not 100
    unused_7: int = 0


@dataclass(frozen=True, slots=True)
class X108:
    """Charger: what is available (0x108)."""

    welding_detection: bool = True
    available_v: int = 0
    available_a: int = 0
    threshold_v: int = 0
    identifier_other_bits: int = 0
    unused_6: int = 0
    unused_7: int = 0


@dataclass(frozen=True, slots=True)
class X109:
    """Charger: present output and status (0x109). present_a is charge current only."""

    protocol: int = 2
    present_v: int = 0
    present_a: int = 0
    discharge_compatible: bool = True
    byte4_other_bits: int = 0
    charging: bool = False  # 5.0
    charger_malfunction: bool = False  # 5.1
    connector_locked: bool = False  # 5.2
    battery_incompatible: bool = False  # 5.3
    system_malfunction: bool = False  # 5.4
    stop_control: bool = True  # 5.5
    status_other_bits: int = 0  # 5.6, 5.7 unshifted
    remaining_time_10s: int = 0xFF  # 0xFF: use the minutes
    remaining_time_min: int = 0xFF


@dataclass(frozen=True, slots=True)
class X110:
    """Car: extended control (0x110), protocol 1.1 and later."""

    dynamic_control: bool = False
    high_current_control: bool = False
    high_voltage_control: bool = False
    byte0_other_bits: int = 0
    extended_current_request_a: int = 0
    rest: bytes = b"\0\0\0\0\0"


@dataclass(frozen=True, slots=True)
class X118:
    """Charger: extended control (0x118); sent only to a car that sends 0x110."""

    dynamic_control: bool = False
    high_current_control: bool = False
    high_voltage_control: bool = False
    byte0_other_bits: int = 0
    rest: bytes = b"\0\0\0\0\0\0\0"


@dataclass(frozen=True, slots=True)
class X200:
    """Car: discharge limits (0x200).

    remaining_min_raw / remaining_max_raw are in 0.1 kWh from a car that sends no 0x201, and in percent from a car
    that sends it. At or below min the car may not discharge, at or above max it may not charge; the session
    applies the rule.
    """

    max_discharge_current_a: int = 0
    min_discharge_v: int = 0
    remaining_min_raw: int = 0
    remaining_max_raw: int = 0
    unused_1_3: bytes = b"\0\0\0"


@dataclass(frozen=True, slots=True)
class X201:
    """Car: V2H estimate (0x201)."""

    sequence: int = 0
    discharge_completion_min: int = 0
    available_energy_kwh: float = 0.0
    rest: bytes = b"\0\0\0"


@dataclass(frozen=True, slots=True)
class X208:
    """Charger: discharge side (0x208). Currents are positive magnitudes."""

    present_discharge_current_a: int = 0
    available_input_v: int = 0
    available_input_a: int = 0
    lower_threshold_v: int = 0
    unused_4_5: bytes = b"\0\0"


@dataclass(frozen=True, slots=True)
class X209:
    """Charger: V2H sequence (0x209)."""

    sequence: int = 2
    remaining_discharge_min: int = 0
    rest: bytes = b"\0\0\0\0\0"


CarFrame = X100 | X101 | X102 | X110 | X200 | X201
EvseFrame = X108 | X109 | X118 | X208 | X209
AnyFrame = CarFrame | EvseFrame

CAN_ID: dict[type[AnyFrame], int] = {
    X100: 0x100,
    X101: 0x101,
    X102: 0x102,
    X108: 0x108,
    X109: 0x109,
    X110: 0x110,
    X118: 0x118,
    X200: 0x200,
    X201: 0x201,
    X208: 0x208,
    X209: 0x209,
}
"""Frame class -> CAN id."""

FRAME_TYPE: dict[int, type[AnyFrame]] = {can_id: kind for kind, can_id in CAN_ID.items()}
"""CAN id -> frame class."""

CAR_IDS = frozenset({0x100, 0x101, 0x102, 0x110, 0x200, 0x201})
"""Ids that only the car sends."""

EVSE_IDS = frozenset({0x108, 0x109, 0x118, 0x208, 0x209})
"""Ids that only the charger sends."""

FAULTS = (
    "battery_overvoltage",
    "battery_undervoltage",
    "battery_current_deviation",
    "battery_high_temperature",
    "battery_voltage_deviation",
    "charging_system_fault",
)
"""Fields of X102 with which the car reports a fault: byte 4 bits 0 to 4, then 5.2."""


class FrameError(ValueError):
    """A frame that is not valid: unknown id, wrong length or a value outside its range; the text says which."""


# encode and decode cache the last few frames: ten times a second, mostly the same bytes come again.
@lru_cache(maxsize=16)
def encode(frame: AnyFrame) -> tuple[int, bytes]:
    """Return (CAN id, 8 bytes). Does not clamp: a value outside its range raises FrameError."""
    can_id = CAN_ID[type(frame)]
    data = bytearray(DLC)
    for field in FIELDS[can_id]:
        try:
            field.put(data, getattr(frame, field.name))
        except ValueError as error:
            raise FrameError(f"0x{can_id:03X} {field.name}: {error}") from None
    return can_id, bytes(data)


@lru_cache(maxsize=16)
def decode(can_id: int, data: bytes) -> AnyFrame:
    """Return the dataclass of a frame. Raises FrameError on an unknown id or a length other than 8."""
    if can_id not in FRAME_TYPE:
        known = " ".join(f"{known:03X}" for known in FIELDS)
        raise FrameError(f"0x{can_id:03X}: not a CHAdeMO id (known: {known})")
    if len(data) != DLC:
        raise FrameError(f"0x{can_id:03X}: {len(data)} data bytes instead of {DLC}")
    values: dict[str, Any] = {field.name: field.get(data) for field in FIELDS[can_id]}
    return FRAME_TYPE[can_id](**values)


def faults(frame: X102) -> tuple[str, ...]:
    """Names of the fault bits that the car has set, in wire order; empty when none is set."""
    return tuple(name for name in FAULTS if getattr(frame, name))
