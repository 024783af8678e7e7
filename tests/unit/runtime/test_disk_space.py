"""Whether a folder takes what is written, as the kernel's files say it."""

from pathlib import Path

import pytest

from tests.support.ext4sysfs import make_ext4_sysfs
from v2h.runtime.disk_space import ext4_errors, writable


@pytest.mark.parametrize(
    ("errors", "counted", "good"),
    [("0\n", 0, True), ("1\n", 1, False), ("12\n", 12, False), (None, None, True), ("", None, True)],
)
def test_an_ext4_with_an_error_is_not_writable(
    tmp_path: Path, errors: str | None, counted: int | None, good: bool
) -> None:
    """A file system that is no ext4 has no such count."""
    place = make_ext4_sysfs(tmp_path / "sys", tmp_path, errors)
    assert (ext4_errors(tmp_path, place), writable(tmp_path, place)) == (counted, good)


def test_a_folder_that_is_gone_raises(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        writable(tmp_path / "gone")
