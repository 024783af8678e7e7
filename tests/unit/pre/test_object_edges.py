"""The converter's objects: the values that may be written or read, and the bytes of every kind of message."""

import pytest

from v2h.pre import objects as pre


@pytest.mark.parametrize(
    ("entry", "least", "most", "step"),
    [(pre.SET_VOLTS, 0.0, 500.0, 0.1), (pre.SET_AMPS, -16.0, 16.0, 0.1), (pre.ENABLE, 0, 1, 1)],
)
def test_what_may_be_written_ends_here(entry: pre.Entry, least: float, most: float, step: float) -> None:
    assert entry.whole(least) == round(least * entry.per_unit) and entry.whole(most) == round(most * entry.per_unit)
    for beyond in (least - step, most + step, float("nan"), float("inf")):
        with pytest.raises(pre.SdoError, match="allowed"):
            entry.whole(beyond)


def test_what_is_only_read_is_not_written() -> None:
    assert {entry.name for entry in pre.DICTIONARY.values() if entry.writable} == {"enable", "set_volts", "set_amps"}
    with pytest.raises(pre.SdoError, match="cannot be written"):
        pre.AMPS.whole(1.0)


OBJECTS = [
    # index, sub, per_unit, signed, size
    *[(pre.DEVICE_NAME, 0x1008, 4, 0, False, 4), (pre.HARDWARE, 0x1009, 4, 0, False, 4)],
    *[(pre.SOFTWARE, 0x100A, 4, 0, False, 4), (pre.ENABLE, 0x2100, 0, 1, False, 2)],
    *[(pre.STATUS, 0x2101, 0, 1, False, 2), (pre.TEMPERATURE, 0x2104, 0, 10, True, 2)],
    *[(pre.AC_VOLTS, 0x2105, 0, 10, False, 2), (pre.AC_AMPS, 0x2106, 0, 10, True, 2)],
    *[(pre.VOLTS, 0x2107, 0, 10, False, 2), (pre.AMPS, 0x2108, 0, 10, True, 2)],
    *[(pre.SET_VOLTS, 0x2109, 0, 10, False, 2), (pre.SET_AMPS, 0x210A, 0, 10, True, 2)],
    *[(pre.BUS_VOLTS, 0x210D, 0, 10, False, 2), (pre.RAMPED_AMPS, 0x214A, 0, 10, True, 2)],
    (pre.WARNING, 0x2150, 0, 1, False, 4),
]


@pytest.mark.parametrize(("entry", "index", "sub", "per_unit", "signed", "size"), OBJECTS)
def test_each_object(entry: pre.Entry, index: int, sub: int, per_unit: int, signed: bool, size: int) -> None:
    assert (entry.index, entry.sub, entry.per_unit, entry.signed, entry.size) == (index, sub, per_unit, signed, size)
    assert pre.DICTIONARY[index, sub] is entry
    for wrong in (size - 1, size + 1):
        with pytest.raises(pre.SdoError, match="bytes instead of"):
            entry.value(bytes(wrong))


def test_what_a_reading_may_be() -> None:
    found = [(entry.least, entry.most) for entry in (pre.TEMPERATURE, pre.VOLTS, pre.AMPS)]
    assert found == [(-50.0, 150.0), (0.0, 600.0), (-30.0, 30.0)]


def test_the_status_bits_that_may_be_set() -> None:
    assert [pre.unexpected_status(word) for word in (0, 1, 0x400, 0x401, 0xFFFF)] == [0, 0, 0, 0, 0xFBFE]
    assert [int(bit) for bit in pre.Status] == [0x1, 0x2, 0x100, 0x400, 0x800]


def test_the_node_and_its_ids() -> None:
    assert (pre.NODE, pre.REQUEST_ID, pre.ANSWER_ID, pre.LENGTH) == (0x30, 0x630, 0x5B0, 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("40 08 21 05 01 02 03 04", pre.ReadRequest(0x2108, 5)),
        ("23 0A 21 00 01 02 03 04", pre.WriteRequest(0x210A, 0, b"\1\2\3\4")),
        ("27 0A 21 00 01 02 03 04", pre.WriteRequest(0x210A, 0, b"\1\2\3")),
        ("2B 0A 21 00 01 02 03 04", pre.WriteRequest(0x210A, 0, b"\1\2")),
        ("2F 0A 21 00 01 02 03 04", pre.WriteRequest(0x210A, 0, b"\1")),
        ("80 0A 21 00 30 00 09 06", pre.Aborted(0x210A, 0, 0x06090030)),
    ],
)
def test_requests(text: str, message: pre.Request) -> None:
    assert pre.parse_request(bytes.fromhex(text)) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("43 08 21 05 01 02 03 04", pre.ReadAnswer(0x2108, 5, b"\1\2\3\4")),
        ("47 08 21 05 01 02 03 04", pre.ReadAnswer(0x2108, 5, b"\1\2\3")),
        ("4B 08 21 05 01 02 03 04", pre.ReadAnswer(0x2108, 5, b"\1\2")),
        ("4F 08 21 05 01 02 03 04", pre.ReadAnswer(0x2108, 5, b"\1")),
        ("60 0A 21 00 00 00 00 00", pre.Written(0x210A, 0)),
        ("80 0A 21 00 30 00 09 06", pre.Aborted(0x210A, 0, 0x06090030)),
    ],
)
def test_answers(text: str, message: pre.Answer) -> None:
    assert pre.parse_answer(bytes.fromhex(text)) == message


@pytest.mark.parametrize("text", ["41 08 21 00 00 00 00 00", "40 08 21 00 00 00 00", "FF 08 21 00 00 00 00 00"])
def test_other_bytes_are_no_message(text: str) -> None:
    for parse in (pre.parse_request, pre.parse_answer):
        with pytest.raises(pre.SdoError):
            parse(bytes.fromhex(text))


def test_what_the_rig_answers() -> None:
    assert pre.written_answer(0x210A, 3) == bytes.fromhex("60 0A 21 03 00 00 00 00")
    assert pre.abort_answer(0x210A, 3, 0x06090030) == bytes.fromhex("80 0A 21 03 30 00 09 06")
    assert pre.read_answer(pre.WARNING, b"\1\0\0\0") == bytes.fromhex("43 50 21 00 01 00 00 00")
    assert pre.write_request(pre.SET_VOLTS, 0.1) == bytes.fromhex("2B 09 21 00 01 00 00 00")


CODES = """
05030000 05040000 05040001 05040002 05040003 05040004 05040005 06010000 06010001 06010002 06020000 06040041 06040042
06040043 06040047 06060000 06070010 06070012 06070013 06090011 06090030 06090031 06090032 06090036 060A0023 08000000
08000020 08000021 08000022 08000023 08000024
"""


def test_the_abort_codes_are_those_of_the_standard() -> None:
    assert list(pre.ABORT_CODES) == [int(code, 16) for code in CODES.split()]
    assert pre.abort_name(0x06090031) == "value too high"
    assert pre.abort_name(0x0BAD0000) == "unknown abort code 0x0BAD0000"


@pytest.mark.parametrize(
    ("index", "words"), [(0x210A, "the converter refuses set_amps (210A.0): value too high"), (0x3000, "3000.0: value")]
)
def test_a_refusal_in_words(index: int, words: str) -> None:
    assert words in str(pre.Aborted(index, 0, 0x06090031))
