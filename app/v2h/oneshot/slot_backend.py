"""RAUC's custom bootloader backend: RAUC asks it which slot starts next, and orders which one shall.

    slot_backend get-primary              prints A or B: the active flag of the card's partition table
    slot_backend set-primary A|B          sets that flag; RAUC calls it last, when the slot is written completely
    slot_backend get-state A|B            prints good or bad
    slot_backend set-state A|B good|bad   RAUC calls it with "bad" before it writes
    slot_backend get-current              prints A or B: the slot that runs

What is known of each slot is in slot.json (v2h.slots.state). U-Boot reads the flag alone. Exit code 0 done, 1 failed,
with the reason on stderr, which RAUC logs. Interface: RAUC 1.13, "Custom" in its integration chapter.
"""

import sys
from collections.abc import Sequence
from pathlib import Path

from v2h.runtime.atomic_file import BadFileError
from v2h.slots import card, state
from v2h.slots.card import NoCardError
from v2h.slots.mbr import MbrError, running_slot
from v2h.slots.state import Condition, Slot, Why

NAMES = {2: "A", 3: "B"}
"""Partition number to bootname (/etc/rauc/system.conf)."""
NUMBERS = {name: number for number, name in NAMES.items()}
COMMAND_LINE = Path("/proc/cmdline")


def run(words: Sequence[str], disk: Path, known: Path, command_line: str) -> str:
    """Carry out one call of RAUC's and return what to print. disk: the card; known: slot.json. Raises ValueError for a
    call that is not in the list above, OSError, MbrError, NoCardError."""
    match words:
        case ["get-primary"]:
            return NAMES[card.read_active(disk)]
        case ["get-current"]:
            running = running_slot(command_line)
            if running is None:
                raise NoCardError(f"no slot runs: {command_line.strip()}")
            return NAMES[running]
        case ["set-primary", name] if name in NUMBERS:
            _put(known, NUMBERS[name], good=True)  # before the flag, so that the flag is the last write
            card.activate(disk, NUMBERS[name])
            return ""
        case ["get-state", name] if name in NUMBERS:
            slot = _known(known)[NUMBERS[name]]
            return "bad" if slot.condition == Condition.BAD else "good"
        case ["set-state", name, "good" | "bad" as new] if name in NUMBERS:
            _put(known, NUMBERS[name], good=new == "good")
            return ""
    raise ValueError(f"unknown call: {' '.join(words) or 'nothing'}")


def _known(path: Path) -> dict[int, Slot]:
    try:
        return state.load(path)
    except BadFileError:  # moved aside: nothing is known of the slots, and the card starts all the same
        return state.load(path)


def _put(path: Path, number: int, *, good: bool) -> None:
    """A slot that becomes bad here is about to be written: its version and its confirmation are void."""
    slots = _known(path)
    slot = slots[number]
    new = slot._replace(condition=Condition.GOOD, why=Why.NONE) if good else Slot("", Condition.BAD, Why.WRITING)
    if new != slot:
        state.save(state.changed(slots, number, new), path)


def main() -> int:
    try:
        disk = card.disk(Path("/").stat().st_dev)
        said = run(sys.argv[1:], disk, state.PATH, COMMAND_LINE.read_text())
    except (OSError, ValueError, NoCardError, MbrError) as error:
        print(f"slot_backend: {error}", file=sys.stderr)
        return 1
    if said:
        print(said)
    return 0


if __name__ == "__main__":
    sys.exit(main())
