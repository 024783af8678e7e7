"""A captured UART log of the board, cut into starts and stages, with times, landmarks and what failed.

It reads the vendor's console (U-Boot 2017.11, Linux 4.4) and that of this project's card (U-Boot 2025.01, Linux 6.12).
A line has up to two times: the one that the terminal program put in front ("[12:00:01.250]", "2026-01-02 12:00:01"),
and the kernel's own in seconds since its start ("[    7.613021]"). ROM and U-Boot print no time.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

KERNEL_TIME = re.compile(r"^\s*(?:<\d+>)?\[\s*(\d{1,7}\.\d{3,6})\]\s?")
CAPTURE_TIME = re.compile(r"^\[?(?:\d{4}-\d\d-\d\d[ T])?(\d\d):(\d\d):(\d\d(?:[.,]\d+)?)(?:Z|[+-]\d\d:?\d\d)?\]?:?\s")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\x00-\x08\x0b-\x1f\x7f]")
DAY_S = 86_400.0

STAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ROM", re.compile(r"^C{3,}")),
    ("SPL", re.compile(r"^U-Boot SPL \d")),
    ("U-Boot", re.compile(r"^U-Boot \d")),
    ("loading", re.compile(r"^(## Loading|Retrieving file:|Found \S*extlinux|Booting from)")),
    ("kernel", re.compile(r"^(Starting kernel|Booting Linux on)")),
    ("user space", re.compile(r"(Run /\S* as init|^INIT: version|systemd \d+\S* running in system mode|^Welcome to )")),
    ("log-in", re.compile(r"\blogin:\s*$")),
)
"""In the order of a start."""
RESTARTS = ("ROM", "SPL", "U-Boot", "loading", "kernel")
"""A line of one of these begins a new start when a later stage is already reached. A line of the others does not: a
person who logs in sees a second welcome."""

LANDMARKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("rngd", re.compile(r"\brngd\b")),
    ("data partition mounted", re.compile(r"EXT4-fs \((?:mmcblk\dp4|vda4)\): mounted")),
    ("udev", re.compile(r"\b(?:systemd-)?udevd?\b.*[Ss]tart|[Ss]tart.*\budev")),
    ("watchdog", re.compile(r"\bomap_wdt\b")),
    ("buttons", re.compile(r"\bgpio[_-]keys\b")),
    ("metering chip", re.compile(r"\bstpm3x\b", re.IGNORECASE)),
    ("LED driver", re.compile(r"\bpca9552\b")),
    ("CAN controller", re.compile(r"\bc_can\w*\b")),
    ("CAN up", re.compile(r"\bcan[01]\b.*(?:link becomes ready|\bUP\b|ERROR-ACTIVE)")),
    ("ntpd", re.compile(r"\bntpd\b")),
    ("vendor's application", re.compile(r"\bssb\b.*[Ss]tart|[Ss]tart.*\bssb\b")),
    ("programs", re.compile(r"supervisord?\b.*[Ss]tart|[Ss]tarted.*supervisor")),
)

FAILURES = re.compile(
    r"Kernel panic|Unable to mount root|\bOops\b|\berror -\d+|failed with error|\bfailed\b|\bFAILED\b|"
    r"Bad (?:hash|data|magic|Linux)|bad CRC|Verification error|Can't (?:get|load|find)|"
    r"Could not (?:find|load)|Wrong Image|"
    r"Bootlimit \(\d+\) exceeded|\btimed out\b|\btimeout (?:waiting|error)|checksum (?:is )?(?:wrong|error|mismatch)|"
    r"CRC error|resetting \.\.\.|\bsegfault\b|watchdog.*did not stop",
    re.IGNORECASE,
)


@dataclass(slots=True)
class Stage:
    """t_s: seconds since the first line of the start, by the capture's clock; None without one. kernel_s: the kernel's
    time of the first line that has one. lasts_s by the clock that is known."""

    name: str
    line: int
    t_s: float | None
    kernel_s: float | None = None
    lasts_s: float | None = None
    last_kernel_s: float | None = None


@dataclass(frozen=True, slots=True)
class Seen:
    """A landmark or a failure: its line number from 1, the times as in Stage, and what was seen."""

    line: int
    stage: str
    t_s: float | None
    kernel_s: float | None
    text: str


@dataclass(slots=True)
class Start:
    """One start of the board. complete: the log reaches user space."""

    stages: list[Stage] = field(default_factory=list)
    landmarks: list[Seen] = field(default_factory=list)
    failures: list[Seen] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return any(stage.name in ("user space", "log-in") for stage in self.stages)


def cut(lines: Iterable[str]) -> list[Start]:
    """The starts in a log. Lines before the first known stage are the end of an earlier start, "before"."""
    starts: list[Start] = []
    order = {name: rank for rank, (name, _) in enumerate(STAGES)}
    begin_s = last_s = None
    for number, raw in enumerate(lines, 1):
        text, capture_s, kernel_s = _times(ESCAPES.sub("", raw))
        if capture_s is not None and last_s is not None:
            while capture_s < last_s - DAY_S / 2:  # past midnight: the time of day begins again
                capture_s += DAY_S
        last_s = capture_s if capture_s is not None else last_s
        name = next((name for name, pattern in STAGES if pattern.search(text)), None)
        present = starts[-1].stages[-1] if starts else None
        if name is None and present is None and not text.strip():
            continue
        if present and name and order[name] < order.get(present.name, len(order)) and name not in RESTARTS:
            name = None
        if present is None or (name and order[name] < order.get(present.name, len(order))):
            starts.append(Start())
            begin_s = capture_s
            present = None
        t_s = None if capture_s is None or begin_s is None else round(capture_s - begin_s, 3)
        if present is None or (name and name != present.name):
            present = Stage(name or "before", number, t_s)
            _end(starts[-1].stages, t_s)
            starts[-1].stages.append(present)
        _collect(starts[-1], present, Seen(number, present.name, t_s, kernel_s, text.strip()))
        if t_s is not None and present.t_s is not None:
            present.lasts_s = round(t_s - present.t_s, 3)
    return starts


def _times(line: str) -> tuple[str, float | None, float | None]:
    """A line without its times, the capture's time of day and the kernel's seconds."""
    capture_s = kernel_s = None
    if found := CAPTURE_TIME.match(line):
        hours, minutes, seconds = found.groups()
        capture_s = int(hours) * 3600 + int(minutes) * 60 + float(seconds.replace(",", "."))
        line = line[found.end() :]
    if found := KERNEL_TIME.match(line):
        kernel_s = float(found[1])
        line = line[found.end() :]
    return line, capture_s, kernel_s


def _end(stages: list[Stage], t_s: float | None) -> None:
    """A stage lasts until the next one begins."""
    if stages and t_s is not None and stages[-1].t_s is not None:
        stages[-1].lasts_s = round(t_s - stages[-1].t_s, 3)


def _collect(start: Start, stage: Stage, seen: Seen) -> None:
    if seen.kernel_s is not None:
        stage.kernel_s = seen.kernel_s if stage.kernel_s is None else stage.kernel_s
        stage.last_kernel_s = seen.kernel_s
        if stage.t_s is None:
            stage.lasts_s = round(seen.kernel_s - stage.kernel_s, 3)
    known = {landmark.text for landmark in start.landmarks}
    for name, pattern in LANDMARKS:
        if name not in known and pattern.search(seen.text):
            start.landmarks.append(Seen(seen.line, seen.stage, seen.t_s, seen.kernel_s, name))
    if FAILURES.search(seen.text):
        start.failures.append(seen)
