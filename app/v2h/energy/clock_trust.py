"""Decides whether the time of day is trusted. Nothing is scheduled by a clock that nobody has set.

The board has no battery: after a power cut the clock goes on from where it stopped, plausible and wrong. It is trusted
when a time server has set it in this boot (systemd-timesyncd, also with the server that the router names by DHCP), when
a logged-in owner has set it, or when one of these had set it and the board's RTC has run on since then: a reboot with
the power on. An RTC that lost its power starts in the year 2000: then it is far from the system clock, or both are
before the remembered moment. manager/clock_sources.py reads the values that are judged here.
"""

from dataclasses import dataclass
from typing import Any

AGREE_S = 60.0
"""RTC and system clock agree within this when the kernel set one from the other: an RTC counts whole seconds and
drifts."""
RTC_GOOD_S = 30 * 86400.0
"""An RTC's crystal (some 100 ppm) is minutes off after this long without a correction; then the time has to be set
again."""
REMEMBER_EVERY_S = 86400.0


@dataclass(frozen=True, slots=True)
class ClockReadings:
    """What was read. wall_s, rtc_s, ntp_s: s since 1970; ntp_s: last answer of a time server in this boot. up_s: s
    since this boot began."""

    wall_s: float
    boot: str
    ntp_s: float | None = None
    rtc_s: float | None = None
    up_s: float | None = None


@dataclass(frozen=True, slots=True)
class Remembered:
    """When the clock was last known to be good, by the clock itself; kept across reboots. up_s: s since that boot
    began; None from an older version."""

    source: str
    wall_s: float
    boot: str
    up_s: float | None = None

    def as_json(self) -> dict[str, Any]:
        return {"source": self.source, "wall_s": self.wall_s, "boot": self.boot, "up_s": self.up_s}


@dataclass(frozen=True, slots=True)
class Trust:
    """source: "ntp", "owner", "rtc" or "none". age_s: time since that source set the clock, None without a source."""

    trusted: bool
    source: str
    age_s: float | None


def judge(seen: ClockReadings, remembered: Remembered | None) -> Trust:
    """Whether the clock is trusted now, and by which source."""
    if seen.ntp_s is not None:
        return Trust(True, "ntp", max(0.0, seen.wall_s - seen.ntp_s))
    if remembered is None or remembered.wall_s > seen.wall_s + AGREE_S:
        return Trust(False, "none", None)
    age_s = max(0.0, seen.wall_s - remembered.wall_s)
    if remembered.boot == seen.boot:
        moved = _moved_s(seen, remembered) > AGREE_S
        return Trust(False, "none", None) if moved else Trust(True, remembered.source, age_s)
    kept = seen.rtc_s is not None and abs(seen.rtc_s - seen.wall_s) <= AGREE_S
    return Trust(True, "rtc", age_s) if kept and age_s <= RTC_GOOD_S else Trust(False, "none", None)


def _moved_s(seen: ClockReadings, remembered: Remembered) -> float:
    """How far the clock was moved since then in the same boot, by a person or a program; 0 when that is not known."""
    if seen.up_s is None or remembered.up_s is None:
        return 0.0
    return abs((seen.wall_s - remembered.wall_s) - (seen.up_s - remembered.up_s))


def worth_remembering(seen: ClockReadings, remembered: Remembered | None) -> bool:
    """True when a time server has set the clock and the remembered moment is missing, of another boot, or a day old."""
    if seen.ntp_s is None:
        return False
    return remembered is None or remembered.boot != seen.boot or seen.wall_s - remembered.wall_s >= REMEMBER_EVERY_S
