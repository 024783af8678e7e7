"""How much the log writes, in virtual time: ours and the predecessor's scheme, a day of V2H each.

The count is of the bytes that SQLite passes to the kernel (wchar of /proc/self/io), the same for both. The file
system's own writes come in addition; they are larger for the predecessor, whose rollback journal is created and deleted
at every row. The measurement on the emulated board shows what the card itself receives.
"""

import sqlite3
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from v2h.bus.messages import Event
from v2h.datalog.summaries import MINUTE_S, Days, Minute
from v2h.datalog.writer import StoreWriter
from v2h.programs.datalog import ACTIVE_S, FLUSH_S

MINUTES = 20 * 60
"""Long enough for several checkpoints, which come every thousand pages."""
EVENTS_AN_HOUR = 20
PREDECESSOR_ROW_S = 10.0
"""A committed row every 10 s while active; no journal mode set, so SQLite's rollback journal."""


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Our bytes, and the predecessor's in `against`."""
    a_day = 24 * 60 / MINUTES / 1e6
    with tempfile.TemporaryDirectory() as folder:
        store = StoreWriter(Path(folder), "boot", "bench")  # creates the write-ahead log, once per start
        ours = _written(lambda: ours_run(store, MINUTES)) * a_day
        theirs = _written(lambda: predecessor_run(Path(folder), MINUTES)) * a_day
    return [
        {
            "name": "bytes written by the log, a day of V2H",
            "value": round(ours, 1),
            "unit": "MB",
            "against": round(theirs, 1),
            "ratio": round(ours / theirs, 3),
        }
    ]


def ours_run(store: StoreWriter, minutes: int) -> None:
    """What datalog does in `minutes` of energy flow; closes the store."""
    days = Days()
    store.set_clock(1.8e9, True)
    minute, sampled, flushed = Minute(0.0, {}), 0.0, 0.0
    for now in range(minutes * 60):
        values = look(now)
        days.add(now, "2026-11-22", values, values["power_w"], (0.3, 0.1))
        minute.add(values)
        if now - minute.began >= MINUTE_S:
            store.add_minute(minute.began, minute.row(days.totals()))
            minute = Minute(now, days.totals())
        flush = now - flushed >= FLUSH_S
        if flush or now - sampled >= ACTIVE_S:
            sampled = now
            store.add_sample(now, values)
        if now % (3600 // EVENTS_AN_HOUR) == 0:
            store.add_event(Event(now, "info", "command", "v2h/command/mode from web: Applied: mode v2h.", "manager"))
        if flush:
            flushed = now
            store.set_day("2026-11-22", days.row("2026-11-22"))
            store.flush()
    store.close()


def predecessor_run(folder: Path, minutes: int) -> None:
    """The same minutes, as the predecessor writes them."""
    connection = sqlite3.connect(folder / "predecessor.sqlite3")
    columns = ", ".join(f"{name} real" for name in look(0) if name not in ("state", "mode"))
    connection.execute(f"create table data (id integer primary key, time text, state text, mode text, {columns})")
    for second in range(0, minutes * 60, int(PREDECESSOR_ROW_S)):
        row = {
            "time": f"2026-11-22T{second // 3600 % 24:02d}:{second // 60 % 60:02d}:{second % 60:02d}",
            **look(second),
        }
        names = ", ".join(row)
        connection.execute(f"insert into data ({names}) values ({', '.join('?' * len(row))})", list(row.values()))
        connection.commit()
    connection.close()


def look(second: int) -> dict[str, Any]:
    """Values that change as in a session."""
    return {
        "state": "energy", "mode": "v2h", "soc_pct": 60.0 - second % 3000 / 100, "volts_v": 384.6 + second % 7 / 10,
        "amps_a": -3.9 + second % 11 / 10, "power_w": -1500.0 + second % 13 * 38.5, "grid_w": second % 17 * 3.25,
        "setpoint_a": -3.9, "temperature_c": 31.0, "can0_frames": 790 + second % 3, "can1_frames": 800 + second % 5,
    }  # fmt: skip


def _written(run: Any) -> int:
    before = _wchar()
    run()
    return _wchar() - before


def _wchar() -> int:
    words = Path("/proc/self/io").read_text().split()
    return int(words[words.index("wchar:") + 1])
