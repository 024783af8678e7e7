"""The events, read from the calls in the source that make them."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import v2h
from docs.tables.markdown import plain
from v2h.bus.catalogue import TEXTS
from v2h.bus.messages import LEVELS, PASSWORD_SET
from v2h.bus.states import STATE_EVENT
from v2h.chademo.supervision import REMARKS
from v2h.datalog.schema import DAMAGED
from v2h.programs.meter import EVENTS

APP = Path(v2h.__file__).parent
NAMED = {"PASSWORD_SET": PASSWORD_SET, "STATE_EVENT": STATE_EVENT, "DAMAGED": DAMAGED}
"""Names of constants that a call may have in the place of a code."""
AT_RUN_TIME = {"session-state": ["info", "fault"], "port": list(LEVELS)}
"""Levels of the events whose call does not name one."""
SAYS = {"event": 0, "_event": 0, "tell": 0, "_note": 0, "_say_once": 0, "_warn": None}
"""Functions that make an event -> position of the argument with the level; the code is the next argument. None: the
level is always warning, and the code comes first."""
PASSED_ON = {
    ("programs/web.py", "code"),
    ("programs/manager.py", "code"),
    ("programs/guard.py", "code"),
    ("programs/guard.py", "note.code"),
    ("safety/guarding.py", "code"),
    ("energy/legacy_events.py", "event"),
    ("panel/gestures.py", "pressed"),
    ("programs/panel.py", "pressed"),
}
"""Calls that pass on a code which another place names, or that have such a name but make no event."""
PROGRAM_OF_ROOM = {
    "safety": "guard",
    "safety/shell": "pulse",
    "chademo": "charger",
    "drivers": "charger",
    "energy": "manager",
    "manager": "manager",
    "capture": "datalog",
    "datalog": "datalog",
    "web": "web",
    "panel": "panel",
}


class Said(NamedTuple):
    """One place that makes events."""

    program: str
    level: str
    code: str
    text: str


def computed() -> dict[tuple[str, str], list[Said]]:
    """Codes that are made at run time: (file, source of the code) -> the events that this call can make."""
    remarks = [*(watch.name for watch in REMARKS), "cable_assumed", "converter_odd", "cable_odd"]
    meter = [(level, code, "") for level, code in EVENTS.values()]
    meter += [("warning", "meter-fallback", ""), ("warning", "meter-fallback-dead", "")]
    return {
        ("programs/charger_reports.py", "code.replace('_', '-')"): [
            Said("charger", "warning", name.replace("_", "-"), "") for name in remarks
        ],
        ("programs/meter.py", "code"): [Said("meter", *row) for row in meter],
        ("safety/shell/supervisor_listener.py", "f'program-{action.what}'"): [
            Said("pulse", "warning", f"program-{what}", "") for what in ("tell", "kill", "start")
        ],
    }


def words(node: ast.expr | None) -> str:
    """The text of an event as far as the source holds it; … stands for the parts that are filled in at run time."""
    if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "say" and isinstance(node.args[0], ast.Constant):
        return re.sub(r"\{[^}]*\}", "…", TEXTS[str(node.args[0].value)])
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(words(part) if isinstance(part, ast.Constant) else "…" for part in node.values)
    if isinstance(node, ast.BinOp):
        return (words(node.left) or "…") + (words(node.right) or "…")
    return ""


def levels(node: ast.expr | None) -> list[str]:
    """The levels that the source writes out: one, or those of `a if b else c`; [] when there is none."""
    if isinstance(node, ast.IfExp):
        return levels(node.body) + levels(node.orelse)
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def said_in(path: Path, unknown: list[str]) -> Iterator[Said]:
    """Every event of a file. A call whose code cannot be found out is added to `unknown`."""
    file = path.relative_to(APP).as_posix()
    room = path.parent.relative_to(APP).as_posix()
    program = path.stem.partition("_")[0] if room == "programs" else PROGRAM_OF_ROOM.get(room, room)
    made = computed()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if not isinstance(node, ast.Call):
            continue
        name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
        least = 2 if name == "_warn" else 3
        if name not in SAYS or len(node.args) < least:
            continue
        level = None if SAYS[name] is None else node.args[0]
        kind, text = node.args[:2] if level is None else node.args[1:3]
        source = ast.unparse(kind)
        if (file, source) in made:
            yield from made[file, source]
        elif isinstance(kind, ast.Constant) or source in NAMED:
            said = NAMED.get(source) or ast.literal_eval(kind)
            which = ["warning"] if level is None else levels(level) or AT_RUN_TIME.get(said, [])
            yield Said(program, ", ".join(dict.fromkeys(which)), said, plain(words(text)))
        elif (file, source) not in PASSED_ON:
            unknown.append(f"{file}:{node.lineno}: {ast.unparse(node)[:80]}")
