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
from v2h.energy.arbitration import Arbitration, arbitrate
from v2h.energy.clock_trust import Trust
from v2h.energy.drain import DrainGuard
from v2h.energy.explain import clock_json, next_words, sentence
from v2h.energy.external import External
from v2h.energy.filling import filled
from v2h.energy.gridlimits import GridLimits
from v2h.energy.kept_order import Fate, KeptOrder, Moment, fate, resumed
from v2h.energy.load_following import LoadFollower
from v2h.energy.matching import NOMINAL_V
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.owner_settings import Settings
from v2h.energy.planning import active, after, next_entry
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Part, Schedule, local_iso
from v2h.energy.slots import Slots
from v2h.energy.start_limiter import StartLimiter

SPACING_S = 0.04
"""Least time between two setpoints; an earlier change is sent with the next telemetry or meter value."""
PLAN_EVERY_S = 60.0
"""How often the schedule is evaluated with the car's present SoC; the end of a part is checked once a second anyway."""
SOC_KNOWN_S = 3 * 3600.0
"""After this long without a SoC from the car, the SoC counts as unknown: the car may have been driven."""
UNKNOWN_CLOCK = Trust(False, "none", None)
NOBODYS = ModeRequest(by="nobody")
"""Idle, while the schedule must not decide."""

Event = Callable[..., object]
"""event(level, code, text, **values), as the bus accepts it."""


