"""The active flag of the card's partition table: the pointer to the root that U-Boot starts.

Only partition 2 (slot A) and partition 3 (slot B) may be active. A new version is written into the other slot, and one
byte in sector 0 then makes it the next one to start. Nothing else on the card remembers the choice.
"""

from v2h.vendor import VendorError
from v2h.vendor.layout import OUR_DISK_ID, read_table

SLOTS = (2, 3)
"""The partition numbers of the roots (image/genimage.cfg)."""
ENTRY_AT, ENTRY_B = 446, 16
"""Where the entries of a partition table begin, and the bytes of each one; its first byte is the active flag."""
ACTIVE, INACTIVE = 0x80, 0x00


class MbrError(ValueError):
    """Sector 0 is not the one of this project's card. The text says what was found and what to do."""


def active_slot(sector: bytes) -> int:
    """The slot whose partition is active, 2 or 3, in sector 0 of the card. Raises MbrError."""
    try:
        table = read_table(sector)
    except VendorError:
        raise MbrError(
            f"sector 0 ({len(sector)} bytes) has no partition table: write the card again with `make flash`"
        ) from None
    if table.disk_id != OUR_DISK_ID:
        raise MbrError(f"the disk id is {table.disk_id:08x}, this project's card has {OUR_DISK_ID:08x}: wrong disk")
    active = [partition.number for partition in table.partitions if partition.active]
    if len(active) != 1 or active[0] not in SLOTS:
        raise MbrError(
            f"the active partitions are {active}, exactly one of {list(SLOTS)} must be: "
            "run `sfdisk --activate` on the card with the number of a good root, or write the card again"
        )
    return active[0]


def with_active(sector: bytes, slot: int) -> bytes:
    """The same sector 0 with the flag at `slot`, 2 or 3: two bytes differ, or none. Raises MbrError."""
    active_slot(sector)
    if slot not in SLOTS:
        raise MbrError(f"partition {slot} is no slot: only {list(SLOTS)} can be active")
    changed = bytearray(sector)
    for number in SLOTS:
        changed[ENTRY_AT + ENTRY_B * (number - 1)] = ACTIVE if number == slot else INACTIVE
    return bytes(changed)


def other(slot: int) -> int:
    """The slot beside this one. Raises MbrError for a number that is no slot."""
    if slot not in SLOTS:
        raise MbrError(f"partition {slot} is no slot: only {list(SLOTS)} are")
    return sum(SLOTS) - slot


def part_uuid(slot: int) -> str:
    """The name of the slot's partition in /dev/disk/by-partuuid: "56324831-02"."""
    return f"{OUR_DISK_ID:08x}-{slot:02x}"


def running_slot(command_line: str) -> int | None:
    """The slot whose root runs, from the kernel's command line; None when this root is not a slot of the card."""
    roots = [word.removeprefix("root=PARTUUID=") for word in command_line.split() if word.startswith("root=")]
    return next((slot for slot in SLOTS if roots[-1:] == [part_uuid(slot)]), None)
