"""Reads the log for the page, the REST interface and the command line. Never writes to it.

Times are seconds since 1970, UTC. Rows of a boot whose clock was never right have an approximate time and
"synchronised": 0.
"""

import contextlib
import json
import os
import sqlite3
import tempfile
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from math import isfinite
from pathlib import Path
from typing import Any, BinaryIO

from v2h.bus.messages import LEVELS
from v2h.datalog.readonly import connect_read_only, is_damage
from v2h.datalog.rows import dicts
from v2h.datalog.schema import BOOT_SPAN, DAYS, FILE_NAME, PENDING, key
from v2h.runtime.disk_space import check_room

MOST_ROWS = 5000
"""Of one response; a week by minutes is about two of them."""
MINUTE_S = 60.0
COPY_PREFIX = ".copy-"
COPY_S = 3600.0
"""A copy of the database is served again for so long: each one writes as many bytes to the card as the log has."""
TELL_AGAIN_S = 3600.0
LENGTHS = {"day": 10, "month": 7, "year": 4}
"""How much of an ISO date names a day, a month or a year."""
PICK = {"soc_min_pct": "min", "soc_max_pct": "max"}
"""How the totals of days become one; all others are added."""
_FLOW = ("soc_pct", "volts_v", "amps_a", "power_w", "setpoint_a", "temperature_c", "grid_w")
FLOW_S, SAMPLE_S = 86_400.0, 10.0
"""Longest time that `flow` reads: 8640 samples. SAMPLE_S: a sample each."""
_MEANS = ("soc_pct", "power_w", "grid_w")


class LogError(OSError):
    """The log cannot be read now (no file yet, broken, the card full). The text names the file and the reason. A later
    retry may succeed."""


