"""Cuts of an installation: what is called wrong. The log is made here, of a card of a few sectors."""

import hashlib
import json
import struct
from pathlib import Path

import pytest

from tests.powercuts import installing
from tests.powercuts.cutting import BASE, LOG, PLACE
from tests.powercuts.installing import HEAD, SLOT_B, WRITTEN, Installing, cut_installation
from tests.powercuts.writelog import FLUSH, FUA, SECTOR
from tests.support.madelog import Request, make_log
from v2h.slots.mbr import with_active
from v2h.slots.state import Condition, Slot

A, B, DATA, SIZE = 8, 16, 24, 8
"""First sectors, and the length of a slot."""
NEW = b"n" * SECTOR * SIZE


def sector_0(active: int) -> bytes:
    entries = b"".join(
        struct.pack("<B3xB3xII", 0x80 if number == 2 else 0, 0x83, start, SIZE)
        for number, start in ((1, 1), (2, A), (3, B), (4, DATA))
    )
    return with_active(bytes(440) + struct.pack("<IH", 0x56324831, 0) + entries + b"\x55\xaa", active)


ROOT: list[Request] = [(B + n, 0, NEW[:SECTOR]) for n in range(SIZE)]
FLUSHED: Request = (0, FLUSH, b"")
FLAG: Request = (0, FUA, sector_0(3))
UPLOAD: list[Request] = [(DATA, 0, b"u" * SECTOR)] * 20


@pytest.fixture(autouse=True)
def slot_b_is_called_good_after_the_upload(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no file system on so small a card: the first byte of the data stands for slot.json."""

    def read_slots(data: Path) -> dict[int, Slot]:
        good = data.read_bytes()[:1] == b"g"
        return {2: Slot("1", Condition.GOOD), 3: Slot("2", Condition.GOOD if good else Condition.BAD)}

    monkeypatch.setattr(installing, "read_slots", read_slots)


def cut(folder: Path, *requests: Request) -> Installing:
    make_log(folder / LOG, [*UPLOAD, *requests])
    (folder / HEAD).write_bytes(sector_0(2))
    (folder / SLOT_B).write_bytes(bytes(SECTOR * SIZE))
    (folder / BASE).write_bytes(bytes(SECTOR * SIZE))
    (folder / PLACE).write_text(json.dumps({"start": DATA * SECTOR}))
    places = {name: {"start": at * SECTOR, "end": (at + SIZE) * SECTOR} for name, at in (("slot_a", A), ("slot_b", B))}
    written = {"size_b": len(NEW), "sha256": hashlib.sha256(NEW).hexdigest(), "log_begun_b": 0, **places}
    (folder / WRITTEN).write_text(json.dumps(written))
    return cut_installation(folder, len(UPLOAD) + len(requests) - 1, seed=1, every_file=1)


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installing, "LAST", 12)


GOOD: Request = (DATA, 0, b"g" * SECTOR)


def test_flag_and_file_after_the_flushed_root_are_well(tmp_path: Path) -> None:
    found = cut(tmp_path, *ROOT, FLUSHED, GOOD, FLUSHED, FLAG)
    assert not found.wrong and found.flags[3] >= 1 and found.flags[2] > 20 and found.good >= 1 and found.lost > 0
    assert "0 things wrong" in found.words()


def test_a_flag_before_the_root_is_flushed_is_found(tmp_path: Path) -> None:
    found = cut(tmp_path, *ROOT, FLAG, FLUSHED, GOOD)
    assert any("slot B is active and not whole" in text for text in found.wrong)


@pytest.mark.slow
def test_a_slot_that_is_called_good_too_early_is_found(tmp_path: Path) -> None:
    found = cut(tmp_path, GOOD, FLUSHED, *ROOT, FLUSHED, FLAG)
    assert any("slot B is called good and is not whole" in text for text in found.wrong)


def test_a_write_into_the_running_slot_is_found(tmp_path: Path) -> None:
    found = cut(tmp_path, *ROOT, FLUSHED, GOOD, FLUSHED, (A + 3, 0, b"x" * SECTOR), FLAG)
    assert any("writes into slot A, which runs" in text for text in found.wrong)


def test_two_active_flags_are_found(tmp_path: Path) -> None:
    both = bytearray(sector_0(3))
    both[446 + 16] = 0x80
    found = cut(tmp_path, *ROOT, FLUSHED, GOOD, FLUSHED, (0, FUA, bytes(both)))
    assert any("the active partitions are [2, 3]" in text for text in found.wrong)
