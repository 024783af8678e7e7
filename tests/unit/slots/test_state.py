"""What is known of each slot, in a file that older and newer versions read."""

from pathlib import Path
from typing import Any

import pytest

from v2h.runtime.atomic_file import BadFileError
from v2h.slots.state import Condition, Slot, Why, changed, decode, load, save

GOOD = Slot("2026.11", Condition.GOOD, Why.NONE, True)
BAD = Slot("2026.12", Condition.BAD, Why.NOT_STARTED, False)


def test_what_is_saved_is_loaded_again(tmp_path: Path) -> None:
    path = tmp_path / "system" / "slot.json"
    save({2: GOOD, 3: BAD}, path)
    assert load(path) == {2: GOOD, 3: BAD}
    assert path.stat().st_mode & 0o777 == 0o644


def test_without_a_file_both_slots_are_unknown(tmp_path: Path) -> None:
    assert load(tmp_path / "slot.json") == {2: Slot(), 3: Slot()}


def test_a_damaged_file_is_moved_aside_and_named(tmp_path: Path) -> None:
    path = tmp_path / "slot.json"
    path.write_text('{"slots": ')
    with pytest.raises(BadFileError, match=r"slot\.json"):
        load(path)
    assert load(path) == {2: Slot(), 3: Slot()}
    assert (tmp_path / "slot.json.bad").exists()


@pytest.mark.parametrize(
    ("document", "slot"),
    [
        ({}, Slot()),
        ({"slots": []}, Slot()),
        ({"slots": {"2": 7}}, Slot()),
        ({"slots": {"2": {}}}, Slot()),
        ({"slots": {"2": {"version": "1", "colour": "red"}}}, Slot("1")),
        ({"slots": {"2": {"state": "superb", "why": "moonlight"}}}, Slot(why=Why.OTHER)),
        ({"slots": {"2": {"confirmed": "yes", "version": "x" * 300}}}, Slot("x" * 100)),
        ({"slots": {"2": {"state": "bad", "why": "page"}}}, Slot("", Condition.BAD, Why.PAGE)),
    ],
)
def test_another_version_of_the_file_is_read_as_far_as_it_is_understood(document: Any, slot: Slot) -> None:
    assert decode(document) == {2: slot, 3: Slot()}


def test_one_slot_changes_and_the_other_stays() -> None:
    before = {2: GOOD, 3: Slot()}
    assert changed(before, 3, BAD) == {2: GOOD, 3: BAD}
    assert before[3] == Slot()
    with pytest.raises(ValueError, match="partition 4 is no slot"):
        changed(before, 4, BAD)
