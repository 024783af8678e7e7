"""The steward: from meter, car, owner, slots and schedule to the setpoint and the sentence about it; pure.

Fed with what arrives, asked for a decision four times a second and whenever the matching law has a new order. The fail-
safe ladder when the meter goes silent: 0 W at most 3 of its intervals and 1 s after its last word (the converter ramps
within 0.3 s), held while it is silent, and on again by itself with its next word; after idle_end_min the session ends
in order and starts again when there is something to do. Nothing here outlives the program; what must (settings,
schedule, the owner's stop) is handed in. All `now` are monotonic seconds, `wall` is an aware UTC time.
"""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from v2h.bus import SETPOINT_LIFE_S, ChargerState, ManagerState, MeterReading, Setpoint
from v2h.clock import Trust
from v2h.energy import policy
from v2h.energy.choosing import Choice, choose
from v2h.energy.drain import DrainGuard
from v2h.energy.following import Following
from v2h.energy.gridlimits import GridLimits
from v2h.energy.orders import Order, Slot
from v2h.energy.readyby import CarNow
from v2h.energy.saying import clock_json, next_words, sentence
from v2h.energy.schedule import Part, Schedule, active, local_iso, next_entry
from v2h.energy.sparing import Sparing
from v2h.settings import Settings

SPACING_S = 0.04
"""Least time between two setpoints; a change that comes earlier goes out with the next telemetry or meter value."""
PLAN_EVERY_S = 60.0
"""The schedule is looked at again for the car's charge; at the end of a part it is looked at once a second anyway."""
SOC_KNOWN_S = 3 * 3600.0
"""A car that has not spoken for so long may have been driven."""
UNKNOWN_CLOCK = Trust(False, "none", None)

Event = Callable[..., object]
"""event(level, code, text, **values), as the bus takes it."""