class EnergyController:
    """Policy of one appliance."""

    def __init__(
        self, errors: tuple[str, ...], settings: Settings, schedule: Schedule, stopped: bool, event: Event
    ) -> None:
        """errors: those of the configuration; with any of them the appliance stays idle and reports the first one."""
        self._errors, self._event = errors, event
        self.schedule, self.stopped = schedule, stopped
        self._take_settings(settings)
        self.trust = UNKNOWN_CLOCK
        self.part: Part | None = None
        self._ahead: list[Part] = []
        self._planned: Sequence[Part] = ()
        self._planned_for = CarNow()
        self._manual: ModeRequest | None = None
        self._kept: KeptOrder | None = None
        """A charge by hand from before the restart, until it is known what becomes of it. boot: see recall()."""
        self._boot = ""
        self.order_lost = False
        """The stop in force is not the owner's: an order was lost in a restart."""
        self._slots = Slots()
        self._external: External | None = None
        self._choice, self._idle_reason = Arbitration(ModeRequest(by="nobody")), ""
        self._plan_t = float("-inf")
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
        self._stopped_before = False
        """Whether the owner's stop was in force when the present order came."""
        self._flowed = False
        """Whether energy has flowed for the order of the owner."""

    @property
    def order(self) -> ModeRequest:
        """The order in force."""
        return self._choice.order

    @property
    def charger_state(self) -> ChargerState | None:
        return self._charger

    @property
    def needs_kept_order(self) -> bool:
        """Whether the order that is written down is in force, or nobody has chosen since it was lost."""
        order = self._manual
        by_hand = order is not None and order.by == "owner" and not order.is_lent and order.mode == Mode.CHARGE
        return by_hand or self._kept is not None or self.order_lost

    # After a restart

    def recall(self, now: float, order: KeptOrder, boot: str) -> None:
        """A charge by hand was in force when the last program ended; `boot` is the present boot. plan() decides what
        becomes of it, as soon as `charger` has reported: it may have got a stop meanwhile."""
        self._kept, self._boot = order, boot
        self._set_manual(now, NOBODYS, say("idle.order_unheard"))

    def lose_order(self, now: float, why: str) -> None:
        """A charge by hand cannot go on, and the schedule might discharge the car that the owner wants full: the
        appliance stays idle, as after a stop, until a person chooses. why: the end of a sentence."""
        self.stop(now)
        self.order_lost = True
        self._rechoose(now)
        self._event("warning", "order-lost", say("order.lost", why=why))

    def _decide_kept(self, now: float, wall: datetime) -> None:
        if self._kept is None or self._charger is None:
            return
        order, at = self._kept, Moment(self._boot, now, wall.astimezone(self.schedule.zone), self.trust.trusted)
        what, why = fate(order, at)
        if what is Fate.LOST:
            self.lose_order(now, why)
        elif what is Fate.GOES_ON:
            self._kept, self._stopped_before, self._flowed = None, order.after_stop, False
            self._set_manual(now, resumed(order, at, self._limits), "")
            self._event("info", "order-goes-on", say("order.goes_on"), **self.order.applied())
        elif what is Fate.OVER:
            self._kept = None
            self._set_manual(now, None, "")
            self._event("info", "mode-ended", say("order.over"), mode=Mode.CHARGE)
        elif self._idle_reason != say("idle.order_waits"):
            self._set_manual(now, NOBODYS, say("idle.order_waits"))
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
        return counts and self.order.mode in policy.MATCHING and self._changed(now)

    def on_charger(self, now: float, state: ChargerState) -> bool:
        """`charger` reported its state; True: decide now."""
        self._charger, self._charger_t = state, now
        if state.soc_pct is not None:
            self._soc_pct = self._last_soc_pct = state.soc_pct
            self._soc_t = now
            self._capacity_kwh = state.battery_kwh or self._capacity_kwh
        self._window = self._window_after(self._window)
        self._start_limiter.charger(now, state)
        self._follower.charger(now, state)
        if state.faults and self._manual is not None:
            self._end_manual(now, say("idle.ended_by_fault", what=state.reason or ", ".join(state.faults)))
            return True
        return False

    def plan(self, now: float, wall: datetime, trust: Trust) -> bool:
        """Call once a second: evaluate what the schedule wants now. True: another part than before is in force, or the
        car is no longer the one that was planned for."""
        became, self.trust = trust.trusted and not self.trust.trusted, trust
        self._decide_kept(now, wall)
        self._slots = self._slots.alive(now)
        self._drop_external(now)
        if now - self._soc_t > SOC_KNOWN_S and self._soc_pct is not None:
            self._soc_pct, self._window = None, policy.Window()
        before, car = self.part, self.car()
        moved = bool(self.schedule.ready_by) and trust.trusted and car.moved(self._planned_for)
        due = before is None or not before.start <= wall < before.end or now - self._plan_t >= PLAN_EVERY_S
        if not trust.trusted:
            self.part, self._ahead = None, []
        elif due or moved:
            self._plan_t = now
            self._planned_for = car if moved else self._planned_for
            self._ahead = filled(active(self.schedule, wall, car, self._until()), self._planned, car)
            self.part = self._ahead[0]
        entered = self.part is not None and self.part.entry and before is not None and self.part.key != before.key
        if entered and not became and self._manual is not None and self._manual.until_t is None:
            mode = self._manual.mode
            text = say("mode_ended.next_entry", mode=mode, entry=self.part.entry if self.part else "")
            self._event("info", "mode-ended", text, mode=mode)
            self._manual = None
        self._rechoose(now)
        return moved or (before and before.key) != (self.part and self.part.key)

    # Orders of people

    def take(self, now: float, order: ModeRequest) -> None:
        """The owner chose a mode: any mode except idle ends the owner's stop."""
        self._forget_kept()
        if order.mode == Mode.IDLE:
            self._external = None
            self._set_manual(now, None if self.stopped else order, say("idle.as_ordered"))
            return
        self._stopped_before, self._flowed = self.stopped, False
        self.stopped, self._external = False, None
        if not order.is_lent:
            self._start_limiter.owner(now)
        self._plan_t = float("-inf")  # what follows its end may lie further ahead than what was planned
        self._set_manual(now, order, "")

    @property
    def owners_hand(self) -> ModeRequest | None:
        """The mode that the owner himself chose, while it is in force."""
        by_hand = self._manual is not None and self._manual.by == "owner" and not self._manual.is_lent
        return self._manual if by_hand else None

    def repeats(self, order: ModeRequest) -> bool:
        """Whether another controller only prolongs its order that is in force."""
        before = self._manual
        if before is None or not (before.is_lent and order.is_lent):
            return False
        return replace(before, until_t=order.until_t, until=order.until, until_said=order.until_said) == order

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
        self._forget_kept()
        self.stopped, self._slots, self._external = True, Slots(), None
        self._set_manual(now, None, "")

    def resume(self, now: float) -> None:
        """End the owner's stop and the mode chosen by hand: the schedule applies again."""
        self._forget_kept()
        self.stopped, self._external = False, None
        self._start_limiter.owner(now)
        self._set_manual(now, None, "")

    def take_slot(self, now: float, slot: Slot) -> bool:
        """A slot was announced, or ended. Returns whether it is news, and not the same one for a longer time."""
        before, self._slots = self._slots, self._slots.alive(now).taken(now, slot)
        self._rechoose(now)
        return not self._slots.goes_on(before, slot.by)

    @property
    def external(self) -> External | None:
        """The setpoint of another program, in force or not."""
        return self._external

    def take_external(self, now: float, external: External | None) -> None:
        """Another program sets the power, None: it gives it back. It replaces the older order of another controller;
        the caller has asked owners_hand."""
        self._external = external
        if external is not None and self._manual is not None and self._manual.is_lent:
            self._manual = None
        self._rechoose(now)

    def fault_cleared(self, now: float) -> None:
        """Remove the sentence about the fault."""
        if self._manual is None:
            self._idle_reason = ""
            self._rechoose(now)

    def use(self, now: float, settings: Settings, schedule: Schedule) -> None:
        """The owner changed settings or schedule."""
        self.schedule = schedule
        self._take_settings(settings)
        self.part, self._ahead = None, []
        self._window = self._window_after(policy.Window())
        self._rechoose(now)

    def reprice(self, schedule: Schedule) -> None:
        """Prices were pushed: the same schedule with other dated prices. The next plan() uses them."""
        self.schedule, self._plan_t = schedule, float("-inf")

    def use_plan(self, parts: Sequence[Part]) -> None:
        """The plan's orders from now on, in order; () without a plan. The next plan() fills the schedule with them."""
        self._planned, self._plan_t = parts, float("-inf")

    @property
    def last_soc_pct(self) -> float | None:
        """The last charge that the car reported, however old; None before the first."""
        return self._last_soc_pct

    def end(self, now: float) -> None:
        """The program is being stopped: no session is wanted any more."""
        self._slots, self._external = Slots(), None
        self._set_manual(now, ModeRequest(), say("idle.shutting_down"))

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
            self._end_manual(now, self._ended(decision))
            return self.decide(now)
        self._flowed = self._flowed or (decision.code is policy.Code.FIXED and decision.useful)
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
        if until is None and order.by in ("schedule", "plan") and self.part is not None:
            until = local_iso(self.part.end, self.schedule.zone)
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
            {} if self._external is None else {**self._external.applied(), "in_force": order.by == "setpoint"},
            order.whose or order.held_by,
            "" if self._slots.in_force is None else self._slots.in_force.kind,
        )

    # Internal

    def _forget_kept(self) -> None:
        """A person has chosen: what was written down before a restart no longer matters."""
        self._kept, self.order_lost = None, False

    def _target_w(self) -> float:
        """What a mode that follows the house holds the grid at now."""
        return self.settings.grid_target_w if self.order.target_w is None else self.order.target_w

    def _drop_external(self, now: float) -> None:
        """End the setpoint of another program whose lifetime is over."""
        if self._external is None or now < self._external.until_t:
            return
        by, self._external = self._external.by, None
        self._idle_reason = say("idle.setpoint_over", by=by)
        self._event("info", "setpoint-over", self._idle_reason, by=by)
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
            self._choice.why_idle,
            self.settings.reserve_soc_pct,
        )

    def _window_after(self, window: policy.Window) -> policy.Window:
        charger = self._charger
        if charger is not None and charger.soc_pct is None:
            charger = replace(charger, soc_pct=self._soc_pct)  # at rest: the last SoC that it reported
        return policy.window_after(window, self.order, charger, self._limits, self.settings.reserve_soc_pct)

    def car(self) -> CarNow:
        """What is known about the car, for planning."""
        busy_until = self.part.target if self.part is not None and self.order.by == "schedule" else None
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

    def _set_manual(self, now: float, order: ModeRequest | None, idle_reason: str) -> None:
        self._manual, self._idle_reason = order, idle_reason
        self._rechoose(now)

    def _end_manual(self, now: float, why: str) -> None:
        """End an order that nobody cancelled: its time is over, it is done, or there is a fault."""
        slot = self._slots.in_force
        if self._manual is not None or slot is not None:
            self._event("info", "mode-ended", why, mode=self.order.mode)
        if self._manual is None or self.order.by == "slot":
            self._slots = self._slots if slot is None else self._slots.without(slot.by)
        else:
            self._manual = self._kept = None
        self._idle_reason = why
        self._rechoose(now)

    def _ended(self, decision: policy.Decision) -> str:
        """Why the order ends. A charge or discharge that had nothing to do leaves everything as it was before: it does
        not lift the owner's stop."""
        why = self.nothing_to_do(self.order) if self.order.by == "owner" and not self._flowed else ""
        if not why:
            return decision.why
        self.stopped = self.stopped or self._stopped_before
        return say("fixed.nothing_to_do", why=why)

    def _rechoose(self, now: float) -> None:
        """Choose the order in force again from owner, slot, schedule, stop, clock and drain guard."""
        before = self.order
        self._choice = arbitrate(
            self._manual,
            self._slots.in_force,
            self.part,
            suspended=self.stopped,
            trusted=self.trust.trusted,
            scheduled=not self.schedule.empty,
            idle_reason=say("idle.order_lost") if self.order_lost else self._idle_reason,
            external=self._external,
        )
        order = self.order
        if self._drain.protecting and not (order.by == "owner" and order.mode == Mode.DISCHARGE):
            self._choice = replace(self._choice, order=replace(order, hold=True))
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
        until = None if self.schedule.empty else self._until()
        if until is not None:
            targets = (part for part in self._ahead[1:] if part.target and part.start < until)
            wins = next(targets, None) if self.order.by == "setpoint" else None
            return wins or after(self._ahead, until)
        by_hand = self._manual is not None and self._manual.until_t is None
        return next_entry(self._ahead) if by_hand else next(iter(self._ahead[1:]), None)

    def _until(self) -> datetime | None:
        """When the order in force ends, after which the schedule applies; None when it has no such end."""
        order = self.order
        if order.until is None or order.by == "schedule" or (order.by == "slot" and self._manual is not None):
            return None
        end = datetime.fromisoformat(order.until)
        return end if end.tzinfo is not None else end.replace(tzinfo=self.schedule.zone)
