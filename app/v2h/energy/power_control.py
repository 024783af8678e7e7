"""Computes the setpoint and its sentence for the order in force, from meter, charger and settings; pure.

Whose order is in force is the controller's decision (energy/controller.py).
The fail-safe steps when the meter becomes silent: after 3 of its intervals the setpoint only stays or shrinks; it is
0 W at most 3 of its intervals plus 1 s after its last value, or after the silence_s that a meter has which speaks only
on change (the converter ramps within 0.3 s); it stays at 0 W while the meter is silent, and the mode continues by
itself with the next value; after idle_end_min the session ends in order, and starts again when there is something to
do. Power + is charging; `now` and all `t` are monotonic seconds.
"""

from dataclasses import replace

from v2h.bus.messages import SETPOINT_LIFE_S, ChargerState, MeterReading, Setpoint
from v2h.bus.sentences import say
from v2h.bus.states import Mode, State
from v2h.energy import policy
from v2h.energy.explain import sentence
from v2h.energy.gridlimits import GridLimits, House
from v2h.energy.load_following import LoadFollower
from v2h.energy.matching import NOMINAL_V
from v2h.energy.order_book import NOBODYS
from v2h.energy.orders import ModeRequest
from v2h.energy.owner_settings import Settings
from v2h.energy.start_limiter import StartLimiter

SPACING_S = 0.04
"""Least time between two setpoints; an earlier change is sent with the next telemetry or meter value."""
SOC_KNOWN_S = 3 * 3600.0
"""After this long without a SoC from the car, the SoC counts as unknown: the car may have been driven."""
CAR_SPEAKS_S = 10.0
"""A car that is awake speaks ten times a second. With an older word of the car, its SoC is that of the last session."""


