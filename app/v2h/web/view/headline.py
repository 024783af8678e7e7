"""The top of the page: colour, headline, the reason, and the step of the session."""

from typing import Any

from v2h.bus.messages import ChargerState, ManagerState
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import RESTING, Mode, State
from v2h.web.view import faults, health, labels
from v2h.web.view.figures import duration, watts
from v2h.web.view.snapshot import Snapshot

FLOWING_W = 20.0
"""Below this the page shows no flow, because one step of the converter is 38 W."""


def tone(charger: ChargerState | None, manager: ManagerState | None) -> str:
    """Colour of the page, the same as that of the panel's logo: old, idle, charge, discharge (also V2H) or fault. For a
    mode that waits, the page shows a text and the logo blinks."""
    if charger is None:
        return "old"
    if charger.state == State.FAULT or charger.faults:
        return "fault"
    if charger.state == State.IDLE:
        return "idle"
    mode = manager.mode if manager else ""
    return "charge" if mode in (Mode.CHARGE, Mode.SOLAR) else "discharge"


def headline(seen: Snapshot, charger: ChargerState | None, manager: ManagerState | None) -> str:
    if not seen.bus_up:
        return say("page.no_connection")
    if seen.charger is None:
        return say("page.waiting_for_charger")
    if charger is None:
        return say("page.no_news_for", lasted=duration(seen.now - seen.charger.t))
    if charger.state in RESTING:
        wanted = manager is not None and manager.mode != Mode.IDLE and charger.state == State.IDLE
        return say("page.ready") if wanted else labels.AT_REST[charger.state]
    if charger.state == State.ENERGY and charger.power_w is not None:
        if charger.power_w >= FLOWING_W:
            return say("page.charging_with", power=watts(charger.power_w))
        if charger.power_w <= -FLOWING_W:
            return say("page.car_supplies", power=watts(-charger.power_w))
        return say("page.no_energy_flows")
    return step_text(charger)


def spoken(seen: Snapshot, charger: ChargerState | None, manager: ManagerState | None) -> str:
    """The headline without numbers, because a screen reader speaks at each change, and watts change all the time."""
    flows = charger is not None and charger.state == State.ENERGY and charger.power_w is not None
    if seen.bus_up and flows and charger is not None and abs(charger.power_w or 0.0) >= FLOWING_W:
        return say("page.charging" if (charger.power_w or 0.0) > 0 else "page.car_supplies_energy")
    if seen.bus_up and seen.charger is not None and charger is None:
        return say("page.no_news")
    return headline(seen, charger, manager)


def why(seen: Snapshot, charger: ChargerState | None, manager: ManagerState | None) -> str:
    """The sentence of `manager`, and the session's own reason if it adds something to it and to the fault card."""
    parts = []
    if manager and manager.why:
        parts += [] if faults.repeats(charger, manager.why) else [manager.why]
    elif manager is None:
        parts.append(manager_silent(seen))
    # With a bad file the charger works with the defaults, and would blame keys that are right in the owner's file.
    quiet = (State.ENERGY, State.IDLE) if seen.all_config_errors() else (State.ENERGY,)
    untold = charger is not None and getattr(charger.reason, "id", "") == "session.not_started"
    untold = untold or (charger is not None and faults.repeats(charger, charger.reason))
    if charger and not untold and charger.state not in quiet and charger.reason.lower() not in " ".join(parts).lower():
        parts.append(charger.reason)
    if manager and manager.mode != Mode.IDLE and seen.grid_w() is None:
        parts.append(health.meter_says(seen))
    told = [part if isinstance(part, Sentence) else labels.plain(part) for part in parts if part]
    return say("page.sentences", parts=told) if told else ""


def manager_silent(seen: Snapshot) -> str:
    """A sentence when `manager` has not reported yet or its last report is stale; else ""."""
    if seen.manager is None:
        return say("page.manager_not_reported")
    if seen.fresh_manager() is None:
        return say("page.manager_silent", lasted=duration(seen.now - seen.manager.t))
    return ""


def stop_text(charger: ChargerState | None, manager: ManagerState | None) -> str:
    running = charger is None or charger.state not in RESTING or (manager is not None and manager.mode != Mode.IDLE)
    return say("page.stop" if running else "page.stay_idle")


def steps(charger: ChargerState | None) -> list[dict[str, Any]]:
    """Each step with its state: done, now or todo. All are todo when no session runs."""
    at = labels.STEP_OF_STATE.get(charger.state, -1) if charger else -1

    def state(index: int) -> str:
        return "now" if index == at else "done" if index < at else "todo"

    return [{"name": s.key, "label": s.label, "state": state(i)} for i, s in enumerate(labels.STEPS)]


def step_text(charger: ChargerState | None) -> str:
    if charger is None:
        return say("page.session_unknown")
    if charger.state in RESTING:
        return say("page.no_session")
    return labels.DOING.get(charger.state, labels.plain(charger.state))
