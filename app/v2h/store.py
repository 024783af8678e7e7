"""The log on the data partition: SQLite in WAL mode, written seldom and safely.

Samples gather in memory and are written in one transaction by flush(); events are written at once. synchronous=FULL:
what is committed survives a power cut, and a minute of samples is what one may lose. Rows carry the boot and its
monotonic time only; the wall clock is kept once a boot as its offset, so that rows written before the clock was right
get their true time as soon as it is (the views samples_at and events_at). A file that SQLite cannot read is moved
aside and a fresh one begun.
"""

import contextlib
import json
import sqlite3
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from sqlite_utils import Database

from v2h.bus import Event

FILE_NAME = "v2h.sqlite3"
CLOCK_MOVED_S = 1.0
"""The boot's wall-clock offset is written again only when it moved by more than this."""
KEEP_UNWRITTEN = 1000
"""Samples kept while the disk refuses; older ones are dropped first (2.7 h of an active session)."""

COLUMNS: dict[str, dict[str, type]] = {
    "boots": {"boot": str, "version": str, "wall_offset_s": float, "synchronised": int},
    "samples": {
        "boot": str,
        "t": float,
        "state": str,
        "mode": str,
        "soc_pct": float,
        "volts_v": float,
        "amps_a": float,
        "power_w": float,
        "grid_w": float,
        "setpoint_a": float,
        "temperature_c": float,
        "can_frames": str,
    },
    "events": {"boot": str, "t": float, "level": str, "code": str, "text": str, "source": str, "values": str},
}
"""t: monotonic s of that boot; wall time = t + boots.wall_offset_s (s since 1970, UTC). can_frames: JSON,
{"bus:id": frames since the sample before}. values: JSON."""
KEYS = {"boots": "boot", "samples": ("boot", "t"), "events": None}
VIEW = (
    "select strftime('%Y-%m-%dT%H:%M:%fZ', r.t + b.wall_offset_s, 'unixepoch') as at, b.synchronised, r.* "
    "from {table} r join boots b using (boot)"
)


class StoreError(OSError):
    """The database cannot be opened or written: names the file and SQLite's reason. Worth trying again."""


class Store:
    """One open database. moved_aside: where a file that could not be read went, else None.

    Raises StoreError from every method but add_sample().
    """

    def __init__(self, folder: Path, boot: str, version: str) -> None:
        self.path = folder / FILE_NAME
        self.moved_aside: Path | None = None
        self._boot, self._version = boot, version
        self._offset_s: float | None = None
        self._synchronised = False
        self._samples: list[dict[str, Any]] = []
        self._open()

    def set_clock(self, wall_offset_s: float, synchronised: bool) -> None:
        """Tell the offset of this boot: wall clock minus monotonic clock, s; written only when it changed."""
        known = self._offset_s is not None and abs(wall_offset_s - self._offset_s) <= CLOCK_MOVED_S
        if known and synchronised == self._synchronised:
            return
        row = {
            "boot": self._boot,
            "version": self._version,
            "wall_offset_s": wall_offset_s,
            "synchronised": int(synchronised),
        }
        self._write("boots", [row])
        self._offset_s, self._synchronised = wall_offset_s, synchronised

    def add_sample(self, t: float, values: Mapping[str, Any], can_frames: Mapping[str, int]) -> None:
        """Keep one sample for the next flush(); values: columns of the table samples."""
        self._samples.append({"boot": self._boot, "t": t, **values, "can_frames": _json(can_frames)})
        del self._samples[:-KEEP_UNWRITTEN]

    def add_event(self, event: Event) -> None:
        """Write one event now."""
        row = {"boot": self._boot, **asdict(event)}
        row["values"] = _json(event.values)
        self._write("events", [row])

    def flush(self) -> int:
        """Write the kept samples in one transaction; returns how many. They stay kept when it fails."""
        count = len(self._samples)
        if count:
            self._write("samples", self._samples)
            self._samples = []
        return count

    def close(self) -> None:
        """Flush and close."""
        try:
            self.flush()
        finally:
            self._connection.close()

    def _open(self) -> None:
        try:
            self._connect()
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError:
            self._begin_afresh()

    def _connect(self) -> None:
        connection = sqlite3.connect(self.path, timeout=5.0)
        try:
            connection.execute("pragma journal_mode = wal")
            connection.execute("pragma synchronous = full")
            self._connection, self._db = connection, Database(connection)
            for table, columns in COLUMNS.items():
                self._db[table].create(columns, pk=KEYS[table], if_not_exists=True)  # type: ignore[union-attr]
            for table in ("samples", "events"):
                self._db.create_view(f"{table}_at", VIEW.format(table=table), ignore=True)
        except sqlite3.Error:
            connection.close()
            raise

    def _begin_afresh(self) -> None:
        number = 1
        while (aside := self.path.with_name(f"{FILE_NAME}.broken-{number}")).exists():
            number += 1
        try:
            self.path.rename(aside)
            for tail in ("-wal", "-shm"):
                with contextlib.suppress(FileNotFoundError):
                    self.path.with_name(FILE_NAME + tail).rename(aside.with_name(aside.name + tail))
            self._connect()
        except (OSError, sqlite3.Error) as error:
            raise StoreError(f"{self.path}: cannot begin afresh: {error}") from error
        self.moved_aside = aside
        self._offset_s = None

    def _write(self, table: str, rows: list[dict[str, Any]]) -> None:
        try:
            self._db[table].insert_all(rows, pk=KEYS[table], replace=KEYS[table] is not None)  # type: ignore[union-attr]
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: {error}") from error
        except sqlite3.DatabaseError as error:
            self._connection.close()
            self._begin_afresh()
            raise StoreError(f"{self.path}: was broken ({error}); moved to {self.moved_aside}") from error


def _json(values: Mapping[str, Any]) -> str:
    return json.dumps(values, separators=(",", ":"))
