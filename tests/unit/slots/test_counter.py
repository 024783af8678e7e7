"""U-Boot's counter and the environment that makes it count."""

import binascii
import struct
from pathlib import Path

import pytest

from v2h.slots.counter import ENVIRONMENT_B, clear, counts, falls_back, is_emulated

WORDS = (b"bootcmd=run distro_bootcmd; reset", b"bootlimit=3", b"altbootcmd=part list mmc 0", b"ver=2025.01")


def environment(*fields: bytes) -> bytes:
    """What mkenvimage writes: checksum, strings, an empty one, then 0xff."""
    body = (b"\0".join(fields) + b"\0\0").ljust(ENVIRONMENT_B - 4, b"\xff")
    return struct.pack("<I", binascii.crc32(body)) + body


def test_the_third_word_becomes_zero_and_no_other(tmp_path: Path) -> None:
    registers = tmp_path / "nvmem"
    registers.write_bytes(struct.pack("<8I", 1, 2, 0xB0010003, *range(4, 9)))
    clear(registers, tmp_path / "wakealarm")
    assert struct.unpack("<8I", registers.read_bytes()) == (1, 2, 0, *range(4, 9))
    assert not (tmp_path / "wakealarm").exists()


def test_the_emulated_boards_counter_is_overwritten_by_an_alarm(tmp_path: Path) -> None:
    alarm = tmp_path / "wakealarm"
    alarm.write_text("")
    clear(tmp_path / "nvmem", alarm, now_s=1_800_000_000.0)
    assert alarm.read_text() == "1800086400\n"
    assert 1_800_086_400 >> 16 != 0xB001, "U-Boot would take it for a count"


def test_a_board_without_a_counter_has_nothing_to_clear(tmp_path: Path) -> None:
    clear(tmp_path / "nvmem", tmp_path / "wakealarm")
    clear(tmp_path / "nvmem")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("raw", "expected"),
    [
        (environment(*WORDS), True),
        (environment(*WORDS[:2]), False),
        (environment(WORDS[0], b"xbootlimit=3", WORDS[2]), False),
        (bytes(ENVIRONMENT_B), False),
        (environment(*WORDS)[:-1], False),
        (b"", False),
        (environment(*WORDS)[:100] + b"x" + environment(*WORDS)[101:], False),
    ],
    ids=["whole", "no altbootcmd", "another name", "zeroed", "short", "empty", "one changed byte"],
)
def test_a_damaged_environment_does_not_count(raw: bytes, expected: bool) -> None:
    assert counts(raw) is expected


def test_without_the_file_there_is_no_fallback(tmp_path: Path) -> None:
    assert falls_back(tmp_path / "uboot.env") is False
    (tmp_path / "uboot.env").write_bytes(environment(*WORDS))
    assert falls_back(tmp_path / "uboot.env") is True


@pytest.mark.parametrize(
    ("compatible", "expected"), [(b"arm,vexpress,v2p-ca9\0arm,vexpress\0", True), (b"ti,am335x-bone-green\0", False)]
)
def test_only_the_emulated_board_is_emulated(tmp_path: Path, compatible: bytes, expected: bool) -> None:
    (tmp_path / "compatible").write_bytes(compatible)
    assert is_emulated(tmp_path / "compatible") is expected
    assert is_emulated(tmp_path / "missing") is False
