"""The health of the appliance: relays, what is verified, programs, ages of the data, the meters, the clock."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from v2h.bus.messages import STATE_OLD_S, ChargerState, ManagerState, MeterStatus
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import RESTING, Mode
from v2h.web.view import labels
from v2h.web.view.figures import NONE, age, duration, unit
from v2h.web.view.snapshot import Snapshot

METER_TONES = {"good": "dim", "slow": "warn", "on-change": "warn", "waiting": "dim"}
"""Tone of a meter's status word. Any other status word is bad."""
METER_SPEAKS = ("good", "slow", "on-change")
METER_SILENT_S = 30.0
"""A meter's status is published every 10 s."""
TRACKING_GOOD_W, TRACKING_POOR_W = 60.0, 150.0
"""Mean distance from the target: what the best published laws reach at 1 Hz, and what they never exceed."""


ON_OFF = say("page.on"), say("page.off")
CLOSED_OPEN = say("page.closed"), say("page.open")
WORDINGS = {"c1": CLOSED_OPEN, "c2": CLOSED_OPEN, "plug-lock": (say("page.locked"), say("page.unlocked"))}


def outputs(charger: ChargerState | None) -> list[dict[str, str]]:
    if charger is None:
        return [
            {"name": n, "label": label, "text": say("page.unknown"), "tone": "dim"}
            for n, label in labels.OUTPUTS.items()
        ]
    on = set(charger.outputs)
    rows = [_output(n, label, n in on) for n, label in labels.OUTPUTS.items()]
    return rows + [_output(n, labels.plain(n), True) for n in sorted(on - labels.OUTPUTS.keys())]


def _output(name: str, label: str, on: bool) -> dict[str, str]:
    text_on, text_off = WORDINGS.get(name, ON_OFF)
    return {"name": name, "label": label, "text": text_on if on else text_off, "tone": "on" if on else "dim"}


def checks(charger: ChargerState | None) -> list[dict[str, str]]:
    found = charger.checks if charger else {}
    return [
        {
            "name": name,
            "label": labels.CHECKS.get(name, labels.plain(name)),
            "text": say("page.word", word=value),
            "tone": labels.CHECK_TONES.get(value, "dim"),
        }
        for name, value in found.items()
    ]


def programs(seen: Snapshot) -> list[dict[str, str]]:
    def state(name: str) -> str:
        if not seen.bus_up:
            return say("page.unknown")
        alive = seen.programs.get(name)
        return say("page.not_seen") if alive is None else say("page.running" if alive.alive else "page.stopped")

    names = [*labels.PROGRAMS, *sorted(seen.programs.keys() - labels.PROGRAMS.keys())]
    return [
        {
            "name": name,
            "label": labels.PROGRAMS.get(name, labels.plain(name)),
            "state": state(name),
            "tone": "good" if state(name) == "running" else "bad" if state(name) == "stopped" else "dim",
        }
        for name in names
    ]


def ages(seen: Snapshot) -> list[dict[str, Any]]:
    """Age of each source. old: the data are needed now, and they are missing or stale."""
    charger, manager = seen.charger, seen.manager
    rows = [_age(say("age.charger_state"), None if charger is None else seen.now - charger.t)]
    rows.append(_age(say("age.manager_state"), None if manager is None else seen.now - manager.t))
    rows.append(_age(say("age.grid_power"), seen.grid_age_s(), old_s=seen.grid_old_s()))
    if charger is not None:
        for name, age_s in charger.ages_s.items():
            label = labels.AGES.get(name, labels.plain(name))
            total_s = None if age_s is None else age_s + seen.now - charger.t
            rows.append(_age(label, total_s, needed=charger.state not in RESTING))
    return rows


def _age(label: str, age_s: float | None, needed: bool = True, old_s: float = STATE_OLD_S) -> dict[str, Any]:
    old = needed and (age_s is None or age_s > old_s)
    text = say("page.nothing_yet") if age_s is None else age(age_s)
    return {"name": label, "label": label, "text": text, "old": old, "tone": "bad" if old else "dim"}


def meter(seen: Snapshot, manager: ManagerState | None) -> list[dict[str, str]]:
    """How well the house is measured and followed: the status that each meter reports, and the mean distance from the
    target. Empty until there is a report."""
    rows = []
    text: str
    for role, status in sorted(seen.meters.items(), key=lambda item: item[0] != "grid"):
        name, age_s = labels.METERS.get(role, labels.plain(role)), seen.now - status.t
        if not seen.bus_up:
            rows.append({"name": role, "label": name, "text": say("page.unknown"), "tone": "dim"})
        elif age_s > METER_SILENT_S:
            text = say("page.no_news_since", lasted=duration(age_s))
            rows.append({"name": role, "label": name, "text": text, "tone": "bad"})
        else:
            rows += _meter(role, name, status, manager)
    mean_w = manager.tracking.get("mean_w") if manager else None
    if mean_w is not None:
        tone = "good" if mean_w <= TRACKING_GOOD_W else "dim" if mean_w <= TRACKING_POOR_W else "warn"
        text = unit(mean_w, "W", 0)
        rows.append({"name": "mean_w", "label": say("page.off_target"), "text": text, "tone": tone})
    return rows


