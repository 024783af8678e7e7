"""The controller computes the setpoint and its sentence from meter, car, owner, slots and schedule; pure.

It receives every report, and is asked for a decision four times a second and whenever the matching law has a new order.
The fail-safe steps when the meter becomes silent: after 3 of its intervals the setpoint only stays or shrinks; it is
0 W at most 3 of its intervals plus 1 s after its last value, or after the silence_s that a meter has which speaks only
on change (the converter ramps within 0.3 s); it stays at 0 W while the meter is silent, and the mode continues by
itself with the next value; after idle_end_min the session ends in order, and starts again when there is something to
do. The state here is lost when the program ends; the caller passes in what must survive (settings, schedule, the
owner's stop, a charge by hand). All `now` are monotonic seconds, `wall` is an aware UTC time.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from v2h.bus.messages import SETPOINT_LIFE_S, ChargerState, ManagerState, MeterReading, Setpoint
from v2h.bus.sentences import say
from v2h.bus.states import Mode, State
from v2h.energy import policy
from v2h.energy.ahead import Ahead
from v2h.energy.clock_trust import Trust
from v2h.energy.drain import DrainGuard
from v2h.energy.explain import clock_json, next_words, sentence
from v2h.energy.external import External
from v2h.energy.gridlimits import GridLimits
from v2h.energy.kept_order import Fate, KeptOrder, Moment, fate, resumed
from v2h.energy.load_following import LoadFollower
from v2h.energy.matching import NOMINAL_V
from v2h.energy.order_book import OrderBook
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.owner_settings import Settings
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Part, Schedule, local_iso
from v2h.energy.start_limiter import StartLimiter

SPACING_S = 0.04
"""Least time between two setpoints; an earlier change is sent with the next telemetry or meter value."""
SOC_KNOWN_S = 3 * 3600.0
"""After this long without a SoC from the car, the SoC counts as unknown: the car may have been driven."""
CAR_SPEAKS_S = 10.0
"""A car that is awake speaks ten times a second. With an older word of the car, its SoC is that of the last session."""
UNKNOWN_CLOCK = Trust(False, "none", None)

Event = Callable[..., object]
"""event(level, code, text, **values), as the bus accepts it."""


class EnergyController:
    """Policy of one appliance."""

    def __init__(
        self,
        errors: tuple[str, ...],
        settings: Settings,
        schedule: Schedule,
        stopped: bool,
        event: Event,
        *,
        order_lost: bool = False,
    ) -> None:
        """errors: those of the configuration; with any of them the appliance stays idle and reports the first one.
        stopped, order_lost: as the last program left them, see OrderBook."""
        self._errors, self._event = errors, event
        self.schedule = schedule
        self._take_settings(settings)
        self.trust = UNKNOWN_CLOCK
        self._ahead = Ahead()
        self._orders = OrderBook(stopped=stopped, order_lost=order_lost)
        self._boot = ""
        """The present boot; see recall()."""
        self._start_limiter, self._window = StartLimiter(), policy.Window()
        self._drain = DrainGuard()
        self._charger: ChargerState | None = None
        self._charger_t = self._soc_t = float("-inf")
        self._soc_pct: float | None = None
        self._last_soc_pct: float | None = None
        self._capacity_kwh: float | None = None
        self._follower = LoadFollower(settings.grid_target_w)
        self._sent: Setpoint | None = None
        self._fresh_w = 0.0
        """The last order that rests on a fresh value of the meter."""
        self._decision = policy.Decision(False, 0.0, "", "idle", policy.Code.IDLE)
        self._sentence = ""

    @property
    def order(self) -> ModeRequest:
        """The order in force."""
        return self._orders.order

    @property
    def stopped(self) -> bool:
        """The owner's stop is in force."""
        return self._orders.stopped

    @property
    def order_lost(self) -> bool:
        """The stop in force is not the owner's: an order was lost in a restart."""
        return self._orders.order_lost

    @property
    def needs_kept_order(self) -> bool:
        """Whether the order that is written down is in force, or nobody has chosen since it was lost."""
        return self._orders.needs_kept_order

    @property
    def owners_hand(self) -> ModeRequest | None:
        """The mode that the owner himself chose, while it is in force."""
        return self._orders.owners_hand

    @property
    def external(self) -> External | None:
        """The setpoint of another program, in force or not."""
        return self._orders.external

    @property
    def last_soc_pct(self) -> float | None:
        """The last charge that the car reported, however old; None before the first."""
        return self._last_soc_pct

    @property
    def charger_state(self) -> ChargerState | None:
        return self._charger

    # After a restart

    def recall(self, now: float, order: KeptOrder, boot: str) -> None:
        """A charge by hand was in force when the last program ended; `boot` is the present boot. plan() decides what
        becomes of it, as soon as `charger` has reported: it may have got a stop meanwhile."""
        self._boot = boot
        self._orders.recall(order)
        self._rechoose(now)

    def lose_order(self, now: float, why: str) -> None:
        """A charge by hand cannot go on, and the schedule might discharge the car that the owner wants full: the
        appliance stays idle, as after a stop, until a person chooses. why: the end of a sentence."""
        self._orders.lose_kept()
        self._rechoose(now)
        self._event("warning", "order-lost", say("order.lost", why=why))

    def _decide_kept(self, now: float, wall: datetime) -> None:
        kept, orders = self._orders.kept, self._orders
        if kept is None or self._charger is None:
            return
        at = Moment(self._boot, now, wall.astimezone(self.schedule.zone), self.trust.trusted)
        what, why = fate(kept, at)
        if what is Fate.LOST:
            self.lose_order(now, why)
        elif what is Fate.GOES_ON:
            orders.kept_goes_on(resumed(kept, at, self._limits))
            self._rechoose(now)
            self._event("info", "order-goes-on", say("order.goes_on"), **self.order.applied())
        elif what is Fate.OVER:
            orders.kept_over()
            self._rechoose(now)
            self._event("info", "mode-ended", say("order.over"), mode=Mode.CHARGE)
        elif orders.kept_waits():
            self._rechoose(now)
            self._event("warning", "order-waits", say("idle.order_waits"))

    # Inputs

    def on_meter(self, now: float, reading: MeterReading) -> bool:
        """A value of the grid meter; True: decide now."""
        house = self._follower.meter(now, reading)
        if house is None:
            return False
        protected, self._drain = self._drain, self._drain.update(now, house.net_w, self.settings.evcharge_protect_w)
        if self._drain.protecting is not protected.protecting:
            self._rechoose(now)
        if self.order.mode not in policy.MATCHING:
            return self._grid.any and self.order.mode != Mode.IDLE and self._spaced(now)
        flows = self._charger is not None and self._charger.state == State.ENERGY
        matching = flows and self._decision.code is policy.Code.MATCHING
        self._follower.follow(now, reading, self._situation(now).bounds(), matching=matching)
        return self._changed(now)

    def on_power(self, now: float, t: float, power_w: float, volts_v: float) -> bool:
        """The charger's own power as it was at `t`; True: decide now."""
        counts = self._follower.power(now, t, power_w, volts_v)
        if not counts or self.order.mode not in policy.MATCHING:
            return False
        if self._follower.is_silent(now):
            self._follower.silent(now, self._situation(now).bounds())
        return self._changed(now)

    def on_charger(self, now: float, state: ChargerState) -> bool:
        """`charger` reported its state; True: decide now."""
        if (state.ages_s.get("car") or 0.0) > CAR_SPEAKS_S:
            state = replace(state, soc_pct=None)
        self._charger, self._charger_t = state, now
        if state.soc_pct is not None:
            self._soc_pct = self._last_soc_pct = state.soc_pct
            self._soc_t = now
            self._capacity_kwh = state.battery_kwh or self._capacity_kwh
        self._window = self._window_after(self._window)
        self._start_limiter.charger(now, state)
        self._follower.charger(now, state)
        if state.faults and self._orders.manual is not None:
            self._end_order(now, say("idle.ended_by_fault", what=state.reason or ", ".join(state.faults)))
            return True
        return False

    def plan(self, now: float, wall: datetime, trust: Trust) -> bool:
        """Call once a second: evaluate what the schedule wants now. True: another part than before is in force, or the
        car is no longer the one that was planned for."""
        became, self.trust = trust.trusted and not self.trust.trusted, trust
        orders = self._orders
        self._decide_kept(now, wall)
        orders.lent = orders.lent.alive(now)
        self._drop_external(now)
        if now - self._soc_t > SOC_KNOWN_S and self._soc_pct is not None:
            self._soc_pct, self._window = None, policy.Window()
        before, until = self._ahead.part, orders.ends(self.schedule.zone)
        moved = self._ahead.evaluate(now, wall, self.schedule, self.car(), until, trusted=trust.trusted)
        part, manual = self._ahead.part, orders.manual
        entered = part is not None and part.entry and before is not None and part.key != before.key
        if part is not None and entered and not became and manual is not None and manual.until_t is None:
            text = say("mode_ended.next_entry", mode=manual.mode, entry=part.entry)
            self._event("info", "mode-ended", text, mode=manual.mode)
            orders.hand = None
        self._rechoose(now)
        return moved or (before and before.key) != (part and part.key)

    # Orders of people

    def take(self, now: float, order: ModeRequest) -> None:
        """The owner chose a mode: any mode except idle ends the owner's stop."""
        self._orders.take(order)
        if order.mode != Mode.IDLE:
            if not order.is_lent:
                self._start_limiter.owner(now)
            self._ahead.again()  # what follows its end may lie further ahead than what was planned
        self._rechoose(now)

    def repeats(self, order: ModeRequest | External) -> bool:
        """Whether another controller only prolongs its order."""
        return self._orders.repeats(order)

    def nothing_to_do(self, order: ModeRequest) -> str:
        """Why a charge or discharge would be over at once, "" when it would not, or when that is not known."""
        soc_pct = None if self._charger is None else self._charger.soc_pct
        if soc_pct is None or order.mode not in (Mode.CHARGE, Mode.DISCHARGE):
            return ""
        charging, end_pct = order.mode == Mode.CHARGE, policy.end_pct(order, self._limits)
        if soc_pct < end_pct if charging else soc_pct > end_pct:
            return ""
        return say(
            "refused.nothing_to_charge" if charging else "refused.nothing_to_discharge",
            soc_pct=soc_pct,
            end_pct=end_pct,
        )

    def stop(self, now: float) -> None:
        """The owner's stop: from now on only the owner can start something."""
        self._orders.stop()
        self._rechoose(now)

    def resume(self, now: float) -> None:
        """End the owner's stop and the mode chosen by hand: the schedule applies again."""
        self._orders.resume()
        self._start_limiter.owner(now)
        self._rechoose(now)

    def take_slot(self, now: float, slot: Slot) -> bool:
        """A slot was announced, or ended. Returns whether it is news, and not the same one for a longer time."""
        news = self._orders.take_slot(now, slot)
        self._rechoose(now)
        return news

    def take_external(self, now: float, external: External | None, by: str = "") -> None:
        """Another program sets the power; the caller has asked owners_hand. None: the program `by` gives it back."""
        self._orders.take_external(external, by)
        self._rechoose(now)

    def fault_cleared(self, now: float) -> None:
        """Remove the sentence about the fault."""
        self._orders.fault_cleared()
        self._rechoose(now)

    def use(self, now: float, settings: Settings, schedule: Schedule) -> None:
        """The owner changed settings or schedule."""
        self.schedule = schedule
        self._take_settings(settings)
        self._ahead.forget()
        self._window = self._window_after(policy.Window())
        self._rechoose(now)

    def reprice(self, schedule: Schedule) -> None:
        """Prices were pushed: the same schedule with other dated prices. The next plan() uses them."""
        self.schedule = schedule
        self._ahead.again()

    def use_plan(self, parts: Sequence[Part]) -> None:
        """The plan's orders from now on, in order; () without a plan. The next plan() fills the schedule with them."""
        self._ahead.use_plan(parts)

    def end(self, now: float) -> None:
        """The program is being stopped: no session is wanted any more."""
        self._orders.shut_down()
        self._rechoose(now)

    # Outputs

    def decide(self, now: float) -> Setpoint:
        """The setpoint of this moment."""
        self._drop_external(now)
        order, settings = self.order, self.settings
        share = self._held_share(now)
        if share is not None:
            self._follower.hold(self._fresh_w * share)
        decision = policy.decide(self._situation(now))
        if decision.code is policy.Code.ENDED:
            self._end_order(now, self._ended(decision))
            return self.decide(now)
        if decision.code is policy.Code.FIXED and decision.useful:
            self._orders.flowed = True
        eager = order.by == "owner" and not order.is_lent
        permit = self._start_limiter.step(
            now, decision.wanted, decision.useful, settings.idle_end_min * 60, eager=eager
        )
        power_w = self._softened(now, decision) if permit.wanted else 0.0
        if share is None:
            self._fresh_w = power_w
        else:
            held_w = self._fresh_w * share
            power_w = min(max(power_w, min(0.0, held_w)), max(0.0, held_w))
        if abs(decision.power_w - power_w) >= policy.SMALL_W and permit.wanted:
            decision = replace(decision, why=say("fixed.rising", said=decision.why, power_w=power_w))
        self._decision = decision if power_w == decision.power_w else replace(decision, power_w=power_w)
        following = None if self.stopped or self._errors else self._next_words()
        self._sentence = sentence(decision, order, permit.why, following)
        self._sent = Setpoint(
            now, permit.wanted, round(power_w, 1), now + SETPOINT_LIFE_S, str(self._sentence), permit.number
        )
        return self._sent

    def _held_share(self, now: float) -> float | None:
        """What of the last order may remain; None when the order does not depend on the meter, or its value is
        fresh."""
        if self.order.mode not in policy.MATCHING and not self._grid.any:
            return None
        return policy.held_share(now, self._follower.reading, limited=self._grid.any)

    def told(self) -> tuple[object, ...]:
        """The values that are reported at once when they differ from the last time."""
        state = "" if self._charger is None else self._charger.state
        wanted = self._sent is not None and self._sent.wanted
        return self._decision.mode, self._decision.code, state, wanted, self.order.by, self.stopped, self.trust.trusted

    def state(self, now: float, wall: datetime) -> ManagerState:
        """The report for the page and the panel."""
        meter, settings, limit = self._follower.reading, self.settings, self._situation(now).bounds()
        order = self.order
        until = order.until
        part, external, slot = self._ahead.part, self.external, self._orders.lent.slot
        if until is None and order.by in ("schedule", "plan") and part is not None:
            until = local_iso(part.end, self.schedule.zone)
        return ManagerState(
            now,
            self._decision.mode,
            self._sentence,
            round(self._decision.power_w, 1),
            None if meter is None or policy.meter_stale(now, meter, limited=self._grid.any) else meter.power_w,
            None if meter is None else round(now - meter.t, 3),
            {
                "charge_w": limit.high_w,
                "discharge_w": -limit.low_w,
                "soc_min_pct": settings.soc_min_pct,
                "soc_max_pct": settings.soc_max_pct,
                "reserve_soc_pct": settings.reserve_soc_pct,
                "grid_target_w": self._target_w(),
            },
            list(self._errors),
            self._next_words(),
            order.by,
            until,
            self.stopped,
            clock_json(self.trust, wall, self.schedule.zone),
            self._follower.told(),
            self._start_limiter.starts(now),
            {} if external is None else {**external.applied(), "in_force": order.by == "setpoint"},
            order.whose or order.held_by,
            "" if slot is None else slot.kind,
        )

    # Internal

    def _target_w(self) -> float:
        """What a mode that follows the house holds the grid at now."""
        return self.settings.grid_target_w if self.order.target_w is None else self.order.target_w

    def _drop_external(self, now: float) -> None:
        """End the setpoint of another program whose lifetime is over."""
        by = self._orders.expired_external(now)
        if by is not None:
            self._event("info", "setpoint-over", self._orders.idle_reason, by=by)
            self._rechoose(now)

    def _take_settings(self, settings: Settings) -> None:
        self.settings, self._limits = settings, settings.limits()
        self._grid = GridLimits(settings.export_limit_w, settings.fuse_a)

    def _situation(self, now: float) -> policy.Situation:
        following = self._follower
        return policy.Situation(
            now,
            self.order,
            replace(self._limits, grid_target_w=self._target_w()),
            self._window,
            self._charger,
            self._charger_t,
            following.reading,
            following.house(now, limited=self._grid.any),
            following.matcher.command_w,
            self._grid,
            self._errors,
            self._orders.why_idle,
            self.settings.reserve_soc_pct,
        )

    def _window_after(self, window: policy.Window) -> policy.Window:
        charger = self._charger
        if charger is not None and charger.soc_pct is None:
            charger = replace(charger, soc_pct=self._soc_pct)  # at rest: the last SoC that it reported
        return policy.window_after(window, self.order, charger, self._limits, self.settings.reserve_soc_pct)

    def car(self) -> CarNow:
        """What is known about the car, for planning."""
        part = self._ahead.part
        busy_until = part.target if part is not None and self.order.by == "schedule" else None
        return CarNow(self._soc_pct, self._capacity_kwh, self.settings.max_charge_a, busy_until)

    def _spaced(self, now: float) -> bool:
        return self._sent is None or now - self._sent.t >= SPACING_S

    def _changed(self, now: float) -> bool:
        changed = self._sent is None or abs(self._follower.matcher.command_w - self._sent.power_w) > 1.0
        return changed and self._spaced(now)

    def _softened(self, now: float, decision: policy.Decision) -> float:
        """Limit how fast a charge or discharge rises, so that the house's lamps and its meter see no jump."""
        if decision.code is not policy.Code.FIXED or self._sent is None:
            return decision.power_w
        most_w = NOMINAL_V * max(self.settings.max_charge_a, self.settings.max_discharge_a)
        elapsed_s = now - self._sent.t
        return policy.soft_w(self._sent.power_w, decision.power_w, most_w, elapsed_s, self.settings.soft_start_s)

    def _end_order(self, now: float, why: str) -> None:
        """End an order that nobody cancelled: its time is over, it is done, or there is a fault."""
        mode = self.order.mode
        if self._orders.end_in_force(why):
            self._event("info", "mode-ended", why, mode=mode)
        self._rechoose(now)

    def _ended(self, decision: policy.Decision) -> str:
        """Why the order ends. A charge or discharge that had nothing to do leaves everything as it was before: it does
        not lift the owner's stop."""
        why = self.nothing_to_do(self.order) if self.order.by == "owner" and not self._orders.flowed else ""
        if not why:
            return decision.why
        self._orders.restore_stop()
        return say("fixed.nothing_to_do", why=why)

    def _rechoose(self, now: float) -> None:
        """Choose the order in force again from owner, slot, schedule, stop, clock and drain guard."""
        before = self.order
        self._orders.choose(
            self._ahead.part,
            trusted=self.trust.trusted,
            scheduled=not self.schedule.empty,
            draining=self._drain.protecting,
        )
        self._follower.matcher.target_w = self._target_w()
        keys = ("mode", "soc_limit_pct", "keep_soc_pct")
        if any(getattr(self.order, key) != getattr(before, key) for key in keys):
            self._window = self._window_after(policy.Window())

    def _next_words(self) -> str | None:
        """The next change that the schedule makes, as text; None when none is known."""
        return next_words(self._following(), self.schedule.zone)

    def _following(self) -> Part | None:
        """A mode chosen by hand holds until its end, or until the next entry begins. What the schedule wants before the
        end of an order does not happen; only a charge for a ready-by target ends the setpoint of another program."""
        until = None if self.schedule.empty else self._orders.ends(self.schedule.zone)
        if until is not None:
            return self._ahead.after(until, targets_win=self.order.by == "setpoint")
        manual = self._orders.manual
        return self._ahead.following() if manual is None or manual.until_t is not None else self._ahead.next_entry()
