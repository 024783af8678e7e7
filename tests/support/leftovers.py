"""What a test leaves behind: threads and child processes that did not exist before it.

A server that keeps running in a thread reads clocks and takes processor time from every later test in the same process;
a child may hold a port or a file. The test or fixture that starts one ends it. A plugin of tests/conftest.py.
"""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

GRACE_S = 2.0
"""Time for a thread or a child that has been asked to end: a machine in use is slow."""

_told: set[threading.Thread | int] = set()
"""Threads and pids for which a test has failed already: its session does not fail for them again."""


Found = dict[threading.Thread | int, str]


def children() -> dict[int, str]:
    """Our child processes: pid and command line. A child that has ended but was not waited for has no command line."""
    found = {}
    for task in Path("/proc/self/task").iterdir():
        try:
            pids = (task / "children").read_text().split()
        except OSError:  # a thread that has just ended
            continue
        for pid in pids:
            try:
                words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            found[int(pid)] = b" ".join(words).decode(errors="replace").strip() or "ended, never waited for"
    return found


def there() -> tuple[Found, Found]:
    """Our threads, and our children. Without the pool of an event loop, which asyncio starts at its first use and ends
    with the loop: the browser's driver has one loop for the whole session, and first uses the pool for a download."""
    ours = [thread for thread in threading.enumerate() if not thread.name.startswith("asyncio_")]
    threads: Found = {thread: f"thread {thread.name}" for thread in ours}
    return threads, {pid: f"process {pid}, {words}" for pid, words in children().items()}


def gone_within(look: Callable[[], Found], grace_s: float) -> Found:
    """What still exists after the grace period; returns early when nothing is left."""
    deadline = time.monotonic() + grace_s
    while (left := look()) and time.monotonic() < deadline:
        time.sleep(0.01)
    return left


@contextmanager
def nothing_left() -> Iterator[None]:
    """Fails when there are more threads or more children at the end than at the beginning, and names the new ones.

    A replacement is not counted: a test may restart a program that its whole module uses.
    """
    before = there()
    yield

    def left() -> Found:
        now: Found = {}
        for old, all_now in zip(before, there(), strict=True):
            new = {which: words for which, words in all_now.items() if which not in _told}
            if len(new) > len(old.keys() - _told):
                now |= {which: words for which, words in new.items() if which not in old}
        return now

    found = gone_within(left, GRACE_S)
    _told.update(found)
    if found:
        pytest.fail(f"left behind: {'; '.join(found.values())}", pytrace=False)


@pytest.fixture(scope="session", autouse=True)
def session_leaves_nothing() -> Iterator[None]:
    """Is set up first and torn down last: what fixtures of a session or of a module started must have ended too."""
    with nothing_left():
        yield


@pytest.fixture(autouse=True)
def leaves_nothing(session_leaves_nothing: None) -> Iterator[None]:
    """Runs around every other fixture of the test itself."""
    with nothing_left():
        yield
