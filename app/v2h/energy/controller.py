"""The controller decides whose order is in force: the owner's, a slot's, another program's or the schedule's; pure.

Its part `PowerControl` computes the setpoint for that order. The controller receives every report, and is asked for a
setpoint four times a second and whenever the matching law has a new order. The state here is lost when the program
ends; the caller passes in what must survive (settings, schedule, the owner's stop, a charge by hand). All `now` are
monotonic seconds, `wall` is an aware UTC time.
"""

from collections.abc import Callable, Sequence
from datetime import datetime

from v2h.bus.messages import ChargerState, ManagerState, MeterReading, Setpoint
from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy import policy
from v2h.energy.ahead import Ahead
from v2h.energy.clock_trust import Trust
from v2h.energy.drain import DrainGuard
from v2h.energy.explain import clock_json, next_words
from v2h.energy.external import External
from v2h.energy.kept_order import Fate, KeptOrder, Moment, fate, resumed
from v2h.energy.order_book import OrderBook
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.owner_settings import Settings
from v2h.energy.power_control import PowerControl
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Part, Schedule, local_iso

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
        self.trust = UNKNOWN_CLOCK
        self._ahead = Ahead()
        self._orders = OrderBook(stopped=stopped, order_lost=order_lost)
        self._boot = ""
        """The present boot; see recall()."""
        self._drain = DrainGuard()
        self._power = PowerControl(errors, settings)

    @property
    def settings(self) -> Settings:
        """The owner's settings that are in force."""
        return self._power.settings

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
        return self._power.last_soc_pct

    @property
    def charger_state(self) -> ChargerState | None:
        return self._power.charger

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
        if kept is None or self._power.charger is None:
            return
        at = Moment(self._boot, now, wall.astimezone(self.schedule.zone), self.trust.trusted)
        what, why = fate(kept, at)
        if what is Fate.LOST:
            self.lose_order(now, why)
        elif what is Fate.GOES_ON:
            orders.kept_goes_on(resumed(kept, at, self._power.limits))
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
        house = self._power.meter(now, reading)
        if house is None:
            return False
        protected, self._drain = self._drain, self._drain.update(now, house.net_w, self.settings.evcharge_protect_w)
        if self._drain.protecting is not protected.protecting:
            self._rechoose(now)
        return self._power.follow(now, reading)

    def on_power(self, now: float, t: float, power_w: float, volts_v: float) -> bool:
        """The charger's own power as it was at `t`; True: decide now."""
        return self._power.own_power(now, t, power_w, volts_v)

    def on_charger(self, now: float, state: ChargerState) -> bool:
        """`charger` reported its state; True: decide now."""
        self._power.charger_said(now, state)
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
        self._power.forget_old(now)
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
                self._power.limiter.owner(now)
            self._ahead.again()  # what follows its end may lie further ahead than what was planned
        self._rechoose(now)

    def repeats(self, order: ModeRequest | External) -> bool:
        """Whether another controller only prolongs its order."""
        return self._orders.repeats(order)

    def nothing_to_do(self, order: ModeRequest) -> str:
        """Why a charge or discharge would be over at once, "" when it would not, or when that is not known."""
        charger = self._power.charger
        soc_pct = None if charger is None else charger.soc_pct
        if soc_pct is None or order.mode not in (Mode.CHARGE, Mode.DISCHARGE):
            return ""
        charging, end_pct = order.mode == Mode.CHARGE, policy.end_pct(order, self._power.limits)
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
        self._power.limiter.owner(now)
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
        self._ahead.forget()
        self._power.use(settings)
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
        decision = self._power.decide(now)
        if decision.code is policy.Code.ENDED:
            self._end_order(now, self._ended(decision))
            return self.decide(now)
        if decision.code is policy.Code.FIXED and decision.useful:
            self._orders.flowed = True
        return self._power.send(now, decision, None if self.stopped or self._errors else self._next_words())

    def told(self) -> tuple[object, ...]:
        """The values that are reported at once when they differ from the last time."""
        power = self._power
        state = "" if power.charger is None else power.charger.state
        wanted = power.setpoint is not None and power.setpoint.wanted
        return power.decision.mode, power.decision.code, state, wanted, self.order.by, self.stopped, self.trust.trusted

    def state(self, now: float, wall: datetime) -> ManagerState:
        """The report for the page and the panel."""
        power, order = self._power, self.order
        until, meter = order.until, power.follower.reading
        part, external, slot = self._ahead.part, self.external, self._orders.lent.slot
        if until is None and order.by in ("schedule", "plan") and part is not None:
            until = local_iso(part.end, self.schedule.zone)
        return ManagerState(
            now,
            power.decision.mode,
            power.said,
            round(power.decision.power_w, 1),
            power.meter_w(now),
            None if meter is None else round(now - meter.t, 3),
            power.limits_told(now),
            list(self._errors),
            self._next_words(),
            order.by,
            until,
            self.stopped,
            clock_json(self.trust, wall, self.schedule.zone),
            power.follower.told(),
            power.limiter.starts(now),
            {} if external is None else {**external.applied(), "in_force": order.by == "setpoint"},
            order.whose or order.held_by,
            "" if slot is None else slot.kind,
        )

    # Internal

    def _drop_external(self, now: float) -> None:
        """End the setpoint of another program whose lifetime is over."""
        by = self._orders.expired_external(now)
        if by is not None:
            self._event("info", "setpoint-over", self._orders.idle_reason, by=by)
            self._rechoose(now)

    def car(self) -> CarNow:
        """What is known about the car, for planning."""
        part = self._ahead.part
        busy_until = part.target if part is not None and self.order.by == "schedule" else None
        return CarNow(self._power.soc_pct, self._power.capacity_kwh, self.settings.max_charge_a, busy_until)

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
        self._orders.choose(
            self._ahead.part,
            trusted=self.trust.trusted,
            scheduled=not self.schedule.empty,
            draining=self._drain.protecting,
        )
        self._power.carry_out(self.order, self._orders.why_idle)

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
