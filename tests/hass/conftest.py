"""The house with Home Assistant that all tests of this directory share."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hasshouse import House, hass_house
from tests.support.homeassistant import missing

HERE = Path(__file__).parent
TIMEOUT_S = 400
"""Of one test: the first one waits for the start of everything too, another one for the first statistics."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if item.path.is_relative_to(HERE):
            item.add_marker(pytest.mark.timeout(TIMEOUT_S))


@pytest.fixture(scope="session")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    if why := missing():
        pytest.skip(f"no Home Assistant: {why}")
    with hass_house(tmp_path_factory.mktemp("hass")) as made:
        yield made
