"""Writing the log: SQLite in WAL mode, seldom and safely. datalog alone writes.

Samples, minutes and days gather in memory and are written in one transaction by flush(); events are written at once.
synchronous=FULL: what is committed survives a power cut, and a minute is what one may lose. A file that SQLite cannot
read is moved aside and a fresh one begun. What is too old, or more than the card is to hold, goes, oldest first.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from v2h.bus import Event
from v2h.storecheck import StoreCheck
from v2h.storerows import added, dicts, insert, replace, text
from v2h.storeschema import BOOT_SPAN, FILE_NAME, PENDING, VERSION, key, migrate

CLOCK_MOVED_S = 1.0
"""The boot's wall-clock offset is written again only when it moved by more than this."""
KEEP_UNWRITTEN = 1000
"""Rows kept while the disk refuses; older ones are dropped first (2.7 h of samples of an active session)."""
DAY_S = 86400.0
KEEP_S = {"samples": 31 * DAY_S, "minutes": 400 * DAY_S, "events": 400 * DAY_S}
"""Days are kept for good: a decade of them is a megabyte."""
MAX_BYTES = 256 * 2**20
"""Of the database; a year of daily use comes to about 100 MiB."""
PRUNE_ROWS = 2000
"""Deleted at most in one transaction, so that no commit is a long one."""
WAL_FRAMES = 256
"""Checkpoint after so many pages: an hour or so."""
WAL_BYTES = (WAL_FRAMES + 64) * (4096 + 24) + 32
"""The size that the write-ahead log has from the beginning and keeps, by SQLite's file format. A commit into a file
that does not grow writes its pages and no more; one that grows makes the file system write to its journal as well."""
TOLD_AGAIN = 500
"""Among so many of the newest events one is looked for that is told again: more than all programs together keep."""
KEEP_BROKEN = 2
"""Files moved aside; the newest takes the last one's place."""
_SAME_EVENT = (
    f"select 1 from (select boot, t, code, source from events order by id desc limit {TOLD_AGAIN}) "
    "where boot = ? and t = ? and code = ? and source = ?"
)


class StoreError(OSError):
    """The database cannot be opened or written: names the file and SQLite's reason. Worth trying again."""


