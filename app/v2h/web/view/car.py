"""What is known of the car: whether it is plugged in, and how far it is from the target of a charge."""

from datetime import timedelta

from v2h.bus.messages import STATE_OLD_S, ChargerState, ManagerState
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import State
from v2h.web.view.faults import innermost
from v2h.web.view.figures import moment, span
from v2h.web.view.headline import FLOWING_W
from v2h.web.view.snapshot import Snapshot, trusted_clock

LONGEST_S = 48 * 3600.0
"""A longer time to the target is not shown: the power is too small to tell."""
GOALS = ("fixed.charging", "fixed.discharging")


def plugged(seen: Snapshot) -> Sentence:
    """Whether the car is plugged in. Only frames of the car show it: this charger has no contact in the plug."""
    charger = seen.charger
    age_s = charger.ages_s.get("car") if charger else None
    if charger is not None and age_s is not None:
        answered_t = charger.t - age_s
        if seen.fresh_charger() is not None and seen.now - answered_t <= STATE_OLD_S:
            return say("page.plugged_in")
        return say("page.plug_since", when=when(seen, answered_t))
    if charger is not None and charger.state == State.IDLE and getattr(charger.reason, "id", "") == "late.wake":
        return say("page.plug_no_answer", when=when(seen, charger.since_t))
    return say("page.plug_unknown")


def ccs(seen: Snapshot) -> str:
    """What a CCS car and its modem do, with its charge as it last reported it; "" where ccs does not run."""
    said = seen.ccs
    if said is None:
        return ""
    if seen.now - said.t > STATE_OLD_S:
        return say("page.ccs_silent")
    text = say("page.ccs", text=said.text, link=said.link, pilot=said.pilot)
    return text if said.soc_pct is None else say("page.ccs_soc", said=text, soc_pct=said.soc_pct)


def goal(seen: Snapshot, charger: ChargerState | None, manager: ManagerState | None) -> str:
    """Time and energy to the target of a charge or discharge at the present power; "" without such a target.

    The energy is that of the battery, by the size that the car reports. The time is left out while the power rises.
    """
    why = manager.why if manager else ""
    said = innermost(why)
    if charger is None or charger.state != State.ENERGY or charger.soc_pct is None or said.id not in GOALS:
        return ""
    end_pct = said.values["end_pct"]
    if charger.battery_kwh is None:
        return say("page.goal_unknown", end_pct=end_pct)
    energy_kwh = abs(end_pct - charger.soc_pct) / 100 * charger.battery_kwh
    power_w = abs(charger.power_w or 0.0)
    left_s = 3.6e6 * energy_kwh / power_w if power_w >= FLOWING_W else LONGEST_S
    if left_s >= LONGEST_S or _rises(why):
        return say("page.goal_energy", energy_kwh=energy_kwh, end_pct=end_pct)
    clock = trusted_clock(seen)
    if clock is None:
        return say("page.goal_in", end_pct=end_pct, lasted=span(left_s), energy_kwh=energy_kwh)
    time = moment(clock + timedelta(seconds=left_s), clock)
    return say("page.goal_at", end_pct=end_pct, time=time, lasted=span(left_s), energy_kwh=energy_kwh)


def when(seen: Snapshot, t: float) -> Sentence:
    """The moment t (monotonic s) in words: by the clock while it is trusted, else by its age."""
    clock = trusted_clock(seen)
    if clock is None:
        return say("page.ago", lasted=span(seen.now - t))
    return say("page.at", time=moment(clock - timedelta(seconds=seen.now - t), clock))


def _rises(why: str) -> bool:
    """Whether `manager` says that the power still rises to the ordered one."""
    while isinstance(why, Sentence) and "said" in why.values:
        if why.id == "fixed.rising":
            return True
        why = why.values["said"]
    return False