class LogReader:
    """The log in `folder`. Every call opens the file again, so threads may share one reader. Raises LogError.

    copies: the folder on the card in which this program may write; without it, `folder`. damaged(why): called
    in addition when a part of the file is lost, at most every TELL_AGAIN_S. It is there to notify the writer, which
    reads only the newest rows.
    """

    def __init__(
        self, folder: Path, damaged: Callable[[str], None] = lambda why: None, *, copies: Path | None = None
    ) -> None:
        self.path, self._copies = folder / FILE_NAME, copies or folder
        self._damaged, self._told_t = damaged, float("-inf")
        self._copying = threading.Lock()
        self._copy: BinaryIO | None = None
        self._copied_t = 0.0

    def events(self, limit: int = 50, before: int | None = None, level: str = "info") -> list[dict[str, Any]]:
        """The newest events first: id, at (ISO, UTC), synchronised, level, code, text, source, values (a dict).

        before: only events with a smaller id, for the next page. level: only this level and above. Raises ValueError
        for bad arguments.
        """
        if level not in LEVELS:
            raise ValueError(f"level = {level!r} is not one of {', '.join(LEVELS)}")
        _check("limit", limit, 1, MOST_ROWS)
        levels = LEVELS[LEVELS.index(level) :]
        among = ", ".join("?" * len(levels))
        sql = f"select * from events_at where level in ({among}) and id < ? order by id desc limit ?"
        with self._connected() as connection:
            rows = dicts(connection.execute(sql, (*levels, 2**62 if before is None else before, limit)))
        return [{**row, "values": json.loads(row["values"] or "{}")} for row in rows]

    def samples(self, from_t: float, to_t: float, step_s: float = 60.0) -> list[dict[str, Any]]:
        """The values between two times, one row of means every step_s, oldest first; a gap has no rows.

        t: start of the step; soc_pct, power_w (+ charging), grid_w (+ import): means, None where unknown; power_min_w,
        power_max_w: extremes; energy_share: 0 to 1, share of the time in energy flow. For a step below 60 s the samples
        are read, which are kept for a month; else the minutes. Raises ValueError for more than MOST_ROWS rows.
        """
        _check("step_s", step_s, 1, 366 * 86400)
        if not (isfinite(from_t) and isfinite(to_t) and 0 <= to_t - from_t <= MOST_ROWS * step_s):
            raise ValueError(f"from {from_t} to {to_t} by {step_s} s is not 0 to {MOST_ROWS} rows")
        table, low, high = ("samples", "power_w", "power_w")
        if step_s >= MINUTE_S:
            table, low, high = ("minutes", "power_min_w", "power_max_w")
        means = ", ".join(f"avg({name}) as {name}" for name in _MEANS)
        at = f"cast(((id % {BOOT_SPAN}) / 1000.0 + ?) / ? as integer) * ? as t"
        extremes = f"min({low}) as power_min_w, max({high}) as power_max_w, avg(state = 'energy') as energy_share"
        sql = f"select {at}, {means}, {extremes} from {table} where id between ? and ? group by 1 order by 1"
        return sorted(self._in_each_boot(sql, from_t, to_t, step_s, step_s), key=lambda row: row["t"])

    def flow(self, from_t: float, to_t: float, most: int) -> list[dict[str, Any]]:
        """At most `most` rows of the time in which energy could flow, oldest first, as means over equal times.

        t: start of the row, s since 1970; soc_pct, volts_v, amps_a and power_w (+ charging), setpoint_a, temperature_c,
        grid_w (+ import), None where unknown. Only the last FLOW_S of the span are read.
        """
        _check("most", most, 1, MOST_ROWS)
        from_t = max(from_t, to_t - FLOW_S)
        step_s = max(SAMPLE_S, (to_t - from_t) / (most - 1 or 1))
        means = ", ".join(f"avg({name}) as {name}" for name in _FLOW)
        at = f"cast(((id % {BOOT_SPAN}) / 1000.0 + ? - ?) / ? as integer)"
        sql = f"select {at} as n, {means} from samples where id between ? and ? and state = 'energy' group by 1"
        rows = self._in_each_boot(sql, from_t, to_t, from_t, step_s)
        found = [{"t": from_t + row.pop("n") * step_s, **row} for row in rows]
        return sorted(found, key=lambda row: row["t"])[-most:]

    def _in_each_boot(self, sql: str, from_t: float, to_t: float, *values: float) -> list[dict[str, Any]]:
        """The rows of `sql` in every boot whose wall clock is known. Its parameters: wall minus monotonic clock of
        the boot, then `values`, then the first and the last id of the span."""
        rows: list[dict[str, Any]] = []
        with self._connected() as connection:
            boots = connection.execute("select id, wall_offset_s from boots where wall_offset_s is not null").fetchall()
            for boot, offset_s in boots:
                if to_t >= offset_s:
                    span = key(boot, from_t - offset_s), key(boot, to_t - offset_s)
                    rows += dicts(connection.execute(sql, (offset_s, *values, *span)))
        return rows

    def newest_flow(self, n: int) -> list[dict[str, Any]]:
        """The newest n samples in which energy could flow, newest first, with the keys of `flow`."""
        _check("n", n, 1, MOST_ROWS)
        sql = (
            f"select (s.id % {BOOT_SPAN}) / 1000.0 + b.wall_offset_s as t, {', '.join(_FLOW)} from samples s "
            f"join boots b on b.id = s.id / {BOOT_SPAN} where state = 'energy' and b.wall_offset_s is not null "
            "order by s.id desc limit ?"
        )
        with self._connected() as connection:
            return dicts(connection.execute(sql, (n,)))

    def energy(self, spans: Sequence[tuple[float, float]]) -> list[tuple[float, float] | None]:
        """For each (from, to) in s since 1970: Wh into and out of the car, by the minutes that touch it; None where no
        minute was written."""
        sql = "select sum(charged_wh), sum(discharged_wh) from minutes where id between ? and ?"
        found: list[tuple[float, float] | None] = []
        with self._connected() as connection:
            boots = connection.execute("select id, wall_offset_s from boots where wall_offset_s is not null").fetchall()
            for from_t, to_t in spans:
                begun = from_t - MINUTE_S
                sums = [
                    connection.execute(sql, (key(boot, begun - offset_s), key(boot, to_t - offset_s))).fetchone()
                    for boot, offset_s in boots
                    if to_t >= offset_s
                ]
                known = [both for both in sums if both[0] is not None]
                found.append((sum(one[0] for one in known), sum(one[1] for one in known)) if known else None)
        return found

    def days(self, n: int = 30, by: str = "day") -> list[dict[str, Any]]:
        """The newest n days, months or years with their totals, oldest first: day (ISO date, "2026-11" or "2026"),
        charged_wh, discharged_wh, imported_wh, exported_wh, saved, cost (money or None), energy_s, soc_min_pct,
        soc_max_pct, grid_missed_s, charger_missed_s, battery_in_wh, battery_out_wh, estimated_s (None in a day that an
        older version counted)."""
        _check("n", n, 1, MOST_ROWS)
        columns = ", ".join(f"{PICK.get(name, 'sum')}({name}) as {name}" for name in DAYS if name != "day")
        sql = f"select substr(day, 1, ?) as day, {columns} from days where day not like ? group by 1"
        with self._connected() as connection:
            rows = connection.execute(f"{sql} order by 1 desc limit ?", (LENGTHS[by], f"{PENDING}%", n))
            return dicts(rows)[::-1]

    def sessions(self, n: int = 50) -> list[dict[str, Any]]:
        """The newest n sessions first: the columns of the table, at (ISO, UTC, of the beginning), synchronised; why: a
        sentence as it travels, or None."""
        _check("n", n, 1, MOST_ROWS)
        with self._connected() as connection:
            rows = dicts(connection.execute("select * from sessions_at order by id desc limit ?", (n,)))
        return [{**row, "why": json.loads(row["why"]) if row["why"] else None} for row in rows]

    def plan_days(self, n: int = 30) -> list[dict[str, Any]]:
        """What the plan saved on the newest n days that could be judged, oldest first: day (ISO date), cost,
        cost_without (simulated) and saved (money), quarters (how many of the day were measured)."""
        _check("n", n, 1, MOST_ROWS)
        with self._connected() as connection:
            return dicts(connection.execute("select * from plan_days order by day desc limit ?", (n,)))[::-1]

    def totals_wh(self) -> tuple[float, float]:
        """Energy into and out of the car, Wh, of all days."""
        sql = "select total(charged_wh), total(discharged_wh) from days"
        with self._connected() as connection:
            into, out = connection.execute(sql).fetchone()
        return float(into), float(out)

    def copy(self) -> BinaryIO:
        """A whole, consistent copy of the database, at most COPY_S old. The caller reads and closes it."""
        with self._copying:
            now = time.monotonic()
            if self._copy is None or now - self._copied_t >= COPY_S:
                self._drop_copy()
                self._copy, self._copied_t = self._new_copy(), now
            again = os.open(f"/proc/self/fd/{self._copy.fileno()}", os.O_RDONLY)  # with a place of its own in the file
        return os.fdopen(again, "rb")

    def drop_old_copy(self) -> None:
        """Free the space of a copy that is not served any more. Never waits; call it every minute."""
        if self._copying.acquire(blocking=False):
            try:
                if time.monotonic() - self._copied_t >= COPY_S:
                    self._drop_copy()
            finally:
                self._copying.release()

    def _drop_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
        self._copy = None

    def _new_copy(self) -> BinaryIO:
        """A copy that has no name any more, so its space is freed even if this program dies.

        It is on the card like the log, because it might not fit into RAM. VACUUM INTO is used for three reasons: the
        copy is one plain file without a journal and no larger than necessary; every row is read, so a damaged page is
        an error here and not in the copy; and `datalog` can go on writing at the same time.
        """
        with self._connected() as connection:
            size = connection.execute("select page_count * page_size from pragma_page_count, pragma_page_size")
            try:
                check_room(self._copies, int(size.fetchone()[0]))
                handle, name = tempfile.mkstemp(prefix=COPY_PREFIX, dir=self._copies)
            except OSError as error:
                raise LogError(str(error)) from error
            file = os.fdopen(handle, "rb")
            try:
                connection.execute("vacuum into ?", (name,))
            except BaseException:
                file.close()
                raise
            finally:
                Path(name).unlink()
        return file

    def clear_leftovers(self) -> None:
        """Delete unfinished copies that a power cut left behind. Call it at the start, when no copy is being made."""
        for left in self._copies.glob(f"{COPY_PREFIX}*"):
            left.unlink(missing_ok=True)

    @contextlib.contextmanager
    def _connected(self) -> Iterator[sqlite3.Connection]:
        connection = None
        try:
            connection = connect_read_only(self.path)
            yield connection
        except sqlite3.Error as error:
            now = time.monotonic()
            if is_damage(error) and now - self._told_t >= TELL_AGAIN_S:
                self._told_t = now
                self._damaged(str(error))
            raise LogError(f"{self.path}: {error}") from error
        finally:
            if connection is not None:
                connection.close()


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise ValueError(f"{name} = {value!r} is not from {low} to {high:g}")
