"""FILE.json beside a backup: of which eMMC it is, whether it is verified, and the SHA-256 of each area. The rules by
which a backup is refused.
"""

from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass, replace
from typing import Any, NamedTuple

from v2h.vendor import VendorError
from v2h.vendor.layout import SECTOR
from v2h.vendor.rom import HEADER_SECTORS, is_boot_header

FORMAT = "v2h-vendor-backup-1"
DISK = "disk"
"""The area with everything but the chip's two boot partitions, which are the areas boot0 and boot1."""
CONFIRM_LETTERS = 6


class About(NamedTuple):
    """Which eMMC: its card identification register in hex (None for a dump file), and the bytes of each area."""

    cid: str | None
    sizes: dict[str, int]


@dataclass(frozen=True, slots=True)
class Manifest:
    """verified is set only after the eMMC was read twice with the same SHA-256 as the file. sha256: area -> hex."""

    cid: str | None
    sizes: dict[str, int]
    verified: bool = False
    sha256: dict[str, str] | None = None

    @property
    def about(self) -> About:
        return About(self.cid, self.sizes)

    @property
    def confirmation(self) -> str:
        """What the owner types: the last letters of the CID, or of the SHA-256 for a dump file, which has no CID."""
        return (self.cid or (self.sha256 or {}).get(DISK, ""))[-CONFIRM_LETTERS:]

    def with_sums(self, sha256: dict[str, str]) -> "Manifest":
        return replace(self, verified=True, sha256=sha256)

    def to_json(self) -> dict[str, Any]:
        return {"format": FORMAT, **asdict(self)}


def read_manifest(value: dict[str, Any]) -> Manifest:
    """The manifest in a JSON object. Raises VendorError for any other object."""
    try:
        if value["format"] != FORMAT:
            raise ValueError(f"format {value['format']!r}")
        cid = None if value["cid"] is None else str(value["cid"])
        sizes = {str(area): int(size) for area, size in value["sizes"].items()}
        sums = {str(area): str(total) for area, total in (value["sha256"] or {}).items()}
        if not isinstance(value["verified"], bool) or (value["verified"] and sums.keys() != sizes.keys()):
            raise ValueError("verified, but not every area has a SHA-256")
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise VendorError(f"it is not the manifest of a backup by v2h vendor backup: {error!r}") from error
    return Manifest(cid, sizes, value["verified"], sums or None)


def same_emmc(ours: About, other: About) -> str:
    """Why two descriptions cannot be of one eMMC, as the end of a sentence; "" when they can."""
    if ours.cid != other.cid:
        return f"it is of another eMMC: its CID is {other.cid or 'not recorded'}, this one has {ours.cid or 'none'}"
    if ours.sizes != other.sizes:
        return f"it is of another eMMC: its areas have {other.sizes} bytes, here they have {ours.sizes}"
    return ""


def check_usable(manifest: Manifest, about: About) -> None:
    """Raises VendorError when this backup must not be the base of a change of this eMMC."""
    if not manifest.verified:
        raise VendorError("the backup is not verified: run v2h vendor backup again, it continues where it stopped")
    if why := same_emmc(about, manifest.about):
        raise VendorError(f"the backup does not fit: {why}")


def compare_headers(saved: dict[int, bytes], present: dict[int, bytes]) -> dict[int, bytes]:
    """The boot headers of the backup, by sector. saved and present: the sectors HEADER_SECTORS of the backup and of the
    eMMC. A sector without a boot header in the backup is never touched. Raises VendorError when a header's sector holds
    neither the saved header, nor zeros, nor a part of the header and zeros, as a power cut may leave it."""
    headers = {number: saved[number] for number in HEADER_SECTORS if is_boot_header(saved[number])}
    if not headers:
        raise VendorError(f"none of the sectors {HEADER_SECTORS} of the backup begins with a boot header")
    for number, header in headers.items():
        if any(byte not in (0, wanted) for byte, wanted in zip(present[number], header, strict=True)):
            raise VendorError(
                f"sector {number} of the eMMC holds neither the boot header of the backup nor zeros. If a power cut "
                "has damaged it, the file .undo.txt beside the backup says how to write it by hand"
            )
    return headers


def with_sectors(chunks: Iterable[bytes], sectors: dict[int, bytes]) -> Iterator[bytes]:
    """The chunks of a disk from its begin on, with these sectors replaced. No sector is split between two chunks."""
    at = 0
    for chunk in chunks:
        changed = bytearray(chunk)
        for number, content in sectors.items():
            if at <= number * SECTOR < at + len(chunk):
                changed[number * SECTOR - at : number * SECTOR - at + SECTOR] = content
        at += len(chunk)
        yield bytes(changed)


def undo_text(name: str, manifest: Manifest, headers: dict[int, bytes]) -> str:
    """The way back for a person, with this software and without it. name: of the backup."""
    lines = [
        "v2h vendor disable cleared the boot headers of the vendor's eMMC in the sectors "
        f"{', '.join(map(str, headers))}. Nothing else was changed.",
        f"The eMMC: CID {manifest.cid or 'not known (a dump file)'}, {manifest.sizes[DISK]} bytes.",
        f"Its SHA-256 before: {(manifest.sha256 or {})[DISK]}",
        "",
        "The way back, on the board, as root:",
        f"  v2h vendor restore {name}",
        "",
        "The way back without this software, with the eMMC as DEVICE (lsblk shows it):",
        *(f"  dd if={name} of=DEVICE bs=512 skip={n} seek={n} count=1 conv=notrunc,fsync" for n in headers),
        "",
        "The cleared sectors in hex, if the backup is lost:",
        *(f"  sector {number}: {content.rstrip(bytes(1)).hex()} and zeros" for number, content in headers.items()),
    ]
    return "\n".join(lines) + "\n"
