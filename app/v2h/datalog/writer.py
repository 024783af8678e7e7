"""Writes the log: SQLite in WAL mode, with few and safe writes. Only `datalog` writes.

Samples, minutes and days are collected in memory, and flush() writes them in one transaction; events are written at
once. synchronous=FULL: committed rows survive a power cut, and at most a minute may be lost. A file that SQLite cannot
read is moved aside, and a new one is begun. Rows that are too old or too many for the card are deleted, oldest first.
"""

import contextlib
import json
import os
import sqlite3
from collections.abc import Callable, Mapping
from math import ceil
from pathlib import Path
from typing import Any

from v2h.bus.messages import Event
from v2h.bus.sentences import Sentence
from v2h.datalog.integrity import StoreCheck
from v2h.datalog.rows import added, dicts, insert, replace, text
from v2h.datalog.schema import BOOT_SPAN, FILE_NAME, PENDING, QUARTER_S, QUARTERS_KEPT, VERSION, key, migrate

CLOCK_MOVED_S = 1.0
"""The boot's wall-clock offset is written again only when it moved by more than this."""
KEEP_UNWRITTEN = 1000
"""Rows of a table kept while the disk cannot be written; the oldest are dropped first (2.7 h of samples of an active
session)."""
DAY_S = 86400.0
KEEP_S = {"samples": 31 * DAY_S, "minutes": 400 * DAY_S, "events": 400 * DAY_S}
"""Days are deleted by the owner alone, and sessions stay: a decade of both is two megabytes."""
MAX_BYTES = 256 * 2**20
"""Of the database; a year of daily use takes about 100 MiB."""
PRUNE_ROWS = 2000
"""At most so many rows are deleted at once, so that no commit takes long."""
WAL_FRAMES = 256
"""SQLite makes a checkpoint after so many pages: about every hour."""
WAL_BYTES = (WAL_FRAMES + 64) * (4096 + 24) + 32
"""The size of the write-ahead log, by SQLite's file format, from the beginning on. A commit into a file that does not
grow writes only its pages; a file that grows makes the file system write to its journal as well."""
TOLD_AGAIN = 500
"""A repeated event is searched for among so many of the newest events: more than all programs together keep."""
KEEP_BROKEN = 2
"""How many files that were moved aside are kept; after that, the newest one replaces the last one."""
_SAME_EVENT = (
    f"select 1 from (select boot, t, code, source from events order by id desc limit {TOLD_AGAIN}) "
    "where boot = ? and t = ? and code = ? and source = ?"
)


class StoreError(OSError):
    """The database cannot be opened or written. The text names the file and SQLite's reason. A retry may succeed."""


