"""What the page shows, made from what is known: pure, every sentence and number ready for the screen.

The template writes this view once and the script writes the same keys again on every update, so both always agree.
Data older than OLD_S are not data: their numbers are replaced by a dash, and the page says since when they are missing.
"""

from typing import Any, NamedTuple

from v2h.bus import Alive, ChargerState, Event, ManagerState
from v2h.web import words

OLD_S = 3.0
NONE = "–"
FLOWING_W = 20.0
"""Below this the picture shows no flow: one step of the converter is 38 W."""


class Seen(NamedTuple):
    """Everything that is known at `now` (monotonic s). charger, manager: newest message or None."""

    now: float
    charger: ChargerState | None
    manager: ManagerState | None
    programs: dict[str, Alive]
    events: tuple[Event, ...]
    bus_up: bool
    config_errors: tuple[str, ...]
    site: str

    def fresh_charger(self) -> ChargerState | None:
        return self.charger if self.charger and self.now - self.charger.t <= OLD_S else None

    def fresh_manager(self) -> ManagerState | None:
        return self.manager if self.manager and self.now - self.manager.t <= OLD_S else None

    def all_config_errors(self) -> tuple[str, ...]:
        """Ours and manager's, each once."""
        others = self.manager.config_errors if self.manager else []
        return tuple(dict.fromkeys((*self.config_errors, *others)))


def view(seen: Seen) -> dict[str, Any]:
    """The page's values by key: texts, and lists of rows."""
    charger, manager = seen.fresh_charger(), seen.fresh_manager()
    tone = _tone(charger, manager)
    return {
        "site": seen.site,
        "tone": tone,
        "old": charger is None,
        "headline": _headline(seen, charger, manager),
        "spoken": _spoken(seen, charger, manager),
        "why": _why(seen, charger, manager),
        "mode": manager.mode if manager else "",
        "mode_text": words.MODES.get(manager.mode, words.plain(manager.mode)) if manager else "unknown",
        "stop_text": _stop_text(charger, manager),
        "next": (manager.next_entry if manager else None) or "nothing planned",
        "steps": _steps(charger),
        "step_text": _step_text(charger),
        **_numbers(charger, manager),
        "flow": _flow(charger, manager),
        "faults": _faults(charger),
        "outputs": _outputs(charger),
        "checks": _checks(charger),
        "config_errors": [{"name": text, "text": text} for text in seen.all_config_errors()],
        "programs": _programs(seen),
        "ages": _ages(seen),
        "events": [_event(event, seen.now) for event in seen.events],
    }


def _tone(charger: ChargerState | None, manager: ManagerState | None) -> str:
    """Colour of the page, the same as the panel's logo: old, idle, charge, discharge (also V2H) or fault."""
    if charger is None:
        return "old"
    if charger.state == "fault" or charger.faults:
        return "fault"
    if charger.state == "idle":
        return "idle"
    mode = manager.mode if manager else ""
    if mode in ("charge", "solar"):
        return "charge"
    return "discharge"


def _headline(seen: Seen, charger: ChargerState | None, manager: ManagerState | None) -> str:
    if not seen.bus_up:
        return "No connection to the charger’s programs"
    if seen.charger is None:
        return "Waiting for the charger"
    if charger is None:
        return f"No news from the charger for {_duration(seen.now - seen.charger.t)}"
    if charger.state in words.RESTING:
        wanted = manager is not None and manager.mode != "idle" and charger.state == "idle"
        return "Ready, waiting to start" if wanted else words.RESTING[charger.state]
    if charger.state == "energy" and charger.power_w is not None:
        if charger.power_w >= FLOWING_W:
            return f"Charging the car with {watts(charger.power_w)}"
        if charger.power_w <= -FLOWING_W:
            return f"The car supplies {watts(-charger.power_w)}"
        return "Connected, no energy flows"
    return _step_text(charger)


