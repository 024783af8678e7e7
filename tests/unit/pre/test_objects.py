"""The converter's messages: the vendor's own bytes, the ranges, and which messages are no valid answer."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.pre import objects as pre

# Requests as the vendor's firmware sent them (CAP1).
REQUESTS = [
    (pre.read_request(pre.DEVICE_NAME), "40 08 10 04 00 00 00 00"),
    (pre.read_request(pre.STATUS), "40 01 21 00 00 00 00 00"),
    (pre.read_request(pre.WARNING), "40 50 21 00 00 00 00 00"),
    (pre.read_amps_setpoint(), "40 0A 21 00 00 00 00 00"),
    (pre.read_amps(), "40 08 21 00 00 00 00 00"),
    (pre.write_enable(True), "2B 00 21 00 01 00 00 00"),
    (pre.write_enable(False), "2B 00 21 00 00 00 00 00"),
    (pre.write_volts(410.0), "2B 09 21 00 04 10 00 00"),
    (pre.write_volts(500.0), "2B 09 21 00 88 13 00 00"),
    (pre.write_volts(392.0), "2B 09 21 00 50 0F 00 00"),
    (pre.write_amps(14.0), "2B 0A 21 00 8C 00 00 00"),
    (pre.write_amps(1.0), "2B 0A 21 00 0A 00 00 00"),
    (pre.write_amps(-0.2), "2B 0A 21 00 FE FF FF FF"),
    (pre.write_amps(0.0), "2B 0A 21 00 00 00 00 00"),
    (pre.write_amps(-0.0), "2B 0A 21 00 00 00 00 00"),
    (pre.write_amps(-0.04), "2B 0A 21 00 00 00 00 00"),
    (pre.write_amps(-16.0), "2B 0A 21 00 60 FF FF FF"),
    (pre.write_amps(13.96), "2B 0A 21 00 8C 00 00 00"),
    (pre.write_amps(-13.96), "2B 0A 21 00 74 FF FF FF"),
]


@pytest.mark.parametrize(("message", "text"), REQUESTS)
def test_requests_equal_the_vendors_bytes(message: bytes, text: str) -> None:
    assert message == bytes.fromhex(text)


@pytest.mark.parametrize(
    ("text", "entry", "value"),
    [
        ("43 08 10 04 56 47 36 20", pre.DEVICE_NAME, "VG6"),
        ("43 0A 10 04 33 2E 30 32", pre.SOFTWARE, "3.02"),
        ("4B 01 21 00 02 09 00 00", pre.STATUS, 0x0902),
        ("4B 04 21 00 D9 01 00 00", pre.TEMPERATURE, 47.3),
        ("4B 08 21 00 8D 00 00 00", pre.AMPS, 14.1),
        ("4B 0A 21 00 FE FF 00 00", pre.SET_AMPS, -0.2),
        ("4B 09 21 00 04 10 00 00", pre.SET_VOLTS, 410.0),
        ("43 50 21 00 00 00 00 80", pre.WARNING, 0x80000000),
    ],
)
def test_answers_are_scaled(text: str, entry: pre.Entry, value: pre.Value) -> None:
    answer = pre.parse_answer(bytes.fromhex(text))
    assert isinstance(answer, pre.ReadAnswer)
    assert (answer.index, answer.sub) == (entry.index, entry.sub)
    assert entry.value(answer.raw) == value
    assert pre.read_answer(entry, answer.raw) == bytes.fromhex(text)


def test_write_answer_and_abort() -> None:
    assert pre.parse_answer(bytes.fromhex("60 0A 21 00 00 00 00 00")) == pre.Written(0x210A, 0)
    abort = pre.parse_answer(bytes.fromhex("80 0A 21 00 31 00 09 06"))
    assert abort == pre.Aborted(0x210A, 0, 0x06090031)
    assert pre.abort_name(0x06090031) == "value too high"
    assert "12345678" in pre.abort_name(0x12345678)
    assert pre.abort_answer(0x210A, 0, 0x06090031) == bytes.fromhex("80 0A 21 00 31 00 09 06")
    assert pre.written_answer(0x210A, 0) == bytes.fromhex("60 0A 21 00 00 00 00 00")


@given(tenths=st.integers(-160, 160))
def test_any_allowed_current_reads_back_as_written(tenths: int) -> None:
    request = pre.parse_request(pre.write_amps(tenths / 10))
    assert isinstance(request, pre.WriteRequest)
    assert pre.SET_AMPS.value(request.raw) == tenths / 10


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (lambda: pre.write_amps(16.1), ("set_amps", "16.1", "-16 to 16 A")),
        (lambda: pre.write_amps(-16.1), ("set_amps", "-16.1", "-16 to 16 A")),
        (lambda: pre.write_amps(float("nan")), ("set_amps", "nan", "-16 to 16 A")),
        (lambda: pre.write_volts(500.1), ("set_volts", "500.1", "0 to 500 V")),
        (lambda: pre.write_volts(-0.1), ("set_volts", "-0.1", "0 to 500 V")),
        (lambda: pre.write_request(pre.STATUS, 0), ("status", "2101.0", "cannot be written")),
        (lambda: pre.parse_answer(bytes(7)), ("7 data bytes", "8")),
        (
            lambda: pre.parse_answer(bytes.fromhex("41 08 10 00 06 00 00 00")),
            ("0x41", "no expedited answer"),
        ),
        (
            lambda: pre.parse_request(bytes.fromhex("60 08 10 00 06 00 00 00")),
            ("0x60", "no expedited request"),
        ),
        (lambda: pre.AMPS.value(b"\0\0\0\0"), ("amps", "2108.0", "4 bytes instead of 2")),
    ],
)
def test_refusals_say_what_and_the_range(build: "object", words: tuple[str, ...]) -> None:
    assert callable(build)
    with pytest.raises(pre.SdoError) as caught:
        build()
    assert all(word in str(caught.value) for word in words), caught.value


def test_status_bits() -> None:
    assert pre.unexpected_status(0x0401) == 0
    assert pre.unexpected_status(0x0902) == 0x0902
    assert pre.unexpected_status(0x0801) == 0x0800
