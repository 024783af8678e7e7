"""Power cuts while an update is installed: the card's sector 0, both slots and slot.json at random moments of the log.

What must hold after each cut: sector 0 has exactly one active flag; the slot under it holds a complete root, which is
the one of before or, byte for byte, the one of the update; and slot.json is readable, and calls no half-written root
good.
"""

import hashlib
import json
import random
import re
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

from tests.powercuts.cutting import BASE, LOG, PLACE, copy_with_holes
from tests.powercuts.judge import run
from tests.powercuts.recording import REPOSITORY, prepare
from tests.powercuts.writelog import SECTOR, Disk, WriteLog
from tests.support.card import Card, Partition
from tests.support.guest import Guest
from tests.support.machine import BOOT_S
from tests.support.nextversion import next_version
from tests.support.update_owner import UpdateOwner
from v2h.slots import state
from v2h.slots.mbr import MbrError, active_slot
from v2h.slots.state import Condition

HEAD, SLOT_B, WRITTEN = "head.img", "slot-b.img", "update.json"
"""Sector 0 and slot B as they were before; size and SHA-256 of the root in the update, where the slots lie on the card,
and how long the log was when the installation began."""
READ_B = 1 << 20
KNOWN = "/system/slot.json"
LAST = 40
"""RAUC's last steps are the interesting ones: the slot is flushed, slot.json is written, and the flag moves."""


def record(folder: Path) -> None:
    """Boot a new card, install an update with every write logged, and stop. Raises what the guest raises."""
    build = REPOSITORY / "build"
    words = prepare(folder)
    card = Card(build / "v2h.img")
    (folder / HEAD).write_bytes(card.read(0, SECTOR))
    _cut_out(build / "v2h.img", card.partitions()[2], folder / SLOT_B)
    _, bundle = next_version(build, folder / "next")
    with Guest(folder / "run", extra=(*words, "--words", "v2h.confirm_s=20")) as board:
        board.wait_for_shell(BOOT_S)
        board.wait_for_page(BOOT_S)
        board.out(
            "for i in $(seq 120); do grep -q confirmed /data/system/slot.json && exit; sleep 5; done; exit 1", 9000
        )
        owner = UpdateOwner(board)
        owner.bring("v2h.raucb", bundle.read_bytes())
        begun = (folder / LOG).stat().st_size
        known = owner.install()
        assert known["phase"] == "installed", known
        board.sleep(5)
    size_b, sha256 = _root_of(folder / "next" / "bundle.log")
    places = {
        name: {"start": partition.start, "end": partition.start + partition.size}
        for name, partition in zip(("slot_a", "slot_b"), card.partitions()[1:3], strict=True)
    }
    written = {"size_b": size_b, "sha256": sha256, "log_begun_b": begun, **places}
    (folder / WRITTEN).write_text(json.dumps(written))


def _root_of(log: Path) -> tuple[int, str]:
    """Bytes and SHA-256 of the root in a bundle, from what `rauc info` printed when it was made."""
    found = re.search(r"Filename: +root\.img\s+Checksum: +([0-9a-f]{64})\s+Size: [^(]*\((\d+) bytes\)", log.read_text())
    assert found is not None, f"{log} names no root.img with its checksum and size"
    return int(found[2]), found[1]


def _cut_out(image: Path, partition: Partition, target: Path) -> None:
    with image.open("rb") as source, target.open("wb") as out:
        for at in range(0, partition.size, READ_B):
            source.seek(partition.start + at)
            block = source.read(READ_B)
            if block.count(0) < len(block):
                out.seek(at)
                out.write(block)
        out.truncate(partition.size)


@dataclass
class Installing:
    """What the cuts have shown. flags: how often each slot was active. good: how often slot.json called slot B good."""

    cuts: int = 0
    lost: int = 0
    flags: dict[int, int] = field(default_factory=lambda: {2: 0, 3: 0})
    good: int = 0
    files: int = 0
    wrong: list[str] = field(default_factory=list)

    def words(self) -> str:
        """The counts, as text for people."""
        lines = [
            f"{self.cuts} power cuts during the installation, {self.lost} of them with writes lost",
            f"slot A active {self.flags[2]} times, slot B {self.flags[3]} times",
            f"slot.json read {self.files} times; it called slot B good {self.good} times",
            f"{len(self.wrong)} things wrong",
        ]
        return "\n".join(lines + self.wrong[:20])


