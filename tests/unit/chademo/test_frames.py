"""The CHAdeMO codec: every bit belongs to one field, golden bytes of real cars, round trips, and clear refusals."""

import dataclasses
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.chademo.frames import (
    CAN_ID,
    CAR_IDS,
    EVSE_IDS,
    X100,
    X101,
    X102,
    X108,
    X109,
    X110,
    X118,
    X200,
    X201,
    X208,
    X209,
    AnyFrame,
    CarFrame,
    EvseFrame,
    FrameError,
    decode,
    encode,
    faults,
)
from v2h.chademo.layout import FIELDS

# Bytes seen on the wire (CAP1: Leaf ZE0 and the vendor's charger; CAP3: Leaf ZE1) and their meaning.
GOLDEN: list[tuple[int, str, AnyFrame]] = [
    (0x100, "00 00 00 00 B3 01 F0 00", X100(max_battery_v=435, charged_rate_reference_pct=240)),
    (0x100, "00 00 00 00 B3 01 64 00", X100(max_battery_v=435)),
    (0x101, "00 00 00 00 00 F0 00 00", X101(capacity_kwh=24.0)),
    (
        0x101,
        "00 FF 3C 00 00 E0 00 00",
        X101(max_charging_time_10s=0xFF, max_charging_time_min=60, capacity_kwh=22.4),
    ),
    (
        0x102,
        "02 9A 01 00 00 C8 03 00",
        X102(
            target_battery_v=410,
            contactors_open=True,
            status_bit6=True,
            discharge_compatible=True,
            soc_pct=3,
        ),
    ),
    (
        0x102,
        "02 9A 01 0E 00 C1 56 00",
        X102(
            target_battery_v=410,
            charge_current_request_a=14,
            charging_enabled=True,
            status_bit6=True,
            discharge_compatible=True,
            soc_pct=86,
        ),
    ),
    (0x108, "01 F4 01 0F B3 01 00 00", X108(available_v=500, available_a=15, threshold_v=435)),
    (0x109, "02 00 00 00 01 20 FF FF", X109()),
    (
        0x109,
        "02 00 00 00 01 24 00 00",
        X109(connector_locked=True, remaining_time_10s=0, remaining_time_min=0),
    ),
    (
        0x109,
        "02 82 01 0E 01 05 FF 3C",
        X109(
            present_v=386,
            present_a=14,
            charging=True,
            connector_locked=True,
            stop_control=False,
            remaining_time_min=60,
        ),
    ),
    (0x110, "01 00 00 00 00 00 00 00", X110(dynamic_control=True)),
    (0x118, "01 00 00 00 00 00 00 00", X118(dynamic_control=True)),
    (0x200, "FF 00 00 00 FA 00 43 B3", X200(0, 250, 67, 179)),
    (0x200, "F0 00 00 00 FA 00 43 B3", X200(15, 250, 67, 179)),
    (0x201, "02 00 00 00 00 00 00 00", X201(sequence=2)),
    (0x208, "FF F4 01 F0 00 00 FA 00", X208(0, 500, 15, 250)),
    (0x209, "02 05 00 00 00 00 00 00", X209(remaining_discharge_min=5)),
]


@pytest.mark.parametrize(("can_id", "text", "frame"), GOLDEN)
def test_golden_bytes_both_ways(can_id: int, text: str, frame: AnyFrame) -> None:
    data = bytes.fromhex(text)
    assert decode(can_id, data) == frame
    assert encode(frame) == (can_id, data)


def test_ids_have_one_direction_each() -> None:
    assert {CAN_ID[kind] for kind in get_args(CarFrame)} == CAR_IDS
    assert {CAN_ID[kind] for kind in get_args(EvseFrame)} == EVSE_IDS
    assert not CAR_IDS & EVSE_IDS


@pytest.mark.parametrize("kind", CAN_ID)
def test_the_table_names_the_fields_of_the_dataclass(kind: type[AnyFrame]) -> None:
    named = [field.name for field in FIELDS[CAN_ID[kind]]]
    assert sorted(named) == sorted(field.name for field in dataclasses.fields(kind))


@pytest.mark.parametrize("can_id", FIELDS)
def test_every_bit_belongs_to_exactly_one_field(can_id: int) -> None:
    blank = decode(can_id, bytes(8))
    for bit in range(64):
        frame = decode(can_id, (1 << bit).to_bytes(8, "little"))
        changed = [field.name for field in FIELDS[can_id] if getattr(frame, field.name) != getattr(blank, field.name)]
        assert len(changed) == 1, (bit, changed)


