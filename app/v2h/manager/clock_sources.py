"""Reads what energy/clock_trust.py judges: the kernel's clock files, timesyncd's mark, and what was remembered."""

import json
import time
from pathlib import Path

from v2h.energy.clock_trust import ClockReadings, Remembered
from v2h.runtime.paths import SYNCHRONISED

RTC = Path("/sys/class/rtc/rtc0/since_epoch")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")


def look(wall_s: float) -> ClockReadings:
    """Read the kernel's and timesyncd's files; a missing one gives None."""
    try:
        ntp_s: float | None = SYNCHRONISED.stat().st_mtime
    except OSError:
        ntp_s = None
    try:
        rtc_s: float | None = float(RTC.read_text())
    except (OSError, ValueError):
        rtc_s = None
    return ClockReadings(wall_s, boot(), ntp_s, rtc_s, up_s())


def boot() -> str:
    """The kernel's name for this boot."""
    return BOOT_ID.read_text().strip()


def up_s() -> float:
    """Seconds since this boot began; nobody sets this clock, and it counts a suspended PC's sleep."""
    return time.clock_gettime(time.CLOCK_BOOTTIME)


def recall(path: Path) -> Remembered | None:
    """What was remembered; None when the file is missing or cannot be read: then the time has to be set."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        up = values.get("up_s")
        up = None if up is None else float(up)
        return Remembered(str(values["source"]), float(values["wall_s"]), str(values["boot"]), up)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
