"""guard's second: sleeps while guard speaks, makes safe when it is gone or hangs with live outputs."""

import logging
import os
import signal
import time
from pathlib import Path

import pytest

from v2h.safety.standby import SAY_S, SILENCE_S, Standby

QUIET = logging.getLogger("test_standby")


def fake_guard(ran: Path, live: bool, talks: bool) -> int:
    """A process that stands for guard; its second writes `ran` when it makes safe."""

    def make_safe() -> int:
        ran.write_text("made safe")
        return 0

    pid = os.fork()
    if pid == 0:
        second = Standby(make_safe, QUIET)
        while True:
            if talks or not ran.with_suffix(".said").exists():
                second.say(time.monotonic(), live)
                ran.with_suffix(".said").touch()
            time.sleep(SAY_S / 2)
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
    second = Standby(lambda: 0, QUIET)
    first = second._pid
    os.kill(first, signal.SIGKILL)
    os.waitpid(first, 0)
    second.say(time.monotonic(), True)
    assert second._pid != first
    second.say(time.monotonic(), False)
    second.close()