class Steward:
    """Policy of one appliance."""

    def __init__(
        self, errors: tuple[str, ...], settings: Settings, schedule: Schedule, stopped: bool, event: Event
    ) -> None:
        """errors: of the configuration; with any the appliance stays idle and says the first."""
        self._errors, self._event = errors, event
        self.schedule, self.stopped = schedule, stopped
        self._take_settings(settings)
        self.trust = UNKNOWN_CLOCK
        self.part: Part | None = None
        self._ahead: list[Part] = []
        self._hand: Order | None = None
        self._slot: Slot | None = None
        self._choice, self._idle_reason = Choice(Order(by="nobody")), ""
        self._plan_t = float("-inf")
        self._sparing, self._window = Sparing(), policy.Window()
        self._drain = DrainGuard()
        self._charger: ChargerState | None = None
        self._charger_t = self._soc_t = float("-inf")
        self._soc_pct: float | None = None
        self._capacity_kwh: float | None = None
        self._following = Following(settings.grid_target_w)
        self._sent: Setpoint | None = None
        self._decision = policy.Decision(False, 0.0, "", "idle", policy.Code.IDLE)
        self._sentence = ""

    @property
    def order(self) -> Order:
        """The order in force."""
        return self._choice.order

    @property
    def charger_state(self) -> ChargerState | None:
        return self._charger

    # What comes in

    def on_meter(self, now: float, reading: MeterReading) -> bool:
        """A value of the grid meter; True: decide now."""
        house = self._following.meter(now, reading)
        if house is None:
            return False
        drain = self._drain.update(now, house.net_w, self.settings.evcharge_protect_w)
        if drain.protecting is not self._drain.protecting:
            self._drain = drain
            self._rechoose(now)
        self._drain = drain
        if self.order.mode not in policy.MATCHING:
            return self._grid.any and self.order.mode != "idle" and self._spaced(now)
        self._following.follow(now, reading, self._bounds(now))
        if self._decision.code is policy.Code.MATCHING and self._charger and self._charger.state == "energy":
            self._following.track(now, reading)
        return self._changed(now)

    def on_power(self, now: float, t: float, power_w: float, volts_v: float) -> bool:
        """The charger's own power as it was at `t`; True: decide now."""
        counts = self._following.power(now, t, power_w, volts_v)
        return counts and self.order.mode in policy.MATCHING and self._changed(now)

    def on_charger(self, now: float, state: ChargerState) -> bool:
        """The charger told its state; True: decide now."""
        self._charger, self._charger_t = state, now
        if state.soc_pct is not None:
            self._soc_pct, self._soc_t = state.soc_pct, now
            self._capacity_kwh = state.capacity_kwh or self._capacity_kwh
        self._window = self._window_after(self._window)
        self._sparing.charger(now, state)
        self._following.charger(now, state)
        if state.faults and self._hand is not None:
            self._end_hand(now, f"Stopped by a fault: {state.reason or ', '.join(state.faults)}.")
            return True
        return False

    def plan(self, now: float, wall: datetime, trust: Trust) -> bool:
        """Once a second: what the schedule wants now. True: another part than before is in force."""
        became, self.trust = trust.trusted and not self.trust.trusted, trust
        if self._slot is not None and now >= self._slot.until_t:
            self._slot = None
        if now - self._soc_t > SOC_KNOWN_S and self._soc_pct is not None:
            self._soc_pct, self._window = None, policy.Window()
        before = self.part
        if not trust.trusted:
            self.part, self._ahead = None, []
        elif before is None or not before.start <= wall < before.end or now - self._plan_t >= PLAN_EVERY_S:
            self._plan_t = now
            self._ahead = active(self.schedule, wall, self.car())
            self.part = self._ahead[0]
        entered = self.part is not None and self.part.entry and before is not None and self.part.key != before.key
        if entered and not became and self._hand is not None and self._hand.until_t is None:
            mode, what = self._hand.mode, self.part.entry if self.part else ""
            self._event("info", "mode-ended", f"{mode} was chosen until the schedule's next entry: {what}", mode=mode)
            self._hand = None
        self._rechoose(now)
        return (before and before.key) != (self.part and self.part.key)

    # Orders of people

    def take(self, now: float, order: Order) -> None:
        """The owner chose a mode: starting something ends the owner's stop."""
        if order.mode == "idle":
            self._set_hand(now, None if self.stopped else order, "Idle, as ordered.")
            return
        self.stopped = False
        self._sparing.owner(now)
        self._set_hand(now, order, "")

    def stop(self, now: float) -> None:
        """The owner's stop: nothing starts any more but by the owner."""
        self.stopped, self._slot = True, None
        self._set_hand(now, None, "")

    def resume(self, now: float) -> None:
        """The schedule has its say again."""
        self.stopped = False
        self._sparing.owner(now)
        self._set_hand(now, None, "")

    def take_slot(self, now: float, slot: Slot | None) -> None:
        self._slot = slot
        self._rechoose(now)

    def fault_cleared(self, now: float) -> None:
        """The sentence about it ends."""
        if self._hand is None:
            self._idle_reason = ""
            self._rechoose(now)

    def use(self, now: float, settings: Settings, schedule: Schedule) -> None:
        """The owner changed settings or schedule."""
        self.schedule = schedule
        self._take_settings(settings)
        self._following.matcher.target_w = settings.grid_target_w
        self.part, self._ahead = None, []
        self._window = self._window_after(policy.Window())
        self._rechoose(now)

    def end(self, now: float) -> None:
        """The program is being stopped: no session is wanted any more."""
        self._slot = None
        self._set_hand(now, Order(), "The appliance is being stopped.")

    # What goes out

    def decide(self, now: float) -> Setpoint:
        """The setpoint of this moment."""
        order, settings = self.order, self.settings
        decision = policy.decide(
            now,
            order,
            self._charger,
            now - self._charger_t,
            self._following.reading,
            self._limits,
            self._window,
            self._following.matcher.command_w,
            self._errors,
            self._choice.why_idle,
            self._grid,
            self._following.house(now),
        )
        if decision.code is policy.Code.ENDED:
            self._end_hand(now, decision.why)
            return self.decide(now)
        eager = order.by == "owner"
        leave = self._sparing.step(now, decision.wanted, decision.useful, settings.idle_end_min * 60, eager=eager)
        power_w = self._softened(now, decision) if leave.wanted else 0.0
        self._decision = decision if power_w == decision.power_w else replace(decision, power_w=power_w)
        following = None if self.stopped or self._errors else self._next_words()
        self._sentence = sentence(decision, order, leave.why, following)
        self._sent = Setpoint(now, leave.wanted, round(power_w, 1), now + SETPOINT_LIFE_S, self._sentence, leave.number)
        return self._sent

    def told(self) -> tuple[object, ...]:
        """What is worth telling at once when it differs from the last time."""
        state = "" if self._charger is None else self._charger.state
        wanted = self._sent is not None and self._sent.wanted
        return self._decision.mode, self._decision.code, state, wanted, self.order.by, self.stopped, self.trust.trusted

    def state(self, now: float, wall: datetime) -> ManagerState:
        """For the page and the panel."""
        meter, settings, limit = self._following.reading, self.settings, self._bounds(now)
        order = self.order
        until = order.until
        if until is None and order.by == "schedule" and self.part is not None:
            until = local_iso(self.part.end, self.schedule.zone)
        return ManagerState(
            now,
            self._decision.mode,
            self._sentence,
            round(self._decision.power_w, 1),
            None if meter is None or policy.meter_stale(now, meter) else meter.power_w,
            None if meter is None else round(now - meter.t, 3),
            {
                "charge_w": limit.high_w,
                "discharge_w": -limit.low_w,
                "soc_min_pct": settings.soc_min_pct,
                "soc_max_pct": settings.soc_max_pct,
                "reserve_soc_pct": settings.reserve_soc_pct,
                "grid_target_w": settings.grid_target_w,
            },
            list(self._errors),
            self._next_words(),
            order.by,
            until,
            self.stopped,
            clock_json(self.trust, wall, self.schedule.zone),
            self._following.told(),
            self._sparing.starts(now),
        )

    # Within

    def _take_settings(self, settings: Settings) -> None:
        self.settings, self._limits = settings, settings.limits()
        self._grid = GridLimits(settings.export_limit_w, settings.fuse_a)

    def _bounds(self, now: float) -> policy.Bounds:
        house = self._following.house(now)
        return policy.bounds(self.order, self._charger, self._limits, self._window, self._grid, house)

    def _window_after(self, window: policy.Window) -> policy.Window:
        charger = self._charger
        if charger is not None and charger.soc_pct is None:
            charger = replace(charger, soc_pct=self._soc_pct)  # at rest, what it said last
        return policy.window_after(window, self.order, charger, self._limits, self.settings.reserve_soc_pct)

    def car(self) -> CarNow:
        """What is known of the car, for planning."""
        busy_until = self.part.target if self.part is not None and self.order.by == "schedule" else None
        return CarNow(self._soc_pct, self._capacity_kwh, self.settings.max_charge_a, busy_until)

    def _spaced(self, now: float) -> bool:
        return self._sent is None or now - self._sent.t >= SPACING_S

    def _changed(self, now: float) -> bool:
        changed = self._sent is None or abs(self._following.matcher.command_w - self._sent.power_w) > 1.0
        return changed and self._spaced(now)

    def _softened(self, now: float, decision: policy.Decision) -> float:
        """Charge and discharge begin softly, so that the house's lamps and its meter see no jump."""
        if decision.code is not policy.Code.FIXED or self._sent is None:
            return decision.power_w
        most_w = policy.NOMINAL_V * max(self.settings.max_charge_a, self.settings.max_discharge_a)
        elapsed_s = now - self._sent.t
        return policy.soft_w(self._sent.power_w, decision.power_w, most_w, elapsed_s, self.settings.soft_start_s)

    def _set_hand(self, now: float, order: Order | None, idle_reason: str) -> None:
        self._hand, self._idle_reason = order, idle_reason
        self._rechoose(now)

    def _end_hand(self, now: float, why: str) -> None:
        """An order ends without anybody asking for it: its time is over, it is done, or there is a fault."""
        if self._hand is not None or self._slot is not None:
            self._event("info", "mode-ended", why, mode=self.order.mode)
        if self._hand is None or self.order.by == "slot":
            self._slot = None
        else:
            self._hand = None
        self._idle_reason = why
        self._rechoose(now)

    def _rechoose(self, now: float) -> None:
        """The order in force from everything that has a say."""
        before = self.order
        self._choice = choose(
            self._hand,
            self._slot,
            self.part,
            suspended=self.stopped,
            trusted=self.trust.trusted,
            scheduled=not self.schedule.empty,
            idle_reason=self._idle_reason,
        )
        order = self.order
        if self._drain.protecting and not (order.by == "owner" and order.mode == "discharge"):
            self._choice = replace(self._choice, order=replace(order, hold=True))
        keys = ("mode", "soc_limit_pct", "keep_soc_pct")
        if any(getattr(self.order, key) != getattr(before, key) for key in keys):
            self._window = self._window_after(policy.Window())

    def _next_words(self) -> str | None:
        """A mode by hand holds to the next entry, so the end of one is no news for it."""
        by_hand = self._hand is not None and self._hand.until_t is None
        following = next_entry(self._ahead) if by_hand else next(iter(self._ahead[1:]), None)
        return next_words(following, self.schedule.zone)
