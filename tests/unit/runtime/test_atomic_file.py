"""Files that survive a power cut: they are written completely or not at all, and a bad file is moved aside."""

from pathlib import Path

import pytest

from v2h.runtime import atomic_file
from v2h.runtime.atomic_file import BadFileError


def test_round_trip_and_nothing_left_behind(tmp_path: Path) -> None:
    path = tmp_path / "new" / "settings.json"
    atomic_file.write_json(path, {"stopped": True})
    assert atomic_file.read_json(path) == {"stopped": True}
    assert [entry.name for entry in path.parent.iterdir()] == ["settings.json"]


def test_no_file_is_empty(tmp_path: Path) -> None:
    assert atomic_file.read_json(tmp_path / "settings.json") == {}


@pytest.mark.parametrize("content", [b"{", b"[1]", b"\xff\xfe", b"", b"[" * 100_000])
def test_a_bad_file_is_moved_aside_and_named(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "settings.json"
    path.write_bytes(content)
    with pytest.raises(BadFileError, match=r"moved to settings\.json\.bad"):
        atomic_file.read_json(path)
    assert atomic_file.read_json(path) == {}
    assert (tmp_path / "settings.json.bad").read_bytes() == content


def test_the_order_that_a_power_cut_asks_for(tmp_path: Path, disk: list[str]) -> None:
    """The content is on the disk before the rename, and the name is on the disk before the function returns."""
    atomic_file.write_text(tmp_path / "file", "new")
    assert disk == ["sync new", "rename", "sync directory"]
