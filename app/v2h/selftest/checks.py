"""The checks of a board without a car: chips, CAN, lines, K, clock and disk. They only read and switch nothing.

A part that belongs to a running program is judged by the reports of that program, because a second reader on the SPI
bus would spoil the responses to the first one. A part that was not tested is listed with the reason and counts neither
as ok nor as failed.
"""

import json
import os
import sqlite3
import subprocess
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from v2h.bus.messages import STATE_OLD_S
from v2h.config.site import Config
from v2h.datalog.readonly import quick_check
from v2h.ports.canidentity import CAR_CONTROLLER, PRE_CONTROLLER, wrong_controller
from v2h.ports.url import split
from v2h.safety.outputs import Output, line_name

HOW_TO_SET = "v2h clock set gives it this machine's time."
OK, FAILED, UNTESTED = "ok", "failed", "not tested"
ELSEWHERE = "a part of the board, and this machine is not the charger’s board"
BIT_RATE = 500_000
LEAST_FREE = 0.05
LED_REGISTERS = 0x16
"""PCA9552: register LS0 with auto-increment."""


class Result(NamedTuple):
    """One line: the checked part, the verdict, and what was found or why the part was not tested."""

    part: str
    verdict: str
    seen: str


class Board(NamedTuple):
    """The input of the checks. state: the state from the page, None when the page does not respond; silence: the reason
    for that; root: the folder that contains sys and run; here: whether this machine is the charger."""

    config: Config
    state: Mapping[str, Any] | None
    data: Path
    root: Path = Path("/")
    here: bool = True
    silence: str = "the page does not answer"

    def part(self, name: str) -> Mapping[str, Any]:
        """The report of program `name`, {} when there is no report."""
        return (self.state or {}).get(name) or {}


def check(board: Board, *, disk_too: bool = True) -> Iterator[Result]:
    """The results of every check. disk_too: also read the whole log, which takes a while."""
    for look, of_this_machine in CHECKS:
        if look is disk and not disk_too:
            continue
        if board.here or not of_this_machine:
            yield from look(board)
        else:
            yield from (Result(part, UNTESTED, ELSEWHERE) for part in of_this_machine)


def programs(board: Board) -> Iterator[Result]:
    if board.state is None:
        yield Result("programs", FAILED, board.silence)
        return
    stopped = [name for name, said in board.part("programs").items() if not said.get("alive")]
    seen = f"stopped: {', '.join(stopped)}" if stopped else "all are alive"
    yield Result("programs", FAILED if stopped else OK, seen)


def configuration(board: Board) -> Iterator[Result]:
    """The errors of v2h.toml as the running programs report them; without a report, the errors found here."""
    if board.state is None and not board.here:
        yield Result("v2h.toml", UNTESTED, ELSEWHERE)
        return
    errors = board.config.errors if board.state is None else board.state.get("config_errors", ())
    yield Result("v2h.toml", FAILED if errors else OK, "; ".join(errors) or "no error")


def panel(board: Board) -> Iterator[Result]:
    yield _panel(board.config.hardware.pca9552)


def measuring(board: Board) -> Iterator[Result]:
    manager = board.part("manager")
    age_s = manager.get("grid_age_s")
    if age_s is None:
        yield Result("grid meter", FAILED if board.state else UNTESTED, "manager has no reading")
    else:  # manager decides what is stale: a slow meter's reading may be half a minute old
        fresh = manager.get("grid_w") is not None
        yield Result("grid meter", OK if fresh else FAILED, f"last reading {age_s:.1f} s old")
    charger = board.part("charger")
    if charger.get("cable_v") is not None:
        yield Result("cable ADC", OK, f"{charger['cable_v']:.1f} V on the cable")
    elif not board.here:
        yield Result("cable ADC", UNTESTED, "charger has no reading; whether it is calibrated, selftest says there")
    elif board.config.cable.scale_v_per_v == 0:
        yield Result("cable ADC", UNTESTED, "not calibrated: [cable] in v2h.toml")
    else:
        yield Result("cable ADC", FAILED if charger else UNTESTED, "charger has no reading")
    age_s = (charger.get("ages_s") or {}).get("converter")
    fresh = age_s is not None and age_s <= STATE_OLD_S
    seen = f"last answer {age_s:.1f} s old" if fresh else "silent; it is switched off between sessions"
    yield Result("converter", OK if fresh else UNTESTED, seen)


def can(board: Board) -> Iterator[Result]:
    hardware = board.config.hardware
    for part, url, controller in (
        ("CAN to converter", hardware.pre_can, PRE_CONTROLLER),
        ("CAN to car", hardware.car_can, CAR_CONTROLLER),
    ):
        kind, _, name = split(url, "can")[1].partition("/")
        if kind != "socketcan":
            yield Result(part, UNTESTED, f"{url} is no interface of the kernel")
            continue
        why = wrong_controller(url, controller, board.root / "sys/class/net") if hardware.can_identity else None
        yield Result(part, FAILED, why) if why else _interface(part, name)


