"""The rules of the code, checked in the source: which room may import which, and what the pure rooms must not use.

A new arrow (import) between rooms needs an entry here. A room may import only rooms above it in the table, so that no
circle and no arrow upward is possible. docs/architecture.md draws the same.
"""

import ast
from pathlib import Path

import pytest

import v2h
from tests.support.imports import imports
from v2h.bus.states import Mode, State
from v2h.chademo import limits
from v2h.safety import guarding, makesafe, readings, rules, wire
from v2h.safety.shell import backup_guard

APP = Path(v2h.__file__).parent
ALLOWED: dict[str, str] = {
    "canframe": "",
    "checks": "",
    "arguments": "checks",
    "vendor": "",
    "pre": "",
    "bus": "checks",
    "safety": "canframe pre",
    "chademo": "bus canframe pre safety",
    "ccs": "bus chademo safety",
    "config": "bus chademo checks",
    "runtime": "bus checks config",
    "slots": "runtime vendor",
    "update": "bus checks",
    "update/shell": "bus runtime update",
    "ports": "canframe ccs runtime",
    "drivers": "ccs config ports",
    "energy": "bus checks config",
    "energy/bench": "energy",
    "energy/plan": "bus checks energy",
    "safety/shell": "canframe config ports pre runtime safety",
    "meters": "bus checks config drivers ports runtime",
    "manager": "bus checks config energy energy/plan runtime",
    "panel": "bus drivers",
    "datalog": "bus checks energy energy/plan runtime slots",
    "gateway": "bus checks energy",
    "gateway/shell": "bus config energy gateway runtime",
    "rig": "arguments bus canframe chademo checks datalog drivers ports pre safety",
    "rig/ccs": "ccs drivers ports rig",
    "capture": "bus canframe ccs chademo ports pre rig runtime safety",
    "selftest": "bus config datalog ports runtime safety slots",
    "web/view": "bus safety",
    "web/german": "bus",
    "web": "bus checks config energy gateway runtime selftest slots update update/shell web/german web/view",
    "oneshot": "bus ccs checks config meters ports runtime safety safety/shell slots update update/shell web",
    "vendor/shell": "runtime slots vendor",
    "commands": "arguments bus canframe capture ccs chademo checks config energy energy/bench meters ports"
    " runtime selftest update vendor vendor/shell web/view",
    "programs": "bus canframe capture ccs chademo checks config datalog drivers energy gateway"
    " gateway/shell manager meters panel ports pre runtime safety safety/shell web web/view",
    "cli": "commands",
}
"""Room: the rooms that it imports. capture/replay.py plays a recorded car to our session and takes the models of
battery, cable and converter from the rig; no other program on the board imports the rig."""

PURE = ("canframe", "checks", "pre", "safety", "chademo", "energy", "energy/bench", "energy/plan", "gateway", "panel")
PURE += ("ccs", "update", "vendor", "web/german", "web/view")
"""Rooms whose code takes values and `now` and returns values, so that a test runs a night of V2H in seconds.
bus/messages.py and bus/coding.py are pure as well."""
UNCLEAN = frozenset(
    {"asyncio", "ctypes", "fcntl", "io", "logging", "multiprocessing", "os", "pathlib", "random", "select", "selectors"}
    | {"shutil", "signal", "socket", "sqlite3", "subprocess", "sys", "tempfile", "threading", "time", "urllib"}
)
CALLS = frozenset({"open", "print", "input"})
CLOCKS = frozenset({("datetime", "now"), ("datetime", "today"), ("datetime", "utcnow"), ("date", "today")})


def files(room: str) -> list[Path]:
    """Return the modules of a room, without those of the rooms inside it."""
    if (APP / f"{room}.py").is_file():
        return [APP / f"{room}.py"]
    return sorted((APP / room).glob("*.py"))


def room_of(module: str) -> str | None:
    """Return the room of a dotted name below v2h; None for v2h itself, which holds the version."""
    parts = module.split(".")[1:]
    for room in ("/".join(parts[:2]), *parts[:1]):
        if room in ALLOWED:
            return room
    return None


def arrows(room: str) -> set[str]:
    found = {room_of(name) for path in files(room) for name in imports(path) if name.startswith("v2h.")}
    return {other for other in found if other} - {room}


def unclean(source: str) -> set[str]:
    """Return what this source uses although a pure module must not use it."""
    found = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names} & UNCLEAN
        elif isinstance(node, ast.ImportFrom) and node.module:
            seeded = node.module == "random" and {alias.name for alias in node.names} == {"Random"}
            found |= set() if seeded else {node.module.split(".")[0]} & UNCLEAN
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "Random":
            found |= set() if node.args else {"random"}
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found |= {".".join(pair) for pair in {(node.value.id, node.attr)} & CLOCKS}
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            found |= {node.func.id} & CALLS
        elif isinstance(node, ast.Global):
            found.add("global")
    return found


def test_the_table_names_every_room_and_no_other() -> None:
    folders = {path.parent.relative_to(APP).as_posix() for path in APP.rglob("*.py")} - {"."}
    flat = {path.stem for path in APP.glob("*.py")} - {"__init__"}
    assert folders | flat == set(ALLOWED)
    assert len(flat) <= 4, "what is left at the top beside the rooms"


