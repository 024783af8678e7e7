"""The real `pulse` under a real supervisord: it kills a hung program in time and feeds the watchdog."""

import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.supervised import processes
from v2h.rig.desk import OVERLAY, derive_supervisor

BEATING = Path(__file__).parents[1] / "support" / "beating.py"


@dataclass(frozen=True)
class Small:
    """supervisord with a `guard` and a `meter` that only send heartbeats, and `pulse` as on the board. notify: the
    socket in the place of systemd's."""

    run: Path
    notify: socket.socket

    def states(self) -> dict[str, tuple[str, int]]:
        return processes(self.run / "supervisor.sock")


def until(condition: Callable[[], bool], timeout_s: float, what: str) -> None:
    deadline = time.monotonic() + timeout_s
    while not condition():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


@pytest.fixture(scope="module")
def small() -> Iterator[Small]:
    with tempfile.TemporaryDirectory(prefix="v2h-pulse-") as directory:
        run = Path(directory)
        (run / "log").mkdir()
        text = derive_supervisor(OVERLAY, run)
        for name in ("guard", "meter"):
            text = text.replace(f"-m v2h.programs.{name}\n", f"{BEATING} {name}\n")
        keep = ("supervisord", "unix", "rpcinterface", "eventlistener:pulse", "program:guard", "program:meter")
        sections = [section for section in text.split("\n[") if section.lstrip("[").startswith(keep)]
        (run / "small.conf").write_text("\n[".join(sections))
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.settimeout(20)
        notify.bind(str(run / "notify"))
        env = {**os.environ, "V2H_RUN": str(run), "V2H_LOG_STDERR": "1", "NOTIFY_SOCKET": str(run / "notify")}
        command = [sys.executable, "-m", "supervisor.supervisord", "-c", str(run / "small.conf")]
        with (run / "log" / "out").open("wb") as out:
            child = subprocess.Popen(command, env=env, stdout=out, stderr=out, start_new_session=True)
            try:
                tree = Small(run, notify)
                until(lambda: [s for s, _ in tree.states().values()] == ["RUNNING"] * 3, 30, "three programs run")
                until((run / "pulse" / "beat.sock").exists, 30, "pulse hears beats")
                yield tree
            finally:
                child.terminate()
                child.wait(30)
                notify.close()


def said(tree: Small) -> str:
    return (tree.run / "log" / "pulse.log").read_text()


def test_first_word_comes_before_the_imports_then_20_s_then_feeds_every_second(small: Small) -> None:
    assert small.notify.recv(100) == b"WATCHDOG_USEC=90000000\nWATCHDOG=1"
    assert small.notify.recv(100) == b"WATCHDOG_USEC=20000000\nWATCHDOG=1"
    fed = []
    while len(fed) < 4:
        assert small.notify.recv(100) == b"WATCHDOG=1"
        fed.append(time.monotonic())
    assert fed[-1] - fed[-2] == pytest.approx(1.0, abs=0.5)


def test_hung_guard_is_killed_within_2_s_and_comes_back_and_meter_is_left_alone(small: Small) -> None:
    pids = {name: pid for name, (_, pid) in small.states().items()}
    os.kill(pids["guard"], signal.SIGSTOP)
    stopped = time.monotonic()
    until(lambda: small.states().get("guard", ("", 0))[1] != pids["guard"], 5, "guard has another process")
    assert 1.0 < time.monotonic() - stopped < 2.2  # the last heartbeat came up to 0.5 s before the stop
    until(lambda: small.states().get("guard", ("", 0))[0] == "RUNNING", 10, "guard runs again")
    assert small.states()["meter"] == ("RUNNING", pids["meter"])
    assert "guard is silent for" in said(small)
    assert "guard ended by itself" in said(small)


def test_another_process_cannot_beat_for_a_hung_guard(small: Small) -> None:
    pid = small.states()["guard"][1]
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as liar:
        liar.connect(str(small.run / "pulse" / "beat.sock"))
        os.kill(pid, signal.SIGSTOP)

        def replaced() -> bool:
            liar.send(f"guard {pid}".encode())
            return small.states().get("guard", ("", 0))[1] != pid

        until(replaced, 4, "guard was killed although somebody beat in its name")


def test_a_killed_pulse_comes_back_and_learns_who_runs(small: Small) -> None:
    until(lambda: small.states().get("guard", ("", 0))[0] == "RUNNING", 10, "guard runs")
    before, began = small.states(), said(small).count("started, pid")
    os.kill(before["pulse"][1], signal.SIGKILL)
    until(lambda: small.states().get("pulse", ("", 0))[0] == "RUNNING", 10, "pulse runs again")
    until(lambda: said(small).count("started, pid") > began, 20, "the new pulse's loop turns")
    time.sleep(2.0)  # s for a heartbeat of guard; before the first one the longer limit for a start applies
    guard = small.states()["guard"][1]
    assert guard == before["guard"][1]
    os.kill(guard, signal.SIGSTOP)
    until(lambda: small.states().get("guard", ("", 0))[1] != guard, 20, "the new pulse kills a hung guard")
