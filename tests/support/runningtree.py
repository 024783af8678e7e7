"""A running tree on the desk and the operations of a test on it, done as an owner would: over HTTP."""

import contextlib
import json
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from tests.support.ownerlogin import log_in
from tests.support.supervised import processes
from v2h.ports.rig import RigLink
from v2h.rig.desk import Desk

NAMES = {"broker", "guard", "charger", "meter", "manager", "panel", "datalog", "web", "pulse"}


class Tree:
    """The desk, and the operations of a test on it."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self._owner: dict[str, str] = {}

    def processes(self) -> dict[str, tuple[str, int]]:
        """(state, pid) of every program."""
        return processes(self.desk.supervisor_socket)

    def state(self) -> dict[str, Any]:
        """The page's JSON, empty while web is away."""
        try:
            with urllib.request.urlopen(f"{self.desk.page}/api/v1/state", timeout=2) as answer:
                document: dict[str, Any] = json.load(answer)
                return document
        except (OSError, json.JSONDecodeError):
            return {}

    def alive(self) -> set[str]:
        """Programs that are alive on the bus with the pid that supervisor reports."""
        pids = {name: pid for name, (state, pid) in self.processes().items() if state == "RUNNING"}
        seen = self.state()
        programs = seen["programs"] if seen.get("bus") else {}
        return {name for name, said in programs.items() if said["alive"] and said["pid"] == pids.get(name)}

    def settings(self) -> dict[str, Any]:
        """The owner's settings in force."""
        with urllib.request.urlopen(f"{self.desk.page}/api/v1/settings", timeout=5) as answer:
            document: dict[str, Any] = json.load(answer)["settings"]
        return document

    def command(self, name: str, **values: object) -> dict[str, Any]:
        """POST one command as the logged-in owner; returns the answer's JSON, also when it is refused."""
        self._owner = self._owner or log_in(self.desk.page, self.desk.password)
        request = urllib.request.Request(
            f"{self.desk.page}/api/v1/command/{name}",
            json.dumps(values).encode(),
            {"Content-Type": "application/json", **self._owner},
        )
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                document: dict[str, Any] = json.load(answer)
        except urllib.error.HTTPError as error:
            document = json.load(error)
        return document

    def rig(self) -> dict[str, Any]:
        """The true state, from the rig."""
        return self._ask_rig({})

    def press(self, button: str) -> None:
        """Press a button of the front panel for 0.2 s."""
        self.set_rig(f"press={button}")

    def set_rig(self, knob: str) -> None:
        """Turn one knob of the rig: "name=value"."""
        name, _, value = knob.partition("=")
        self._ask_rig({name: value})

    def _ask_rig(self, knobs: dict[str, str]) -> dict[str, Any]:
        """Ask at the rig's own socket. A test asks ten times a second while it waits: `python -m v2h.rig state` would
        take a third of a second of a processor each time."""
        with contextlib.closing(RigLink(f"{self.desk.run}/rig.sock/control")) as link:
            answer: dict[str, Any] = json.loads(link.transact(json.dumps(knobs).encode()))
        assert "error" not in answer, answer
        return answer

    def until(self, condition: Callable[[], bool], timeout_s: float, what: str) -> None:
        deadline = time.monotonic() + timeout_s
        while not condition():
            assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}; {self.processes()}; {self.words()}"
            time.sleep(0.1)

    def words(self) -> str:
        """The last log lines of every program, for a failed test."""
        logs = sorted((self.desk.run / "log").glob("*.log"))
        return "\n".join(f"{path.stem}: {line}" for path in logs for line in path.read_text().splitlines()[-4:])
