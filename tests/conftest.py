"""For all tests: one in real time is run again when it failed while this machine was measured to stand still."""

import os
from pathlib import Path

import pytest
from _pytest.runner import runtestprotocol
from hypothesis import HealthCheck, settings

from stillness import Watch

HERE = Path(__file__).parent
REAL_TIME = (HERE / "tree", HERE / "web")
"""Not the emulated board: its clock counts instructions and stands still with the machine."""
AGAIN = 2

settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")  # a machine that stood still for a second is no slow test

watching = pytest.StashKey[Watch]()


def in_real_time(item: pytest.Item) -> bool:
    return any(item.path.is_relative_to(folder) for folder in REAL_TIME)


def pytest_collection_finish(session: pytest.Session) -> None:
    if any(in_real_time(item) for item in session.items) and not session.config.option.collectonly:
        session.config.stash[watching] = Watch(os.sched_getaffinity(0))


def pytest_sessionfinish(session: pytest.Session) -> None:
    if watch := session.config.stash.get(watching, None):
        watch.close()


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
        item.config.get_terminal_writer().line(f"\n{said}\n{why}")
    for report in reports:
        item.ihook.pytest_runtest_logreport(report=report)
    item.ihook.pytest_runtest_logfinish(nodeid=item.nodeid, location=item.location)
    return True
