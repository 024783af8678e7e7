"""The vendor's /boot/fitImage: a device tree whose nodes hold kernel, board DTB and root file system (U-Boot's "FIT",
doc/usage/fit/source_file_format.rst), and the header of the squashfs in it.
"""

import hashlib
import struct
import zlib
from collections.abc import Callable
from typing import NamedTuple

from v2h.vendor import VendorError
from v2h.vendor.devicetree import Tree, cells, parse, words

NAMES = {"kernel": "kernel", "flat_dt": "board.dtb", "ramdisk": "root.squashfs"}
"""The type of an image, and the name under which `v2h vendor extract` saves it."""
DIGESTS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": lambda data: zlib.crc32(data).to_bytes(4),
    "md5": lambda data: hashlib.md5(data, usedforsecurity=False).digest(),
    "sha1": lambda data: hashlib.sha1(data, usedforsecurity=False).digest(),
    "sha256": lambda data: hashlib.sha256(data).digest(),
}
"""The checksums that an image may carry, by U-Boot's name. They show damage; only the signature shows a forgery."""
COMPRESSIONS = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}


class Image(NamedTuple):
    """One image: name of its node, type such as "kernel", description, and its bytes. checksums: "sha1" -> whether the
    bytes have it, for each checksum that is known."""

    name: str
    kind: str
    description: str
    data: bytes
    checksums: dict[str, bool]

    @property
    def damaged(self) -> bool:
        return not all(self.checksums.values())


class Fit(NamedTuple):
    """configuration: the one that U-Boot starts; version: its description, where the vendor writes the version; keys:
    names of the keys that signed it; made_s: Unix time or None."""

    description: str
    made_s: int | None
    configuration: str
    version: str
    keys: tuple[str, ...]
    images: tuple[Image, ...]


class Squashfs(NamedTuple):
    """Where a squashfs is in a file, in bytes."""

    offset: int
    size: int
    compression: str


def read_fit(blob: bytes) -> Fit:
    """The content of a fitImage. Raises VendorError for any other file and for a damaged one."""
    try:
        found = _fit(blob)
    except (ValueError, struct.error) as error:
        raise VendorError(f"fitImage: {error}") from error
    if not found.images:
        raise VendorError("fitImage: it holds no image")
    return found


def squashfs_in(blob: bytes) -> Squashfs | None:
    """The squashfs at the begin of an image, by its superblock; None when there is none. Raises VendorError when the
    image is shorter than the superblock says."""
    if blob[:4] != b"hsqs":
        return None
    if len(blob) < 96:
        raise VendorError("the squashfs is cut off in its superblock")
    (compression,) = struct.unpack_from("<H", blob, 20)
    (size,) = struct.unpack_from("<Q", blob, 40)
    if size > len(blob):
        raise VendorError(f"the squashfs is cut off: it has {len(blob)} of {size} bytes")
    return Squashfs(0, size, COMPRESSIONS.get(compression, f"method {compression}"))


def _fit(blob: bytes) -> Fit:
    """Raises ValueError or struct.error when the blob is no device tree, or is damaged."""
    tree = parse(blob)
    (total,) = struct.unpack_from(">I", blob, 4)
    top = tree.get("/", {})
    paths = [path for path in tree if path.startswith("/images/") and path.count("/") == 2]
    configuration = _word(tree.get("/configurations", {}), "default")
    return Fit(
        _word(top, "description"),
        _number(top, "timestamp") if "timestamp" in top else None,
        configuration,
        _word(tree.get(f"/configurations/{configuration}", {}), "description"),
        _keys(tree),
        tuple(_image(path, tree, blob, _aligned(total)) for path in paths),
    )


def _image(path: str, tree: Tree, blob: bytes, behind: int) -> Image:
    """behind: where the data begins that is not inside the tree (mkimage -E)."""
    node = tree[path]
    if "data" in node:
        data = node["data"]
    elif "data-size" in node:
        size = _number(node, "data-size")
        at = _number(node, "data-position") if "data-position" in node else behind + _number(node, "data-offset")
        data = blob[at : at + size]
        if len(data) != size:
            raise ValueError(f"{path} is cut off: {len(data)} of {size} bytes")
    else:
        raise ValueError(f"{path} has no data")
    hashes = [node for name, node in tree.items() if name.startswith(f"{path}/hash")]
    named = [(_word(node, "algo"), node.get("value", b"")) for node in hashes]
    checksums = {algo: DIGESTS[algo](data) == value for algo, value in named if algo in DIGESTS}
    return Image(path.rpartition("/")[2], _word(node, "type"), _word(node, "description"), data, checksums)


def _keys(tree: Tree) -> tuple[str, ...]:
    hints = (_word(node, "key-name-hint") for path, node in tree.items() if "/signature" in path)
    return tuple(sorted({hint for hint in hints if hint}))


def _number(node: dict[str, bytes], name: str) -> int:
    if len(node.get(name, b"")) != 4:
        raise ValueError(f"{name} is not a number of 32 bits")
    return cells(node[name])[0]


def _word(node: dict[str, bytes], name: str) -> str:
    return words(node[name])[0] if name in node else ""


def _aligned(size: int) -> int:
    return -(-size // 4) * 4
