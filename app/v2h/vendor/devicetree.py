"""A flattened device tree as plain data (Devicetree Specification, chapter 5): paths to properties to bytes."""

import struct

BEGIN_NODE, END_NODE, PROPERTY, NOP, END = 1, 2, 3, 4, 9
MAGIC = 0xD00DFEED
Tree = dict[str, dict[str, bytes]]


def parse(blob: bytes) -> Tree:
    """{"/soc/uart@1": {"status": b"okay\\0"}}, nodes in the order of the blob. Raises ValueError for any other file,
    and for one that is cut off."""
    try:
        return _parse(blob)
    except (struct.error, IndexError) as error:
        raise ValueError(f"a device tree that is cut off: {error}") from error


def _parse(blob: bytes) -> Tree:
    magic, _, structure, strings = struct.unpack_from(">4I", blob)
    if magic != MAGIC:
        raise ValueError(f"not a device tree: begins with {magic:08x}")
    tree: Tree = {}
    path: list[str] = []
    at = structure
    while True:
        (token,) = struct.unpack_from(">I", blob, at)
        at += 4
        if token == BEGIN_NODE:
            name = _text(blob, at)
            at += _padded(len(name) + 1)
            path.append(name)
            tree["/".join(path) or "/"] = {}
        elif token == END_NODE:
            path.pop()
        elif token == PROPERTY:
            size, name_at = struct.unpack_from(">II", blob, at)
            tree["/".join(path) or "/"][_text(blob, strings + name_at)] = blob[at + 8 : at + 8 + size]
            at += 8 + _padded(size)
        elif token == END:
            return tree
        elif token != NOP:
            raise ValueError(f"unknown token {token} at byte {at - 4}")


def cells(value: bytes) -> tuple[int, ...]:
    """The 32-bit numbers of a property."""
    return struct.unpack(f">{len(value) // 4}I", value)


def words(value: bytes) -> list[str]:
    """The strings of a property."""
    return value.removesuffix(b"\0").decode().split("\0")


def _text(blob: bytes, at: int) -> str:
    return blob[at : blob.index(b"\0", at)].decode()


def _padded(size: int) -> int:
    return -(-size // 4) * 4