def holds(image: Path, size_b: int, sha256: str) -> bool:
    """Whether the first size_b bytes have this SHA-256."""
    digest = hashlib.sha256()
    with image.open("rb") as file:
        while size_b > 0 and (block := file.read(min(READ_B, size_b))):
            digest.update(block)
            size_b -= len(block)
    return size_b == 0 and digest.hexdigest() == sha256


def cut_installation(folder: Path, cuts: int, seed: int, every_file: int = 5) -> Installing:
    """Make `cuts` cuts of the installation in `folder`: the last LAST moments, and others by chance. every_file: of so
    many cuts one also looks at slot.json. Raises LogError, FileNotFoundError, ValueError for too short a recording."""
    log, written = WriteLog.read(folder / LOG), json.loads((folder / WRITTEN).read_text())
    first = next(n for n, entry in enumerate(log.entries) if entry.log_end > written["log_begun_b"])
    last = len(log.entries)
    if last - first < LAST or cuts < LAST:
        raise ValueError(f"the installation has {last - first} writes and {cuts} cuts are asked for: {LAST} at least")
    found, chance = Installing(), random.Random(seed)
    for n, entry in enumerate(log.entries):
        if entry.size and entry.at < written["slot_a"]["end"] and entry.at + entry.size > written["slot_a"]["start"]:
            found.wrong.append(f"entry {n} writes into slot A, which runs")
    # The same moment may come again: other writes are lost then.
    others = chance.choices(range(first + 1, last - LAST + 1), k=cuts - LAST)
    moments = sorted([*range(last - LAST + 1, last + 1), *others])
    with tempfile.TemporaryDirectory(dir=folder) as work:
        parts = {}
        for name, source, start in (
            ("head", HEAD, 0),
            ("b", SLOT_B, written["slot_b"]["start"]),
            ("data", BASE, int(json.loads((folder / PLACE).read_text())["start"])),
        ):
            copy_with_holes(folder / source, Path(work) / name)
            parts[name] = Disk(log, Path(work) / name, start)
        for number, moment in enumerate(moments):
            _cut(
                parts, moment, seed + number, found, written, with_file=number % every_file == 0 or moment > last - LAST
            )
    return found


def _cut(
    parts: dict[str, Disk], moment: int, seed: int, found: Installing, written: dict[str, object], *, with_file: bool
) -> None:
    flushed = parts["head"].log.flushed_before(moment)
    for disk in parts.values():
        disk.forward(max(flushed, disk.done))

    def torn(name: str) -> Path:
        """The same writes are lost in each part."""
        copy = parts[name].image.with_suffix(".cut")
        copy_with_holes(parts[name].image, copy)
        kept = parts[name].torn(moment, copy, random.Random(seed))
        if name == "head":
            found.lost += kept < sum(1 for entry in parts[name].log.entries[parts[name].done : moment] if entry.size)
        return copy

    found.cuts += 1
    whole: bool | None = None

    def b_is_whole() -> bool:
        nonlocal whole
        if whole is None:
            whole = holds(torn("b"), int(str(written["size_b"])), str(written["sha256"]))
        return whole

    try:
        active = active_slot(torn("head").read_bytes())
    except MbrError as error:
        found.wrong.append(f"cut after entry {moment}: {error}")
        return
    found.flags[active] += 1
    if active == 3 and not b_is_whole():
        found.wrong.append(f"cut after entry {moment}: slot B is active and not whole")
    if with_file:
        known = read_slots(torn("data"))
        found.files += known is not None
        if known is None:
            found.wrong.append(f"cut after entry {moment}: slot.json cannot be read")
        elif known[3].condition is Condition.GOOD:
            found.good += 1
            if not b_is_whole():
                found.wrong.append(f"cut after entry {moment}: slot B is called good and is not whole")


def read_slots(data: Path) -> dict[int, state.Slot] | None:
    """slot.json of a data partition, which is repaired in place as the board does; None when it cannot be read."""
    if run("e2fsck", "-p", str(data)).returncode not in (0, 1):
        return None
    text = run("debugfs", "-R", f"cat {KNOWN}", str(data)).stdout
    try:
        document = json.loads(text)
    except ValueError:
        return None
    return state.decode(document) if isinstance(document, dict) else None
