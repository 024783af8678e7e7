"""The record between ccs and charger: layout, what it refuses, and how long it counts."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.ccs.record import (
    SILENCE_S,
    CarRecord,
    ChargerRecord,
    Heard,
    Isolation,
    Phase,
    Pilot,
    RecordError,
    pack_car,
    pack_charger,
    unpack_car,
    unpack_charger,
)

TENTHS = st.none() | st.integers(0, 0xFFFE).map(lambda tenths: tenths / 10)
LIMIT = st.integers(0, 0xFFFE).map(lambda tenths: tenths / 10)
U32 = st.integers(0, 0xFFFFFFFF)
WATTS = st.integers(0, 0xFFFF_FFFE).map(float)
CAR = st.builds(
    CarRecord,
    phase=st.sampled_from(Phase),
    session=U32,
    sequence=U32,
    pilot=st.sampled_from(Pilot),
    target_v=TENTHS,
    target_a=TENTHS,
    max_v=TENTHS,
    max_a=TENTHS,
    max_w=st.none() | WATTS,
    soc_pct=st.none() | st.integers(0, 100),
    ready=st.booleans(),
    car_error=st.integers(0, 11),
    request_age_ms=st.integers(0, 0xFFFF),
)
CHARGER = st.builds(
    ChargerRecord,
    phase=st.sampled_from(Phase),
    sequence=U32,
    done=st.booleans(),
    wanted=st.booleans(),
    authorised=st.booleans(),
    stop=st.booleans(),
    fault=st.booleans(),
    cut=st.booleans(),
    isolation=st.sampled_from(Isolation),
    present_v=TENTHS,
    present_a=st.none() | st.integers(-0x7FFF, 0x7FFF).map(lambda tenths: tenths / 10),
    max_v=LIMIT,
    min_v=LIMIT,
    max_a=LIMIT,
    max_w=WATTS,
    session=U32,
)
PLAIN = CarRecord(Phase.ENERGY, 7, 1, Pilot.C, 400.0, 12.5, 410.0, 125.0, 50_000.0, 55, True, 0, 20)


@given(CAR)
def test_a_record_of_the_car_comes_back_as_it_was(record: CarRecord) -> None:
    assert unpack_car(pack_car(record)) == record


@given(CHARGER)
def test_a_record_of_the_charger_comes_back_as_it_was(record: ChargerRecord) -> None:
    assert unpack_charger(pack_charger(record)) == record


def test_the_layout_is_fixed() -> None:
    assert pack_car(PLAIN).hex() == "020703010700000001000000a00f7d000410e204" + "50c3000037001400"
    told = ChargerRecord(
        Phase.PRECHARGE,
        2,
        True,
        stop=True,
        isolation=Isolation.VALID,
        present_v=399.9,
        present_a=-0.1,
        max_w=6000.0,
        session=0x01020304,
    )
    assert pack_charger(told).hex() == "0205010904030201020000009f0fffff00000000000070170000"


@pytest.mark.parametrize("name", ["target_v", "target_a", "max_v", "max_a"])
@pytest.mark.parametrize("value", [-0.1, 6553.5])
def test_a_negative_value_and_a_too_large_one_cannot_be_written(name: str, value: float) -> None:
    with pytest.raises(RecordError, match=f"{name} = {value} does not fit"):
        pack_car(CarRecord(Phase.ENERGY, 1, 1, **{name: value}))


def test_a_negative_limit_of_the_charger_cannot_be_written() -> None:
    with pytest.raises(RecordError, match="max_a"):
        pack_charger(ChargerRecord(Phase.ENERGY, 1, max_a=-1.0))


@pytest.mark.parametrize(
    ("at", "value", "says"),
    [
        (0, 1, "version 1; this program speaks 2"),
        (1, 12, "phase 12 is not known; 0 to 11 are"),
        (2, 7, "pilot 7 is not known"),
        (24, 101, "SoC of 101 %"),
    ],
)
def test_a_record_of_the_car_with_an_unknown_value_is_refused(at: int, value: int, says: str) -> None:
    packet = bytearray(pack_car(PLAIN))
    packet[at] = value
    with pytest.raises(RecordError, match=says):
        unpack_car(bytes(packet))


@pytest.mark.parametrize(("at", "value", "says"), [(2, 4, "isolation 4 is not known"), (1, 99, "phase 99")])
def test_a_record_of_the_charger_with_an_unknown_value_is_refused(at: int, value: int, says: str) -> None:
    packet = bytearray(pack_charger(ChargerRecord(Phase.ENERGY, 1)))
    packet[at] = value
    with pytest.raises(RecordError, match=says):
        unpack_charger(bytes(packet))


def test_a_charger_without_limits_is_refused() -> None:
    packet = bytearray(pack_charger(ChargerRecord(Phase.ENERGY, 1)))
    packet[16:18] = b"\xff\xff"
    with pytest.raises(RecordError, match="a limit is unknown"):
        unpack_charger(bytes(packet))


@pytest.mark.parametrize("size", [0, 27, 29])
def test_a_packet_of_another_size_is_refused(size: int) -> None:
    with pytest.raises(RecordError, match=f"record of {size} bytes, expected 28"):
        unpack_car(bytes(size))


@given(st.binary(max_size=40))
def test_any_bytes_are_a_record_or_refused(packet: bytes) -> None:
    for unpack in (unpack_car, unpack_charger):
        try:
            unpack(packet)
        except RecordError:
            continue


def test_a_record_counts_for_300_ms() -> None:
    heard: Heard[CarRecord] = Heard()
    assert heard.fresh(0.0) is None
    heard.take(PLAIN, 0.0)
    assert heard.fresh(SILENCE_S) is PLAIN
    assert heard.fresh(0.301) is None


def test_a_sender_that_stands_still_is_silent() -> None:
    heard: Heard[CarRecord] = Heard()
    for tenth in range(5):
        heard.take(PLAIN, tenth / 10)
    assert heard.fresh(0.3) is PLAIN
    assert heard.fresh(0.4) is None


def test_a_closed_connection_ends_what_was_heard() -> None:
    heard: Heard[ChargerRecord] = Heard()
    heard.take(ChargerRecord(Phase.ENERGY, 1), 1.0)
    heard.forget()
    assert heard.fresh(1.0) is None
    heard.take(ChargerRecord(Phase.ENERGY, 1), 1.1)
    assert heard.fresh(1.2) is not None
