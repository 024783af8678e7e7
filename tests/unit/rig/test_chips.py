"""The rig's chips against golden bytes from sources other than our code.

STPM3x: frames of public drivers and a public logic-analyser capture. AD7327 and PCA9552: words and registers of the
makers' documentation, as public drivers quote it, and the predecessor's own initialisation.
"""

from collections.abc import Callable

import pytest

from v2h.rig.ad7327 import Ad7327
from v2h.rig.pca9552 import Pca9552
from v2h.rig.stpm3x import E_LSB_WH, I_LSB_A, P_LSB_W, V_LSB_V, Mains, Stpm3x, crc8

FETCH = "FF FF FF FF DE"


class Meter:
    """An STPM3x whose mains a test can change."""

    def __init__(self) -> None:
        self.mains = Mains(230.0, 50.0, (0.0, 0.0), (0.0, 0.0))
        self.chip = Stpm3x(lambda: self.mains)
        self.say(FETCH)  # the first reply's CRC is wrong, as captured

    def say(self, frame: str) -> str:
        return self.chip.transfer(bytes.fromhex(frame)).hex(" ").upper()

    def read(self, frame: str) -> int:
        self.say(frame)
        reply = self.chip.transfer(bytes.fromhex(FETCH))
        assert crc8(reply[:4]) == reply[4]
        return int.from_bytes(reply[:4], "little")

    def latch(self) -> None:
        self.say("FF 05 60 00 E4")


def test_first_reply_is_flawed_and_the_second_is_not() -> None:
    chip = Stpm3x(lambda: Mains(230.0, 50.0, (0.0, 0.0), (0.0, 0.0)))
    assert chip.transfer(bytes.fromhex("00 FF FF FF 0C")).hex(" ").upper() == "A0 00 00 04 81"
    assert chip.transfer(bytes.fromhex(FETCH)).hex(" ").upper() == "A0 00 00 04 E3"


@pytest.mark.parametrize(
    ("request_frame", "reply"),
    [
        ("04 FF FF FF 57", "E0 04 00 00 CF"),
        ("24 FF FF FF 99", "07 40 00 00 E4"),
        ("18 FF FF FF", "27 03 27 03 DD"),
    ],
)
def test_reset_values(request_frame: str, reply: str) -> None:
    meter = Meter()
    if len(request_frame) < 14:
        request_frame += f" {crc8(bytes.fromhex(request_frame)):02X}"
    meter.say(request_frame)
    assert meter.say(FETCH) == reply


def test_measurements_appear_only_after_a_latch_and_stay_frozen() -> None:
    meter = Meter()
    meter.mains = Mains(6482 * V_LSB_V, 50.0, (-12345 * P_LSB_W, 0.0), (0.0, 0.0))
    assert meter.read("5C FF FF FF 1B") == 0
    meter.latch()
    meter.say("5C FF FF FF 1B")
    assert meter.say("2E FF FF FF 05") == "C7 CF FF 1F 88"
    assert meter.say(FETCH) == "C4 09 C4 09 4E"
    meter.mains = Mains(230.0, 50.0, (1000.0, 0.0), (0.0, 0.0))
    assert meter.read("5C FF FF FF 1B") == 0x1FFF_CFC7


def test_rms_word_carries_volts_low_and_amps_high() -> None:
    meter = Meter()
    volts = 6482 * V_LSB_V
    meter.mains = Mains(volts, 50.0, (0.0, 4666 * I_LSB_A * volts), (0.0, 0.0))
    meter.latch()
    meter.say("4A FF FF FF 08")
    assert meter.say(FETCH) == "52 19 1D 09 C9"


def test_latch_bits_clear_themselves_and_take_the_other_bits_along() -> None:
    meter = Meter()
    meter.latch()
    assert meter.read("04 FF FF FF 57") == 0x0000_04E0
    meter.say("FF 05 80 00 A7")
    meter.mains = Mains(230.0, 50.0, (500.0, 0.0), (0.0, 0.0))
    assert meter.read("5C FF FF FF 1B") == round(500 / P_LSB_W)  # with auto latch no further write is needed


def test_one_channel_can_be_latched_alone() -> None:
    meter = Meter()
    meter.mains = Mains(230.0, 50.0, (100.0, 200.0), (0.0, 0.0))
    frame = bytes.fromhex("FF 05 20 00")
    meter.chip.transfer(frame + bytes((crc8(frame),)))
    assert meter.read("5C FF FF FF 1B") == round(100 / P_LSB_W)
    assert meter.read("74 FF FF FF 65") == 0


def test_a_wrong_crc_drops_the_request_keeps_the_pointer_and_is_flagged() -> None:
    meter = Meter()
    meter.say("00 FF FF FF 0C")
    meter.say("5C FF FF FF 1A")
    assert meter.say("28 FF FF FF 71") == "A0 00 00 04 E3"
    assert int.from_bytes(meter.chip.transfer(bytes.fromhex(FETCH))[:4], "little") == 1 << 28
    frame = bytes.fromhex("FF 29 00 00")
    meter.chip.transfer(frame + bytes((crc8(frame),)))
    assert meter.read("28 FF FF FF 71") == 0


def test_no_new_request_steps_to_the_next_register() -> None:
    meter = Meter()
    meter.mains = Mains(230.0, 50.0, (100.0, 0.0), (0.0, 0.0))
    meter.latch()
    meter.say("48 FF FF FF 24")
    first = meter.say(FETCH)
    assert int.from_bytes(bytes.fromhex(first)[:4], "little") & 0x7FFF == round(230 / V_LSB_V)
    second = meter.say(FETCH)  # 0x4A, without a request
    assert int.from_bytes(bytes.fromhex(second)[:4], "little") == round(230 / V_LSB_V)


