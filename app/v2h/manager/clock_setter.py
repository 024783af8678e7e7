"""Checks for `manager` whether the clock is trusted, and passes an owner's time to the privileged socket ("door").

The door is systemd's socket for the `set_clock` program, which alone may set the clock; the request does not block. The
desk has no such socket: there an owner's device can only confirm a clock that is right already.
"""

import contextlib
import socket
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from v2h.bus.sentences import say
from v2h.energy import clock_trust
from v2h.energy.clock_trust import Remembered, Trust
from v2h.manager import clock_sources
from v2h.manager.owner_files import OwnerStore
from v2h.runtime.paths import RUN
from v2h.runtime.program import Program

SOCKET = RUN / "clock.sock"
AGREES_S = 2.0
"""When the device's clock differs by at most this, the clock needs no setting."""


class ClockError(ValueError):
    """An owner's time is refused. The text is the reason, for people."""


class ClockSetter:
    """Call look() from time to time, and trust() whenever its answer is needed."""

    def __init__(
        self, program: Program, store: OwnerStore, warn: Callable[[str, str], None], door: Path = SOCKET
    ) -> None:
        self._program, self._store, self._warn, self._path = program, store, warn, door
        self._link: socket.socket | None = None
        self._seen = clock_sources.look(time.time())

    def look(self) -> None:
        """Read timesyncd's mark and the RTC; that a time server has set the clock is remembered for the next boot."""
        self._seen = clock_sources.look(time.time())
        if clock_trust.worth_remembering(self._seen, self._store.clock):
            self._remember("ntp")

    def trust(self, wall: datetime) -> Trust:
        """The trust at `wall`, from the values of the last look(); the RTC's value is advanced by the time since."""
        seen, wall_s = self._seen, wall.timestamp()
        rtc_s = None if seen.rtc_s is None else seen.rtc_s + wall_s - seen.wall_s
        now = clock_trust.ClockReadings(wall_s, seen.boot, seen.ntp_s, rtc_s, clock_sources.up_s())
        return clock_trust.judge(now, self._store.clock)

    def take(self, at: object, now: float, done: Callable[[str], None]) -> bool:
        """An owner's device reports the time `at` (ISO with offset). True: the clock is trusted. False: the door was
        asked; the program's loop will call done("") or done(reason why not). Raises ClockError."""
        wall = datetime.now(UTC)
        try:
            moment = datetime.fromisoformat(at)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            moment = None
        if moment is None or moment.tzinfo is None:
            raise ClockError(say("refused.bad_time", value=repr(at), example=f"{wall:%Y-%m-%dT%H:%M:%S}+00:00"))
        off_s = abs((moment - wall).total_seconds())
        if self._seen.ntp_s is not None:
            raise ClockError(say("refused.time_server", off_s=off_s))
        try:
            self._ask(moment.timestamp(), now, done)
        except OSError as error:
            if off_s > AGREES_S:
                text = say("refused.clock_cannot_be_set", off_s=off_s, error=error.strerror)
                raise ClockError(text) from error
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
            done(said.decode(errors="replace") or say("refused.clock_no_answer"))

    def _close(self) -> None:
        if self._link is not None:
            self._program.unwatch(self._link.fileno())
            self._link.close()
            self._link = None

    def _remember(self, source: str) -> None:
        self._seen = seen = clock_sources.look(time.time())
        try:
            self._store.keep_clock(Remembered(source, seen.wall_s, seen.boot, seen.up_s))
        except OSError as error:
            self._warn("clock-not-written", say("clock.not_written", error=error.strerror))