class PowerControl:
    """settings: the owner's; limits: those of them that bound every order. charger: what `charger` reported last,
    without the SoC while the car is silent. soc_pct: the car's charge, None while it is not known; last_soc_pct: the
    last one that it reported, however old. capacity_kwh: of its battery, None while it is not known. decision, said,
    setpoint: the last decision with the power that was sent, its sentence, and the setpoint itself."""

    def __init__(self, errors: tuple[str, ...], settings: Settings) -> None:
        """errors: those of the configuration; with any of them the appliance stays idle."""
        self._errors = errors
        self._order, self._why_idle = NOBODYS, ""
        self._window = policy.Window()
        self.limiter, self.follower = StartLimiter(), LoadFollower(settings.grid_target_w)
        self._take_settings(settings)
        self.charger: ChargerState | None = None
        self._charger_t = self._soc_t = float("-inf")
        self.soc_pct: float | None = None
        self.last_soc_pct: float | None = None
        self.capacity_kwh: float | None = None
        self.decision = policy.Decision(False, 0.0, "", "idle", policy.Code.IDLE)
        self.setpoint: Setpoint | None = None
        self.said = ""
        self._fresh_w = 0.0
        """The last order that rests on a fresh value of the meter."""

    # What to carry out

    def carry_out(self, order: ModeRequest, why_idle: str) -> None:
        """The order in force, and the sentence for an idle one."""
        before, self._order, self._why_idle = self._order, order, why_idle
        self._hold_target()
        keys = ("mode", "soc_limit_pct", "keep_soc_pct")
        if any(getattr(order, key) != getattr(before, key) for key in keys):
            self._window = self._window_after(policy.Window())

    def use(self, settings: Settings) -> None:
        """The owner changed settings."""
        self._take_settings(settings)
        self._window = self._window_after(policy.Window())

    # Inputs

    def meter(self, now: float, reading: MeterReading) -> House | None:
        """The house that a value of the grid meter shows. None: it is too old, or only an old value repeated; otherwise
        call follow() with it next."""
        return self.follower.meter(now, reading)

    def follow(self, now: float, reading: MeterReading) -> bool:
        """Follow the house with a value that meter() has accepted; True: decide now."""
        if self._order.mode not in policy.MATCHING:
            return self._grid.any and self._order.mode != Mode.IDLE and self._spaced(now)
        flows = self.charger is not None and self.charger.state == State.ENERGY
        matching = flows and self.decision.code is policy.Code.MATCHING
        self.follower.follow(now, reading, self._situation(now).bounds(), matching=matching)
        return self._changed(now)

    def own_power(self, now: float, t: float, power_w: float, volts_v: float) -> bool:
        """The charger's own power as it was at `t`; True: decide now."""
        counts = self.follower.power(now, t, power_w, volts_v)
        if not counts or self._order.mode not in policy.MATCHING:
            return False
        if self.follower.is_silent(now):
            self.follower.silent(now, self._situation(now).bounds())
        return self._changed(now)

    def charger_said(self, now: float, state: ChargerState) -> None:
        """`charger` reported its state."""
        if (state.ages_s.get("car") or 0.0) > CAR_SPEAKS_S:
            state = replace(state, soc_pct=None)
        self.charger, self._charger_t = state, now
        if state.soc_pct is not None:
            self.soc_pct = self.last_soc_pct = state.soc_pct
            self._soc_t = now
            self.capacity_kwh = state.battery_kwh or self.capacity_kwh
        self._window = self._window_after(self._window)
        self.limiter.charger(now, state)
        self.follower.charger(now, state)

    def forget_old(self, now: float) -> None:
        """Forget a SoC that is older than SOC_KNOWN_S."""
        if now - self._soc_t > SOC_KNOWN_S and self.soc_pct is not None:
            self.soc_pct, self._window = None, policy.Window()

    # Outputs

    def decide(self, now: float) -> policy.Decision:
        """What the order in force wants now. Code.ENDED: it is over; call carry_out() with the next one, and decide
        again."""
        share = self._held_share(now)
        if share is not None:
            self.follower.hold(self._fresh_w * share)
        return policy.decide(self._situation(now))

    def send(self, now: float, decision: policy.Decision, following: str | None) -> Setpoint:
        """The setpoint for a decision of this moment, once it is known whether a session may start for it and how far
        the power may change at once. following: what comes next, see explain.sentence()."""
        order, settings, share = self._order, self.settings, self._held_share(now)
        eager = order.by == "owner" and not order.is_lent
        permit = self.limiter.step(now, decision.wanted, decision.useful, settings.idle_end_min * 60, eager=eager)
        power_w = self._softened(now, decision) if permit.wanted else 0.0
        if share is None:
            self._fresh_w = power_w
        else:
            held_w = self._fresh_w * share
            power_w = min(max(power_w, min(0.0, held_w)), max(0.0, held_w))
        if abs(decision.power_w - power_w) >= policy.SMALL_W and permit.wanted:
            decision = replace(decision, why=say("fixed.rising", said=decision.why, power_w=power_w))
        self.decision = decision if power_w == decision.power_w else replace(decision, power_w=power_w)
        self.said = sentence(decision, order, permit.why, following)
        self.setpoint = Setpoint(
            now, permit.wanted, round(power_w, 1), now + SETPOINT_LIFE_S, str(self.said), permit.number
        )
        return self.setpoint

    def meter_w(self, now: float) -> float | None:
        """The grid's power by the last value of the meter; None while that is too old."""
        reading = self.follower.reading
        return None if reading is None or self._situation(now).meter_is_stale else reading.power_w

    def limits_told(self, now: float) -> dict[str, float]:
        """ManagerState.limits."""
        limit, settings = self._situation(now).bounds(), self.settings
        return {
            "charge_w": limit.high_w,
            "discharge_w": -limit.low_w,
            "soc_min_pct": settings.soc_min_pct,
            "soc_max_pct": settings.soc_max_pct,
            "reserve_soc_pct": settings.reserve_soc_pct,
            "grid_target_w": self._order_limits.grid_target_w,
        }

    # Internal

    def _take_settings(self, settings: Settings) -> None:
        self.settings, self.limits = settings, settings.limits()
        self._grid = GridLimits(settings.export_limit_w, settings.fuse_a)
        self._hold_target()

    def _hold_target(self) -> None:
        """A mode that follows the house holds the grid at what the order says, or else the settings."""
        target_w = self.settings.grid_target_w if self._order.target_w is None else self._order.target_w
        self.follower.matcher.target_w = target_w
        self._order_limits = replace(self.limits, grid_target_w=target_w)

    def _situation(self, now: float) -> policy.Situation:
        following = self.follower
        return policy.Situation(
            now,
            self._order,
            self._order_limits,
            self._window,
            self.charger,
            self._charger_t,
            following.reading,
            following.house(now, limited=self._grid.any),
            following.matcher.command_w,
            self._grid,
            self._errors,
            self._why_idle,
            self.settings.reserve_soc_pct,
        )

    def _window_after(self, window: policy.Window) -> policy.Window:
        charger = self.charger
        if charger is not None and charger.soc_pct is None:
            charger = replace(charger, soc_pct=self.soc_pct)  # at rest: the last SoC that it reported
        return policy.window_after(window, self._order, charger, self.limits, self.settings.reserve_soc_pct)

    def _held_share(self, now: float) -> float | None:
        """What of the last order may remain; None when the order does not depend on the meter, or its value is
        fresh."""
        if self._order.mode not in policy.MATCHING and not self._grid.any:
            return None
        return policy.held_share(now, self.follower.reading, limited=self._grid.any)

    def _softened(self, now: float, decision: policy.Decision) -> float:
        """Limit how fast a charge or discharge rises, so that the house's lamps and its meter see no jump."""
        if decision.code is not policy.Code.FIXED or self.setpoint is None:
            return decision.power_w
        most_w = NOMINAL_V * max(self.settings.max_charge_a, self.settings.max_discharge_a)
        elapsed_s = now - self.setpoint.t
        return policy.soft_w(self.setpoint.power_w, decision.power_w, most_w, elapsed_s, self.settings.soft_start_s)

    def _spaced(self, now: float) -> bool:
        return self.setpoint is None or now - self.setpoint.t >= SPACING_S

    def _changed(self, now: float) -> bool:
        changed = self.setpoint is None or abs(self.follower.matcher.command_w - self.setpoint.power_w) > 1.0
        return changed and self._spaced(now)
