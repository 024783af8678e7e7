"""The cable's ADC: words on the wire, conversion, and a driver that believes only the channel it asked for."""

import pytest

from v2h.drivers.ad7327 import Ad7327, AdcError, convert
from v2h.ports.spi import SpiPort
from v2h.rig.ad7327 import Ad7327 as Chip


class Wire(SpiPort):
    """Bytes to the rig's chip, remembered; spoil(word) changes what comes back."""

    def __init__(self, pin_v: float) -> None:
        self.chip = Chip(lambda: [pin_v] + [0.0] * 7)
        self.sent: list[int] = []
        self.spoiled: int | None = None

    def transfer(self, mosi: bytes) -> bytes:
        self.sent.append(int.from_bytes(mosi, "big"))
        answer = self.chip.transfer(mosi)
        return answer if self.spoiled is None else self.spoiled.to_bytes(2, "big")

    def close(self) -> None:
        pass


def test_configuration_words_are_the_datasheets() -> None:
    wire = Wire(0.0)
    Ad7327(wire).configure()
    assert wire.sent == [0xA000, 0xC000, 0x8010, 0x0000]


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


@pytest.mark.parametrize("word", [0xFFFF, 0x2123])
def test_another_channel_or_a_dead_wire_is_an_error(word: int) -> None:
    wire = Wire(1.0)
    adc = Ad7327(wire)
    adc.configure()
    wire.spoiled = word
    with pytest.raises(AdcError, match="AD7327 answered"):
        adc.read_v(0)


def test_a_change_of_channel_costs_one_transfer_more_and_is_believed_by_its_bits() -> None:
    class Eight(Wire):
        def __init__(self) -> None:
            super().__init__(0.0)
            self.chip = Chip(lambda: [n * 1.0 for n in range(8)])

    wire = Eight()
    adc = Ad7327(wire)
    adc.configure()
    wire.sent.clear()
    assert [adc.read_v(n) for n in (0, 3, 3, 7, 0)] == pytest.approx([0.0, 3.0, 3.0, 7.0, 0.0], abs=0.003)
    assert wire.sent == [0x0000, 0x8C10, 0x0000, 0x0000, 0x9C10, 0x0000, 0x8010, 0x0000]