class StoreWriter:
    """One database. moved(where, why): called when a file that cannot be read has been put there, before a fresh one
    is begun; what was kept in memory goes into that.

    Raises StoreError from every method that touches the disk. A file that could not be opened is tried again by the
    next one.
    """

    def __init__(
        self,
        folder: Path,
        boot: str,
        version: str,
        max_bytes: int = MAX_BYTES,
        moved: Callable[[Path, str], None] = lambda where, why: None,
    ) -> None:
        self.path = folder / FILE_NAME
        self._boot_id, self._version, self._max_bytes, self._moved = boot, version, max_bytes, moved
        self._rows: dict[str, list[dict[str, Any]]] = {"samples": [], "minutes": []}
        self._days: dict[str, dict[str, Any]] = {}
        self._connection: sqlite3.Connection | None = None
        self._boot = 0
        self._offset_s: float | None = None
        self._synchronised = False
        self._check: StoreCheck | None = None
        self._open()

    # What is known of the clock.

    def set_clock(self, wall_offset_s: float, synchronised: bool) -> None:
        """Tell the offset of this boot: wall clock minus monotonic clock, s; written only when it changed."""
        known = self._offset_s is not None and abs(wall_offset_s - self._offset_s) <= CLOCK_MOVED_S
        if known and synchronised == self._synchronised:
            return
        with self._transaction() as connection:
            connection.execute(
                "update boots set wall_offset_s = ?, synchronised = ? where id = ?",
                (wall_offset_s, int(synchronised), self._boot),
            )
        self._offset_s, self._synchronised = wall_offset_s, synchronised

    def pending_day(self, t: float) -> str:
        """Where the energy of t (monotonic s) counts while the date is not known: an hour of this boot."""
        return f"{PENDING}{self._boot}+{int(t // 3600):05d}"

    def settle_days(self, day_of: Callable[[float], str]) -> None:
        """The clock is known: the hours of this boot become part of their days. day_of: s since 1970 -> ISO date."""
        if self._offset_s is None:
            return
        like = f"{PENDING}{self._boot}+%"
        with self._transaction() as connection:
            for hour in dicts(connection.execute("select * from days where day like ? order by day", (like,))):
                middle_t = (int(hour["day"].rpartition("+")[2]) + 0.5) * 3600
                day = day_of(middle_t + self._offset_s)
                there = dicts(connection.execute("select * from days where day = ?", (day,)))
                connection.execute(*replace("days", {**added(there[0] if there else {}, hour), "day": day}))
            connection.execute("delete from days where day like ?", (like,))

    # Rows.

    def add_sample(self, t: float, values: Mapping[str, Any]) -> None:
        """Keep one sample for the next flush(); values: columns of the table samples."""
        self._keep("samples", t, values)

    def add_minute(self, t: float, values: Mapping[str, Any]) -> None:
        """Keep the summary of the minute that began at t."""
        self._keep("minutes", t, values)

    def set_day(self, day: str, totals: Mapping[str, Any]) -> None:
        """The totals of a day (ISO date, or pending_day()) as they are now, for the next flush()."""
        self._days[day] = {"day": day, **totals}

    def day(self, day: str) -> dict[str, Any]:
        """The totals written for that day, without its name; {} when there are none."""
        with self._reading() as connection:
            found = dicts(connection.execute("select * from days where day = ?", (day,)))
        return {name: value for name, value in found[0].items() if name != "day"} if found else {}

    def add_event(self, event: Event) -> None:
        """Write one event now, unless it is there already."""
        told = {name: text(getattr(event, name)) for name in ("level", "code", "text", "source")}
        values = json.dumps(event.values, separators=(",", ":"))
        same = (self._boot, event.t, told["code"], told["source"])
        with self._transaction() as connection:
            if connection.execute(_SAME_EVENT, same).fetchone() is None:
                row = {"boot": self._boot, "t": event.t, **told, "values": values}
                connection.execute(*insert("events", row))

    def flush(self) -> int:
        """Write what is kept in one transaction; returns how many rows. They stay kept when it fails."""
        self._judge()
        count = sum(map(len, self._rows.values())) + len(self._days)
        if count:
            with self._transaction() as connection:
                for table, rows in self._rows.items():
                    for row in rows:
                        connection.execute(*replace(table, {**row, "id": key(self._boot, row["id"])}))
                for day in self._days.values():
                    connection.execute(*replace("days", day))
            self._rows = {table: [] for table in self._rows}
            self._days = {}
        return count

    def prune(self, now_wall_s: float) -> int:
        """Delete rows that are too old (only while the clock is known) or too many; returns how many. A little at a
        time: call it every hour or so."""
        deleted = 0
        with self._transaction() as connection:
            if self._synchronised:
                for table, keep_s in KEEP_S.items():
                    deleted += self._prune_old(connection, table, now_wall_s - keep_s)
            (pages,) = connection.execute("pragma page_count").fetchone()
            (free,) = connection.execute("pragma freelist_count").fetchone()
            (page_bytes,) = connection.execute("pragma page_size").fetchone()
            if (pages - free) * page_bytes > self._max_bytes:
                for table in KEEP_S:  # the finest first
                    gone = _delete_oldest(connection, table, BOOT_SPAN * (self._boot + 1))
                    deleted += gone
                    if gone == PRUNE_ROWS:
                        break
        return deleted

    def doubt(self) -> None:
        """Somebody could not read the file. It is looked through beside the work; a flush() after that begins a fresh
        one if it is broken."""
        if self._check is None:
            self._check = StoreCheck(self.path)

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            self._disconnect()

    def _keep(self, table: str, t: float, values: Mapping[str, Any]) -> None:
        self._rows[table].append({"id": t, **values})
        del self._rows[table][:-KEEP_UNWRITTEN]

    def _prune_old(self, connection: sqlite3.Connection, table: str, before_wall_s: float) -> int:
        column = "boot" if table == "events" else f"id / {BOOT_SPAN}"
        oldest = connection.execute(f"select {column} from {table} order by id limit 1").fetchone()
        boot = oldest and connection.execute("select id, wall_offset_s from boots where id = ?", oldest).fetchone()
        if not boot or boot[1] is None:
            return 0
        before_t = before_wall_s - boot[1]
        if table == "events":
            sql = "delete from events where id in (select id from events where boot = ? and t < ? order by id limit ?)"
            return int(connection.execute(sql, (boot[0], before_t, PRUNE_ROWS)).rowcount)
        return _delete_oldest(connection, table, key(boot[0], before_t))

    # Opening, transactions, and a file that is broken.

    def _open(self) -> sqlite3.Connection:
        try:
            return self._connect()
        except (OSError, sqlite3.OperationalError) as error:
            raise StoreError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            self._move_aside(str(error))
        try:
            return self._connect()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path}: cannot begin afresh: {error}") from error

    def _connect(self) -> sqlite3.Connection:
        self._offset_s, self._synchronised = None, False  # of this boot in another file, nothing is known
        connection = sqlite3.connect(self.path, timeout=5.0, isolation_level=None)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = off")  # Debian's default writes zeros over what is deleted
            found = migrate(connection)
            if found > VERSION:
                raise sqlite3.DatabaseError(f"written by a later version: schema {found}, this one has {VERSION}")
            connection.execute("insert or ignore into boots (boot) values (?)", (self._boot_id,))
            connection.execute("update boots set version = ? where boot = ?", (self._version, self._boot_id))
            row = connection.execute("select id from boots where boot = ?", (self._boot_id,)).fetchone()
            self._boot = row[0]
            connection.execute(f"pragma wal_autocheckpoint = {WAL_FRAMES}")
            self._fill_wal()
        except (OSError, sqlite3.Error):
            connection.close()
            raise
        self._connection = connection
        return connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection, self._offset_s, self._check = None, None, None

    def _fill_wal(self) -> None:
        """Zeros behind the end of the write-ahead log: no frame of SQLite's, so it ends where it ended."""
        with self.path.with_name(FILE_NAME + "-wal").open("ab") as wal:
            wal.write(bytes(max(0, WAL_BYTES - wal.tell())))
            wal.flush()
            os.fsync(wal.fileno())

    def _move_aside(self, why: str) -> Path:
        places = [self.path.with_name(f"{FILE_NAME}.broken-{n}") for n in range(1, KEEP_BROKEN + 1)]
        aside = next((place for place in places if not place.exists()), places[-1])
        try:
            self.path.rename(aside)
            for tail in ("-wal", "-shm"):
                aside.with_name(aside.name + tail).unlink(missing_ok=True)  # of the file whose place this one takes
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(FILE_NAME + tail).rename(aside.with_name(aside.name + tail))
        except OSError as error:
            raise StoreError(f"{self.path}: broken ({why}) and cannot be moved aside: {error}") from error
        self._moved(aside, why)
        return aside

    @contextlib.contextmanager
    def _reading(self) -> Any:
        connection = self._connection or self._open()
        try:
            yield connection
        except sqlite3.Error as error:
            if type(error) is not sqlite3.DatabaseError:  # that one is a file that cannot be read; others are not
                raise StoreError(f"{self.path}: {error}") from error
            raise self._broken(str(error)) from error

    def _judge(self) -> None:
        """What the look through the file has found, once it is over."""
        if self._check is not None and self._check.found is not None:
            found, self._check = self._check.found, None
            if found:
                raise self._broken(found)

    def _broken(self, why: str) -> StoreError:
        self._disconnect()
        return StoreError(f"{self.path}: was broken ({why}); moved to {self._move_aside(why)}")

    @contextlib.contextmanager
    def _transaction(self) -> Any:
        with self._reading() as connection:
            connection.execute("begin immediate")
            try:
                yield connection
                connection.execute("commit")
            except BaseException:
                if connection.in_transaction:
                    with contextlib.suppress(sqlite3.Error):  # what led here is the error to tell
                        connection.execute("rollback")
                raise


def _delete_oldest(connection: sqlite3.Connection, table: str, below: int) -> int:
    """At most PRUNE_ROWS with an id below that."""
    sql = f"delete from {table} where id in (select id from {table} where id < ? order by id limit ?)"
    return int(connection.execute(sql, (below, PRUNE_ROWS)).rowcount)
