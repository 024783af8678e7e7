"""Tables of the log, and how a file of an older version becomes one of this version.

Rows of one boot carry its number and its monotonic time in their key: id = boot * 10^11 + milliseconds since that
boot. So rows lie in the order in which they were written, a range of time is a range of keys, and no index costs the
card a page at every commit. The wall clock is kept once a boot as its offset: rows written before the clock was right
get their true time as soon as it is.

sqlite-utils lays the tables down; it is imported only when there is something to lay down, for it takes the board
seconds to import and a running log does not need it. Its create() commits; a migration must not, hence only its SQL.
"""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE_NAME = "v2h.sqlite3"
DAMAGED = "log-damaged"
"""Code of the event by which a reader tells datalog that a page of the file cannot be read."""
BOOT_SPAN = 10**11
"""Milliseconds that one boot's keys have room for: three years."""

SAMPLES: dict[str, type] = {
    "id": int,
    "state": str,
    "mode": str,
    "soc_pct": float,
    "volts_v": float,
    "amps_a": float,
    "power_w": float,
    "grid_w": float,
    "setpoint_a": float,
    "temperature_c": float,
    "can0_frames": int,
    "can1_frames": int,
}
"""What was seen at a moment. power_w: battery side, + charging; grid_w: + import. can*_frames: since the row before."""
MINUTES: dict[str, type] = {
    "id": int,
    "state": str,
    "mode": str,
    "soc_pct": float,
    "power_w": float,
    "power_min_w": float,
    "power_max_w": float,
    "grid_w": float,
    "grid_min_w": float,
    "grid_max_w": float,
    "charged_wh": float,
    "discharged_wh": float,
    "imported_wh": float,
    "exported_wh": float,
}
"""A minute from id on: means, least and most; state, mode and SoC are its last."""
DAYS: dict[str, type] = {
    "day": str,
    "charged_wh": float,
    "discharged_wh": float,
    "imported_wh": float,
    "exported_wh": float,
    "saved": float,
    "grid_missed_s": float,
    "charger_missed_s": float,
    "energy_s": float,
    "soc_min_pct": float,
    "soc_max_pct": float,
}
"""Totals of a local day (v2h.energy.counters), seconds with energy flowing, least and most SoC. A day that begins
with PENDING is an hour of a boot whose clock was not known yet."""
PENDING = "?"
EVENTS: dict[str, type] = {
    "id": int,
    "boot": int,
    "t": float,
    "level": str,
    "code": str,
    "text": str,
    "source": str,
    "values": str,
}
"""t: monotonic s of that boot. values: JSON."""
BOOTS: dict[str, type] = {"id": int, "boot": str, "version": str, "wall_offset_s": float, "synchronised": int}
"""boot: the kernel's id. wall_offset_s: wall clock (s since 1970, UTC) minus monotonic; good when synchronised."""

_AT = "select strftime('%Y-%m-%dT%H:%M:%fZ', {} + b.wall_offset_s, 'unixepoch') as at, b.synchronised, r.* from "
_KEYED = _AT.format(f"(r.id % {BOOT_SPAN}) / 1000.0") + f"{{}} r join boots b on b.id = r.id / {BOOT_SPAN}"
VIEWS = {
    "samples_at": _KEYED.format("samples"),
    "minutes_at": _KEYED.format("minutes"),
    "events_at": _AT.format("r.t") + "events r join boots b on b.id = r.boot",
}
"""The tables with their time, for people with an SQLite tool."""


def key(boot: int, t: float) -> int:
    """The id of a row of that boot (its number) at t, monotonic s."""
    return boot * BOOT_SPAN + min(max(round(t * 1000), 0), BOOT_SPAN - 1)


def _first(db: "Database") -> None:
    """Version 1. Version 0 had a text key a row and JSON of frame counts; its rows are taken over."""
    old = "samples" in db.table_names()
    if old:
        for view in ("samples_at", "events_at"):
            db.execute(f"drop view if exists {view}")
        for table in ("boots", "samples", "events"):
            db.execute(f"alter table {table} rename to old_{table}")
    for name, columns in {"boots": BOOTS, "samples": SAMPLES, "minutes": MINUTES, "events": EVENTS}.items():
        db.execute(db.create_table_sql(name, columns, pk="id"))
    db.execute("create unique index boots_boot on boots (boot)")
    db.execute(db.create_table_sql("days", DAYS, pk="day"))
    for name, sql in VIEWS.items():
        db.execute(f"create view {name} as {sql}")
    if not old:
        return
    db.execute(
        "insert into boots (boot, version, wall_offset_s, synchronised) "
        "select boot, version, wall_offset_s, synchronised from old_boots order by wall_offset_s, rowid"
    )
    kept = "state, mode, soc_pct, volts_v, amps_a, power_w, grid_w, setpoint_a, temperature_c"
    db.execute(
        f"insert or ignore into samples (id, {kept}) select b.id * {BOOT_SPAN} + cast(round(o.t * 1000) as integer), "
        f"{kept} from old_samples o join boots b on b.boot = o.boot"
    )
    db.execute(
        'insert into events (boot, t, level, code, text, source, "values") '
        'select b.id, o.t, o.level, o.code, o.text, o.source, o."values" '
        "from old_events o join boots b on b.boot = o.boot order by o.rowid"
    )
    for table in ("samples", "events", "boots"):
        db.execute(f"drop table old_{table}")


MIGRATIONS: tuple[Callable[["Database"], None], ...] = (_first,)
"""From user_version n to n + 1."""
VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> int:
    """Bring the file to VERSION in one transaction; returns the version it had. `connection` commits by itself.

    A file of a later version is left alone and its number returned. Raises sqlite3.Error.
    """
    (found,) = connection.execute("pragma user_version").fetchone()
    if found < VERSION:
        from sqlite_utils import Database

        db = Database(connection)
        connection.execute("begin immediate")
        try:
            for step in MIGRATIONS[found:]:
                step(db)
            connection.execute(f"pragma user_version = {VERSION}")
            connection.execute("commit")
        except BaseException:
            connection.execute("rollback")
            raise
    return int(found)