def meter_says(seen: Snapshot) -> str:
    """The grid meter's own words about why it sends nothing; "" while it does, or without a fresh report of them."""
    status = seen.meters.get("grid")
    speaks = status is None or status.word in METER_SPEAKS or seen.now - status.t > METER_SILENT_S
    return "" if status is None or speaks else status.text


def _meter(role: str, name: str, status: MeterStatus, manager: ManagerState | None) -> Iterator[dict[str, str]]:
    tone = METER_TONES.get(status.word, "bad")
    if status.word not in METER_SPEAKS:  # its interval and lag are only what was configured or once measured
        yield {"name": role, "label": name, "text": say("page.word", word=status.word), "tone": tone}
        yield {"name": f"{role}-text", "label": status.text, "text": "", "tone": "warn"}
        return
    yield {
        "name": role,
        "label": say("page.speaks_every", meter=name),
        "text": unit(status.interval_s, "s", 2),
        "tone": tone,
    }
    lag = unit(status.lag_s, "s", 2)
    lag = lag if status.lag_known else say("page.lag_assumed", lag=lag)
    seen_s = manager.tracking.get("lag_s") if manager and role == "grid" else None
    if seen_s is not None:
        lag = say("page.lag_seen", lag=lag, seen=unit(seen_s, "s", 2))
    tone = "dim" if seen_s is None else "warn"
    yield {"name": f"{role}-lag", "label": say("page.trails_by", meter=name), "text": lag, "tone": tone}
    if status.word != "good" or status.fallback:
        yield {"name": f"{role}-text", "label": status.text, "text": "", "tone": "warn"}


LOG_SILENT_S = 150.0
"""datalog reports on the log once a minute."""


def troubles(seen: Snapshot) -> list[dict[str, str]]:
    """What is not in order although every program runs: the log and the card, the owner's files, the clock."""
    said: list[str] = []
    if seen.log is not None and seen.now - seen.log.t > LOG_SILENT_S:
        said.append(say("page.log_silent", lasted=duration(seen.now - seen.log.t)))
    elif seen.log is not None and seen.log.trouble:
        said.append(seen.log.trouble)
    if seen.settings is not None and seen.settings.error:
        said.append(say("page.settings_error", error=seen.settings.error))
    if seen.plan is not None and seen.plan.error:
        said.append(say("page.schedule_error", error=seen.plan.error))
    manager = seen.fresh_manager()
    if manager is not None and manager.clock and not manager.clock.get("trusted") and _scheduled(seen):
        said.append(clock(manager)["text"])
    return [{"name": text, "text": labels.sentence(text)} for text in said]


def _scheduled(seen: Snapshot) -> bool:
    document: Mapping[str, Any] = seen.plan.schedule if seen.plan is not None else {}
    entries = any(document.get(key) for key in ("weekly", "overrides", "ready_by"))
    return entries or document.get("otherwise", Mode.IDLE) != Mode.IDLE


def log(seen: Snapshot) -> dict[str, str]:
    """Whether the log is written, and what is free on the card."""
    known = seen.log if seen.log is not None and seen.now - seen.log.t <= LOG_SILENT_S else None
    if known is None:
        return {"written": say("page.unknown"), "free": NONE}
    written = say("page.not_for", lasted=duration(known.unwritten_s)) if known.unwritten_s else say("page.yes")
    return {"written": written, "free": unit(None if known.free_bytes is None else known.free_bytes / 2**20, "MiB", 0)}


def clock(manager: ManagerState | None) -> dict[str, str]:
    """The source of the time: {"text", "tone", "local": the appliance's local time}."""
    said: Mapping[str, Any] = manager.clock if manager else {}
    if not said:
        return {"text": say("page.clock_unknown"), "tone": "dim", "local": NONE}
    local = _local(said)
    source = labels.CLOCK_SOURCES.get(str(said.get("source")), labels.plain(str(said.get("source"))))
    age_s = said.get("age_s")
    if not said.get("trusted"):
        return {"text": say("page.clock_untrusted"), "tone": "warn", "local": local}
    if isinstance(age_s, int | float):
        text: Sentence = say("page.clock_trusted_since", source=source, lasted=duration(age_s))
    else:
        text = say("page.clock_trusted", source=source)
    return {"text": text, "tone": "good", "local": local}


def _local(said: Mapping[str, Any]) -> str:
    """'Sun 22 Nov, 12:00 in Europe/London': with the day, because a clock without a battery gets the day wrong."""
    try:
        return say("page.local", time=f"{datetime.fromisoformat(said['local']):%a %-d %b, %H:%M}", zone=said["zone"])
    except (KeyError, TypeError, ValueError):
        return NONE
