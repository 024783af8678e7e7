"""The day at a glance: the battery and its window, what comes next, and the energy since midnight."""

from collections.abc import Iterable, Mapping
from datetime import datetime, tzinfo
from typing import Any

from v2h.bus.messages import ChargerState, ManagerState
from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.web.view import figures, labels, money
from v2h.web.view.figures import NONE, kwh, moment, percent
from v2h.web.view.snapshot import Snapshot, zone_of

NEXT_SHOWN = 3


def battery(charger: ChargerState | None, manager: ManagerState | None, settings: Mapping[str, Any]) -> dict[str, Any]:
    """Numbers for the bar (%, 0 if unknown) and the sentence about the window."""
    known: Mapping[str, Any] = {**(manager.limits if manager else {}), **settings}
    low, high, reserve = (known.get(key) for key in ("soc_min_pct", "soc_max_pct", "reserve_soc_pct"))
    soc_pct = charger.soc_pct if charger else None
    bar = {"soc": soc_pct or 0, "ring": f"{soc_pct or 0:g} 100", "low": low or 0, "width": (high or 0) - (low or 0)}
    if low is None or high is None:
        return {**bar, "text": say("page.window_unknown")}
    if reserve and reserve > low:
        text = say("page.window_reserve", low=percent(low), high=percent(high), reserve=percent(reserve))
    else:
        text = say("page.window", low=percent(low), high=percent(high))
    return {**bar, "text": text}


def next_rows(seen: Snapshot, manager: ManagerState | None) -> list[dict[str, str]]:
    """The next entries of the schedule's preview; without one, the next entry that `manager` reports. Above them: that
    the schedule waits, and for what. Entries that are over by then are left out."""
    if seen.plan and seen.plan.error:
        text = say("page.schedule_has_error", error=seen.plan.error)
        return [{"name": "error", "label": text, "text": "", "tone": "warn"}]
    waits, until_s = _waits(seen, manager)
    rows = entries(seen.plan.preview if seen.plan else (), seen.wall_s, until_s)
    rows = [row for row in rows if row["mode"] != Mode.IDLE][:NEXT_SHOWN]
    if manager is not None and (manager.chosen_by in ("owner", "setpoint") or manager.stopped_by_owner):
        rows = [{**row, "tone": "dim"} for row in rows]  # the schedule's present part is not what happens now
    if rows:
        return waits + rows
    said = manager.next_entry if manager else None
    nothing = say("page.capital", what=say("page.nothing_planned"))
    return [*waits, {"name": "next", "label": said or nothing, "text": "", "tone": "dim"}]


def _waits(seen: Snapshot, manager: ManagerState | None) -> tuple[list[dict[str, str]], float]:
    """A row when the schedule does not decide, and until when that is known to last (s since 1970; else 0)."""
    if manager is None:
        return [], 0.0
    if manager.stopped_by_owner:
        text = say("page.waits_after_stop")
        return [{"name": "waits", "label": text, "text": "", "tone": "warn"}], 0.0
    try:
        until = datetime.fromisoformat(manager.until or "").astimezone(zone_of(seen.owner()))
    except ValueError:
        return [], 0.0
    if manager.chosen_by not in ("owner", "setpoint"):
        return [], 0.0
    said = moment(until, datetime.fromtimestamp(seen.wall_s, until.tzinfo))
    text = say("page.waits_until", until=said)
    return [{"name": "waits", "label": text, "text": "", "tone": "dim"}], until.timestamp()


def entries(preview: Iterable[Mapping[str, Any]], wall_s: float, until_s: float = 0.0) -> list[dict[str, str]]:
    """Each part of the preview that is not over at wall_s, nor at until_s (s since 1970), as a row: what, when, why."""
    found = []
    for part in preview:
        try:
            start, end = datetime.fromisoformat(part["start"]), datetime.fromisoformat(part["end"])
        except (KeyError, TypeError, ValueError):
            continue  # one unreadable part must not make the page fail
        if end.timestamp() <= max(wall_s, until_s):
            continue
        mode, now = str(part.get("mode", "")), datetime.fromtimestamp(wall_s, start.tzinfo)
        found.append(
            {
                "name": f"{part['start']}{mode}",
                "mode": mode,
                "label": labels.MODES.get(mode, labels.plain(mode)),
                "why": part.get("why", ""),
                "text": say("page.span", start=moment(start, now), end=f"{end:%H:%M}"),
                "tone": "on" if start <= now < end else "dim",
            }
        )
    return found


def of_today(days: Iterable[Mapping[str, Any]], zone: tzinfo, wall_s: float) -> Mapping[str, Any] | None:
    """The counters of the day that contains wall_s (s since 1970); None when nothing is counted on that day yet."""
    day = datetime.fromtimestamp(wall_s, zone).date().isoformat()
    return next((row for row in days if row["day"] == day), None)


def energy(counted: Mapping[str, Any] | None, settings: Mapping[str, Any]) -> list[dict[str, str]]:
    """Today's counters as rows; a dash where nothing was counted."""
    day = counted or {}
    rows = [
        {"name": key, "label": label, "text": kwh(day.get(key)), "tone": "on" if day.get(key) else "dim"}
        for key, label in labels.ENERGY.items()
    ]
    for row in rows[:2]:  # the charger's side
        row["text"] = money.marked(row["text"], day)
    saved = day.get("saved")
    told = {"text": money.marked(figures.money(saved, settings.get("currency") or ""), day)}
    rows.append({"name": "saved", "label": say("energy.saved"), **told, "tone": "on" if saved else "dim"})
    efficiency = money.efficiency(day)
    shown = {"text": money.marked(efficiency, day), "tone": "dim" if efficiency == NONE else "on"}
    return [*rows, {"name": "efficiency", "label": say("energy.efficiency"), **shown}]
