"""A guard process between a tiny rig and a charger that a test controls."""

import contextlib
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.tinyrig import TinyRig
from v2h.canframe import PRE_BUS
from v2h.ports.can import open_can
from v2h.pre import objects as pre
from v2h.safety.outputs import NONE, Output
from v2h.safety.shell.wire_client import WireClient
from v2h.safety.wire import Report, Request

APP = Path(__file__).resolve().parents[2] / "app"
PERIOD_S = 0.1


class Bench:
    """The environment and the processes of one test."""

    def __init__(self, folder: Path, *, holds: bool) -> None:
        self.rig = TinyRig(folder, holds=holds)
        (folder / "v2h.toml").write_text(self.rig.config())
        self.env = {
            **os.environ,
            "PYTHONPATH": str(APP),
            "V2H_RUN": str(folder / "run"),
            "V2H_CONFIG": str(folder / "v2h.toml"),
            "V2H_LOG_STDERR": "1",
            "V2H_BUS_PORT": "1",
        }
        (folder / "run").mkdir()
        self.wire = folder / "run" / "guard" / "wire.sock"
        self.guards: list[subprocess.Popen[bytes]] = []
        self.chargers: list[Charger] = []

    def start_guard(self) -> subprocess.Popen[bytes]:
        guard = subprocess.Popen([sys.executable, "-m", "v2h.programs.guard"], env=self.env)
        self.guards.append(guard)
        return guard

    def kill_with_its_second(self, guard: subprocess.Popen[bytes]) -> None:
        """Kill guard and its backup guard, so that nobody makes safe."""
        second = int(Path(f"/proc/{guard.pid}/task/{guard.pid}/children").read_text())
        os.kill(second, signal.SIGSTOP)
        guard.kill()
        guard.wait(10)
        os.kill(second, signal.SIGKILL)

    def make_safe(self) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "v2h.oneshot.make_safe"]
        return subprocess.run(command, env=self.env, timeout=20, capture_output=True, text=True, check=False)

    def start_charger(self, session: int) -> "Charger":
        charger = Charger(self.wire, self.rig, session)
        self.chargers.append(charger)
        return charger

    def close(self) -> None:
        for charger in self.chargers:
            charger.end()
        for guard in self.guards:
            guard.kill()
            guard.wait(10)
        self.rig.close()


class Charger:
    """Sends its request at 10 Hz through the real link and polls the converter, on its own thread."""

    def __init__(self, wire: Path, rig: TinyRig, session: int) -> None:
        self.session, self.outputs = session, NONE
        self.k_expected = self.trip_wanted = self.by_person = False
        self.cable_v: float | None = None
        self.loop_age_ms = 1
        self.silent = False
        self.set_a: float | None = None
        self.reports: list[tuple[float, Report]] = []
        self._rig, self._ended = rig, False
        self._selector = selectors.DefaultSelector()
        self.link = WireClient(wire, self, self._on_report)
        self._can = open_can(rig.can_url, PRE_BUS, [pre.ANSWER_ID])
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    @property
    def report(self) -> Report | None:
        return self.link.latest

    def watch(self, readable: socket.socket, action: Callable[[float], None]) -> None:
        self._selector.register(readable, selectors.EVENT_READ, action)

    def unwatch(self, fileno: int) -> None:
        self._selector.unregister(fileno)

    def wish(self, outputs: Output, **flags: object) -> bool:
        """Request the outputs and wait until they are set; False when they are not within 3 s."""
        for name, value in flags.items():
            setattr(self, name, value)
        self.outputs = outputs
        return self._rig.wait(lambda: self._rig.levels == outputs, 3.0)

    def to_energy(self, amps: float) -> None:
        """Request the outputs in the order of a real session, until current flows."""
        base = Output.MASTER | Output.PRE_AC | Output.D1
        locked = base | Output.PLUG_LOCK
        both = Output.C1 | Output.C2
        assert self.wish(base)
        self._rig.set_k(True)
        assert self._rig.wait(lambda: self.report is not None and self.report.k_on)
        for outputs in (locked, locked | both, locked, locked | Output.D2, locked | Output.D2 | both):
            self.cable_v = 3.0 if outputs == locked | Output.D2 else None  # d2 needs a known cable voltage
            assert self.wish(outputs), f"{self.report} while asking for {outputs!r}"
        self.k_expected, self.set_a = True, amps
        assert self._rig.wait(lambda: self._rig.converter.set_a == amps)

    def end(self) -> None:
        """End as if killed: the wire closes, and nothing else is sent."""
        self._ended = True
        self._thread.join(5)

    def _run(self) -> None:
        due = time.monotonic()
        while not self._ended:
            now = time.monotonic()
            self.link.poll(now)
            if now >= due:
                due += PERIOD_S
                if not self.silent:
                    self._turn(now)
            ready = self._selector.select(max(0.0, min(due - now, 0.02)))
            for key, _ in ready:
                key.data(time.monotonic())
        self.link.close()
        self._can.close()

    @property
    def last_request(self) -> Request:
        return Request(
            self.outputs, self.session, 0, self.loop_age_ms, None, self.cable_v,
            self.k_expected, self.trip_wanted, self.by_person,
        )  # fmt: skip

    def _turn(self, now: float) -> None:
        self.link.send(now, self.last_request)
        with contextlib.suppress(OSError):  # a test has removed the hub
            self._can.drop_queued()
            self._can.send(pre.REQUEST_ID, pre.read_amps())
            if self.set_a is not None:
                self._can.send(pre.REQUEST_ID, pre.write_amps(self.set_a))

    def _on_report(self, now: float, report: Report) -> None:
        with self._rig.changed:
            self.reports.append((now, report))
            self._rig.changed.notify_all()
