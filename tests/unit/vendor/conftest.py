"""A made dump, and a copy of it for each test that writes."""

import shutil
from pathlib import Path

import pytest

from tests.support.vendordump import SMALL, Made, make_dump


@pytest.fixture(scope="session")
def original(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make_dump(tmp_path_factory.mktemp("vendor") / "emmc.img", SMALL)


@pytest.fixture
def dump(original: Made, tmp_path: Path) -> Path:
    return Path(shutil.copy(original.path, tmp_path / "emmc.img"))
