"""Captures in formats that are not ours to read: python-can's readers, and the names of those that nothing here reads.

The kind of a file is recognised by its first bytes, because people rename files.
"""

import sqlite3
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from v2h.capture.lines import Raw

READERS = {
    "LOGG": "BLFReader",
    ";": "TRCReader",
    "date ": "ASCReader",
    "base ": "ASCReader",
    "timestamp,arbitration_id,": "CSVReader",
    "SQLite format 3": "SqliteReader",
    "MDF     ": "MF4Reader",
}
"""How the file begins (upper or lower case) -> the class of python-can that reads it."""
WIRESHARK = "a Wireshark capture: only `v2h decode` reads it, and only a CCS car's; record CAN with `candump -L`"
REFUSED = {
    b"PK\x03\x04": "a ZIP archive or a spreadsheet's workbook: unpack it, or save the sheet as CSV",
    b"\x1f\x8b": "compressed by gzip: unpack it first",
    b"\xd4\xc3\xb2\xa1": WIRESHARK,
    b"\x0a\x0d\x0d\x0a": WIRESHARK,
    b"***BUSMASTER": "a BUSMASTER log: open it in SavvyCAN and save it as GVRET CSV",
}
"""First bytes -> what the file is and what to do."""
BROKEN = (
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
    sqlite3.Error,
    struct.error,
    zlib.error,
)
"""What python-can's readers raise at a broken file."""


class ReaderError(ValueError):
    """python-can is missing, or it cannot read (the rest of) the file."""


def refused(head: bytes) -> str:
    """What this file is and what to do, if nothing here reads it; else ""."""
    return next((words for start, words in REFUSED.items() if head.startswith(start)), "")


def reader_of(head: str) -> str | None:
    """The name of python-can's reader for a file that begins so; None: it is not one of python-can's formats."""
    start = head.lstrip("\ufeff").lower()
    return next((reader for begins, reader in READERS.items() if start.startswith(begins.lower())), None)


def raws(path: Path, reader: str) -> Iterator[Raw | str]:
    """Every frame; a text for one that is not a plain data frame. Raises ReaderError."""
    try:
        import can
        from can.io.blf import BLFParseError
    except ImportError as error:
        raise ReaderError("python-can is needed to read this file: install the package python3-can") from error
    name = reader.removesuffix("Reader")
    try:
        for message in getattr(can, reader)(path):
            yield _raw(message)
    except (*BROKEN, can.CanError, BLFParseError) as error:
        raise ReaderError(f"python-can cannot read it as {name}: {str(error) or type(error).__name__}") from error


def _raw(message: Any) -> Raw | str:
    for flag, words in (
        ("is_error_frame", "an error frame"),
        ("is_remote_frame", "a remote frame"),
        ("is_fd", "CAN FD"),
    ):
        if getattr(message, flag):
            return words
    bus = message.channel if isinstance(message.channel, int) else 0
    micros = round(message.timestamp * 1e6)
    return Raw(micros, message.arbitration_id, bytes(message.data), bus, bool(message.is_extended_id))
