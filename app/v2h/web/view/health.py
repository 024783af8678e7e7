"""Is it well: faults in words, relays, what is verified, programs, ages of the data, the meter, the clock."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from v2h.bus import ChargerState, ManagerState, MeterStatus
from v2h.web import words
from v2h.web.faultwords import FAULTS
from v2h.web.view.figures import NONE, age, duration, unit
from v2h.web.view.seen import OLD_S, Seen

METER_TONES = {"good": "dim", "slow": "warn", "waiting": "dim"}
"""Any other word is bad."""
METER_SILENT_S = 30.0
"""A meter's status is told every 10 s."""
TRACKING_GOOD_W, TRACKING_POOR_W = 60.0, 150.0
"""Mean distance from the target: what the best published laws reach at 1 Hz, and what they never need."""


def faults(charger: ChargerState | None) -> list[dict[str, str]]:
    names = charger.faults if charger else []
    return [{"name": n, "text": " ".join(FAULTS.get(n, (words.sentence(words.plain(n)),)))} for n in names]


def outputs(charger: ChargerState | None) -> list[dict[str, str]]:
    if charger is None:
        return [{"name": n, "label": label, "text": "unknown", "tone": "dim"} for n, label in words.OUTPUTS.items()]
    on = set(charger.outputs)
    rows = [_output(n, label, n in on) for n, label in words.OUTPUTS.items()]
    return rows + [_output(n, words.plain(n), True) for n in sorted(on - words.OUTPUTS.keys())]


def _output(name: str, label: str, on: bool) -> dict[str, str]:
    wordings = {"c1": ("closed", "open"), "c2": ("closed", "open"), "plug-lock": ("locked", "unlocked")}
    text_on, text_off = wordings.get(name, ("on", "off"))
    return {"name": name, "label": label, "text": text_on if on else text_off, "tone": "on" if on else "dim"}


def checks(charger: ChargerState | None) -> list[dict[str, str]]:
    found = charger.checks if charger else {}
    return [
        {
            "name": name,
            "label": words.CHECKS.get(name, words.plain(name)),
            "text": value,
            "tone": words.CHECK_TONES.get(value, "dim"),
        }
        for name, value in found.items()
    ]


def programs(seen: Seen) -> list[dict[str, str]]:
    def state(name: str) -> str:
        if not seen.bus_up:
            return "unknown"
        alive = seen.programs.get(name)
        return "not seen" if alive is None else "running" if alive.alive else "stopped"

    names = [*words.PROGRAMS, *sorted(seen.programs.keys() - words.PROGRAMS.keys())]
    return [
        {
            "name": name,
            "label": words.PROGRAMS.get(name, words.plain(name)),
            "state": state(name),
            "tone": "good" if state(name) == "running" else "bad" if state(name) == "stopped" else "dim",
        }
        for name in names
    ]


def ages(seen: Seen) -> list[dict[str, Any]]:
    """Age of each source; old: too old to be used."""
    charger, manager = seen.charger, seen.manager
    rows = [_age("Charger state", None if charger is None else seen.now - charger.t)]
    rows.append(_age("Manager state", None if manager is None else seen.now - manager.t))
    rows.append(_age("Grid power", seen.grid_age_s(), old_s=seen.grid_old_s()))
    if charger is not None:
        for name, age_s in charger.ages_s.items():
            label = words.AGES.get(name, words.plain(name))
            total_s = None if age_s is None else age_s + seen.now - charger.t
            rows.append(_age(label, total_s, needed=charger.state not in words.RESTING))
    return rows


def _age(label: str, age_s: float | None, needed: bool = True, old_s: float = OLD_S) -> dict[str, Any]:
    old = needed and (age_s is None or age_s > old_s)
    text = "nothing yet" if age_s is None else age(age_s)
    return {"name": label, "label": label, "text": text, "old": old, "tone": "bad" if old else "dim"}


def meter(seen: Seen, manager: ManagerState | None) -> list[dict[str, str]]:
    """How well the house is measured and followed: what the meters say of themselves, and the distance from the
    target; empty until somebody says so."""
    rows = []
    for role, status in sorted(seen.meters.items(), key=lambda item: item[0] != "grid"):
        name, age_s = words.METERS.get(role, words.plain(role)), seen.now - status.t
        if not seen.bus_up:
            rows.append({"name": role, "label": name, "text": "unknown", "tone": "dim"})
        elif age_s > METER_SILENT_S:
            rows.append({"name": role, "label": name, "text": f"no news for {duration(age_s)}", "tone": "bad"})
        else:
            rows += _meter(role, name, status, manager)
    mean_w = manager.tracking.get("mean_w") if manager else None
    if mean_w is not None:
        tone = "good" if mean_w <= TRACKING_GOOD_W else "dim" if mean_w <= TRACKING_POOR_W else "warn"
        text = unit(mean_w, "W", 0)
        rows.append({"name": "mean_w", "label": "Grid off its target by, on average", "text": text, "tone": tone})
    return rows


def _meter(role: str, name: str, status: MeterStatus, manager: ManagerState | None) -> Iterator[dict[str, str]]:
    tone = METER_TONES.get(status.word, "bad")
    yield {"name": role, "label": f"{name} speaks every", "text": unit(status.interval_s, "s", 2), "tone": tone}
    lag = unit(status.lag_s, "s", 2) + ("" if status.lag_known else ", assumed")
    seen_s = manager.tracking.get("lag_s") if manager and role == "grid" else None
    if seen_s is not None:
        lag += f" as told, but {unit(seen_s, 's', 2)} by what it shows of the car's power; followed as the latter"
    tone = "dim" if seen_s is None else "warn"
    yield {"name": f"{role}-lag", "label": f"{name} trails by", "text": lag, "tone": tone}
    if status.word != "good" or status.fallback:
        yield {"name": f"{role}-text", "label": status.text, "text": "", "tone": "warn"}


def clock(manager: ManagerState | None) -> dict[str, str]:
    """Where the time comes from: {"text", "tone", "local": the time there}."""
    said: Mapping[str, Any] = manager.clock if manager else {}
    if not said:
        return {"text": "The manager has not said whether the clock is right.", "tone": "dim", "local": NONE}
    local = _local(said)
    source = words.CLOCK_SOURCES.get(str(said.get("source")), words.plain(str(said.get("source"))))
    age_s = said.get("age_s")
    since = f", set {duration(age_s)} ago" if isinstance(age_s, int | float) else ""
    if said.get("trusted"):
        return {"text": f"The clock is trusted: {source}{since}.", "tone": "good", "local": local}
    text = "The clock is not known to be right. Until it is, the schedule waits."
    return {"text": text, "tone": "warn", "local": local}


def _local(said: Mapping[str, Any]) -> str:
    """'Sun 22 Nov, 12:00 in Europe/London': with the day, for that is what a clock without a battery gets wrong."""
    try:
        return f"{datetime.fromisoformat(said['local']):%a %-d %b, %H:%M} in {said['zone']}"
    except (KeyError, TypeError, ValueError):
        return NONE