def _spoken(seen: Seen, charger: ChargerState | None, manager: ManagerState | None) -> str:
    """The headline without numbers: a screen reader speaks at each change, and watts change all the time."""
    flows = charger is not None and charger.state == "energy" and charger.power_w is not None
    if seen.bus_up and flows and charger is not None and abs(charger.power_w or 0.0) >= FLOWING_W:
        return "Charging the car" if (charger.power_w or 0.0) > 0 else "The car supplies energy"
    if seen.bus_up and seen.charger is not None and charger is None:
        return "No news from the charger"
    return _headline(seen, charger, manager)


def _why(seen: Seen, charger: ChargerState | None, manager: ManagerState | None) -> str:
    """Manager's sentence, and the session's own reason where it adds something."""
    parts = []
    if manager and manager.why:
        parts.append(manager.why)
    elif seen.manager is None:
        parts.append("The manager has not reported yet")
    elif manager is None:
        parts.append(f"The manager has been silent for {_duration(seen.now - seen.manager.t)}")
    if charger and charger.state != "energy" and charger.reason.lower() not in " ".join(parts).lower():
        parts.append(charger.reason)
    return " ".join(words.sentence(words.plain(part)) for part in parts)


def _stop_text(charger: ChargerState | None, manager: ManagerState | None) -> str:
    running = charger is None or charger.state not in words.RESTING or (manager is not None and manager.mode != "idle")
    return "Stop" if running else "Stay idle"


def _steps(charger: ChargerState | None) -> list[dict[str, Any]]:
    """Each step with state done, now or todo; all todo when no session runs."""
    at = words.STEP_OF_STATE.get(charger.state, -1) if charger else -1

    def state(index: int) -> str:
        return "now" if index == at else "done" if index < at else "todo"

    return [{"name": s.key, "label": s.label, "state": state(i)} for i, s in enumerate(words.STEPS)]


def _step_text(charger: ChargerState | None) -> str:
    if charger is None:
        return "Session state unknown"
    if charger.state in words.RESTING:
        return "No session"
    return words.DOING.get(charger.state, words.plain(charger.state))


def _numbers(charger: ChargerState | None, manager: ManagerState | None) -> dict[str, Any]:
    grid_w = manager.grid_w if manager else None
    return {
        "soc": percent(charger.soc_pct if charger else None),
        "soc_pct": charger.soc_pct if charger else None,
        "volts": unit(charger.volts_v if charger else None, "V", 1),
        "amps": unit(charger.amps_a if charger else None, "A", 1),
        "power": watts(charger.power_w if charger else None),
        "grid": watts(grid_w),
        "setpoint": unit(charger.setpoint_a if charger else None, "A", 1),
        "cable": unit(charger.cable_v if charger else None, "V", 0),
        "temperature": unit(charger.temperature_c if charger else None, "°C", 0),
        "accepts": (
            f"+{charger.max_charge_a:.0f} / −{charger.max_discharge_a:.0f} A" if charger else NONE
        ),
        "grid_age": "unknown" if manager is None or manager.grid_age_s is None else f"{manager.grid_age_s:.1f} s old",
    }  # fmt: skip


def _flow(charger: ChargerState | None, manager: ManagerState | None) -> dict[str, Any]:
    """House, grid and car: number, words, and the direction in which the dashes run ("right" is towards the car).

    The house's own load follows from the other two, with the car taken at its DC side: about, not measured.
    """
    grid_w = manager.grid_w if manager else None
    car_w = charger.power_w if charger else None
    if charger and car_w is None and charger.state != "energy":
        car_w = 0.0
    house_w = None if grid_w is None or car_w is None else grid_w - car_w
    return {
        "grid": _node(grid_w, "from the grid", "to the grid", "balanced"),
        "house": {"power": watts(house_w), "label": "house uses, about", "way": "none"}
        if house_w is None or house_w >= 0
        else {"power": watts(-house_w), "label": "house gives (sun), about", "way": "none"},
        "car": _node(car_w, "into the car", "out of the car", "no flow"),
        "text": _flow_text(grid_w, house_w, car_w),
    }


def _node(power_w: float | None, positive: str, negative: str, zero: str) -> dict[str, str]:
    if power_w is None:
        return {"power": NONE, "label": "no data", "way": "none"}
    if abs(power_w) < FLOWING_W:
        return {"power": watts(power_w), "label": zero, "way": "none"}
    ahead = power_w > 0
    return {"power": watts(abs(power_w)), "label": positive if ahead else negative, "way": "right" if ahead else "left"}


