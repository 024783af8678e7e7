"""RAUC's calls move the active flag of a real sector 0, last of all, and keep what is known of each slot."""

from pathlib import Path

import pytest

from v2h.oneshot.slot_backend import run
from v2h.slots import state
from v2h.slots.card import NoCardError
from v2h.slots.mbr import MbrError
from v2h.slots.state import Condition, Slot, Why

LINE = "root=PARTUUID=56324831-02 ro rootwait"
START_B, LENGTH_B = 64 << 11, 512 << 11


def sector(active: int = 2) -> bytes:
    """Sector 0 of a card with four partitions."""
    made = bytearray(512)
    made[440:444] = (0x56324831).to_bytes(4, "little")
    for number in range(1, 5):
        at = 446 + 16 * (number - 1)
        made[at] = 0x80 if number == active else 0
        made[at + 4] = 0x83
        made[at + 8 : at + 16] = (START_B * number).to_bytes(4, "little") + LENGTH_B.to_bytes(4, "little")
    made[510:] = b"\x55\xaa"
    return bytes(made)


@pytest.fixture
def disk(tmp_path: Path) -> Path:
    (tmp_path / "card").write_bytes(sector() + b"boot loader")
    return tmp_path / "card"


def test_an_installation_as_rauc_orders_it(disk: Path, tmp_path: Path) -> None:
    known = tmp_path / "slot.json"
    state.save({2: Slot("1", Condition.GOOD, Why.NONE, True), 3: Slot("0", Condition.GOOD, Why.NONE, True)}, known)
    assert run(["get-current"], disk, known, LINE) == "A" and run(["get-primary"], disk, known, LINE) == "A"
    run(["set-state", "B", "bad"], disk, known, LINE)
    assert state.load(known)[3] == Slot("", Condition.BAD, Why.WRITING, False)
    assert disk.read_bytes() == sector() + b"boot loader", "the flag stays while the slot is written"
    run(["set-primary", "B"], disk, known, LINE)
    assert disk.read_bytes() == sector(3) + b"boot loader"
    assert state.load(known)[3].condition == Condition.GOOD and not state.load(known)[3].confirmed
    assert state.load(known)[2] == Slot("1", Condition.GOOD, Why.NONE, True)
    assert run(["get-primary"], disk, known, LINE) == "B" and run(["get-current"], disk, known, LINE) == "A"


@pytest.mark.parametrize(("condition", "word"), [("good", "good"), ("bad", "bad"), ("unknown", "good")])
def test_only_a_slot_that_is_known_as_bad_is_bad(disk: Path, tmp_path: Path, condition: str, word: str) -> None:
    known = tmp_path / "slot.json"
    state.save({2: Slot(), 3: Slot("1", Condition(condition))}, known)
    assert run(["get-state", "B"], disk, known, LINE) == word


def test_a_spoilt_file_costs_only_what_was_known(disk: Path, tmp_path: Path) -> None:
    known = tmp_path / "slot.json"
    known.write_text("{")
    assert run(["get-state", "B"], disk, known, LINE) == "good"


@pytest.mark.parametrize("words", [[], ["get-primary", "A"], ["set-primary", "C"], ["set-state", "A", "fine"]])
def test_a_call_that_rauc_does_not_make_is_refused(disk: Path, tmp_path: Path, words: list[str]) -> None:
    with pytest.raises(ValueError, match="unknown call"):
        run(words, disk, tmp_path / "slot.json", LINE)
    assert disk.read_bytes() == sector() + b"boot loader"


def test_a_foreign_disk_is_never_written(tmp_path: Path) -> None:
    disk = tmp_path / "other"
    disk.write_bytes(bytes(512))
    with pytest.raises(MbrError):
        run(["set-primary", "B"], disk, tmp_path / "slot.json", LINE)
    assert disk.read_bytes() == bytes(512)


def test_a_root_that_is_no_slot_is_no_card(disk: Path, tmp_path: Path) -> None:
    with pytest.raises(NoCardError):
        run(["get-current"], disk, tmp_path / "slot.json", "root=/dev/sda1")
