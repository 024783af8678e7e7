"""May the time of day be believed? Nothing is scheduled by a clock that nobody has set.

The board has no battery: after a power cut the clock stands where it last stood, plausible and wrong. It is trusted
when a time server has set it in this boot (systemd-timesyncd, also with the server that the router names by DHCP), when
a logged-in owner has, or when one of these had and the board's RTC has run on since: a reboot with the power on. An RTC
that lost its power starts in the year 2000: far from the system clock, or both before the moment that was remembered.
The judgement is pure; `look` reads what it needs.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

SYNCHRONISED = Path("/run/systemd/timesync/synchronized")
"""timesyncd touches it at each answer of a time server that it has used."""
RTC = Path("/sys/class/rtc/rtc0/since_epoch")
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
AGREE_S = 60.0
"""RTC and system clock agree: the kernel took the one from the other. An RTC counts whole seconds and drifts."""
RTC_GOOD_S = 30 * 86400.0
"""Left to itself for so long an RTC's crystal (some 100 ppm) is minutes out; then the time has to be set again."""
REMEMBER_EVERY_S = 86400.0


@dataclass(frozen=True, slots=True)
class Seen:
    """What there is to see. wall_s, rtc_s, ntp_s: s since 1970; ntp_s: last answer of a time server in this boot."""

    wall_s: float
    boot: str
    ntp_s: float | None = None
    rtc_s: float | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """When the clock was last known good, by the clock itself; lasts over reboots."""

    source: str
    wall_s: float
    boot: str

    def as_json(self) -> dict[str, Any]:
        return {"source": self.source, "wall_s": self.wall_s, "boot": self.boot}


@dataclass(frozen=True, slots=True)
class Trust:
    """source: "ntp", "owner", "rtc" or "none". age_s: since that source set the clock, None without one."""

    trusted: bool
    source: str
    age_s: float | None


def judge(seen: Seen, remembered: Remembered | None) -> Trust:
    """Whether the clock is to be believed now, and thanks to whom."""
    if seen.ntp_s is not None:
        return Trust(True, "ntp", max(0.0, seen.wall_s - seen.ntp_s))
    if remembered is None or remembered.wall_s > seen.wall_s + AGREE_S:
        return Trust(False, "none", None)
    age_s = max(0.0, seen.wall_s - remembered.wall_s)
    if remembered.boot == seen.boot:
        return Trust(True, remembered.source, age_s)
    kept = seen.rtc_s is not None and abs(seen.rtc_s - seen.wall_s) <= AGREE_S
    return Trust(True, "rtc", age_s) if kept and age_s <= RTC_GOOD_S else Trust(False, "none", None)


def worth_remembering(seen: Seen, remembered: Remembered | None) -> bool:
    """A time server has set the clock and the memory of it is of another boot, or a day old."""
    if seen.ntp_s is None:
        return False
    return remembered is None or remembered.boot != seen.boot or seen.wall_s - remembered.wall_s >= REMEMBER_EVERY_S


def look(wall_s: float) -> Seen:
    """Read the kernel's and timesyncd's files; what is not there is None."""
    try:
        ntp_s: float | None = SYNCHRONISED.stat().st_mtime
    except OSError:
        ntp_s = None
    try:
        rtc_s: float | None = float(RTC.read_text())
    except (OSError, ValueError):
        rtc_s = None
    return Seen(wall_s, BOOT_ID.read_text().strip(), ntp_s, rtc_s)


def recall(path: Path) -> Remembered | None:
    """What was remembered; None when there is nothing, or nothing that can be read: then the time has to be set."""
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        return Remembered(str(values["source"]), float(values["wall_s"]), str(values["boot"]))
    except (OSError, ValueError, KeyError, TypeError):
        return None
