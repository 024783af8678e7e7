"""What an owner does at the emulated board: reads the page's state, presses buttons, waits. HTTP only."""

import json
import time
from collections.abc import Callable
from typing import Any

from tests.support.guest import Guest
from v2h.safety.outputs import Output, line_name

POLL_S = 1.5
"""Each response costs the board some 30 ms of its time, and this machine a few times that."""
SLOWEST = 8
"""A board whose clock counts instructions may need this many seconds of this machine for one of its own."""


class Owner:
    """A person with a browser on the LAN. Stores the session states seen on the way."""

    def __init__(self, guest: Guest) -> None:
        self._guest = guest
        self.seen: list[str] = []

    def state(self) -> dict[str, Any]:
        """The page's state: charger, manager, programs. The charger's part is {} while there is no data from it."""
        code, text = self._guest.http("/api/v1/state")
        assert code == 200, text
        answer: dict[str, Any] = json.loads(text)
        name = (answer.get("charger") or {}).get("state")
        if name and (not self.seen or self.seen[-1] != name):
            self.seen.append(name)
        return answer

    def now_s(self) -> float:
        """The board's monotonic clock."""
        return float(self.state()["now_t"])

    def charger(self) -> dict[str, Any]:
        return self.state().get("charger") or {}

    def events(self) -> list[dict[str, Any]]:
        """The newest events of the page's log, oldest first: id, code, text and more."""
        code, text = self._guest.http("/api/v1/log?limit=200")
        assert code == 200, text
        return sorted(json.loads(text)["events"], key=lambda event: int(event["id"]))

    def press(self, command: str, **values: object) -> str:
        """Press a button; returns the page's own answer. AssertionError when it is refused."""
        code, text = self._guest.http(f"/api/v1/command/{command}", values)
        assert code == 200, f"{command} {values}: {code} {text}"
        return text

    def wait(self, until: Callable[[dict[str, Any]], bool], within_s: float, what: str) -> dict[str, Any]:
        """Poll until `until(state)`, also while the page is away; AssertionError with the last state when it takes
        longer than `within_s` of the board's time, multiplied by SLOWEST."""
        deadline = time.monotonic() + SLOWEST * within_s
        state: dict[str, Any] = {}
        while True:
            try:
                state = self.state()
                if state.get("charger") and state.get("manager") and until(state):
                    return state
            except OSError as error:
                state = {"page": str(error)}
            assert time.monotonic() < deadline, f"{what}: not within {within_s} s; seen {self.seen}; {state}"
            time.sleep(POLL_S)

    def wait_for_session(self, name: str, within_s: float) -> dict[str, Any]:
        return self.wait(lambda state: (state.get("charger") or {}).get("state") == name, within_s, f"session {name}")

    def start_energy(self, mode: str, **values: object) -> None:
        self.press("mode", mode=mode, **values)
        self.wait_for_session("energy", 90)

    def clear_fault(self) -> None:
        """Press until the page accepts it: guard may need a moment more to come to rest, and the page then says so."""
        deadline = time.monotonic() + SLOWEST * 15
        while True:
            code, text = self._guest.http("/api/v1/command/clear-fault", {})
            if code == 200:
                return
            assert code == 409 and "not cleared yet" in text and time.monotonic() < deadline, f"{code} {text}"
            time.sleep(POLL_S)

    def to_idle(self) -> None:
        """Bring the board from any state that a failed test left to idle: stop, clear, wait."""

        def settled(state: dict[str, Any]) -> bool:
            name = state["charger"]["state"]
            if name == "idle":
                return True
            if name == "fault":
                self._guest.http("/api/v1/command/clear-fault", {})
            elif name == "energy":
                self._guest.http("/api/v1/command/stop", {})
            return False

        self.wait(settled, 120, "idle")

    def stop_to_idle(self) -> None:
        """When idle is reported, contactors are open and plug unlocked; the next request to guard ends the rest."""
        self.press("stop")
        left = set(self.wait_for_session("idle", 60)["charger"]["outputs"])
        assert left <= {line_name(Output.PRE_AC), line_name(Output.MASTER)}, f"idle with {left} on"
        self.wait(lambda s: s["charger"]["state"] == "idle" and s["charger"]["outputs"] == [], 5, "all outputs off")
