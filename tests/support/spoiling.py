"""Changes values in the converter's answers. For the car's frames: change() in boards.py."""

from collections.abc import Callable

from tests.support.virtual import VirtualBoard
from v2h.pre import objects as pre

Break = Callable[[VirtualBoard], None]


def converter_says(raws: dict[pre.Entry, int], *, add: bool = False) -> Break:
    """Replace the raw values in answers to reads of these objects; add: add to the original values instead."""
    heads = {pre.read_answer(entry, bytes(entry.size))[:4]: entry for entry in raws}

    def spoil(data: bytes) -> bytes:
        entry = heads.get(data[:4])
        if entry is None:
            return data
        old = int.from_bytes(data[4 : 4 + entry.size], "little", signed=entry.signed) if add else 0
        return data[:4] + (old + raws[entry]).to_bytes(entry.size, "little", signed=entry.signed).ljust(4, b"\0")

    def apply(board: VirtualBoard) -> None:
        board.spoil_answer = spoil

    return apply
