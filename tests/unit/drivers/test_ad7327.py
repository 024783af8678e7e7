"""The cable's ADC: words on the wire, conversion, and that the driver never reads a dead line or a reset chip as 0
V."""

from collections.abc import Callable

import pytest

from v2h.drivers.ad7327 import CHANNELS, Ad7327, AdcError, convert
from v2h.ports.spi import SpiPort
from v2h.rig.ad7327 import Ad7327 as Chip

WIRE_FAULTS: dict[str, Callable[[int], int]] = {
    "stuck low": lambda word: 0x0000,
    "stuck high": lambda word: 0xFFFF,
    "one bit late": lambda word: word >> 1,
    "one bit early": lambda word: word << 1 & 0xFFFF,
}


class Wire(SpiPort):
    """The wire to the rig's chip; it records the words. spoil(word) changes the answer; deaf: the chip receives only
    zeros."""

    def __init__(self, *pins_v: float) -> None:
        self.pins_v = [*pins_v, *[0.0] * (CHANNELS - len(pins_v))]
        self.sent: list[int] = []
        self.spoil: Callable[[int], int] = lambda word: word
        self.deaf = False
        self.reset_before: int | None = None
        self.reset()

    def reset(self) -> None:
        """Simulates a dip of the supply: all registers are as at power-on."""
        self.chip = Chip(lambda: self.pins_v)

    def transfer(self, mosi: bytes) -> bytes:
        if self.reset_before == len(self.sent):
            self.reset()
        self.sent.append(int.from_bytes(mosi, "big"))
        answer = self.chip.transfer(bytes(2) if self.deaf else mosi)
        return self.spoil(int.from_bytes(answer, "big")).to_bytes(2, "big")

    def close(self) -> None:
        pass


@pytest.fixture
def wire() -> Wire:
    return Wire(3.7, *[float(n) for n in range(1, CHANNELS)])


@pytest.fixture
def adc(wire: Wire) -> Ad7327:
    made = Ad7327(wire)
    made.configure()
    wire.sent.clear()
    return made


def test_configuration_words_are_the_datasheets() -> None:
    wire = Wire()
    Ad7327(wire).configure()
    assert wire.sent == [0xA000, 0xC000, 0x8810, 0x8810]


@pytest.mark.parametrize("pin_v", [-9.9, -1.0, 0.0, 0.5, 3.84, 9.9])
def test_reads_what_is_at_the_pin(pin_v: float) -> None:
    adc = Ad7327(Wire(pin_v))
    adc.configure()
    assert adc.read_v(0) == pytest.approx(pin_v, abs=0.003)


@pytest.mark.parametrize(
    ("word", "channel", "volts_v"),
    [
        (0x0000, 0, 0.0),
        (0x1FFF, 0, -20 / 8192),
        (0x0FFF, 0, 4095 * 20 / 8192),
        (0x1000, 0, -10.0),
        (0x6001, 3, 20 / 8192),
    ],
)
def test_result_words(word: int, channel: int, volts_v: float) -> None:
    sample = convert(word)
    assert (sample.channel, sample.volts_v) == (channel, pytest.approx(volts_v))


def test_each_transfer_writes_the_control_word_and_the_witness_is_left_behind(wire: Wire, adc: Ad7327) -> None:
    assert [adc.read_v(n) for n in (0, 0, 3)] == pytest.approx([3.7, 3.7, 3.0], abs=0.003)
    assert wire.sent == [0x8010, 0x8810, 0x8010, 0x8810, 0x8C10, 0x8810]


def test_the_witness_is_another_channel_than_the_wanted_one(wire: Wire, adc: Ad7327) -> None:
    assert [adc.read_v(n) for n in (2, 2, 5)] == pytest.approx([2.0, 2.0, 5.0], abs=0.003)
    assert wire.sent == [0x9410, 0x8810, 0x9410, 0x8810, 0x9410, 0x8810, 0x9410, 0x8810]


@pytest.mark.parametrize("fault", WIRE_FAULTS)
@pytest.mark.parametrize("channel", range(CHANNELS))
def test_a_line_that_is_stuck_is_an_error_and_never_0_v(wire: Wire, adc: Ad7327, channel: int, fault: str) -> None:
    adc.read_v(channel)
    wire.spoil = WIRE_FAULTS[fault]
    for _ in range(3):
        with pytest.raises(AdcError, match="AD7327 answered 0x"):
            adc.read_v(channel)
    wire.spoil = lambda word: word
    assert adc.read_v(channel) == pytest.approx(wire.pins_v[channel], abs=0.003), "set up again by the next reading"


@pytest.mark.parametrize("channel", range(CHANNELS))
def test_a_chip_that_was_reset_is_an_error_once_and_then_set_up_again(wire: Wire, adc: Ad7327, channel: int) -> None:
    """After the reset the chip answers on channel 0, without its reference: 0x0000."""
    adc.read_v(channel)
    wire.reset()
    with pytest.raises(AdcError, match="AD7327 answered 0x0000: channel 0 instead of"):
        adc.read_v(channel)
    assert adc.read_v(channel) == pytest.approx(wire.pins_v[channel], abs=0.003)


@pytest.mark.parametrize("channel", range(1, CHANNELS))
def test_a_reset_amid_a_reading_is_an_error_too_but_for_channel_0(wire: Wire, adc: Ad7327, channel: int) -> None:
    adc.read_v(channel)
    wire.reset_before = len(wire.sent) + 1
    with pytest.raises(AdcError, match="AD7327 answered 0x0000"):
        adc.read_v(channel)


def test_a_line_that_sticks_amid_a_reading_shows_at_the_next_one(wire: Wire, adc: Ad7327) -> None:
    """The only case in which two transfers cannot be distinguished from 0 V."""
    stuck_from = len(wire.sent) + 2
    wire.spoil = lambda word: word if len(wire.sent) < stuck_from else 0
    assert adc.read_v(0) == 0.0
    with pytest.raises(AdcError):
        adc.read_v(0)


@pytest.mark.parametrize("channel", range(CHANNELS))
def test_a_chip_that_does_not_hear_is_an_error(wire: Wire, adc: Ad7327, channel: int) -> None:
    adc.read_v(channel)
    wire.deaf = True
    for _ in range(3):
        with pytest.raises(AdcError):
            adc.read_v(channel)


@pytest.mark.parametrize("fault", ["stuck low", "stuck high"])
def test_a_chip_that_is_not_there_is_not_configured(fault: str) -> None:
    wire = Wire()
    wire.spoil = WIRE_FAULTS[fault]
    with pytest.raises(AdcError):
        Ad7327(wire).configure()