@given(can_id=st.sampled_from(sorted(FIELDS)), data=st.binary(min_size=8, max_size=8))
def test_any_eight_bytes_survive_decode_and_encode(can_id: int, data: bytes) -> None:
    assert encode(decode(can_id, data)) == (can_id, data)


VALUES = {
    "int": st.integers(0, 255),
    "bool": st.booleans(),
    "float": st.integers(0, 0xFFFF).map(lambda tenths: tenths / 10),
}
WIDE = {  # 16-bit integers; anything else named _a or _v or _min is one byte
    "min_battery_v",
    "max_battery_v",
    "target_battery_v",
    "available_v",
    "threshold_v",
    "present_v",
    "extended_current_request_a",
    "min_discharge_v",
    "discharge_completion_min",
    "available_input_v",
    "lower_threshold_v",
    "remaining_discharge_min",
}
MASKS = {
    "fault_unknown_bits": 0xE0,
    "identifier_other_bits": 0xFE,
    "byte4_other_bits": 0xFE,
    "status_other_bits": 0xC0,
    "byte0_other_bits": 0xF8,
}


def strategy(kind: type[AnyFrame]) -> st.SearchStrategy[AnyFrame]:
    def one(field: "dataclasses.Field[object]") -> st.SearchStrategy[object]:
        if field.name in WIDE:
            return st.integers(0, 0xFFFF)
        if field.name in MASKS:
            return st.integers(0, 255).map(lambda value: value & MASKS[field.name])
        if isinstance(field.default, bytes):
            return st.binary(min_size=len(field.default), max_size=len(field.default))
        return VALUES[type(field.default).__name__]

    return st.builds(kind, **{field.name: one(field) for field in dataclasses.fields(kind)})


@pytest.mark.slow
@given(frame=st.one_of([strategy(kind) for kind in CAN_ID]))
def test_any_frame_survives_encode_and_decode(frame: AnyFrame) -> None:
    assert decode(*encode(frame)) == frame


@pytest.mark.parametrize(
    ("frame", "words"),
    [
        (X102(charge_current_request_a=256), ("0x102", "charge_current_request_a", "256", "0 to 255")),
        (X102(charge_current_request_a=-1), ("0x102", "-1", "0 to 255")),
        (X102(charge_current_request_a=7.5), ("0x102", "7.5", "whole number")),  # type: ignore[arg-type]
        (X108(threshold_v=65536), ("0x108", "threshold_v", "65536", "0 to 65535")),
        (X208(available_input_a=256), ("0x208", "available_input_a", "256", "0 to 255")),
        (X101(capacity_kwh=6553.6), ("0x101", "capacity_kwh", "6553.6", "0.0 to 6553.5")),
        (X101(capacity_kwh=float("nan")), ("0x101", "capacity_kwh", "nan", "0.0 to 6553.5")),
        (X109(status_other_bits=0x01), ("0x109", "status_other_bits", "0x01", "0xC0")),
        (X209(rest=b"\0"), ("0x209", "rest", "5 bytes")),
        (X109(charging=1), ("0x109", "charging", "1", "True or False")),  # type: ignore[arg-type]
    ],
)
def test_a_value_out_of_range_is_refused_and_named(frame: AnyFrame, words: tuple[str, ...]) -> None:
    with pytest.raises(FrameError) as caught:
        encode(frame)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("can_id", "data", "words"),
    [
        (0x102, bytes(7), ("0x102", "7 data bytes", "8")),
        (0x102, b"", ("0x102", "0 data bytes", "8")),
        (0x103, bytes(8), ("0x103", "100 101 102")),
    ],
)
def test_wrong_length_and_unknown_id_are_named(can_id: int, data: bytes, words: tuple[str, ...]) -> None:
    with pytest.raises(FrameError) as caught:
        decode(can_id, data)
    assert all(word in str(caught.value) for word in words), caught.value


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("02 9A 01 00 00 C8 03 00", ()),
        ("02 9A 01 00 01 C8 03 00", ("battery_overvoltage",)),
        ("02 9A 01 00 02 C8 03 00", ("battery_undervoltage",)),
        ("02 9A 01 00 04 C8 03 00", ("battery_current_deviation",)),
        ("02 9A 01 00 08 C8 03 00", ("battery_high_temperature",)),
        ("02 9A 01 00 10 CC 03 00", ("battery_voltage_deviation", "charging_system_fault")),
        ("02 9A 01 00 E0 FB 03 00", ()),
    ],
)
def test_fault_names_follow_the_order_of_the_standard(text: str, names: tuple[str, ...]) -> None:
    frame = decode(0x102, bytes.fromhex(text))
    assert isinstance(frame, X102)
    assert faults(frame) == names
