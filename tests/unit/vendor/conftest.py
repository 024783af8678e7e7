"""A made dump, a copy of it for each test that writes, and a verified backup of it."""

import shutil
from pathlib import Path

import pytest

from tests.support.vendordump import SMALL, Made, make_dump, quiet
from v2h.vendor.shell.backup import back_up, manifest_of
from v2h.vendor.shell.medium import Medium


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_dump(tmp_path_factory.mktemp("vendor") / "emmc.img", SMALL)


@pytest.fixture
def dump(original: Made, tmp_path: Path) -> Path:
    return Path(shutil.copy(original.path, tmp_path / "emmc.img"))


@pytest.fixture(scope="session")
def first_backup(original: Made) -> Path:
    target = original.path.with_name("backup.img")
    back_up(Medium(original.path, SMALL), target, quiet)
    return target


@pytest.fixture
def saved(first_backup: Path, tmp_path: Path) -> Path:
    """A verified backup of the dump."""
    for file in (first_backup, manifest_of(first_backup)):
        shutil.copy(file, tmp_path)
    return tmp_path / first_backup.name
