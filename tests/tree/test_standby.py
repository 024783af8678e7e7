"""The second of `guard`: it sleeps while `guard` sends, and makes safe when `guard` has died or hangs with live
outputs."""

import contextlib
import logging
import os
import signal
import time
from pathlib import Path

import pytest

from v2h.runtime.forked import leave
from v2h.safety.shell.backup_guard import SAY_S, SILENCE_S, BackupGuard

PIPE_B = 65_536
"""The most that a pipe of Linux holds."""
QUIET = logging.getLogger("test_standby")


def fake_guard(ran: Path, live: bool, talks: bool, since_t: float | None = None) -> int:
    """Fork a process that stands for `guard`; return its pid. Its second writes the time that it takes over into
    the file `ran` when it makes safe."""

    def make_safe(since_t: float | None) -> int:
        ran.with_suffix(".part").write_text(str(since_t))
        ran.with_suffix(".part").rename(ran)
        return 0

    tester = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            second = BackupGuard(make_safe, QUIET)
            while os.getppid() == tester:  # else the test process has failed and ended
                if talks or not ran.with_suffix(".said").exists():
                    second.say(time.monotonic(), live, since_t)
                    ran.with_suffix(".said").touch()
                time.sleep(SAY_S / 2)
        finally:
            leave(1)
    return pid


def appears(path: Path, within_s: float) -> bool:
    end = time.monotonic() + within_s
    while time.monotonic() < end:
        if path.exists():
            return True
        time.sleep(0.01)
    return False


@pytest.mark.parametrize("live", [True, False])
def test_killed(tmp_path: Path, live: bool) -> None:
    ran = tmp_path / "ran"
    guard = fake_guard(ran, live, talks=True)
    assert not appears(ran, 3 * SILENCE_S), "a guard that speaks is left alone"
    os.kill(guard, signal.SIGKILL)
    os.waitpid(guard, 0)
    assert appears(ran, 1.0) is live


def ignores(pid: int, number: int) -> bool:
    ignored = next(line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith("SigIgn"))
    return bool(int(ignored.split()[1], 16) >> (number - 1) & 1)


def test_a_hangup_does_not_end_it(tmp_path: Path) -> None:
    """The kernel sends SIGHUP to the group of a supervisord that has died, if a program of the group is stopped."""
    ran = tmp_path / "ran"
    guard = fake_guard(ran, live=True, talks=True)
    assert appears(ran.with_suffix(".said"), 2)
    (second,) = map(int, Path(f"/proc/{guard}/task/{guard}/children").read_text().split())
    while not ignores(second, signal.SIGTERM):
        time.sleep(0.001)
    os.kill(second, signal.SIGHUP)
    os.kill(guard, signal.SIGKILL)
    os.waitpid(guard, 0)
    assert appears(ran, 1.0)


def test_a_second_that_stands_still_does_not_hold_guard_up() -> None:
    """A full pipe is no reason to wait: `guard` itself must go on."""
    second = BackupGuard(lambda since_t: 0, QUIET)
    os.kill(second._pid, signal.SIGSTOP)
    try:
        for change in range(PIPE_B + 1000):
            second.say(0.0, change % 2 == 0, None)
    finally:
        os.kill(second._pid, signal.SIGKILL)
        os.waitpid(second._pid, 0)
        second.close()


def test_hangs_with_live_outputs(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    guard = fake_guard(ran, live=True, talks=True)
    assert appears(ran.with_suffix(".said"), 2)
    os.kill(guard, signal.SIGSTOP)
    stopped = time.monotonic()
    assert appears(ran, 2), "nobody made safe"
    assert time.monotonic() - stopped < SILENCE_S + 0.5
    _, status = os.waitpid(guard, 0)
    assert os.WIFSIGNALED(status) and os.WTERMSIG(status) == signal.SIGKILL, "a hung owner of the outputs must go first"


def test_silent_at_rest_is_no_reason(tmp_path: Path) -> None:
    ran = tmp_path / "ran"
    guard = fake_guard(ran, live=False, talks=False)
    try:
        assert not appears(ran, 4 * SILENCE_S)
        assert os.waitpid(guard, os.WNOHANG) == (0, 0), "left alive"
    finally:
        os.kill(guard, signal.SIGKILL)
        os.waitpid(guard, 0)


def test_a_lost_second_is_replaced(tmp_path: Path) -> None:
    second = BackupGuard(lambda since_t: 0, QUIET)
    first = second._pid
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    second.say(time.monotonic(), True, None)
    assert second._pid != first
    second.say(time.monotonic(), False, None)
    second.close()
    with contextlib.suppress(ChildProcessError):  # close() does not wait for the second to end
        os.waitpid(second._pid, 0)


@pytest.mark.parametrize(("since_t", "stopped_s"), [(1234.5, 0.0), (None, 0.0), (1234.5, 2 * SILENCE_S)])
def test_it_goes_on_from_where_guard_was(tmp_path: Path, since_t: float | None, stopped_s: float) -> None:
    """It takes over the time since which `guard` has commanded 0 A, but not from a message that is old: what `guard`
    said after it is lost when the pipe is full."""
    ran = tmp_path / "ran"
    guard = fake_guard(ran, live=True, talks=True, since_t=since_t)
    assert appears(ran.with_suffix(".said"), 2)
    (second,) = map(int, Path(f"/proc/{guard}/task/{guard}/children").read_text().split())
    while not ignores(second, signal.SIGTERM):
        time.sleep(0.001)
    if stopped_s:
        os.kill(second, signal.SIGSTOP)
    os.kill(guard, signal.SIGKILL)
    os.waitpid(guard, 0)
    if stopped_s:
        time.sleep(stopped_s)
        os.kill(second, signal.SIGCONT)
    assert appears(ran, 1.0)
    assert ran.read_text() == str(None if stopped_s else since_t)
