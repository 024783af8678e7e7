"""What stands in the registers of a Modbus meter: values, values that are none, and wrong ways to read them."""

import struct
from collections.abc import Sequence

import pytest

from v2h.config.meter_kinds import Registers, RegisterTable, read_registers
from v2h.meters import Measurement, NoMeasurementError
from v2h.meters.modbus import Block, RegisterCache, blocks
from v2h.meters.reading import implausible


def read(table: RegisterTable, words: dict[int, int]) -> Measurement:
    cache = RegisterCache(table)
    for block in (*cache.power_blocks, *cache.other_blocks):
        cache.put(block, [words.get(block.address + n, 0) for n in range(block.count)])
    return cache.measurement(1.0)


def at_100(words: Sequence[int]) -> dict[int, int]:
    return {100 + n: word for n, word in enumerate(words)}


def float_words(value: float) -> tuple[int, ...]:
    return struct.unpack(">2H", struct.pack(">f", value))


def holding(form: str, power: str = "100", **more: str) -> RegisterTable:
    return RegisterTable(function="holding", format=form, power=power, **more)


@pytest.mark.parametrize(
    ("form", "words", "why"),
    [
        ("int16", [0x8000], "is -32768, which says that it has no value"),
        ("int16", [0x7FFF], "is 32767, which says"),
        ("uint16", [0xFFFF], "is 65535, which says"),
        ("uint16", [0xFF9C], 'is 65436, which is -100 with a sign: write format = "int16"'),
        ("int32", [0x8000, 0], "is -2147483648, which says"),
        ("int32", [0x8000, 1], "is -2147483647, which says"),
        ("uint32", [0xFFFF, 0xFFFF], "is 4294967295, which says"),
        ("uint32", [0xFFFF, 0xFF9C], 'write format = "int32"'),
        ("int64", [0x8000, 0, 0, 0], "which says"),
        ("float32", [0xFFFF, 0xFFFF], "is not a number"),
        ("float32", [0x7F80, 0], "is not a number"),
        (
            "float32",
            float_words(523.7)[::-1],
            'is impossible; if it is so every time, its words are swapped: write words = "little"',
        ),
        ("float32", float_words(1000.0)[::-1], 'write words = "little"'),
        ("int32", [1000, 0], 'write words = "little"'),
    ],
)
def test_a_content_that_is_no_power_says_why(form: str, words: Sequence[int], why: str) -> None:
    with pytest.raises(NoMeasurementError) as caught:
        read(holding(form), at_100(words))
    assert why in str(caught.value)


def test_what_no_reading_explains_is_no_power_of_a_house() -> None:
    value = read(holding("float32"), at_100(float_words(-8_388_608.0)))
    assert implausible(value) == (
        "it reports -8388608 W, and no house has more than 100 kW: check its scale, path or registers"
    )


@pytest.mark.parametrize(("form", "word"), [("int16", 0xFFFF), ("int16", 0xFF9C), ("uint16", 9000)])
def test_small_values_are_values(form: str, word: int) -> None:
    expected = word - 0x10000 if form == "int16" else word
    assert read(holding(form), {100: word}).power_w == expected


def test_import_minus_export_by_phase() -> None:
    table = holding("uint16", power="1 2 3 - 11 12 13 * 10")
    value = read(table, {1: 50, 2: 0, 3: 7, 11: 0, 12: 20, 13: 0})
    assert [phase["power_w"] for phase in value.phases] == [500, -200, 70]
    assert value.power_w == 370


@pytest.mark.parametrize(("exponent", "power_w"), [(0xFFFF, -150.0), (0, -1500.0), (1, -15_000.0)])
def test_a_sunspec_scale_register_is_the_exponent_of_ten(exponent: int, power_w: float) -> None:
    table = holding("int16", power="206 * 10^210", voltage="196 * 10^203")
    words = {206: -1500 & 0xFFFF, 210: exponent, 196: 2301, 203: 0xFFFF}
    value = read(table, words)
    assert (value.power_w, value.voltage_v) == (pytest.approx(power_w), pytest.approx(230.1))
    assert RegisterCache(table).power_blocks == [Block(206, 5)], "value and scale in one request"
    with pytest.raises(NoMeasurementError, match="scale at register 0xd2 is -32768"):
        read(table, words | {210: 0x8000})
    assert read(table, words | {196: 0x8000}).voltage_v is None, "only the voltage is not there"


def test_requests_of_different_widths_are_joined() -> None:
    assert blocks([(10, 2), (14, 1), (30, 2)]) == [Block(10, 5), Block(30, 2)]
    assert blocks([(10, 4), (11, 1)]) == [Block(10, 4)]


@pytest.mark.parametrize(
    ("words", "registers"),
    [
        ("16 - 18", Registers((16,), 1.0, (18,))),
        ("0x10 0x12 - 0x20 0x22 * 0.1", Registers((16, 18), 0.1, (32, 34))),
        ("40206 * 10^40210", Registers((40206,), 1.0, (), 40210)),
    ],
)
def test_sums_and_scale_registers_in_words(words: str, registers: Registers) -> None:
    assert read_registers(words) == registers


@pytest.mark.parametrize("words", ["16 - ", "16 18 - 20", "- 16", "16 * 10^", "16 * 10^70000", "16 * nan", "16 * inf"])
def test_what_is_no_register_is_refused(words: str) -> None:
    with pytest.raises(ValueError, match="one to three register addresses"):
        read_registers(words)