def _flow_text(grid_w: float | None, house_w: float | None, car_w: float | None) -> str:
    """The picture in one sentence, for those who do not see it."""
    return f"Grid {watts(grid_w)}, house about {watts(house_w)}, car {watts(car_w)}. Plus is import and charging."


def _faults(charger: ChargerState | None) -> list[dict[str, str]]:
    names = charger.faults if charger else []
    return [{"name": n, "text": words.FAULTS.get(n, words.sentence(words.plain(n)))} for n in names]


def _outputs(charger: ChargerState | None) -> list[dict[str, str]]:
    if charger is None:
        return [{"name": n, "label": label, "text": "unknown", "tone": "dim"} for n, label in words.OUTPUTS.items()]
    on = set(charger.outputs)
    rows = [_output(n, label, n in on) for n, label in words.OUTPUTS.items()]
    return rows + [_output(n, words.plain(n), True) for n in sorted(on - words.OUTPUTS.keys())]


def _output(name: str, label: str, on: bool) -> dict[str, str]:
    wordings = {"c1": ("closed", "open"), "c2": ("closed", "open"), "plug-lock": ("locked", "unlocked")}
    text_on, text_off = wordings.get(name, ("on", "off"))
    return {"name": name, "label": label, "text": text_on if on else text_off, "tone": "on" if on else "dim"}


def _checks(charger: ChargerState | None) -> list[dict[str, str]]:
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


def _programs(seen: Seen) -> list[dict[str, str]]:
    def state(name: str) -> str:
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


def _ages(seen: Seen) -> list[dict[str, Any]]:
    """Age of each source; old: too old to be used."""
    charger, manager = seen.charger, seen.manager
    rows = [_age("Charger state", None if charger is None else seen.now - charger.t)]
    rows.append(_age("Manager state", None if manager is None else seen.now - manager.t))
    grid_age_s = None
    if manager is not None and manager.grid_age_s is not None:
        grid_age_s = manager.grid_age_s + seen.now - manager.t
    rows.append(_age("Grid power", grid_age_s))
    if charger is not None:
        for name, age_s in charger.ages_s.items():
            label = words.AGES.get(name, words.plain(name))
            total_s = None if age_s is None else age_s + seen.now - charger.t
            rows.append(_age(label, total_s, needed=charger.state not in words.RESTING))
    return rows


def _age(label: str, age_s: float | None, needed: bool = True) -> dict[str, Any]:
    old = needed and (age_s is None or age_s > OLD_S)
    text = "nothing yet" if age_s is None else f"{max(age_s, 0.0):.1f} s" if age_s < 60 else _duration(age_s)
    return {"name": label, "label": label, "text": text, "old": old, "tone": "bad" if old else "dim"}


def _event(event: Event, now: float) -> dict[str, str]:
    tone = {"info": "dim", "warning": "warn", "fault": "bad"}.get(event.level, "dim")
    ago = "now" if now - event.t < 60 else f"{_duration(now - event.t)} ago"
    label = words.plain(event.text)
    if event.code in words.SESSION_EVENTS:
        session = words.SESSION_EVENTS[event.code]
        label = session if event.level == "info" else f"{session}: {event.text}"
    return {"name": f"{event.t:.3f}{event.code}", "label": label, "text": ago, "tone": tone}


def watts(power_w: float | None) -> str:
    """'–', '385 W', '−1.52 kW'."""
    if power_w is None:
        return NONE
    shown = f"{power_w / 1000:.2f} kW" if abs(power_w) >= 999.5 else f"{power_w:.0f} W"
    return "0 W" if shown == "-0 W" else shown.replace("-", "−")


def unit(value: float | None, name: str, digits: int) -> str:
    if value is None:
        return NONE
    number = f"{value:.{digits}f}"
    return f"{number.lstrip('-') if float(number) == 0 else number.replace('-', '−')} {name}"


def percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f} %"


def _duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else f"{seconds / 86400:.0f} days"
