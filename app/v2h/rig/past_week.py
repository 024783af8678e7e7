"""A made-up week before the demo's start, so that its charts, days and log are not empty: `write` fills the log.

The house is the rig's own trace, 1.6 times as large; the sun is that of a winter; the car is a simple sum. It stands at
home from 17:30 to 07:30, at weekends but for an errand; it covers the house as far as it can, and charges at night. All
of it is pure but for `write`.
"""

import contextlib
import json
import sqlite3
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from v2h.bus.messages import Event
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import STATE_EVENT, State
from v2h.datalog.rows import insert
from v2h.datalog.writer import StoreWriter
from v2h.rig.house import day_trace

DAYS = 8
CAPACITY_WH = 24000.0
NIGHT_W, MOST_W = 3600.0, 5800.0
LOW_PCT, NIGHT_PCT, HIGH_PCT = 30.0, 80.0, 90.0
DRIVE_PCT = 18.0
"""What a working day's drive takes from the battery."""
LOAD_FACTOR = 1.6
STEP_S = 300
KEPT_ROWS = 900
"""The writer keeps a thousand rows in memory."""
IMPORT_PRICE, NIGHT_PRICE = 0.28, 0.07
BEGIN = (
    *((0.0, State.WAKE), (2.1, State.HANDSHAKE), (3.4, State.CONVERTER), (5.0, State.LOCK), (6.2, State.INSULATION)),
    *((9.0, State.BLEED), (10.4, State.TEST_OPEN), (10.9, State.CONTACTOR_CHECK), (12.0, State.CAR_CONTACTORS)),
    *((13.1, State.MATCH), (14.6, State.READY)),
)
"""Seconds after the start of a session, and the state that begins then."""
END = ((0.0, State.STOP_CURRENT), (1.4, State.WELDING), (4.0, State.OPEN), (4.4, State.D2_OFF), (5.0, State.UNLOCK))


