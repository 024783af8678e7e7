"""What is known of each slot: /data/system/slot.json, which root writes and everyone may read.

It outlives an update, so the versions before and after must understand each other: unknown keys are ignored, missing
ones have a default, and what cannot be read means "unknown". The card boots without this file: U-Boot reads the active
flag only.
"""

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, NamedTuple

from v2h.runtime.atomic_file import read_json, write_json
from v2h.runtime.paths import DATA
from v2h.slots.mbr import SLOTS

PATH = DATA.parent / "system" / "slot.json"


class Condition(StrEnum):
    """What is known of the root in a slot. GOOD: it has run well, or was written and checked completely. BAD: do not
    start it by an order. UNKNOWN: nobody has tried, as with the empty slot of a new card."""

    GOOD = "good"
    BAD = "bad"
    UNKNOWN = "unknown"


class Why(StrEnum):
    """Why a slot is BAD. A reason of a newer version is read as OTHER."""

    NONE = ""
    WRITING = "writing"
    """An installation into it has begun and has not ended."""
    NOT_STARTED = "not_started"
    """U-Boot went to the other slot after three starts that nobody confirmed."""
    PROGRAMS = "programs"
    """A program of the tree was not alive."""
    PAGE = "page"
    """The status page did not answer."""
    OTHER = "other"


class Slot(NamedTuple):
    """One slot. version: of the root in it, "" when not known. confirmed: this very version has once been in force, so
    its starts are good as soon as its programs run. read: the owner has read why it is BAD."""

    version: str = ""
    condition: Condition = Condition.UNKNOWN
    why: Why = Why.NONE
    confirmed: bool = False
    read: bool = False

    @property
    def proven(self) -> bool:
        """Whether an order may start it: it has been in force, and nothing has gone wrong with it since."""
        return self.condition is Condition.GOOD and self.confirmed


Slots = Mapping[int, Slot]
"""Partition number (2 or 3) to slot; always both."""


def decode(document: Mapping[str, Any]) -> dict[int, Slot]:
    """Both slots from the object {"2": {"version", "state", "why", "confirmed", "read"}, "3": ...}. Never raises."""
    slots = document.get("slots")
    return {number: _slot(slots.get(str(number)) if isinstance(slots, dict) else None) for number in SLOTS}


def _slot(value: object) -> Slot:
    if not isinstance(value, dict):
        return Slot()
    version, state, why = (str(value.get(key, "")) for key in ("version", "state", "why"))
    return Slot(
        version[:100],
        Condition(state) if state in list(Condition) else Condition.UNKNOWN,
        Why(why) if why in list(Why) else Why.OTHER,
        value.get("confirmed") is True,
        value.get("read") is True,
    )


def encode(slots: Slots) -> dict[str, Any]:
    """The JSON object that decode() reads."""
    return {
        "slots": {
            str(number): {
                "version": slot.version,
                "state": slot.condition.value,
                "why": slot.why.value,
                "confirmed": slot.confirmed,
                "read": slot.read,
            }
            for number, slot in slots.items()
        }
    }


def changed(slots: Slots, number: int, slot: Slot) -> dict[int, Slot]:
    """The same slots with another value for one. Raises ValueError for a number that is no slot."""
    if number not in SLOTS:
        raise ValueError(f"partition {number} is no slot: only {list(SLOTS)} are")
    return {**slots, number: slot}


def load(path: Path = PATH) -> dict[int, Slot]:
    """Both slots; a missing file means that both are unknown. A file that cannot be read is moved aside and raises
    BadFileError (v2h.runtime.atomic_file), after which it is missing."""
    return decode(read_json(path))


def save(slots: Slots, path: Path = PATH) -> None:
    """Write the file so that it survives a power cut. Raises OSError. Only root may write there."""
    write_json(path, encode(slots))
