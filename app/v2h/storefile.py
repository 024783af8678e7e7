"""How a reader opens the log, and which of its errors say that the file is damaged.

datalog writes beside us (v2h.storewriter). Its `-shm` file must be its own: SQLite opened merely "read-only" makes one
when there is none, in the reader's name, and the log could then not be written any more. Hence readonly_shm; where no
writer has left a `-wal`, nobody has the file open and it is read as it lies (immutable).
"""

import sqlite3
from pathlib import Path


def connect_read_only(path: Path) -> sqlite3.Connection:
    """The log as a reader who leaves no trace. Raises sqlite3.Error."""
    how = "readonly_shm=1" if path.with_name(f"{path.name}-wal").exists() else "immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro&{how}", uri=True, timeout=5.0)


def quick_check(path: Path) -> str:
    """Looks through the whole file: "" when every page is whole, else the first thing that is wrong. Raises
    sqlite3.Error."""
    connection = connect_read_only(path)
    try:
        (said,) = connection.execute("pragma quick_check(1)").fetchone()
    finally:
        connection.close()
    return "" if said == "ok" else str(said).splitlines()[-1]


def is_damage(error: sqlite3.Error) -> bool:
    """The file's content is lost, or the card does not give it any more; not merely busy, full or not there."""
    return type(error) is sqlite3.DatabaseError or getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_IOERR_READ