@pytest.mark.parametrize("room", ALLOWED)
def test_a_room_imports_what_the_table_allows(room: str) -> None:
    assert arrows(room) == set(ALLOWED[room].split()), "edit the table when an arrow is added or gone"


def test_no_arrow_leads_upward_so_that_there_is_no_circle() -> None:
    order = list(ALLOWED)
    upward = [
        (room, other) for room in order for other in ALLOWED[room].split() if order.index(other) > order.index(room)
    ]
    assert upward == []


@pytest.mark.parametrize("room", PURE)
def test_a_pure_room_touches_no_clock_socket_thread_file_or_environment(room: str) -> None:
    assert {path.name: found for path in files(room) if (found := unclean(path.read_text(encoding="utf-8")))} == {}


@pytest.mark.parametrize("module", ["messages", "coding"])
def test_the_messages_of_the_bus_are_pure(module: str) -> None:
    assert unclean((APP / "bus" / f"{module}.py").read_text(encoding="utf-8")) == set()


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("import time\n", {"time"}),
        ("from os import environ\n", {"os"}),
        ("from random import Random\nRandom(1)\n", set()),  # a generator with a fixed seed gives the same for ever
        ("from random import Random\nRandom()\n", {"random"}),
        ("from random import random\n", {"random"}),
        ("def f():\n    return open('x')\n", {"open"}),
        ("from datetime import date\ndef f():\n    return date.today()\n", {"date.today"}),
        ("def f():\n    global x\n", {"global"}),
        ("from datetime import datetime\n", set()),
    ],
)
def test_the_check_of_purity_can_fail(source: str, found: set[str]) -> None:
    assert unclean(source) == found


@pytest.mark.parametrize("room", ALLOWED)
def test_every_room_says_what_it_is(room: str) -> None:
    face = APP / f"{room}.py" if (APP / f"{room}.py").is_file() else APP / room / "__init__.py"
    assert len(ast.get_docstring(ast.parse(face.read_text(encoding="utf-8"))) or "") > 40


def test_importing_a_room_imports_nothing_else() -> None:
    """An `__init__.py` that imports names from its modules would make every program load all of them."""
    faces = [APP / room / "__init__.py" for room in ALLOWED if (APP / room).is_dir()]
    heavy = {path.parent.name: names for path in faces if (names := [n for n in imports(path) if n.startswith("v2h.")])}
    assert set(heavy) <= {"meters", "web"}, "the interface of a meter, and the factory of the application"


# `guard` supervises `charger` and imports none of its numbers: two programs that share a wrong number would agree on
# it. The numbers that each program has for itself must still fit together, and only this place compares them.


@pytest.mark.parametrize(
    ("guards", "chargers"),
    [
        (rules.UNLOCK_V, limits.CABLE_UNLOCK_V.value),
        (rules.D2_V, limits.CABLE_EMPTY_BEFORE_D2_V.value),
        (rules.D2_TO_D1_S, limits.D2_TO_D1.value),
        (makesafe.LOW_A, limits.OPEN_UNDER_A.value),
        (guarding.LATE_MS / 1000, limits.LOOP_LATE.value),
        (guarding.K_CHECK_S, limits.CURRENT_STOP.value),
        (wire.SILENCE_S, limits.GUARD_LOST.value),
        (backup_guard.SILENCE_S, limits.GUARD_LOST.value),
    ],
)
def test_guard_and_charger_hold_the_same_number(guards: float, chargers: float) -> None:
    assert guards == chargers


def test_guard_does_not_hold_back_what_charger_has_waited_for() -> None:
    assert guarding.TOLD_S < readings.AGREE_S and guarding.TOLD_LEAST < readings.AGREE_LEAST


def test_guard_opens_on_no_older_current_than_charger_calls_quiet() -> None:
    assert makesafe.AMPS_AGE_S <= guarding.AMPS_AGE_S <= limits.PRE_QUIET.value


# States and modes are enums of bus/states.py: a misspelt word in a comparison would never be noticed.


OUR_WORDS = {*State, *Mode}
"""The words of our states and modes; supervisor and the kernel use other words."""


def bare_words(source: str) -> list[int]:
    """Return the lines that compare something called state or mode with a bare string of OUR_WORDS."""
    found = []
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            named = {getattr(side, "attr", getattr(side, "id", "")) for side in sides}
            texts = [part for side in sides for part in ast.walk(side) if isinstance(part, ast.Constant)]
            if named & {"state", "mode"} and any(part.value in OUR_WORDS for part in texts):
                found.append(node.lineno)
    return found


def test_no_state_and_no_mode_is_compared_with_a_bare_word() -> None:
    sources = {path.relative_to(APP): path.read_text(encoding="utf-8") for path in APP.rglob("*.py")}
    assert {str(path): lines for path, text in sources.items() if (lines := bare_words(text))} == {}


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ('charger.state == "energy"', [1]),
        ('mode in ("charge", "solar")', [1]),
        ("charger.state != State.ENERGY", []),
        ('charger.kind == "energy"', []),
    ],
)
def test_the_check_of_bare_words_can_fail(source: str, found: list[int]) -> None:
    assert bare_words(source) == found
