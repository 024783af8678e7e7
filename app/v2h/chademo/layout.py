"""The place of each field in each CHAdeMO frame: one table that both directions of the codec use.

A frame has 8 bytes, 16-bit fields are little endian. A field class reads its value from the bytes and writes it to
them; the table below says which class stands where. Every bit of every frame belongs to exactly one field, so a decoded
frame encodes back to the same bytes, reserved bits included.
Byte meanings: IEEE 2030.1.1 as quoted by open implementations, checked against captures (see frames.py).
"""

import math
from dataclasses import dataclass
from typing import Protocol

DLC = 8
"""Every CHAdeMO frame has eight data bytes."""

Value = int | float | bool | bytes


class Field(Protocol):
    """One field of a frame. put() raises ValueError, with the value and the allowed range in its text."""

    @property
    def name(self) -> str: ...
    def get(self, data: bytes) -> Value: ...
    def put(self, data: bytearray, value: Value) -> None: ...


def _whole(value: Value, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"{value!r} is not a whole number (allowed 0 to {high})")
    if not 0 <= value <= high:
        raise ValueError(f"{value} is outside 0 to {high}")
    return value


@dataclass(frozen=True, slots=True)
class Uint:
    """Unsigned little-endian integer of `size` bytes."""

    name: str
    start: int
    size: int = 1

    def get(self, data: bytes) -> Value:
        return int.from_bytes(data[self.start : self.start + self.size], "little")

    def put(self, data: bytearray, value: Value) -> None:
        whole = _whole(value, (1 << (8 * self.size)) - 1)
        data[self.start : self.start + self.size] = whole.to_bytes(self.size, "little")


@dataclass(frozen=True, slots=True)
class Tenths:
    """Unsigned 16-bit number of tenths of the field's unit; rounded to the nearest tenth."""

    name: str
    start: int

    def get(self, data: bytes) -> Value:
        return int.from_bytes(data[self.start : self.start + 2], "little") / 10

    def put(self, data: bytearray, value: Value) -> None:
        if isinstance(value, (bytes, bool)) or not math.isfinite(value):
            raise ValueError(f"{value!r} is not a number (allowed 0.0 to 6553.5)")
        tenths = round(value * 10)
        if not 0 <= tenths <= 0xFFFF:
            raise ValueError(f"{value} is outside 0.0 to 6553.5")
        data[self.start : self.start + 2] = tenths.to_bytes(2, "little")


@dataclass(frozen=True, slots=True)
class DischargeAmps:
    """A discharge current: the frame carries 0xFF - A, the field holds the positive magnitude A."""

    name: str
    start: int

    def get(self, data: bytes) -> Value:
        return 0xFF - data[self.start]

    def put(self, data: bytearray, value: Value) -> None:
        data[self.start] = 0xFF - _whole(value, 0xFF)


@dataclass(frozen=True, slots=True)
class Flag:
    """One bit."""

    name: str
    byte: int
    bit: int

    def get(self, data: bytes) -> Value:
        return bool(data[self.byte] >> self.bit & 1)

    def put(self, data: bytearray, value: Value) -> None:
        if not isinstance(value, bool):
            raise ValueError(f"{value!r} is not True or False")
        data[self.byte] |= value << self.bit


@dataclass(frozen=True, slots=True)
class OtherBits:
    """The bits of a byte without a name, unshifted, so that decoding and encoding keep them."""

    name: str
    byte: int
    mask: int

    def get(self, data: bytes) -> Value:
        return data[self.byte] & self.mask

    def put(self, data: bytearray, value: Value) -> None:
        whole = _whole(value, 0xFF)
        if whole & ~self.mask:
            raise ValueError(f"0x{whole:02X} has bits outside 0x{self.mask:02X}")
        data[self.byte] |= whole


@dataclass(frozen=True, slots=True)
class Raw:
    """Bytes without a known meaning, kept as they are."""

    name: str
    start: int
    size: int

    def get(self, data: bytes) -> Value:
        return bytes(data[self.start : self.start + self.size])

    def put(self, data: bytearray, value: Value) -> None:
        if not isinstance(value, bytes) or len(value) != self.size:
            raise ValueError(f"{value!r} is not {self.size} bytes")
        data[self.start : self.start + self.size] = value


