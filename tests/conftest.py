"""For all tests: a test must leave nothing behind, and a test in real time that failed is run again when a measurement
shows that this machine stood still meanwhile."""

import gc
import os
import sys
from functools import cache
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, settings

from tests.support.stillness import Watch

pytest_plugins = ["tests.support.leftovers"]

HERE = Path(__file__).parent
REAL_TIME = (HERE / "tree", HERE / "web", HERE / "hass", HERE / "independent_car")
"""tests/image is not among them: the emulated board's clock counts instructions and stands still with the machine."""
AGAIN = 2
LONGEST_FIRST = (
    *("iso15118_car", "meter_kinds", "kills_in_energy", "ccs", "stop_in_outage", "plc"),
    *("session", "tree", "desk"),
)
"""Files whose tests wait for minutes. When several processes share the tests in real time, these files start first."""

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a test is not too slow because the machine stood still
gc.set_threshold(100_000, 20, 20)
"""With the thresholds of Python a tenth of the time of the unit tests is spent on a search for garbage in all tests."""

watching = pytest.StashKey[Watch]()


@cache
def below(file: Path) -> bool:
    """Whether a file lies in one of REAL_TIME. Kept, because paths compare slowly and a file has many tests."""
    return any(file.is_relative_to(folder) for folder in REAL_TIME)


def in_real_time(item: pytest.Item) -> bool:
    return below(item.path)


@pytest.hookimpl(tryfirst=True)  # before xdist reads the marks
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """With --dist loadgroup a file in real time stays in one process: its fixtures start trees and servers."""
    for item in filter(in_real_time, items):
        item.add_marker(pytest.mark.xdist_group(item.path.stem))
    ranks = {f"test_{name}": rank for rank, name in enumerate(LONGEST_FIRST)}
    items.sort(key=lambda item: ranks.get(item.path.stem, len(ranks)) if in_real_time(item) else len(ranks))


def pytest_collection_finish(session: pytest.Session) -> None:
    if any(in_real_time(item) for item in session.items) and not session.config.option.collectonly:
        session.config.stash[watching] = Watch(os.sched_getaffinity(0))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if watch := session.config.stash.get(watching, None):
        watch.close()


def tell(config: pytest.Config, words: str) -> None:
    """Write `words` to the terminal. The terminal output of an xdist worker is lost, so a worker writes to its standard
    error, which all processes share."""
    if not hasattr(config, "workerinput"):
        config.get_terminal_writer().write(words)
        return
    with config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
        sys.stderr.write(words)


def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> bool | None:
    if not in_real_time(item):
        return None
    watch = item.config.stash[watching]
    item.ihook.pytest_runtest_logstart(nodeid=item.nodeid, location=item.location)
    for again in reversed(range(AGAIN + 1)):
        watch.forget()
        reports = runtestprotocol(item, log=False, nextitem=nextitem)
        failed = [report for report in reports if report.failed]
        if not again or not failed or not watch.longest_s():
            break
        why = "\n".join(report.longreprtext for report in failed)
        said = f"{item.nodeid} failed while this machine stood still for {watch.longest_s():.2f} s, again:"
        tell(item.config, f"\n{said}\n{why}\n")
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
