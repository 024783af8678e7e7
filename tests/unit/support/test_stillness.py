"""A stopped clock process means that the machine stood still."""

import os
import signal
import time

import pytest

from tests.support.stillness import Watch


@pytest.mark.slow
def test_a_stopped_clock_is_told_until_it_is_forgotten() -> None:
    watch = Watch(os.sched_getaffinity(0))
    try:
        time.sleep(0.5)
        watch.forget()
        os.kill(watch.pids[0], signal.SIGSTOP)
        time.sleep(0.5)
        os.kill(watch.pids[0], signal.SIGCONT)
        deadline = time.monotonic() + 5
        while watch.longest_s() <= 0.3 and time.monotonic() < deadline:
            time.sleep(0.01)
        assert watch.longest_s() > 0.3
        watch.forget()
        assert watch.longest_s() == 0.0
    finally:
        watch.close()