def _extended_control() -> tuple[Field, ...]:
    """Byte 0 of 0x110 and of 0x118: the same bits in both directions."""
    return (
        Flag("dynamic_control", 0, 0),
        Flag("high_current_control", 0, 1),
        Flag("high_voltage_control", 0, 2),
        OtherBits("byte0_other_bits", 0, 0xF8),
    )


FIELDS: dict[int, tuple[Field, ...]] = {
    0x100: (
        Uint("min_charge_current_a", 0),
        Uint("max_current_a", 1),
        Uint("min_battery_v", 2, 2),
        Uint("max_battery_v", 4, 2),
        Uint("charged_rate_reference_pct", 6),
        Uint("unused_7", 7),
    ),
    0x101: (
        Uint("unused_0", 0),
        Uint("max_charging_time_10s", 1),
        Uint("max_charging_time_min", 2),
        Uint("estimated_charging_time_min", 3),
        Uint("unused_4", 4),
        Tenths("capacity_kwh", 5),
        Uint("unused_7", 7),
    ),
    0x102: (
        Uint("protocol", 0),
        Uint("target_battery_v", 1, 2),
        Uint("charge_current_request_a", 3),
        Flag("battery_overvoltage", 4, 0),
        Flag("battery_undervoltage", 4, 1),
        Flag("battery_current_deviation", 4, 2),
        Flag("battery_high_temperature", 4, 3),
        Flag("battery_voltage_deviation", 4, 4),
        OtherBits("fault_unknown_bits", 4, 0xE0),
        Flag("charging_enabled", 5, 0),
        Flag("not_in_park", 5, 1),
        Flag("charging_system_fault", 5, 2),
        Flag("contactors_open", 5, 3),
        Flag("normal_stop_request", 5, 4),
        Flag("status_bit5", 5, 5),
        Flag("status_bit6", 5, 6),
        Flag("discharge_compatible", 5, 7),
        Uint("soc_pct", 6),
        Uint("unused_7", 7),
    ),
    0x108: (
        Flag("welding_detection", 0, 0),
        OtherBits("identifier_other_bits", 0, 0xFE),
        Uint("available_v", 1, 2),
        Uint("available_a", 3),
        Uint("threshold_v", 4, 2),
        Uint("unused_6", 6),
        Uint("unused_7", 7),
    ),
    0x109: (
        Uint("protocol", 0),
        Uint("present_v", 1, 2),
        Uint("present_a", 3),
        Flag("discharge_compatible", 4, 0),
        OtherBits("byte4_other_bits", 4, 0xFE),
        Flag("charging", 5, 0),
        Flag("charger_malfunction", 5, 1),
        Flag("connector_locked", 5, 2),
        Flag("battery_incompatible", 5, 3),
        Flag("system_malfunction", 5, 4),
        Flag("stop_control", 5, 5),
        OtherBits("status_other_bits", 5, 0xC0),
        Uint("remaining_time_10s", 6),
        Uint("remaining_time_min", 7),
    ),
    0x110: (*_extended_control(), Uint("extended_current_request_a", 1, 2), Raw("rest", 3, 5)),
    0x118: (*_extended_control(), Raw("rest", 1, 7)),
    0x200: (
        DischargeAmps("max_discharge_current_a", 0),
        Raw("unused_1_3", 1, 3),
        Uint("min_discharge_v", 4, 2),
        Uint("remaining_min_raw", 6),
        Uint("remaining_max_raw", 7),
    ),
    0x201: (
        Uint("sequence", 0),
        Uint("discharge_completion_min", 1, 2),
        Tenths("available_energy_kwh", 3),
        Raw("rest", 5, 3),
    ),
    0x208: (
        DischargeAmps("present_discharge_current_a", 0),
        Uint("available_input_v", 1, 2),
        DischargeAmps("available_input_a", 3),
        Raw("unused_4_5", 4, 2),
        Uint("lower_threshold_v", 6, 2),
    ),
    0x209: (Uint("sequence", 0), Uint("remaining_discharge_min", 1, 2), Raw("rest", 3, 5)),
}
"""CAN id -> the fields of its eight bytes."""
