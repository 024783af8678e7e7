"""The vendor's /boot/fitImage: a device tree whose nodes hold kernel, board DTB and root file system (U-Boot's "FIT",
doc/usage/fit/source_file_format.rst), and the header of the squashfs in it.
"""

import struct
from typing import NamedTuple

from v2h.vendor import VendorError
from v2h.vendor.devicetree import Tree, cells, parse, words

NAMES = {"kernel": "kernel", "flat_dt": "board.dtb", "ramdisk": "root.squashfs"}
"""The type of an image, and the name under which `v2h vendor extract` saves it."""
COMPRESSIONS = {1: "gzip", 2: "lzma", 3: "lzo", 4: "xz", 5: "lz4", 6: "zstd"}


class Image(NamedTuple):
    """One image: name of its node, type such as "kernel", description, and its bytes."""

    name: str
    kind: str
    description: str
    data: bytes


class Fit(NamedTuple):
    """configuration: the one that U-Boot starts; keys: names of the keys that signed it; made_s: Unix time or None."""

    description: str
    made_s: int | None
    configuration: str
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
        tree = parse(blob)
        (total,) = struct.unpack_from(">I", blob, 4)
        top = tree.get("/", {})
        paths = [path for path in tree if path.startswith("/images/") and path.count("/") == 2]
        images = tuple(_image(path, tree[path], blob, _aligned(total)) for path in paths)
    except (ValueError, struct.error) as error:
        raise VendorError(f"fitImage: {error}") from error
    if not images:
        raise VendorError("fitImage: it holds no image")
    made = top.get("timestamp")
    return Fit(
        _word(top, "description"),
        cells(made)[0] if made else None,
        _word(tree.get("/configurations", {}), "default"),
        _keys(tree),
        images,
    )


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


def _image(path: str, node: dict[str, bytes], blob: bytes, behind: int) -> Image:
    """behind: where the data begins that is not inside the tree (mkimage -E)."""
    if "data" in node:
        data = node["data"]
    elif "data-size" in node:
        (size,) = cells(node["data-size"])
        at = cells(node["data-position"])[0] if "data-position" in node else behind + cells(node["data-offset"])[0]
        data = blob[at : at + size]
        if len(data) != size:
            raise ValueError(f"{path} is cut off: {len(data)} of {size} bytes")
    else:
        raise ValueError(f"{path} has no data")
    return Image(path.rpartition("/")[2], _word(node, "type"), _word(node, "description"), data)


def _keys(tree: Tree) -> tuple[str, ...]:
    hints = (_word(node, "key-name-hint") for path, node in tree.items() if "/signature" in path)
    return tuple(sorted({hint for hint in hints if hint}))


def _word(node: dict[str, bytes], name: str) -> str:
    return words(node[name])[0] if name in node else ""


def _aligned(size: int) -> int:
    return -(-size // 4) * 4
