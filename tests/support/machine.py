"""The emulated machine as QEMU's control socket (QMP) shows it: keys and clock."""

import json
import os
import socket
from typing import Any

COUNTER, COUNTER_HZ = 0x1000005C, 24_000_000
"""SYS_24MHZ of the vexpress's system registers: 32 bits, so it wraps after 179 s."""

BOOT_S = 1200
"""Time until shell and page answer: two minutes on an idle machine of two cores, much more on a busy one."""

AT_LENGTH = os.environ.get("BOARD") == "long"
"""CI takes one case of each kind, and as little of the board's time as a proof needs. BOARD=long: every case at full
length, as in `make long`."""


class GuestError(Exception):
    """The emulated board did not do what it was asked to do: it ended, did not answer, or refused."""


def connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


class Machine:
    """One running QEMU."""

    def __init__(self, path: str) -> None:
        self._stream = connected(path).makefile("rwb", buffering=0)
        self._reply()
        self.execute("qmp_capabilities")

    def _reply(self) -> dict[str, Any]:
        while line := self._stream.readline():
            message: dict[str, Any] = json.loads(line)
            if "event" not in message:
                return message
        raise GuestError("QEMU closed its control socket")

    def execute(self, command: str, **arguments: Any) -> Any:
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        message = self._reply()
        if "error" in message:
            raise GuestError(f"QEMU refused {command}: {message['error']}")
        return message["return"]

    def keys(self, down: bool, *names: str) -> None:
        """Presses or releases keys ("f1", "f2"), one directly after the other."""
        for name in names:
            key = {"type": "qcode", "data": name}
            self.execute("input-send-event", events=[{"type": "key", "data": {"down": down, "key": key}}])

    def monitor(self, command: str) -> str:
        """Runs a command of QEMU's human monitor, for which QMP has no command. Returns what it prints."""
        said: str = self.execute("human-monitor-command", **{"command-line": command})
        return said

    def word(self, address: int) -> int:
        """The 32 bits at this physical address, also of a device."""
        return int(self.monitor(f"xp /1xw {address:#x}").split(":")[1], 16)

    def ticks(self) -> int:
        """The machine's own clock, which a reset does not set back."""
        return self.word(COUNTER)

    def since_s(self, ticks: int) -> float:
        """Seconds by that clock, up to 178, since it showed that number of ticks."""
        return (self.ticks() - ticks) % 2**32 / COUNTER_HZ

    def stand_still_at_reset(self) -> None:
        """From now on, a reset of the board stops the machine and its clock just before the reset."""
        self.execute("set-action", reboot="shutdown", shutdown="pause")

    def halt(self, halted: bool) -> None:
        """Stops the machine with its clock, or lets it go on. A machine that only waits takes a whole processor."""
        self.execute("stop" if halted else "cont")

    def stands_still(self) -> bool:
        state: str = self.execute("query-status")["status"]
        return state == "shutdown"