def outputs_and_buttons(board: Board) -> Iterator[Result]:
    hardware = board.config.hardware
    if hardware.outputs == "led:":
        leds = board.root / "sys/class/leds"
        missing = [line_name(output) for output in Output if not (leds / line_name(output) / "brightness").exists()]
        seen = f"missing: {', '.join(missing)}" if missing else "all seven are there; none was switched"
        yield Result("outputs", FAILED if missing else OK, seen)
    else:
        yield Result("outputs", UNTESTED, f"{hardware.outputs} is no line of the kernel")
    kind, wanted = hardware.buttons.partition(":")[::2]
    if kind == "keys":
        names = [_text(path) for path in (board.root / "sys/class/input").glob("event*/device/name")]
        good = any(wanted in name or wanted == "any" for name in names)
        yield Result("buttons", OK if good else FAILED, ", ".join(sorted(names)) or "no input device")
    else:
        yield Result("buttons", UNTESTED, f"{hardware.buttons} is no input device of the kernel")


def k_and_lock(board: Board) -> Iterator[Result]:
    k_on = board.part("charger").get("k_on")
    seen = "guard has not said" if k_on is None else f"guard reads {'on' if k_on else 'off'}"
    yield Result("K", UNTESTED if k_on is None else OK, seen)
    yield Result("plug lock", UNTESTED, "it has no feedback; a session moves it")


def clock(board: Board) -> Iterator[Result]:
    known = board.part("manager").get("clock")
    if known:
        source = f"source {known.get('source', 'none')}"
        yield (
            Result("clock", OK, source) if known.get("trusted") else Result("clock", FAILED, f"{source}; {HOW_TO_SET}")
        )
        return
    if not board.here:
        yield Result("clock", UNTESTED, "manager has not said")
        return
    synchronised = (board.root / "run/systemd/timesync/synchronized").exists()
    yield Result(
        "clock", OK if synchronised else FAILED, "set by the network" if synchronised else "never set since power-on"
    )


def disk(board: Board) -> Iterator[Result]:
    try:
        found = os.statvfs(board.data)
    except OSError as error:
        yield Result("data partition", FAILED, f"{board.data}: {error.strerror}")
        return
    free = found.f_bavail / max(1, found.f_blocks)
    writable = not found.f_flag & os.ST_RDONLY
    seen = f"{free:.0%} free" if writable else "mounted read-only: nothing is remembered"
    yield Result("data partition", OK if writable and free >= LEAST_FREE else FAILED, seen)
    device = board.data.stat().st_dev
    counter = board.root / f"sys/dev/block/{os.major(device)}:{os.minor(device)}"
    counter = board.root / "sys/fs/ext4" / counter.resolve().name / "errors_count"
    errors = _text(counter)
    yield (
        Result("file system", UNTESTED, "no ext4 here")
        if not errors
        else Result("file system", OK if errors == "0" else FAILED, f"{errors} errors since it was made")
    )
    yield _database(board.data / "v2h.sqlite3")


CHECKS: tuple[tuple[Callable[[Board], Iterator[Result]], tuple[str, ...]], ...] = (
    (programs, ()),
    (configuration, ()),
    (panel, ("panel LEDs",)),
    (measuring, ()),
    (can, ("CAN to converter", "CAN to car")),
    (outputs_and_buttons, ("outputs", "buttons")),
    (k_and_lock, ()),
    (clock, ()),
    (disk, ("data partition", "file system", "log")),
)
"""Each check with the parts that it reads on this machine itself; no parts if it reads the reports of programs."""


def _panel(url: str) -> Result:
    """Reads the registers back. This does not disturb `panel`, which writes them."""
    from v2h.ports.i2c import open_i2c

    try:
        port = open_i2c(url)
        try:
            registers = port.write_read(bytes((LED_REGISTERS,)), 4)
        finally:
            port.close()
    except PermissionError:
        return Result("panel LEDs", UNTESTED, "needs root")
    except (OSError, ValueError, ImportError) as error:
        return Result("panel LEDs", FAILED, str(error))
    return Result("panel LEDs", OK, f"PCA9552 holds {registers.hex(' ')}")


def _interface(part: str, name: str) -> Result:
    try:
        said = subprocess.run(["ip", "-json", "-details", "link", "show", name], capture_output=True, text=True)
    except OSError as error:
        return Result(part, UNTESTED, f"ip: {error.strerror}")
    if said.returncode != 0:
        return Result(part, FAILED, said.stderr.strip() or f"there is no interface {name}")
    return interface_result(part, name, json.loads(said.stdout)[0])


def interface_result(part: str, name: str, link: Mapping[str, Any]) -> Result:
    """The result for the output of `ip -json -details link show` about one interface."""
    info = link.get("linkinfo", {})
    if info.get("info_kind") in ("vcan", "vxcan"):
        return Result(part, UNTESTED, f"{name} is a simulated bus")
    data = info.get("info_data", {})
    state, rate = data.get("state", "unknown"), data.get("bittiming", {}).get("bitrate")
    good = "UP" in link.get("flags", ()) and rate == BIT_RATE and state in ("ERROR-ACTIVE", "ERROR-WARNING")
    return Result(
        part,
        OK if good else FAILED,
        f"{name}: {state}, {rate} bit/s, {'up' if 'UP' in link.get('flags', ()) else 'down'}",
    )


def _database(path: Path) -> Result:
    try:
        wrong = quick_check(path)
    except sqlite3.Error as error:
        return Result("log", FAILED, f"{path.name}: {error}")
    return Result("log", FAILED if wrong else OK, f"{path.name}: {wrong or 'whole'}")


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
