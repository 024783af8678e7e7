"""The checks of a board without a car: chips, CAN, modem, lines, K, clock and disk. They only read and switch nothing.

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
from v2h.bus.sentences import Sentence, say
from v2h.config.site import Config
from v2h.datalog.readonly import quick_check
from v2h.ports.canidentity import CAR_CONTROLLER, PRE_CONTROLLER, wrong_controller
from v2h.ports.url import split
from v2h.runtime.disk_space import ext4_errors, writable
from v2h.safety.outputs import Output, line_name
from v2h.selftest.card import judged as judged_card
from v2h.selftest.modem import judged as judged_modem

HOW_TO_SET = "v2h clock set gives it this machine's time."
OK, FAILED, UNTESTED = "ok", "failed", "not tested"
ELSEWHERE = say("selftest.elsewhere")
BIT_RATE = 500_000
LEAST_FREE = 0.05
LED_REGISTERS = 0x16
"""PCA9552: register LS0 with auto-increment."""


PARTS = {
    "programs": say("selftest.programs"),
    "configuration": say("selftest.configuration"),
    "panel": say("selftest.panel"),
    "grid_meter": say("selftest.grid_meter"),
    "cable_adc": say("selftest.cable_adc"),
    "converter": say("selftest.converter"),
    "pre_can": say("selftest.pre_can"),
    "car_can": say("selftest.car_can"),
    "modem": say("selftest.modem"),
    "outputs": say("selftest.outputs"),
    "buttons": say("selftest.buttons"),
    "k": say("selftest.k"),
    "plug_lock": say("selftest.plug_lock"),
    "clock": say("selftest.clock"),
    "boot_area": say("selftest.boot_area"),
    "data": say("selftest.data"),
    "file_system": say("selftest.file_system"),
    "log": say("selftest.log"),
}


class Result(NamedTuple):
    """One line: the checked part, the verdict, and what was found or why the part was not tested."""

    part: Sentence
    verdict: str
    seen: Sentence


class Board(NamedTuple):
    """The input of the checks. state: the state from the page, None when the page does not respond; silence: the reason
    for that; root: the folder that contains sys and run; here: whether this machine is the charger."""

    config: Config
    state: Mapping[str, Any] | None
    data: Path
    root: Path = Path("/")
    here: bool = True
    silence: Sentence = say("selftest.page_silent")

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
            yield from (_found(part, UNTESTED, ELSEWHERE) for part in of_this_machine)


def programs(board: Board) -> Iterator[Result]:
    if board.state is None:
        yield _found("programs", FAILED, board.silence)
        return
    stopped = [name for name, said in board.part("programs").items() if not said.get("alive")]
    seen = say("selftest.stopped", names=stopped) if stopped else say("selftest.all_alive")
    yield _found("programs", FAILED if stopped else OK, seen)


def configuration(board: Board) -> Iterator[Result]:
    """The errors of v2h.toml as the running programs report them; without a report, the errors found here."""
    if board.state is None and not board.here:
        yield _found("configuration", UNTESTED, ELSEWHERE)
        return
    errors = board.config.errors if board.state is None else board.state.get("config_errors", ())
    seen = say("selftest.errors", errors=list(errors)) if errors else say("selftest.no_error")
    yield _found("configuration", FAILED if errors else OK, seen)


def panel(board: Board) -> Iterator[Result]:
    yield _panel(board.config.hardware.pca9552)


def measuring(board: Board) -> Iterator[Result]:
    manager = board.part("manager")
    age_s = manager.get("grid_age_s")
    if age_s is None:
        yield _found("grid_meter", FAILED if board.state else UNTESTED, say("selftest.no_grid"))
    else:  # manager decides what is stale: a slow meter's reading may be half a minute old
        fresh = manager.get("grid_w") is not None
        yield _found("grid_meter", OK if fresh else FAILED, say("selftest.grid_age", age_s=age_s))
    charger = board.part("charger")
    if charger.get("cable_v") is not None:
        yield _found("cable_adc", OK, say("selftest.cable_v", volts_v=charger["cable_v"]))
    elif not board.here:
        yield _found("cable_adc", UNTESTED, say("selftest.calibrated_there"))
    elif board.config.cable.scale_v_per_v == 0:
        yield _found("cable_adc", UNTESTED, say("selftest.not_calibrated"))
    else:
        yield _found("cable_adc", FAILED if charger else UNTESTED, say("selftest.no_cable_v"))
    age_s = (charger.get("ages_s") or {}).get("converter")
    fresh = age_s is not None and age_s <= STATE_OLD_S
    seen = say("selftest.converter_age", age_s=age_s) if fresh else say("selftest.converter_silent")
    yield _found("converter", OK if fresh else UNTESTED, seen)


def can(board: Board) -> Iterator[Result]:
    hardware = board.config.hardware
    for part, url, controller in (
        ("pre_can", hardware.pre_can, PRE_CONTROLLER),
        ("car_can", hardware.car_can, CAR_CONTROLLER),
    ):
        kind, _, name = split(url, "can")[1].partition("/")
        if kind != "socketcan":
            yield _found(part, UNTESTED, say("selftest.no_interface_kind", url=url))
            continue
        why = wrong_controller(url, controller, board.root / "sys/class/net") if hardware.can_identity else None
        yield _found(part, FAILED, _error(why)) if why else _interface(part, name)


def modem(board: Board) -> Iterator[Result]:
    if board.config.ccs is None and not board.part("ccs"):
        return
    yield _judged("modem", judged_modem(board.root) if board.here else (None, ELSEWHERE))


def outputs_and_buttons(board: Board) -> Iterator[Result]:
    hardware = board.config.hardware
    if hardware.outputs == "led:":
        leds = board.root / "sys/class/leds"
        missing = [line_name(output) for output in Output if not (leds / line_name(output) / "brightness").exists()]
        seen = say("selftest.outputs_missing", names=missing) if missing else say("selftest.outputs_there")
        yield _found("outputs", FAILED if missing else OK, seen)
    else:
        yield _found("outputs", UNTESTED, say("selftest.no_line", url=hardware.outputs))
    kind, wanted = hardware.buttons.partition(":")[::2]
    if kind == "keys":
        names = [_text(path) for path in (board.root / "sys/class/input").glob("event*/device/name")]
        good = any(wanted in name or wanted == "any" for name in names)
        seen = say("selftest.keys", names=sorted(names)) if names else say("selftest.no_keys")
        yield _found("buttons", OK if good else FAILED, seen)
    else:
        yield _found("buttons", UNTESTED, say("selftest.no_key_kind", url=hardware.buttons))


def k_and_lock(board: Board) -> Iterator[Result]:
    k_on = board.part("charger").get("k_on")
    seen = say("selftest.k_unknown" if k_on is None else "selftest.k_on" if k_on else "selftest.k_off")
    yield _found("k", UNTESTED if k_on is None else OK, seen)
    yield _found("plug_lock", UNTESTED, say("selftest.lock_moves"))


def clock(board: Board) -> Iterator[Result]:
    known = board.part("manager").get("clock")
    if known:
        good, source = bool(known.get("trusted")), known.get("source", "none")
        seen = say("selftest.clock_source" if good else "selftest.clock_untrusted", source=source)
        yield _found("clock", OK if good else FAILED, seen)
        return
    if not board.here:
        yield _found("clock", UNTESTED, say("selftest.clock_unknown"))
        return
    synchronised = (board.root / "run/systemd/timesync/synchronized").exists()
    seen = say("selftest.clock_by_network" if synchronised else "selftest.clock_never")
    yield _found("clock", OK if synchronised else FAILED, seen)


def boot_area(board: Board) -> Iterator[Result]:
    yield _judged("boot_area", judged_card(board.root))


def disk(board: Board) -> Iterator[Result]:
    try:
        found = os.statvfs(board.data)
    except OSError as error:
        yield _found("data", FAILED, _error(f"{board.data}: {error.strerror}"))
        return
    free, sysfs = found.f_bavail / max(1, found.f_blocks), board.root / "sys"
    good = writable(board.data, sysfs)
    seen = say("selftest.free", free_pct=free * 100) if good else say("selftest.not_writable")
    yield _found("data", OK if good and free >= LEAST_FREE else FAILED, seen)
    errors = ext4_errors(board.data, sysfs)
    yield (
        _found("file_system", UNTESTED, say("selftest.no_ext4"))
        if errors is None
        else _found("file_system", FAILED if errors else OK, say("selftest.file_errors", count=errors))
    )
    yield _database(board.data / "v2h.sqlite3")


CHECKS: tuple[tuple[Callable[[Board], Iterator[Result]], tuple[str, ...]], ...] = (
    (programs, ()),
    (configuration, ()),
    (panel, ("panel",)),
    (measuring, ()),
    (can, ("pre_can", "car_can")),
    (modem, ()),
    (outputs_and_buttons, ("outputs", "buttons")),
    (k_and_lock, ()),
    (clock, ()),
    (boot_area, ("boot_area",)),
    (disk, ("data", "file_system", "log")),
)
"""Each check with the parts that it reads on this machine itself; no parts if it reads the reports of programs."""


def _found(part: str, verdict: str, seen: Sentence) -> Result:
    """part: the id of the part in the catalogue, without "selftest."."""
    return Result(PARTS[part], verdict, seen)


def _judged(part: str, found: tuple[bool | None, Sentence]) -> Result:
    """found: whether the part is in order, None when it was not tested, and what was found."""
    good, seen = found
    return _found(part, UNTESTED if good is None else OK if good else FAILED, seen)


def _error(text: str) -> Sentence:
    """What the kernel or a library says: it has no id."""
    return say("selftest.error", what=text)


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
        return _found("panel", UNTESTED, say("selftest.needs_root"))
    except (OSError, ValueError, ImportError) as error:
        return _found("panel", FAILED, _error(str(error)))
    return _found("panel", OK, say("selftest.registers", registers=registers.hex(" ")))


def _interface(part: str, name: str) -> Result:
    try:
        said = subprocess.run(["ip", "-json", "-details", "link", "show", name], capture_output=True, text=True)
    except OSError as error:
        return _found(part, UNTESTED, _error(f"ip: {error.strerror}"))
    if said.returncode != 0:
        why = said.stderr.strip()
        return _found(part, FAILED, _error(why) if why else say("selftest.no_interface", name=name))
    return interface_result(part, name, json.loads(said.stdout)[0])


def interface_result(part: str, name: str, link: Mapping[str, Any]) -> Result:
    """The result for the output of `ip -json -details link show` about one interface."""
    info = link.get("linkinfo", {})
    if info.get("info_kind") in ("vcan", "vxcan"):
        return _found(part, UNTESTED, say("selftest.simulated", name=name))
    data = info.get("info_data", {})
    state, rate = data.get("state", "unknown"), data.get("bittiming", {}).get("bitrate")
    up = "UP" in link.get("flags", ())
    good = up and rate == BIT_RATE and state in ("ERROR-ACTIVE", "ERROR-WARNING")
    seen = say("selftest.bus_up" if up else "selftest.bus_down", name=name, state=state, rate=rate)
    return _found(part, OK if good else FAILED, seen)


def _database(path: Path) -> Result:
    try:
        wrong = quick_check(path)
    except sqlite3.Error as error:
        return _found("log", FAILED, _error(f"{path.name}: {error}"))
    seen = say("selftest.log_wrong", name=path.name, what=wrong) if wrong else say("selftest.log_whole", name=path.name)
    return _found("log", FAILED if wrong else OK, seen)


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:
        return ""
