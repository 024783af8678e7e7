"""Tables of the log, and the migration of a file of an older version to this version.

The key of a row contains the number of the boot and its monotonic time: id = boot * 10^11 + milliseconds since that
boot. So rows are stored in the order in which they were written, a range of time is a range of keys, and there is no
index that would write one more page to the card at every commit. The wall clock is stored once per boot as an offset:
rows that were written before the clock was right get their true time as soon as it is right.

sqlite-utils makes the SQL of the tables. It is imported only when there is a table to make, because the import takes
seconds on the board and a running log does not need it. Its create() commits, which a migration must not do; so only
its SQL is used.
"""

import sqlite3
from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sqlite_utils import Database

FILE_NAME = "v2h.sqlite3"
DAMAGED = "log-damaged"
"""Code of the event by which a reader reports to `datalog` that a page of the file cannot be read."""
QUARTER_S = 900
QUARTERS_KEPT = 56 * 96
"""Eight weeks: the plan learns the house's load from them."""
OWN_W, SHARE = 40.0, 0.045
"""What a converter loses, as far as it matters for minutes of the past: see v2h.energy.losses."""
BOOT_SPAN = 10**11
"""How many milliseconds of one boot fit into its keys: three years."""

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
"""Values at one moment. power_w: battery side, + charging; grid_w: + import. can*_frames: since the previous row."""
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
"""The minute that begins at id: means, minima and maxima; state, mode and SoC are its last values."""
DAYS_1: dict[str, type] = {
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
"""Totals of a local day as version 1 had them."""
DAYS_2: dict[str, type] = {"cost": float, "battery_in_wh": float, "battery_out_wh": float, "estimated_s": float}
DAYS: dict[str, type] = DAYS_1 | DAYS_2
"""Totals of a local day (v2h.datalog.counters), seconds with energy flowing, minimum and maximum SoC. A row whose day
begins with PENDING is an hour of a boot whose clock was not known yet."""
SESSIONS: dict[str, type] = {
    "id": int,
    "lasted_s": float,
    "modes": str,
    "charged_wh": float,
    "discharged_wh": float,
    "battery_in_wh": float,
    "battery_out_wh": float,
    "cost": float,
    "saved": float,
    "estimated": int,
    "soc_begin_pct": float,
    "soc_end_pct": float,
    "why": str,
}
"""A session that begins at id (v2h.datalog.sessions). why: JSON of the sentence that says why it ended, "" while it
goes on, or when its end was not seen."""
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

QUARTERS: dict[str, type] = {
    "quarter": int,
    "measured_s": float,
    "net_w": float,
    "sun_w": float,
    "imported_wh": float,
    "exported_wh": float,
    "dc_wh": float,
    "discharged_wh": float,
    "soc_pct": float,
    "import_price": float,
    "export_price": float,
    "bare_mode": str,
    "bare_until_pct": float,
    "goal_pct": float,
    "planned": int,
}
"""A quarter of an hour, its number since 1970 (v2h.datalog.quarters): what the plan learns from and is judged by.

measured_s: so much of it both grid and charger were measured. net_w: mean power of the house without the car, import +;
sun_w: of the sun, measured or else as forecast, None without both. imported_wh, exported_wh: at the grid meter. dc_wh:
into the battery less out of it; discharged_wh: out of it. soc_pct: the last one. bare_mode, bare_until_pct: what the
schedule alone would do, and where its charge would end. goal_pct: what a ready-by target wants at its end. planned:
whether the plan was in force."""

PLAN_DAYS: dict[str, type] = {
    "day": str,
    "cost": float,
    "cost_without": float,
    "saved": float,
    "quarters": int,
}
"""What the plan saved on a local day (v2h.energy.plan.review): money; cost_without is simulated."""

_AT = "select strftime('%Y-%m-%dT%H:%M:%fZ', {} + b.wall_offset_s, 'unixepoch') as at, b.synchronised, r.* from "
_KEYED = _AT.format(f"(r.id % {BOOT_SPAN}) / 1000.0") + f"{{}} r join boots b on b.id = r.id / {BOOT_SPAN}"
VIEWS = {
    "samples_at": _KEYED.format("samples"),
    "minutes_at": _KEYED.format("minutes"),
    "events_at": _AT.format("r.t") + "events r join boots b on b.id = r.boot",
}
"""The tables with the wall-clock time of each row, for people with an SQLite tool."""
SESSIONS_AT = _KEYED.format("sessions")
"""The view sessions_at, of the same kind."""


def key(boot: int, t: float) -> int:
    """The id of a row of that boot (its number) at t, monotonic s."""
    return boot * BOOT_SPAN + min(max(round(t * 1000), 0), BOOT_SPAN - 1)


def _first(db: "Database") -> None:
    """Version 1. Version 0 had a text key for each row and the frame counts as JSON; its rows are copied."""
    old = "samples" in db.table_names()
    if old:
        for view in ("samples_at", "events_at"):
            db.execute(f"drop view if exists {view}")
        for table in ("boots", "samples", "events"):
            db.execute(f"alter table {table} rename to old_{table}")
    for name, columns in {"boots": BOOTS, "samples": SAMPLES, "minutes": MINUTES, "events": EVENTS}.items():
        db.execute(db.create_table_sql(name, columns, pk="id"))
    db.execute("create unique index boots_boot on boots (boot)")
    db.execute(db.create_table_sql("days", DAYS_1, pk="day"))
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


def _plan(db: "Database") -> None:
    """The quarters of an hour of the plan. It begins with what the minutes of the last eight weeks know of the load."""
    db.execute(db.create_table_sql("quarters", QUARTERS, pk="quarter"))
    db.execute(db.create_table_sql("plan_days", PLAN_DAYS, pk="day"))
    charger_w = f"m.power_w + {OWN_W} * (m.power_w <> 0) + abs(m.power_w) * {SHARE}"
    db.execute(
        "insert into quarters (quarter, measured_s, net_w, imported_wh, exported_wh, soc_pct) "
        f"select cast(((m.id % {BOOT_SPAN}) / 1000.0 + b.wall_offset_s) / {QUARTER_S} as integer), 60.0 * count(*), "
        f"avg(m.grid_w - ({charger_w})), sum(m.imported_wh), sum(m.exported_wh), max(m.soc_pct) "
        f"from minutes m join boots b on b.id = m.id / {BOOT_SPAN} "
        "where b.synchronised and m.grid_w is not null and m.power_w is not null "
        f"group by 1 order by 1 desc limit {QUARTERS_KEPT}"
    )


def _money(db: "Database") -> None:
    """What a day cost, both sides of the converter, and the sessions."""
    for name in DAYS_2:
        db.execute(f"alter table days add column {name} float")
    db.execute(db.create_table_sql("sessions", SESSIONS, pk="id"))
    db.execute(f"create view sessions_at as {SESSIONS_AT}")


MIGRATIONS: tuple[Callable[["Database"], None], ...] = (_first, _plan, _money)
"""Item n migrates from user_version n to n + 1."""
VERSION = len(MIGRATIONS)


def migrate(connection: sqlite3.Connection) -> int:
    """Migrate the file to VERSION in one transaction and return the version that it had. `connection` is in autocommit
    mode.

    A file of a later version is not changed, and its version is returned. Raises sqlite3.Error.
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