class StoreWriter:
    """One database. moved(where, why): called when an unreadable file was moved to `where`, before a new one is begun.
    The rows that were kept in memory are written to the new one.

    Every method that uses the disk raises StoreError. If the file could not be opened, the next such call tries again.
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
        self._quarters: list[dict[str, Any]] = []
        self._days: dict[str, dict[str, Any]] = {}
        self._sessions: dict[float, dict[str, Any]] = {}
        self._connection: sqlite3.Connection | None = None
        self._boot = 0
        self._offset_s: float | None = None
        self._synchronised = False
        self._check: StoreCheck | None = None
        self._open()

    # The clock.

    def set_clock(self, wall_offset_s: float, synchronised: bool) -> None:
        """Store the offset of this boot: wall clock minus monotonic clock, s. It is written only when it changed."""
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
        """The day that the energy at t (monotonic s) is added to while the date is not known: an hour of this boot."""
        return f"{PENDING}{self._boot}+{int(t // 3600):05d}"

    def settle_days(self, day_of: Callable[[float], str]) -> None:
        """Add the hours of this boot to their days, now that the clock is known. day_of: s since 1970 -> ISO date."""
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

    def add_quarter(self, row: Mapping[str, Any]) -> None:
        """Keep a row of the table quarters for the next flush()."""
        self._quarters = [*self._quarters, dict(row)][-KEEP_UNWRITTEN:]

    def quarters(self, from_s: float, to_s: float) -> list[dict[str, Any]]:
        """The written quarters that begin from from_s on and before to_s (s since 1970), in order."""
        sql = "select * from quarters where quarter >= ? and quarter < ? order by quarter"
        with self._reading() as connection:
            return dicts(connection.execute(sql, (ceil(from_s / QUARTER_S), ceil(to_s / QUARTER_S))))

    def has_plan_day(self, day: str) -> bool:
        with self._reading() as connection:
            return connection.execute("select 1 from plan_days where day = ?", (day,)).fetchone() is not None

    def add_plan_day(self, row: Mapping[str, Any]) -> None:
        """Write at once what the plan saved on a day: a row of the table plan_days."""
        with self._transaction() as connection:
            connection.execute(*replace("plan_days", row))

    def set_day(self, day: str, totals: Mapping[str, Any]) -> None:
        """Keep the present totals of a day (ISO date, or pending_day()) for the next flush()."""
        self._days[day] = {"day": day, **totals}

    def set_session(self, began_t: float, values: Mapping[str, Any]) -> None:
        """Keep the present state of the session that began at began_t (monotonic s) for the next flush(); values:
        columns of the table sessions."""
        self._sessions[began_t] = dict(values)
        while len(self._sessions) > KEEP_UNWRITTEN:
            del self._sessions[min(self._sessions)]

    def day(self, day: str) -> dict[str, Any]:
        """The totals that the file has for that day, without its name; {} if there are no totals."""
        with self._reading() as connection:
            found = dicts(connection.execute("select * from days where day = ?", (day,)))
        return {name: value for name, value in found[0].items() if name != "day"} if found else {}

    def delete_day(self, day: str) -> bool:
        """Delete the totals of a day (ISO date); False when the file has no totals of that day."""
        with self._transaction() as connection:
            deleted = connection.execute("delete from days where day = ?", (day,)).rowcount > 0
        return self._days.pop(day, None) is not None or deleted

    def add_event(self, event: Event) -> None:
        """Write one event at once, unless the file has it already."""
        told = {name: text(getattr(event, name)) for name in ("level", "code", "text", "source")}
        said = {"said": event.text.as_json()} if isinstance(event.text, Sentence) else {}
        values = json.dumps({**event.values, **said}, separators=(",", ":"))
        same = (self._boot, event.t, told["code"], told["source"])
        with self._transaction() as connection:
            if connection.execute(_SAME_EVENT, same).fetchone() is None:
                row = {"boot": self._boot, "t": event.t, **told, "values": values}
                connection.execute(*insert("events", row))

    def flush(self) -> int:
        """Write the kept rows in one transaction and return their number. If that fails, they stay kept."""
        self._judge()
        count = sum(map(len, self._rows.values())) + len(self._days) + len(self._quarters) + len(self._sessions)
        if count:
            with self._transaction() as connection:
                for table, rows in self._rows.items():
                    for row in rows:
                        connection.execute(*replace(table, {**row, "id": key(self._boot, row["id"])}))
                for day in self._days.values():
                    connection.execute(*replace("days", day))
                for row in self._quarters:
                    connection.execute(*replace("quarters", row))
                for began_t, session in self._sessions.items():
                    connection.execute(*replace("sessions", {**session, "id": key(self._boot, began_t)}))
            self._rows = {table: [] for table in self._rows}
            self._days, self._quarters, self._sessions = {}, [], {}
        return count

    def prune(self, now_wall_s: float) -> int:
        """Delete rows that are too old (only while the clock is known) or too many, and return their number. One call
        deletes only a few rows: call it about every hour."""
        deleted = 0
        with self._transaction() as connection:
            if self._synchronised:
                for table, keep_s in KEEP_S.items():
                    deleted += self._prune_old(connection, table, now_wall_s - keep_s)
                oldest = int(now_wall_s // QUARTER_S) - QUARTERS_KEPT
                deleted += connection.execute("delete from quarters where quarter < ?", (oldest,)).rowcount
            (pages,) = connection.execute("pragma page_count").fetchone()
            (free,) = connection.execute("pragma freelist_count").fetchone()
            (page_bytes,) = connection.execute("pragma page_size").fetchone()
            if (pages - free) * page_bytes > self._max_bytes:
                for table in KEEP_S:  # the finest data first
                    gone = _delete_oldest(connection, table, BOOT_SPAN * (self._boot + 1))
                    deleted += gone
                    if gone == PRUNE_ROWS:
                        break
        return deleted

    def doubt(self) -> None:
        """Check the file, because a reader could not read it. The check runs in its own thread. If the file is broken,
        a later flush() moves it aside, so that a new one is begun."""
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

    # Opening, transactions, and a broken file.

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
        self._offset_s, self._synchronised = None, False  # another file has no clock offset of this boot
        connection = sqlite3.connect(self.path, timeout=5.0, isolation_level=None)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            connection.execute("pragma secure_delete = off")  # Debian's default overwrites deleted rows with zeros
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
        """Append zeros to the write-ahead log up to WAL_BYTES. They are no frames of SQLite, so for SQLite the log ends
        where it ended before."""
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
                aside.with_name(aside.name + tail).unlink(missing_ok=True)  # belongs to the file that this one replaces
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
            if type(error) is not sqlite3.DatabaseError:  # exactly this class: the file cannot be read
                raise StoreError(f"{self.path}: {error}") from error
            raise self._broken(str(error)) from error

    def _judge(self) -> None:
        """When the check of the file has ended and found it broken, move the file aside and raise StoreError."""
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
                    with contextlib.suppress(sqlite3.Error):  # the first error is the one to raise
                        connection.execute("rollback")
                raise


def _delete_oldest(connection: sqlite3.Connection, table: str, below: int) -> int:
    """Delete the oldest rows with an id less than `below`, at most PRUNE_ROWS, and return their number."""
    sql = f"delete from {table} where id in (select id from {table} where id < ? order by id limit ?)"
    return int(connection.execute(sql, (below, PRUNE_ROWS)).rowcount)
