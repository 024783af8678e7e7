"""manager's part in the clock: whether it is trusted, and an owner's time carried to the privileged door.

The door is systemd's socket for the set_clock program, which alone may set the clock; it is asked without waiting. On
the desk there is none: there an owner's device can only confirm a clock that is right already.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from v2h import clock
from v2h.clock import Remembered, Trust
from v2h.memory import Memory
from v2h.paths import RUN
from v2h.program import Program

DOOR = RUN / "clock.sock"
AGREES_S = 2.0
"""A device's clock so near to ours needs no setting."""


class ClockError(ValueError):
    """An owner's time that is not taken: the reason for people."""


class ClockKeeper:
    """look() now and then; trust() whenever it is needed."""

    def __init__(self, program: Program, memory: Memory, warn: Callable[[str, str], None], door: Path = DOOR) -> None:
        self._program, self._memory, self._warn, self._path = program, memory, warn, door
        self._link: socket.socket | None = None
        self._seen = clock.look(time.time())

    def look(self) -> None:
        """At what timesyncd and the RTC say; a time server's word is remembered for the next boot."""
        self._seen = clock.look(time.time())
        if clock.worth_remembering(self._seen, self._memory.clock):
            self._remember("ntp")

    def trust(self, wall: datetime) -> Trust:
        """Now, by what was seen at the last look; an RTC runs on meanwhile."""
        seen, wall_s = self._seen, wall.timestamp()
        rtc_s = None if seen.rtc_s is None else seen.rtc_s + wall_s - seen.wall_s
        return clock.judge(clock.Seen(wall_s, seen.boot, seen.ntp_s, rtc_s), self._memory.clock)

    def take(self, at: object, now: float, done: Callable[[str], None]) -> bool:
        """An owner's device says that it is `at` (ISO with offset). True: the clock is trusted. False: the door was
        asked; done("") or done(reason why not) comes from the program's loop. Raises ClockError."""
        wall = datetime.now(UTC)
        try:
            moment = datetime.fromisoformat(at)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ClockError(f"at = {at!r} is not an ISO time with offset such as {wall:%Y-%m-%dT%H:%M:%S}+00:00")
        off_s = abs((moment - wall).total_seconds())
        if self._seen.ntp_s is not None:
            raise ClockError(f"a time server keeps the clock; your device is {off_s:.0f} s off")
        try:
            self._ask(moment.timestamp(), now, done)
        except OSError as error:
            if off_s > AGREES_S:
                raise ClockError(f"the clock is {off_s:.0f} s off and cannot be set here ({error.strerror})") from error
            self._remember("owner")
            return True
        return False

    def _ask(self, wall_s: float, at: float, done: Callable[[str], None]) -> None:
        self._close()
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            link.connect(str(self._path))
            link.send(f"{wall_s:.3f} {at:.3f}".encode())
        except OSError:
            link.close()
            raise
        self._link = link
        self._program.watch(link, lambda now: self._answered(done))

    def _answered(self, done: Callable[[str], None]) -> None:
        said = b""
        with contextlib.suppress(OSError):
            said = self._link.recv(256) if self._link is not None else b""
        self._close()
        if said.startswith(b"ok"):
            self._remember("owner")
            done("")
        else:
            done(said.decode(errors="replace") or "the program that sets the clock did not answer")

    def _close(self) -> None:
        if self._link is not None:
            self._program.unwatch(self._link.fileno())
            self._link.close()
            self._link = None

    def _remember(self, source: str) -> None:
        self._seen = seen = clock.look(time.time())
        try:
            self._memory.keep_clock(Remembered(source, seen.wall_s, seen.boot))
        except OSError as error:
            self._warn("clock-not-written", str(error))
