"""Set the system clock and the RTC to a logged-in owner's time. Only this program sets the clock, and each run serves
one request.

systemd starts it on demand for a connection to /run/v2h/clock.sock, which only v2h-manager may open. It runs as root
with no capability but CAP_SYS_TIME, and ends after its answer. So no program that reads the network has the right to
set the clock, and without a request no process has it. It refuses a time outside 2026 to 2100, and any time while a
time server keeps the clock. It uses only the standard library, because it must answer within a second on a slow core.

Request, one packet: "WALL_S MONOTONIC_S": the seconds since 1970 at that moment of CLOCK_MONOTONIC.
Answer, one packet: "ok", or the reason why the clock was not set.
"""

import fcntl
import socket
import struct
import sys
import time
from collections.abc import Callable
from pathlib import Path

from v2h.runtime.paths import SYNCHRONISED

RTC = Path("/dev/rtc0")
RTC_SET_TIME = 0x4024700A
"""linux/rtc.h: _IOW('p', 0x0a, struct rtc_time), nine ints."""
EARLIEST_S, LATEST_S = 1767225600.0, 4102444800.0
"""1 January 2026 and 1 January 2100: a charger with this program never runs at another time."""
OLDEST_S = 30.0
"""A request that has waited longer is refused."""


def wish(request: bytes, now: float, kept_by_ntp: bool) -> float:
    """The requested time at `now` (CLOCK_MONOTONIC), in seconds since 1970. Raises ValueError with the reason as a
    sentence for people."""
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
    """Set the RTC to wall_s, for the next boot if the power stays on. Raises OSError."""
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
    """Carry out the request with the two setters, and return the answer to send."""
    try:
        wall_s = wish(request, now, kept_by_ntp)
        set_system(wall_s)
    except (ValueError, OSError) as error:
        return f"not set: {error}".encode()
    try:
        keep(wall_s)
    except OSError as error:  # the system clock is right until the next boot
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
