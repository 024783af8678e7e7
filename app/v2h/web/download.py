"""The log as files: CSV line by line, and the database as it is at this moment."""

import csv
import io
import sqlite3
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO, cast

from v2h.web.archive import Row

EVENT_COLUMNS = ("at", "synchronised", "level", "code", "text", "source")
SAMPLE_COLUMNS = ("t", "grid_w", "power_w", "soc_pct")
COPY_PREFIX = ".copy-"


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """RFC 4180 with a header line; a value that is not known is an empty cell."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in rows:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow([row.get(column) for column in columns])
    yield line.getvalue()


def all_events(page: Callable[[int | None], Sequence[Row]]) -> Iterator[Row]:
    """Every event, newest first. page(before): the next ones, those with an id below `before`. The first page is read
    now, so that a log that cannot be read is refused before a file begins."""
    first = page(None)

    def rest(rows: Sequence[Row]) -> Iterator[Row]:
        while rows:
            yield from rows
            rows = page(rows[-1]["id"])

    return rest(first)


def clear_leftovers(folder: Path) -> None:
    """Copies that a power cut left behind."""
    for path in folder.glob(f"{COPY_PREFIX}*"):
        path.unlink(missing_ok=True)


def connect_read_only(path: Path) -> sqlite3.Connection:
    """The database as a reader who leaves no trace: opened merely "read-only", SQLite would make a missing -shm file
    in the reader's name, and the log's own program could then not write any more. Raises sqlite3.Error."""
    how = "readonly_shm=1" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True, timeout=2.0)


def copy_of_database(path: Path) -> BinaryIO:
    """A file of its own, already without a name, beside the database: one reader's view, which waits for no writer.

    Raises OSError, also where SQLite refuses.
    """
    copy = tempfile.NamedTemporaryFile(dir=path.parent, prefix=COPY_PREFIX, suffix=path.suffix)  # noqa: SIM115 - it is sent
    try:
        source = connect_read_only(path)
        try:
            target = sqlite3.connect(copy.name)
            try:
                source.backup(target)
            finally:
                target.close()
        finally:
            source.close()
    except sqlite3.Error as error:
        copy.close()
        raise OSError(f"{path.name}: {error}") from error
    copy.seek(0)
    return cast(BinaryIO, copy)
