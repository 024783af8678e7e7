"""Sets a stored file aside with which manager has died again and again, so that no file keeps the appliance dead.

A death counts against a file while its content stays the same, on one boot, with less than WITHIN_S between two. The
schedule, the prices and a charge by hand are suspected first, then the settings; never the file that holds the owner's
stop, nor that of the clock.
"""

import contextlib
import hashlib
from pathlib import Path
from typing import Any

from v2h.bus.sentences import Sentence, say
from v2h.manager.owner_files import EVENTS, ORDER, PRICES, SCHEDULE, SETTINGS
from v2h.runtime import atomic_file

CRASHES = "manager-crashes.json"
DEATHS = {PRICES: 3, SCHEDULE: 3, EVENTS: 3, ORDER: 3, SETTINGS: 6}
"""File -> the number of deaths after which it is set aside."""
WITHIN_S = 7200.0
"""The preview is made anew once an hour: a file that breaks it is found as well."""


def note_death(folder: Path, boot: str, now: float) -> None:
    """Count a death with an unknown error against the files as they are."""
    before, after = _read(folder), dict[str, Any]()
    going_on = before.get("boot") == boot and now - float(before.get("t", 0.0)) < WITHIN_S
    for name in DEATHS:
        if content := _content(folder / name):
            known = before.get(name) if going_on else None
            count = known["count"] if isinstance(known, dict) and known.get("content") == content else 0
            after[name] = {"content": content, "count": count + 1}
    with contextlib.suppress(OSError):  # the card is full: then nothing can be set aside either
        atomic_file.write_json(folder / CRASHES, {"boot": boot, "t": now, **after})


def set_aside(folder: Path) -> dict[str, Sentence]:
    """Set aside what has reached its number of deaths. File -> a sentence for the owner."""
    said = {}
    known = _read(folder)
    for name, most in DEATHS.items():
        found = known.get(name)
        if not isinstance(found, dict) or found.get("content") != _content(folder / name) or found["count"] < most:
            continue
        if (aside := atomic_file.set_aside(folder / name)) is not None:
            said[name] = say("file.set_aside", file=name, aside=aside.name, count=found["count"])
    return said


def _read(folder: Path) -> dict[str, Any]:
    try:
        return atomic_file.read_json(folder / CRASHES)
    except atomic_file.BadFileError:
        return {}


def _content(path: Path) -> str:
    """Identifies the content of a file; "" without one."""
    try:
        return hashlib.sha256(path.read_bytes()).hexdigest()
    except OSError:
        return ""
