"""The live view: one dictionary of texts and rows, made again at most four times a second while somebody looks."""

from typing import Any

from v2h.bus.messages import ChargerState, ManagerState
from v2h.bus.sentences import say
from v2h.bus.states import RESTING
from v2h.web.view import car, faults, headline, health, labels, price, software, today
from v2h.web.view.figures import NONE, age, percent, unit, watts
from v2h.web.view.flow import flow
from v2h.web.view.logrows import recent
from v2h.web.view.snapshot import Snapshot


def view(seen: Snapshot) -> dict[str, Any]:
    """The page's values by key: texts, and lists of rows (each with a name, texts and a tone). What people read is a
    Sentence, for in_language()."""
    charger, manager = seen.fresh_charger(), seen.fresh_manager()
    return {
        "site": seen.site,
        "tone": headline.tone(charger, manager),
        "old": charger is None,
        "headline": headline.headline(seen, charger, manager),
        "spoken": headline.spoken(seen, charger, manager),
        "why": headline.why(seen, charger, manager),
        "manager_silent": headline.manager_silent(seen),
        "mode": manager.mode if manager else "",
        "mode_text": labels.MODES.get(manager.mode, labels.plain(manager.mode)) if manager else say("page.unknown"),
        "stop_text": headline.stop_text(charger, manager),
        "steps": headline.steps(charger),
        "step_text": headline.step_text(charger),
        "in_session": charger is not None and charger.state not in RESTING,
        **_numbers(charger, manager),
        **_grid(seen),
        "flow": flow(charger, seen.grid_w(), seen.solar_w()),
        "battery": today.battery(charger, manager, seen.owner()),
        "plugged": car.plugged(seen),
        "ccs": car.ccs(seen),
        "goal": car.goal(seen, charger, manager),
        "stopped_by_owner": bool(manager and manager.stopped_by_owner),
        "coming": today.next_rows(seen, manager),
        "assumed": seen.plan.assumed if seen.plan and not seen.plan.error else "",
        "next": (manager.next_entry if manager else None) or say("page.nothing_planned"),
        "today": today.energy(seen.today, seen.owner()),
        "price": price.line(seen),
        "plan_stamp": "" if seen.money_plan is None else f"{seen.money_plan.t:.3f}",
        "faults": faults.faults(charger),
        "fault_follows": faults.follows(charger, manager),
        "locked": faults.locked(charger),
        "unlock_wait": faults.unlock_wait(charger, seen.now),
        "outputs": health.outputs(charger),
        "checks": health.checks(charger),
        "config_errors": [{"name": text, "text": text} for text in seen.all_config_errors()],
        "troubles": health.troubles(seen),
        "log": health.log(seen),
        "programs": health.programs(seen),
        "ages": health.ages(seen),
        "meter": health.meter(seen, manager),
        "clock": health.clock(manager),
        "version": software.line(seen),
        "software": software.rows(seen),
        "events": recent(seen.events, seen.now),
    }


def _numbers(charger: ChargerState | None, manager: ManagerState | None) -> dict[str, Any]:
    return {
        "soc": percent(charger.soc_pct if charger else None),
        "soc_pct": charger.soc_pct if charger else None,
        "volts": unit(charger.volts_v if charger else None, "V", 1),
        "amps": unit(charger.amps_a if charger else None, "A", 1),
        "power": watts(charger.power_w if charger else None),
        "setpoint": unit(charger.setpoint_a if charger else None, "A", 1),
        "cable": unit(charger.cable_v if charger else None, "V", 0),
        "temperature": unit(charger.temperature_c if charger else None, "°C", 0),
        "accepts": f"+{charger.max_charge_a:.0f} / −{charger.max_discharge_a:.0f} A" if charger else NONE,
        "starts": str(manager.starts) if manager else NONE,
        "capacity": unit(charger.battery_kwh if charger else None, "kWh", 1),
    }


def _grid(seen: Snapshot) -> dict[str, str]:
    age_s = seen.grid_age_s()
    return {
        "grid": watts(seen.grid_w()),
        "grid_age": say("page.unknown") if age_s is None else say("page.old", lasted=age(age_s)),
    }
