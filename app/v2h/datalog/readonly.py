"""How a reader opens the log, and which of its errors mean that the file is damaged.

`datalog` writes at the same time (writer.py), and the `-shm` file must belong to it. With plain "read-only", SQLite
creates a missing `-shm` file, which then belongs to the user of the reader, and the log could not be written any more.
So readonly_shm is used. Without a `-wal` file of a writer, nobody has the file open, and it is opened as immutable.
"""

import sqlite3
from pathlib import Path


def connect_read_only(path: Path) -> sqlite3.Connection:
    """Open the log for reading, without creating or changing a file. Raises sqlite3.Error."""
    how = "readonly_shm=1" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True, timeout=5.0)


def quick_check(path: Path) -> str:
    """Check the whole file: "" when every page is whole, else the first error that was found. Raises sqlite3.Error."""
    connection = connect_read_only(path)
    try:
        (said,) = connection.execute("pragma quick_check(1)").fetchone()
    finally:
        connection.close()
    return "" if said == "ok" else str(said).splitlines()[-1]


def is_damage(error: sqlite3.Error) -> bool:
    """Whether the file's content is lost or cannot be read from the card; not when it is busy, full or missing."""
    return type(error) is sqlite3.DatabaseError or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_READ
