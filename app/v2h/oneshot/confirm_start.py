"""Tells U-Boot that this start went well, once it did: `python3 -m v2h.oneshot.confirm_start`, at every boot, as root.

It looks every LOOK_S whether the programs run and the page answers; v2h.slots.health has the rules. A good start sets
U-Boot's counter to zero. If this is not the slot that should have started, U-Boot has given that one up: this slot gets
the active flag, and datalog tells the owner. After GOOD the program ends.
"""

import http.client
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from v2h import version
from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.config.page_edits import read_edits
from v2h.runtime.atomic_file import BadFileError, write_json
from v2h.runtime.paths import RUN, SITE_EDITS
from v2h.runtime.supervisor_rpc import SupervisorError, states
from v2h.safety.outputs import Output, line_name
from v2h.slots import counter, notice, state
from v2h.slots.card import NoCardError, activate, disk, read_active
from v2h.slots.health import CONFIRM_S, GIVE_UP_S, Seen, Verdict, fault, verdict
from v2h.slots.mbr import MbrError, other, running_slot
from v2h.slots.notice import News, Notice
from v2h.slots.state import Condition, Slot, Slots, Why

LOOK_S = 5.0
LEDS = Path("/sys/class/leds")
COMMAND_LINE = Path("/proc/cmdline")
PAGE_S = 20.0
"""The page needs up to ten seconds on a busy board; one that needs longer is of no use to anyone."""


class Start(NamedTuple):
    """running: the slot whose root runs. active: the slot that should have started. version: the one that runs."""

    running: int
    active: int
    version: str


def known(slots: Slots, start: Start) -> bool:
    """Whether this very version was in force in this slot before."""
    slot = slots[start.running]
    return slot.confirmed and slot.version == start.version


def after_good(slots: Slots, start: Start, t: float) -> tuple[dict[int, Slot], Notice]:
    """What is known of the slots after a good start at t (monotonic, s), and what to tell the owner."""
    news = News.NONE if known(slots, start) else News.IN_FORCE
    beside = slots[other(start.running)]
    then = state.changed(slots, start.running, Slot(start.version, Condition.GOOD, Why.NONE, True))
    if start.running != start.active:
        news = News.THROWN_BACK
        why = beside.why if beside.why in (Why.PROGRAMS, Why.PAGE, Why.WRITING) else Why.NOT_STARTED
        beside = beside._replace(condition=Condition.BAD, why=why, read=False)
        then = state.changed(then, start.active, beside)
    elif beside.condition is Condition.BAD and not beside.read and news is News.NONE:
        news = News.STILL_BACK
    return then, Notice(t, news, start.version, beside.version, beside.why)


def after_fault(slots: Slots, start: Start, why: Why) -> dict[int, Slot]:
    """What is known before an unhealthy start ends: U-Boot may still try it again."""
    return state.changed(slots, start.running, Slot(start.version, Condition.UNKNOWN, why, False))


def same_programs(now: Mapping[str, tuple[str, int]], before: Mapping[str, tuple[str, int]]) -> bool:
    """Whether all programs run, and none was started again since the last look."""
    return bool(now) and now == before and all(name == "RUNNING" for name, _ in now.values())


def outputs_off(leds: Path = LEDS) -> bool:
    """Whether every output is off, as the kernel says. An output without a driver is off: the pin is not driven."""
    try:
        files = [leds / line_name(output) / "brightness" for output in Output]
        return all(not file.exists() or int(file.read_text()) == 0 for file in files)
    except (OSError, ValueError):
        return False


def page_address(listen: str) -> tuple[str, int]:
    """Where the page must answer on this machine, for `listen` of [web]."""
    host, _, port = listen.rpartition(":")
    return ("127.0.0.1" if host in ("0.0.0.0", "*", "[::]") else host.strip("[]")), int(port)


def page_answers(host: str, port: int) -> bool:
    """Whether the page answers, also with a refusal (the owner may have closed it to readers)."""
    connection = http.client.HTTPConnection(host, port, timeout=PAGE_S)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status < 500
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def limits_s(command_line: str, emulated: bool) -> tuple[float, float]:
    """CONFIRM_S and GIVE_UP_S, or what v2h.confirm_s= and v2h.give_up_s= say on the emulated board."""
    words = dict(word.split("=", 1) for word in command_line.split() if emulated and word.startswith("v2h."))
    return float(words.get("v2h.confirm_s", CONFIRM_S)), float(words.get("v2h.give_up_s", GIVE_UP_S))


def watch(confirmed: bool, other_good: bool, limits: tuple[float, float]) -> tuple[Verdict, Why]:
    """Look until the start is good or given up."""
    programs: dict[str, tuple[str, int]] = {}
    healthy_since: float | None = None
    address = page_address(load(config_paths(), read_edits(SITE_EDITS)).web.listen)
    while True:
        before, programs = programs, _programs()
        running = same_programs(programs, before)
        page = running and page_answers(*address)
        now = time.clock_gettime(time.CLOCK_BOOTTIME)
        healthy_since = (healthy_since or now) if page else None
        healthy_s = 0.0 if healthy_since is None else now - healthy_since
        seen = Seen(now, healthy_s, confirmed, running, page, outputs_off(), other_good)
        found = verdict(seen, *limits)
        if found is not Verdict.WAIT:
            return found, fault(seen)
        time.sleep(LOOK_S)


def _programs() -> dict[str, tuple[str, int]]:
    try:
        return states(RUN / "supervisor.sock")
    except SupervisorError:
        return {}


def main() -> int:
    try:
        return confirm(COMMAND_LINE.read_text())
    except (OSError, MbrError, NoCardError) as error:
        print(f"v2h-slot: {error}", file=sys.stderr)
        return 1


def confirm(command_line: str) -> int:
    """The whole work of one start; returns the exit code. Raises OSError, MbrError and NoCardError."""
    running = running_slot(command_line)
    if running is None:
        print("v2h-slot: the root is not a slot of the card: nothing to confirm", file=sys.stderr)
        return 0
    card = disk(Path("/").stat().st_dev)
    start = Start(running, read_active(card), version())
    slots, emulated = _slots(), counter.is_emulated()
    falls_back = counter.falls_back()
    write_json(notice.PATH, notice.encode(Notice(version=start.version, fallback=falls_back)))
    other_good = slots[other(running)].condition is Condition.GOOD
    found, why = watch(known(slots, start), other_good, limits_s(command_line, emulated))
    slots = _slots()  # an installation may have written it meanwhile
    if found is Verdict.REBOOT:
        print(f"v2h-slot: slot {running} is not healthy ({why}): starting again", file=sys.stderr)
        _save(after_fault(slots, start, why))
        return subprocess.run(["systemctl", "reboot"], check=False).returncode
    then, said = after_good(slots, start, time.monotonic())
    activate(card, running)
    _save(then)
    counter.clear(alarm=counter.EMULATED if emulated else None)
    write_json(notice.PATH, notice.encode(said._replace(fallback=falls_back)))
    print(f"v2h-slot: slot {running} with {start.version} started well; {said.news or 'no news'}", file=sys.stderr)
    return 0


def _slots() -> dict[int, Slot]:
    try:
        return state.load()
    except BadFileError as error:
        print(f"v2h-slot: {error}", file=sys.stderr)
        return state.decode({})


def _save(slots: Slots) -> None:
    """Without the data partition a start is good all the same, and the next one counts as the first."""
    try:
        if slots != _slots():
            state.save(slots)
    except OSError as error:
        print(f"v2h-slot: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
