"""What `v2h vendor inspect` found, as lines for people."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from v2h.vendor.layout import SECTOR

GUESS = "a guess from one published boot log: the higher version number of partitions 2 and 3, else partition 1"


def describe(found: dict[str, Any]) -> str:
    """found: the result of v2h.vendor.shell.unpack.inspect()."""
    return "\n".join([*_disk(found), *(line for slot in found["slots"] for line in _slot(slot)), *_end(found)])


def _disk(found: dict[str, Any]) -> Iterator[str]:
    yield f"{found['source']}: the vendor's eMMC, CID {found['cid'] or 'unknown (a dump file)'}"
    for area, size in found["areas"].items():
        yield f"  {area}: {size} bytes"
    for entry in found["partitions"]:
        active = ", active" if entry["active"] else ""
        size_mb = entry["sectors"] * SECTOR / 1e6
        yield (
            f"  partition {entry['number']}: {size_mb:.1f} MB, {entry['sectors']} sectors from {entry['start']} on, "
            f"type {entry['kind']:02x}{active}"
        )
    headers = ", ".join(map(str, found["boot_headers"]))
    yield f"  boot headers in sectors: {headers or 'none: cleared, or never written'}"
    yield f"  the ROM starts {found['rom_starts'] or 'nothing here and goes on to the card'}"


def _slot(slot: dict[str, Any]) -> Iterator[str]:
    said = slot["version"] or slot["description"] or "no description"
    yield f"partition {slot['partition']}: {slot['problem'] or said}"
    if slot["made_s"] is not None:
        made = datetime.fromtimestamp(slot["made_s"], UTC)
        yield f"  made {made:%Y-%m-%d %H:%M} UTC, signed by {', '.join(slot['signed_by']) or 'nobody'}"
    if slot["boot_status"]:
        yield f"  /boot/bootstatus: {slot['boot_status'][:80]}"
    for image in slot["images"]:
        squashfs = image["squashfs"] or {}
        more = f", squashfs {squashfs.get('compression', squashfs.get('problem'))}" if squashfs else ""
        sums = "".join(f", {algo} {'right' if right else 'WRONG'}" for algo, right in image["checksums"].items())
        yield f"  {image['type'] or image['name']}: {image['bytes']} bytes, {image['description']}{more}{sums}"


def _end(found: dict[str, Any]) -> Iterator[str]:
    number = found["probably_starts"]
    yield f"U-Boot {f'probably starts partition {number}' if number else 'starts an unknown partition'} ({GUESS})"
    settings = found["settings"]
    yield f"/etc/default/ssb: {settings['found_in'] or settings['problem']}"
    for name, value in settings["values"].items():
        yield f"  {name} = {value}"
