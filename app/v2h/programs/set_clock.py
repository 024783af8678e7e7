"""Set the system clock and the RTC to a logged-in owner's time: the only door to the clock, one request a life.

systemd starts it on demand for a connection to /run/v2h/clock.sock, which v2h-manager alone may open, as root with no
capability but CAP_SYS_TIME, and it ends with its answer. So no program that reads the network holds the right to set
the clock, and the right is nowhere while nobody asks. It refuses what is no sane time and whatever a time server keeps.
The standard library only: it must answer within a second on a slow core.

Request, one packet: "WALL_S MONOTONIC_S": the time since 1970 that it was at that moment of CLOCK_MONOTONIC.
Answer, one packet: "ok", or the reason why not.
"""

import fcntl
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
RTC = Path("/dev/rtc0")
RTC_SET_TIME = 0x4024700A
"""linux/rtc.h: _IOW('p', 0x0a, struct rtc_time), nine ints."""
EARLIEST_S, LATEST_S = 1767225600.0, 4102444800.0
"""1 January 2026 and 2100: no charger with this program sees another time."""
OLDEST_S = 30.0
"""A request that waited longer is not carried out."""


def wish(request: bytes, now: float, kept_by_ntp: bool) -> float:
    """The time since 1970 that it is at `now` (CLOCK_MONOTONIC). Raises ValueError with the reason for people."""
    try:
        wall_s, at = (float(word) for word in request.decode("ascii").split())
    except (UnicodeDecodeError, ValueError):
        raise ValueError(f"the request {request[:40]!r} is not two numbers") from None
    if kept_by_ntp:
        raise ValueError("the clock is kept by a time server")
    if not 0 <= now - at <= OLDEST_S:
        raise ValueError(f"the request is {now - at:.0f} s old; at most {OLDEST_S:.0f} s are allowed")
    if not EARLIEST_S <= wall_s <= LATEST_S:
        raise ValueError(f"{wall_s:.0f} s since 1970 is not between the years 2026 and 2100")
    return wall_s + now - at


def set_rtc(wall_s: float, path: Path = RTC) -> None:
    """Let the RTC go on from there, for the next boot with the power still on. Raises OSError."""
    t = time.gmtime(wall_s)
    fields = (t.tm_sec, t.tm_min, t.tm_hour, t.tm_mday, t.tm_mon - 1, t.tm_year - 1900, 0, 0, 0)
    with path.open("rb") as rtc:
        fcntl.ioctl(rtc, RTC_SET_TIME, struct.pack("9i", *fields))


def answer(
    request: bytes,
    now: float,
    kept_by_ntp: bool,
    set_system: Callable[[float], None],
    keep: Callable[[float], None],
) -> bytes:
    """Carry the request out with the two setters; the answer to send."""
    try:
        wall_s = wish(request, now, kept_by_ntp)
        set_system(wall_s)
    except (ValueError, OSError) as error:
        return f"not set: {error}".encode()
    try:
        keep(wall_s)
    except OSError as error:  # the time is right until the next boot
        return f"ok, but the RTC was not set: {error}".encode()
    return b"ok"


def main() -> int:
    with socket.socket(fileno=sys.stdin.fileno()) as door:
        request = door.recv(128)
        said = answer(
            request,
            time.monotonic(),
            SYNCHRONISED.exists(),
            lambda wall_s: time.clock_settime(time.CLOCK_REALTIME, wall_s),
            set_rtc,
        )
        door.send(said)
    print(f"{request!r}: {said.decode()}", file=sys.stderr)
    return 0 if said.startswith(b"ok") else 1


if __name__ == "__main__":
    sys.exit(main())
