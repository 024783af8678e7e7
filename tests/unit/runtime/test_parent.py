"""Whether a process is stopped: the kernel's answer about a real process."""

import os
import signal
import subprocess
import sys
import time

from v2h.runtime.parent import is_stopped, open_process


def test_stopped_continued_and_gone() -> None:
    child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(60)"])
    process = open_process(child.pid)
    try:
        seen = [is_stopped(process)]
        for word, stops in ((signal.SIGSTOP, True), (signal.SIGCONT, False)):
            child.send_signal(word)
            deadline = time.monotonic() + 10
            while is_stopped(process) is not stops and time.monotonic() < deadline:
                time.sleep(0.01)
            seen.append(is_stopped(process))
    finally:
        child.kill()
        child.wait(10)
    seen.append(is_stopped(process))
    os.close(process)
    assert seen == [False, True, False, False]
