"""A captured UART log of the board, cut into starts and stages, with times, landmarks and what failed.

It reads the vendor's console (U-Boot 2017.11, Linux 4.4) and that of this project's card (U-Boot 2025.01, Linux 6.12).
A line has up to two times: the one that the terminal program put in front ("[12:00:01.250]", "2026-01-02 12:00:01"),
and the kernel's own in seconds since its start ("[    7.613021]"), also behind what a program has printed on the same
line. ROM, U-Boot and programs print no time.

The forms of the vendor's lines are those of the one published log. Letters are missing in it where the UART was too
fast, so that a pattern asks for few words.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from v2h.vendor.findings import numbers

KERNEL_TIME = re.compile(r"^\s*(?:<\d+>)?\[\s*(\d{1,7}\.\d{3,6})\]\s?")
LATER_KERNEL_TIME = re.compile(r"\[\s*(\d{1,5}\.\d{6})\] ")
CAPTURE_TIME = re.compile(r"^\[?(?:\d{4}-\d\d-\d\d[ T])?(\d\d):(\d\d):(\d\d(?:[.,]\d+)?)(?:Z|[+-]\d\d:?\d\d)?\]?:?\s")
ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\x1b[()][A-Z0-9]|[\x00-\x08\x0b-\x1f\x7f]")
DAY_S = 86_400.0

STAGES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("ROM", re.compile(r"^C{3,}")),
    ("SPL", re.compile(r"^U-Boot SPL \d")),
    ("U-Boot", re.compile(r"^U-Boot \d")),
    ("loading", re.compile(r"^(## Loading|Loading \S+ from mmc|Retrieving file:|Found \S*extlinux|Booting from)")),
    ("kernel", re.compile(r"^(Starting kernel|Booting Linux on)")),
    (
        "user space",
        re.compile(
            r"Run /\S* as init|^INIT: version|systemd \d+\S* running in system mode|^Welcome to |"
            r"^(?:Running|Starting) \w+: "  # the vendor's start scripts: "Starting rngd: OK"
        ),
    ),
    ("log-in", re.compile(r"\blogin:\s*$")),
)
"""In the order of a start."""
RESTARTS = ("ROM", "SPL", "U-Boot", "loading", "kernel")
"""A line of one of these begins a new start when a later stage is already reached. A line of the others does not: a
person who logs in sees a second welcome."""

LANDMARKS: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("root mounted", re.compile(r"VFS: Mounted root")),
    ("rngd", re.compile(r"\brngd\b")),
    ("data partition mounted", re.compile(r"EXT4-fs \((?:mmcblk\dp4|vda4)\): mounted")),
    ("udev", re.compile(r"\b(?:systemd-)?udevd?\b.*[Ss]tart|[Ss]tart.*\budev")),
    ("watchdog", re.compile(r"\bomap_wdt\b")),
    ("buttons", re.compile(r"\bgpio[_-]keys\b")),
    ("metering chip", re.compile(r"\bstpm3x\b", re.IGNORECASE)),
    ("LED driver", re.compile(r"\bpca9552\b")),
    ("CAN controller", re.compile(r"\bc_can\w*\b")),
    ("CAN up", re.compile(r"\bcan[01]\b.*(?:setting BTR|link becomes ready|\bUP\b|ERROR-ACTIVE)")),
    ("ntpd", re.compile(r"\bntpd\b")),
    ("calibration applied", re.compile(r"Applying Calibration", re.IGNORECASE)),
    ("vendor's application", re.compile(r"\bssb\b.*[Ss]tart|[Ss]tart.*\bssb\b")),
    ("programs", re.compile(r"supervisord?\b.*[Ss]tart|[Ss]tarted.*supervisor")),
)

FAILURES = re.compile(
    r"Kernel panic|\bunable to\b|\bOops\b|\berror -\d+|\berror configuring\b|\bfail(?:ed)?\b|exit status [1-9]|"
    r"Bad (?:hash|data|magic|Linux)|bad CRC|Verification error|Can't (?:get|load|find)|"
    r"Could not (?:find|load)|Wrong Image|Bootlimit \(\d+\) exceeded|\btimed out\b|\btimeout(?: waiting| error|!)|"
    r"checksum (?:is )?(?:wrong|error|mismatch)|CRC error|resetting \.\.\.|\bsegfault\b|watchdog.*did not stop",
    re.IGNORECASE,
)
DEFERRED = re.compile(r"-517\b|deferr", re.IGNORECASE)
"""The kernel tries this driver again later: EPROBE_DEFER is 517."""

OFFERED = re.compile(r"^Loading (/\S+) from mmc:\d+:(\d+)")
OFFERED_AT = re.compile(r"^Checking FIT image at (?:0x)?([0-9a-f]+)")
OFFERED_VERSION = re.compile(r"^description = '(.*)'")
TAKEN_AT = re.compile(r"^## Loading kernel from FIT Image at (?:0x)?([0-9a-f]+)")
CALIBRATION = re.compile(r"^device\d_\w+$")


@dataclass(slots=True)
class Firmware:
    """A fitImage that the vendor's U-Boot has looked at. at: its address in hex; taken: its kernel was loaded."""

    partition: int
    file: str
    version: str = ""
    at: str = ""
    taken: bool = False


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
    """A landmark or a failure: its line number from 1, the times as in Stage, and what was seen. after_s: the kernel's
    last time before it, for a line of a program, which has none."""

    line: int
    stage: str
    t_s: float | None
    kernel_s: float | None
    text: str
    after_s: float | None = None


@dataclass(slots=True)
class Start:
    """One start of the board. complete: the log reaches user space. firmware: what the vendor's U-Boot looked at;
    calibration: the parameters that the vendor's script gave to the driver of the metering chip; last: the last line
    with words, which says most about a start that hangs."""

    stages: list[Stage] = field(default_factory=list)
    landmarks: list[Seen] = field(default_factory=list)
    failures: list[Seen] = field(default_factory=list)
    firmware: list[Firmware] = field(default_factory=list)
    calibration: dict[str, float] = field(default_factory=dict)
    last: Seen | None = None

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
        times = (stage.last_kernel_s for stage in reversed(starts[-1].stages))
        after_s = next((last for last in times if last is not None), None)
        _collect(starts[-1], present, Seen(number, present.name, t_s, kernel_s, text.strip(), after_s))
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
    elif found := LATER_KERNEL_TIME.search(line):
        kernel_s = float(found[1])
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
    start.last = seen if seen.text else start.last
    known = {landmark.text for landmark in start.landmarks}
    for name, pattern in LANDMARKS:
        if name not in known and pattern.search(seen.text):
            start.landmarks.append(replace(seen, text=name))
    if FAILURES.search(seen.text) and not DEFERRED.search(seen.text):
        start.failures.append(seen)
    start.calibration |= {name: value for name, value in numbers(seen.text).items() if CALIBRATION.match(name)}
    _look_for_firmware(start.firmware, seen.text)


def _look_for_firmware(firmware: list[Firmware], text: str) -> None:
    if found := OFFERED.match(text):
        firmware.append(Firmware(int(found[2]), found[1]))
    elif firmware and (found := OFFERED_AT.match(text)):
        firmware[-1].at = found[1]
    elif firmware and (found := OFFERED_VERSION.match(text)):
        firmware[-1].version = found[1]
    elif found := TAKEN_AT.match(text):
        for image in firmware:
            image.taken = image.at == found[1]