def test_energy_counts_what_flowed_between_latches_and_wraps() -> None:
    meter = Meter()
    meter.latch()
    meter.mains = meter.mains._replace(energy_wh=(10.0, 0.0))
    meter.latch()
    assert meter.read("54 FF FF FF AB") == pytest.approx(10 / E_LSB_WH, abs=1)
    meter.mains = meter.mains._replace(energy_wh=(-1.0, 0.0))
    meter.latch()
    assert meter.read("54 FF FF FF AB") == pytest.approx((1 << 32) - 1 / E_LSB_WH, abs=1)


def test_gain_and_sign_and_software_reset() -> None:
    meter = Meter()
    meter.mains = Mains(230.0, 50.0, (-100.0, 0.0), (0.0, 0.0))
    meter.say("FF 19 27 0F A1")
    meter.latch()
    raw = meter.read("5C FF FF FF 1B")
    assert raw - (1 << 29) == pytest.approx(-8 * 100 / P_LSB_W, abs=1)
    assert meter.read("20 FF FF FF C1") & 1 << 12
    meter.say("FF 05 10 00 46")
    assert meter.read("18 FF FF FF " + f"{crc8(bytes.fromhex('18 FF FF FF')):02X}") == 0x0327_0327


def test_crc_off_makes_frames_of_four_bytes() -> None:
    meter = Meter()
    meter.say("FF 24 07 00 52")
    assert meter.say("24 FF FF FF") != ""
    assert meter.say("FF FF FF FF") == "07 00 00 00"


def adc(volts: dict[int, float]) -> Callable[[int], int]:
    chip = Ad7327(lambda: [volts.get(n, 0.0) for n in range(8)])

    def word(value: int) -> int:
        return int.from_bytes(chip.transfer(value.to_bytes(2, "big")), "big")

    return word


def value_of(result: int) -> int:
    return (result & 0x1FFF) - (0x2000 if result & 0x1000 else 0)


def test_single_channel_reads_two_s_complement_of_13_bits() -> None:
    word = adc({0: 3.84, 3: -5.0})
    word(0x8010)
    result = word(0)
    assert result >> 13 == 0
    assert value_of(result) * 20 / 8192 == pytest.approx(3.84, abs=0.002)
    word(0x8010 + (3 << 10))
    result = word(0)
    assert result >> 13 == 3
    assert value_of(result) == -2048


def test_a_write_acts_on_the_next_conversion() -> None:
    word = adc({0: 1.0, 2: 2.0})
    word(0x8010)
    assert word(0x8010 + (2 << 10)) >> 13 == 0
    assert word(0) >> 13 == 2


def test_the_predecessor_s_sequence_visits_all_channels() -> None:
    word = adc({n: n / 10 for n in range(8)})
    for setting in (0xA000, 0xC000, 0xFFE0, 0x9C18):
        word(setting)
    results = [word(0) for _ in range(9)]
    assert [r >> 13 for r in results] == [0, 1, 2, 3, 4, 5, 6, 7, 0]
    assert value_of(results[7]) * 20 / 8192 == pytest.approx(0.7, abs=0.002)


def test_sequence_register_picks_channels() -> None:
    word = adc({})
    word(0xE000 | 0x1000 >> 1 | 0x1000 >> 6)
    word(0x8014)
    assert [word(0) >> 13 for _ in range(4)] == [1, 6, 1, 6]


@pytest.mark.parametrize(
    ("ranges", "volts", "code"),
    [(0xA000, 5.0, 2048), (0xAAA0, 5.0, 4095), (0xAAA0, 2.5, 2048), (0xB540, 1.25, 2048), (0xBFE0, 5.0, 0)],
)
def test_ranges_scale_and_clip(ranges: int, volts: float, code: int) -> None:
    word = adc({0: volts})
    word(ranges)
    word(0x8010)
    assert value_of(word(0)) == code


def test_without_a_reference_nothing_is_measured_and_differential_pairs_subtract() -> None:
    word = adc({0: 3.0, 1: 1.0})
    word(0x8000)
    assert value_of(word(0)) == 0
    word(0x8210)
    assert value_of(word(0)) * 40 / 8192 == pytest.approx(2.0, abs=0.003)


def test_panel_registers_after_reset_and_auto_increment() -> None:
    chip = Pca9552()
    assert chip.transact(0.0, b"\x12", 8) == bytes.fromhex("ff 80 ff 80 55 55 55 55")
    # the predecessor's initialisation, as the emulator's own chip returned it
    chip.transact(0.0, bytes.fromhex("12 2b 80 0a c0 55 55 55 40"), 0)
    assert chip.transact(0.0, b"\x12", 8) == bytes.fromhex("2b 80 0a c0 55 55 55 40")
    chip.transact(0.0, b"\x06\x00", 0)
    assert chip.transact(0.0, b"\x06", 2) == b"\0\0"  # no auto-increment: the same register twice


def test_panel_input_shows_a_lit_led_as_low_and_blinks_with_time() -> None:
    chip = Pca9552()
    chip.transact(0.0, bytes.fromhex("12 2b 80 0a c0 5c 55 55 55"), 0)  # LED0 on, LED1 BLINK1 (0.25 s, 25 % on)
    low = [chip.transact(t / 1000, b"\x00", 1)[0] & 3 for t in range(0, 300, 25)]  # type: ignore[index]
    assert low == [0, 0, 0, 2, 2, 2, 2, 2, 2, 2, 0, 0]
    assert chip.transact(0.0, b"\x00\xaa", 0) == b""  # inputs are read only
    assert chip.transact(0.0, b"\x0f", 1) is None
