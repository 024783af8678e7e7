"""STPM3x: the golden frames of public captures, and the driver with a chip on a wire that loses bits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.stpm_wire import Wire
from v2h.drivers.stpm3x import Stpm3x, Stpm3xError, energy_delta, frame, parse, signed
from v2h.drivers.stpm3x_map import crc8
from v2h.ports.spi import SpiPort
from v2h.rig.stpm3x import P_LSB_W, Mains
from v2h.rig.stpm3x import Stpm3x as Chip

READS = {
    0x48: 0x24, 0x4A: 0x08, 0x5C: 0x1B, 0x60: 0x5A, 0x62: 0x76, 0x74: 0x65, 0x78: 0x8D, 0x7A: 0xA1, 0x54: 0xAB,
    0x6C: 0xB2, 0x84: 0x66, 0x2E: 0x05, 0x20: 0xC1, 0x22: 0xED, 0x28: 0x71, 0x04: 0x57, 0x24: 0x99, 0xFF: 0xDE,
}  # fmt: skip
"""Register -> CRC of the frame that reads it; 0x48 and 0xFF are in a public logic-analyser capture."""
WRITES = ["056000E4", "058000A7", "05100046", "24070052", "19270385", "19270FA1", "1B270353"]
REPLIES = {
    "A0000004E3": 0x040000A0, "E0040000CF": 0x000004E0, "07400000E4": 0x00004007, "27032703DD": 0x03270327,
    "C409C4094E": 0x09C409C4, "52191D09C9": 4666 << 15 | 6482, "C7CFFF1F88": -12345 & 0x1FFFFFFF,
}  # fmt: skip


class Deaf(SpiPort):
    """A bus without a chip: MISO floats high."""

    def transfer(self, mosi: bytes) -> bytes:
        return b"\xff" * len(mosi)

    def close(self) -> None: ...


def mains(power_w: float = 1500.0) -> Mains:
    return Mains(230.0, 50.0, (power_w, -power_w), (0.0, 0.0))


@pytest.mark.parametrize(("register", "crc"), READS.items())
def test_read_frames(register: int, crc: int) -> None:
    assert frame(register) == bytes((register, 0xFF, 0xFF, 0xFF, crc))


@pytest.mark.parametrize("text", WRITES)
def test_write_frames(text: str) -> None:
    golden = bytes.fromhex("FF" + text)
    assert frame(write=golden[1], data=golden[2] | golden[3] << 8) == golden


@pytest.mark.parametrize(("text", "word"), REPLIES.items())
def test_replies(text: str, word: int) -> None:
    assert parse(bytes.fromhex(text)) == word


def test_first_reply_of_the_capture_is_refused() -> None:
    assert parse(bytes.fromhex("A000000481")) is None
    assert parse(b"\x00\x00\x00\x00") is None


def test_power_is_signed_in_29_bits() -> None:
    assert signed(0x1FFFCFC7, 29) == -12345
    assert signed(0xE0000001, 29) == 1
    assert signed(0x10000000, 29) == -(1 << 28)


@given(st.integers(0, 2**32 - 1), st.integers(-(2**31), 2**31 - 1))
def test_energy_wraps_both_ways(old: int, delta: int) -> None:
    assert energy_delta((old + delta) & 0xFFFFFFFF, old) == delta


@given(st.binary(min_size=4, max_size=4), st.integers(0, 39), st.integers(0, 39))
def test_crc_sees_every_one_and_two_bit_error(body: bytes, first: int, second: int) -> None:
    word = int.from_bytes(body + bytes((crc8(body),)), "big") ^ (1 << first)
    if second != first:
        word ^= 1 << second
    assert parse(word.to_bytes(5, "big")) is None


def test_reads_both_channels_of_a_chip() -> None:
    wire = Wire(Chip(mains))
    first, second = Stpm3x(wire, 1), Stpm3x(wire, 2)
    raw = first.everything()
    assert raw.power * P_LSB_W == pytest.approx(1500.0, abs=P_LSB_W)
    assert raw.frequency_hz == pytest.approx(50.0)
    assert (raw.v_rms, raw.i_rms) == (6482, pytest.approx(1500 / 230 / 1.97861e-3, abs=1))
    assert second.power() * P_LSB_W == pytest.approx(-1500.0, abs=P_LSB_W)
    assert second.everything().frequency_hz == pytest.approx(50.0)


def test_reads_the_whole_width_of_a_register() -> None:
    wire = Wire(Chip(lambda: Mains(700.0, 50.0, (200_000.0, -200_000.0), (0.0, 0.0))))
    first = Stpm3x(wire, 1)
    assert first.everything().v_rms == round(700.0 / 0.035484)
    assert first.power() * P_LSB_W == pytest.approx(200_000.0)
    assert Stpm3x(wire, 2).power() * P_LSB_W == pytest.approx(-200_000.0)


@pytest.mark.parametrize("count", [0x4007, -0x4007, 0, 0x04E0, 0x0683])
def test_a_power_that_looks_like_a_setting_is_told_all_the_same(count: int) -> None:
    """0x4007 is also the value of US_REG1: a steady 18.4 W must not look like a dropped request."""
    chip = Stpm3x(Wire(Chip(lambda: mains(count * P_LSB_W))))
    assert {chip.power() for _ in range(5)} == {count}


def test_a_latch_keeps_the_rest_of_dsp_cr3() -> None:
    wire = Wire(Chip(mains))
    wire.chip.transfer(frame(write=0x05, data=0x0400))  # EN_CUM
    Stpm3x(wire).power()
    assert frame(0x18, 0x05, 0x0460) in (wire.sent or [])
    wire.chip.transfer(frame(0x04))
    assert parse(wire.chip.transfer(frame())) == 0x040004E0


@pytest.mark.parametrize(("gain", "golden"), [(2, None), (16, "FF19270FA1")])
def test_the_gain_is_set_with_the_documents_frame(gain: int, golden: str | None) -> None:
    wire = Wire(Chip(mains))
    chip = Stpm3x(wire, 1, gain)
    writes = [sent for sent in wire.sent or [] if sent[1] in (0x19, 0x1B)]
    assert writes == ([bytes.fromhex(golden)] if golden else [])
    assert chip.power() * P_LSB_W == pytest.approx(1500.0 * gain / 2)


def test_a_chip_that_lost_its_settings_tells_no_wrong_watt() -> None:
    wire = Wire(Chip(mains))
    chip = Stpm3x(wire, 1, 16)
    assert chip.power() * P_LSB_W == pytest.approx(12_000)
    wire.chip.transfer(frame(write=0x05, data=0x0010))  # as after a dip of its supply: the gain is 2 again
    with pytest.raises(Stpm3xError):
        chip.power()


def test_strange_settings_are_reset_at_the_start() -> None:
    strange = Chip(mains)
    strange.transfer(frame(write=0x24, data=0x4107))  # a noise interrupt that this driver never enables
    wire = Wire(strange)
    assert Stpm3x(wire).power() * P_LSB_W == pytest.approx(1500.0, abs=P_LSB_W)
    assert bytes.fromhex("FF05100046") in (wire.sent or [])


class Other(Chip):
    """Uses the same frames, but its US_REG1 has another value, also after a reset."""

    def transfer(self, mosi: bytes) -> bytes:
        self._registers[0x24] = 0x4107
        return super().transfer(mosi)


def test_no_chip_and_another_chip_are_errors() -> None:
    with pytest.raises(Stpm3xError, match="no valid answer from register 0x24 in 8 tries"):
        Stpm3x(Deaf())
    with pytest.raises(Stpm3xError, match="US_REG1 = 0x4107"):
        Stpm3x(Wire(Other(mains)))


def test_a_dead_chip_is_an_error_not_a_value() -> None:
    wire = Wire(Chip(mains))
    chip = Stpm3x(wire)
    wire.rate = 1.0
    with pytest.raises(Stpm3xError, match="register 0x5c"):
        chip.power()