@cache
def _loads() -> list[float]:
    """Mean load, W, of each step from 07:00 to 07:00."""
    points = [*day_trace(), (86400.0, 0.0)]
    sums = [0.0] * (86400 // STEP_S)
    for (t_s, watts), (next_s, _) in pairwise(points):
        while t_s < min(next_s, 86400):
            end_s = min(next_s, (t_s // STEP_S + 1) * STEP_S)
            sums[int(t_s // STEP_S)] += watts * (end_s - t_s) / STEP_S
            t_s = end_s
    return sums


def solar_w(hour: float) -> float:
    """Weak winter sun."""
    return max(0.0, 1900.0 * (1 - ((hour - 12.3) / 3.9) ** 2))


def is_home(at: datetime) -> bool:
    hour = at.hour + at.minute / 60
    return not 10 <= hour < 12.5 if at.weekday() >= 5 else hour >= 17.5 or hour < 7.5


def steps(now: datetime) -> Iterator[dict[str, Any]]:
    """The means of each STEP_S from the midnight DAYS ago until `now` (aware): {"at", "t" (s since 1970), "grid_w",
    "power_w" (+ charging), "soc_pct", "home"}."""
    at = now.replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=DAYS)
    soc_pct, was_home = 62.0, True
    while at < now:
        hour, home = at.hour + at.minute / 60, is_home(at)
        net_w = LOAD_FACTOR * _loads()[int((hour - 7) % 24 * 3600 // STEP_S)] - solar_w(hour)
        night = 0.5 <= hour < 5.5
        car_w = NIGHT_W if night else max(-MOST_W, min(MOST_W, -net_w))
        full = soc_pct > (NIGHT_PCT if night else HIGH_PCT) and car_w > 0
        if not home or full or (soc_pct < LOW_PCT and car_w < 0):
            car_w = 0.0
        if home and not was_home:
            soc_pct -= DRIVE_PCT
        soc_pct, was_home = max(5.0, soc_pct + car_w * STEP_S / 36 / CAPACITY_WH), home
        noise_w = int(at.timestamp()) * 7919 % 61 - 30
        grid_w = net_w + car_w + noise_w
        yield {"at": at, "t": at.timestamp(), "grid_w": grid_w, "power_w": car_w, "soc_pct": soc_pct, "home": home}
        at += timedelta(seconds=STEP_S)


def energy_wh(row: dict[str, Any]) -> dict[str, float]:
    """The counters of one step."""
    grid_wh, car_wh = row["grid_w"] * STEP_S / 3600, row["power_w"] * STEP_S / 3600
    return {
        "charged_wh": max(0.0, car_wh),
        "discharged_wh": max(0.0, -car_wh),
        "imported_wh": max(0.0, grid_wh),
        "exported_wh": max(0.0, -grid_wh),
    }


def days(rows: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """Totals by local day (ISO date), with the columns of the log's days."""
    found: dict[str, dict[str, Any]] = {}
    for row in rows:
        spent = energy_wh(row)
        total = found.setdefault(row["at"].date().isoformat(), {**dict.fromkeys(spent, 0.0), "saved": 0.0})
        for name, value in spent.items():
            total[name] += value
        total["saved"] += (spent["discharged_wh"] * IMPORT_PRICE - spent["charged_wh"] * NIGHT_PRICE) / 1000
    return found


def events(rows: list[dict[str, Any]]) -> Iterator[Event]:
    """The log's events, oldest first; their t is s since 1970. Each time at home is one session; one has a fault."""
    count, began = 0, None
    for row in rows:
        if row["home"] and began is None:
            began = row["t"]
            yield from _start(began)
        elif not row["home"] and began is not None:
            count, began = count + 1, None
            yield from _fault(row["t"]) if count == 3 else _end(row["t"])
    if began is not None:
        yield from _end(rows[-1]["t"])
    if rows:
        yield Event(rows[-1]["t"] + 60, "info", "demo", say("demo.made_up"), "datalog")


def _start(t: float) -> Iterator[Event]:
    for after_s, state in BEGIN:
        yield Event(t + after_s, "info", STATE_EVENT, say("session.starting"), "charger", {"state": str(state)})
    yield Event(t + 15, "info", STATE_EVENT, say("session.energy_may_flow"), "charger", {"state": str(State.ENERGY)})


def _end(t: float) -> Iterator[Event]:
    for after_s, state in (*END, (6.0, State.FAREWELL), (8.0, State.IDLE)):
        yield Event(t + after_s, "info", STATE_EVENT, say("session.stopped"), "charger", {"state": str(state)})


def _fault(t: float) -> Iterator[Event]:
    lost: dict[str, Any] = {"fault": "car_lost"}
    for after_s, level, state in (
        (0.0, "info", State.STOP_CURRENT),
        (2.0, "info", State.SAFE),
        (3.0, "fault", State.FAULT),
    ):
        yield Event(
            t + after_s, level, STATE_EVENT, say("watch.car_lost", age_s=0.6), "charger", {"state": str(state), **lost}
        )
    cleared = {"state": str(State.IDLE)}
    yield Event(t + 1300, "info", STATE_EVENT, say("session.fault_cleared"), "charger", cleared)


def write(folder: Path, now: datetime) -> float:
    """Write the week before `now` into a new log in `folder`, as one boot. Returns the battery's last charge, %."""
    rows = list(steps(now))
    began = rows[0]["t"]
    store = StoreWriter(folder, "made-up-week", "demo")
    store.set_clock(began, True)
    for number, row in enumerate(rows):
        values = {name: round(row[name], 1) for name in ("grid_w", "power_w", "soc_pct")}
        store.add_minute(
            row["t"] - began, {**values, **energy_wh(row), "state": str(State.ENERGY if row["home"] else State.IDLE)}
        )
        if number % KEPT_ROWS == 0:
            store.flush()
    for day, totals in days(rows).items():
        store.set_day(day, totals)
    store.close()
    with (
        contextlib.closing(sqlite3.connect(store.path)) as connection,
        connection,
    ):  # together: each commit waits for the disk
        (boot,) = connection.execute("select id from boots").fetchone()
        for event in events(rows):
            said = {name: str(getattr(event, name)) for name in ("level", "code", "text", "source")}
            text = {"said": event.text.as_json()} if isinstance(event.text, Sentence) else {}  # as datalog keeps it
            row = {**said, "boot": boot, "t": event.t - began, "values": json.dumps({**event.values, **text})}
            connection.execute(*insert("events", row))
    return float(rows[-1]["soc_pct"])
