"""Policy decides from mode, car, meter and limits: a session or none, how many watts, and why in one sentence; pure.

Power + is charging the car. `now` and all `t` are monotonic seconds.
"""

from dataclasses import dataclass
from enum import Enum

from v2h.bus.messages import SILENCE_MOST_S, STATE_OLD_S, ChargerState, MeterReading, reading_old_after_s
from v2h.bus.sentences import Sentence, say
from v2h.bus.states import AGREED, ENDING, Mode, State
from v2h.config.site import Limits
from v2h.energy.gridlimits import GridLimits, House, own_bounds
from v2h.energy.matching import NOMINAL_V
from v2h.energy.orders import ModeRequest

LEAST_BATTERY_V = 100.0
"""A battery has more; a lower reading is not the measurement of one."""
GUESTS = ("setpoint", "slot")
"""Other programs: their discharge keeps the owner's reserve, unless they name a floor of their own."""
SMALL_W = 40.0
"""One step of the converter: less power than this counts as none."""
HYSTERESIS_PCT = 1.0
USEFUL_W = 150.0
"""A car is not woken for less: its own electronics and the converter consume about as much."""
MATCHING = ("v2h", "solar", "cover")
COVERING = ("v2h", "cover")
"""Of these the modes that discharge: they keep the owner's reserve."""
NO_LIMITS = GridLimits()
LIMITED_S = 5.0
"""With a limit of the grid connection, a value of the meter holds at most so long (or three intervals and a second)."""


class Code(Enum):
    """The subject of the sentence; a change of it is reported at once."""

    CONFIG = "config"
    FAULT = "fault"
    IDLE = "idle"
    ENDED = "ended"
    SILENT = "charger-silent"
    STARTING = "starting"
    NO_METER = "no-meter"
    NO_SOC = "no-soc"
    CAR_FULL = "car-full"
    CAR_EMPTY = "car-empty"
    AT_LIMIT = "at-limit"
    MATCHING = "matching"
    FIXED = "fixed"


@dataclass(frozen=True, slots=True)
class Window:
    """Where the SoC stands in its window, with hysteresis. Carried from one decision to the next."""

    full: bool = False
    empty: bool = False

    def update(self, soc_pct: float, low_pct: float, high_pct: float) -> "Window":
        """Full at high_pct until HYSTERESIS_PCT below it; empty at low_pct until as much above it."""
        return Window(
            soc_pct >= high_pct or (self.full and soc_pct > high_pct - HYSTERESIS_PCT),
            soc_pct <= low_pct or (self.empty and soc_pct < low_pct + HYSTERESIS_PCT),
        )


NO_WINDOW = Window()


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be ordered now, W; low_w <= 0 <= high_w."""

    low_w: float
    high_w: float


@dataclass(frozen=True, slots=True)
class Decision:
    """wanted: a session is to run. power_w: + charging. mode: "idle" when the order has ended. useful: there is
    something to do at this moment, or that is not known yet."""

    wanted: bool
    power_w: float
    why: str
    mode: str
    code: Code
    useful: bool = True


def floor_pct(order: ModeRequest, limits: Limits, reserve_pct: float) -> float:
    """The state of charge below which the car is not discharged."""
    low_pct = limits.soc_min_pct
    if order.soc_limit_pct is not None and order.mode in (Mode.DISCHARGE, Mode.COVER):
        low_pct = order.soc_limit_pct
    elif order.mode in COVERING or order.by in GUESTS:
        low_pct = max(low_pct, reserve_pct)
    return max(low_pct, order.keep_soc_pct or 0.0)


def window_after(
    window: Window, order: ModeRequest, charger: ChargerState | None, limits: Limits, reserve_pct: float = 0.0
) -> Window:
    """The window by the car's present SoC; unchanged while the SoC is unknown. reserve_pct: V2H does not discharge
    below it."""
    if charger is None or charger.soc_pct is None:
        return window
    high_pct = limits.soc_max_pct
    if order.soc_limit_pct is not None and order.mode == Mode.CHARGE:
        high_pct = order.soc_limit_pct
    return window.update(charger.soc_pct, floor_pct(order, limits, reserve_pct), high_pct)


def meter_stale(now: float, meter: MeterReading | None, *, limited: bool = False) -> bool:
    """True when there is no reading, or the last one is too old. limited: the grid connection has a limit, so a value
    holds no longer than LIMITED_S if its meter is one that speaks only on change."""
    return meter is None or meter.is_old(now, LIMITED_S if limited else SILENCE_MOST_S)


def held_share(now: float, meter: MeterReading | None, *, limited: bool) -> float | None:
    """What of the last order may remain while the meter is silent, from 1 to 0; None while its value is fresh.

    An order that rests on a value older than three intervals may only stay or shrink. Where a value holds longer
    because the meter speaks only on change, the order shrinks in the second half of that time, first slowly and then
    faster: a meter that lives speaks as soon as the grid has moved by its threshold, a few watts later; a dead one has
    the order at 0 W when the time is over.
    """
    if meter is None or not meter.is_ageing(now):
        return None
    usual_s = reading_old_after_s(meter.interval_s)
    end_s = meter.old_after_s(LIMITED_S if limited else SILENCE_MOST_S)
    if end_s <= usual_s:
        return 1.0
    begin_s = max(3 * meter.interval_s, end_s / 2)
    return 1.0 - min(1.0, max(0.0, (now - meter.t - begin_s) / (end_s - begin_s))) ** 3


@dataclass(frozen=True, slots=True)
class Situation:
    """Everything on which a decision depends, at one moment. charger_t: when the state of `charger` arrived. meter: the
    grid meter's last reading. house: the grid's power without the charger, None while it is not known. matched_w: what
    load matching orders within bounds(). config_errors: with any, the appliance stays idle. idle_reason: why an order
    ended earlier. reserve_pct: V2H does not discharge below it."""

    now: float
    order: ModeRequest
    limits: Limits
    window: Window = NO_WINDOW
    charger: ChargerState | None = None
    charger_t: float = float("-inf")
    meter: MeterReading | None = None
    house: House | None = None
    matched_w: float = 0.0
    grid: GridLimits = NO_LIMITS
    config_errors: tuple[str, ...] = ()
    idle_reason: str = ""
    reserve_pct: float = 0.0

    @property
    def meter_is_stale(self) -> bool:
        return meter_stale(self.now, self.meter, limited=self.grid.any)

    @property
    def volts_v(self) -> float:
        """The battery's voltage; a usual value while it is not measured."""
        measured_v = None if self.charger is None else self.charger.volts_v
        return measured_v if measured_v is not None and measured_v > LEAST_BATTERY_V else NOMINAL_V

    def bounds(self) -> Bounds:
        """The limits of installation, car, SoC window, mode and grid connection together; (0, 0) while the charger or
        the SoC is unknown, or while the house is unknown and the grid connection has a limit."""
        charger, limits, window, order = self.charger, self.limits, self.window, self.order
        if charger is None or charger.soc_pct is None:
            return Bounds(0.0, 0.0)
        charge_a = 0.0 if window.full or order.mode == Mode.COVER else min(limits.max_charge_a, charger.max_charge_a)
        held = window.empty or order.mode == Mode.SOLAR or order.hold
        discharge_a = 0.0 if held else min(limits.max_discharge_a, charger.max_discharge_a)
        low_w = max(order.low_w, -max(0.0, discharge_a) * self.volts_v)
        high_w = min(order.high_w, max(0.0, charge_a) * self.volts_v)
        if not self.grid.any:
            return Bounds(low_w, high_w)
        if self.house is None:
            return Bounds(0.0, 0.0)
        least_w, most_w = own_bounds(self.house, self.grid)
        return Bounds(max(low_w, least_w), min(high_w, most_w))

    def useful(self) -> bool:
        """Whether there is something to do for this order, as far as that is known outside of a session."""
        order, window = self.order, self.window
        if order.rests or (order.power_w is not None and order.power_w < SMALL_W):
            return False
        if order.mode == Mode.CHARGE:
            return not window.full
        if order.mode == Mode.DISCHARGE:
            return not (window.empty or order.hold)
        if self.house is None:
            return False
        over_w = self.house.net_w - (order.target_w or 0.0)
        storing = order.mode != Mode.COVER and over_w < -USEFUL_W and not window.full and order.high_w > 0
        covering = order.mode in COVERING and over_w > USEFUL_W and not (window.empty or order.hold)
        return storing or covering


def soft_w(before_w: float, wish_w: float, most_w: float, elapsed_s: float, soft_start_s: float) -> float:
    """The next power on the way from `before_w` to `wish_w`, W: away from zero by at most `most_w` in soft_start_s,
    towards zero at once."""
    if soft_start_s <= 0 or most_w <= 0:
        return wish_w
    step_w = most_w * elapsed_s / soft_start_s
    if wish_w >= 0:
        return min(wish_w, max(0.0, before_w) + step_w)
    return max(wish_w, min(0.0, before_w) - step_w)


def decide(s: Situation) -> Decision:
    """The decision now: the first condition that applies, from those that forbid a session to what the mode does."""
    order, charger = s.order, s.charger
    if s.config_errors:
        first, *others = s.config_errors
        text = say("idle.config_errors", first=first, more=say("more_errors", count=len(others)) if others else "")
        return Decision(False, 0.0, text, Mode.IDLE, Code.CONFIG)
    if charger is not None and charger.faults:
        what = charger.reason or ", ".join(charger.faults)
        text = say("idle.fault", what=what)
        if order.by != "owner" and order.mode != Mode.IDLE:
            text = say("idle.fault_goes_on", what=what, mode=order.mode)
        return Decision(False, 0.0, text, Mode.IDLE, Code.FAULT)
    if order.mode == Mode.IDLE:
        return Decision(False, 0.0, s.idle_reason or say("idle.nothing_ordered"), Mode.IDLE, Code.IDLE)
    if order.until_t is not None and s.now >= order.until_t:
        text = say("idle.until", mode=order.mode, until=order.until)
        return Decision(False, 0.0, text, Mode.IDLE, Code.ENDED)
    if charger is None or s.now - s.charger_t > STATE_OLD_S:
        return Decision(True, 0.0, say("waiting.charger_silent"), order.mode, Code.SILENT)
    needs_meter = order.mode in MATCHING or s.grid.any
    if needs_meter and s.meter_is_stale and charger.state == State.IDLE:
        text = say("waiting.no_meter_yet") if s.meter is None else say("waiting.no_meter", age_s=s.now - s.meter.t)
        return Decision(False, 0.0, text, order.mode, Code.NO_METER, useful=False)
    if charger.state in AGREED and charger.soc_pct is not None and order.mode in (Mode.CHARGE, Mode.DISCHARGE):
        ended = _ended(s, charger.soc_pct)  # before any contactor closes for nothing
        if ended is not None:
            return ended
    if charger.state != State.ENERGY:
        wish_w = s.matched_w if order.mode in MATCHING and not s.meter_is_stale else 0.0
        return Decision(True, wish_w, _starting(order.mode, charger), order.mode, Code.STARTING, s.useful())
    if charger.soc_pct is None:
        return Decision(True, 0.0, say("holding.no_soc"), order.mode, Code.NO_SOC)
    if order.rests:
        return Decision(True, 0.0, say("holding.rests"), order.mode, Code.FIXED, useful=False)
    if needs_meter:
        blind = _blind(s)
        if blind is not None:
            return blind
    if s.meter is not None and order.mode in MATCHING:
        return _match(s, charger.soc_pct, s.meter.power_w - s.limits.grid_target_w)
    return _fixed(s, charger.soc_pct)


def _starting(mode: str, charger: ChargerState) -> str:
    untold = isinstance(charger.reason, Sentence) and charger.reason.id == "session.not_started"
    detail = "" if untold else charger.reason
    if charger.state == State.IDLE:
        return say("starting.asked", mode=mode, detail=detail)
    return say(
        "starting.after" if charger.state in ENDING else "starting", mode=mode, state=charger.state, detail=detail
    )


def _blind(s: Situation) -> Decision | None:
    """0 W until the meter answers: without it there is nothing to follow, and no grid limit can be kept. None when its
    reading is fresh."""
    if s.meter is None:
        text = say("holding.no_meter_yet")
    elif s.meter_is_stale:
        text = say("holding.no_meter", age_s=s.now - s.meter.t)
    else:
        return None
    return Decision(True, 0.0, text, s.order.mode, Code.NO_METER, useful=False)


def _match(s: Situation, soc_pct: float, over_w: float) -> Decision:
    """over_w: the grid's power above its target."""
    order, window, matched_w, limit = s.order, s.window, s.matched_w, s.bounds()
    busy = abs(matched_w) >= SMALL_W
    if matched_w >= limit.high_w - SMALL_W and over_w < -SMALL_W:
        code = Code.CAR_FULL if window.full else Code.AT_LIMIT
        if order.mode == Mode.COVER:
            return Decision(True, matched_w, say("matching.sold"), order.mode, Code.MATCHING, busy)
        text = say("matching.storing_at_limit", power_w=matched_w, grid_w=over_w)
        if window.full:
            text = say("matching.car_full", soc_pct=soc_pct)
        elif order.high_w <= 0:
            code, text = Code.MATCHING, say("matching.not_stored", grid_w=over_w)
    elif matched_w <= limit.low_w + SMALL_W and over_w > SMALL_W:
        code = Code.CAR_EMPTY if window.empty else Code.AT_LIMIT
        if order.mode == Mode.SOLAR:
            code, text = Code.MATCHING, say("matching.no_surplus")
        elif window.empty:
            text = say("matching.car_empty", soc_pct=soc_pct, floor_pct=floor_pct(order, s.limits, s.reserve_pct))
        elif order.hold:
            text = say("matching.held_by", by=order.held_by) if order.held_by else say("matching.hold")
        else:
            text = say("matching.covering_at_limit", power_w=matched_w, grid_w=over_w)
    elif not busy:
        code, text = Code.MATCHING, say("matching.balanced")
    elif matched_w < 0:
        code, text = Code.MATCHING, say("matching.covering", power_w=matched_w)
    else:
        code, text = Code.MATCHING, say("matching.storing", power_w=matched_w)
    return Decision(True, matched_w, text, order.mode, code, busy)


def end_pct(order: ModeRequest, limits: Limits, reserve_pct: float = 0.0) -> float:
    """The state of charge at which a charge or discharge ends."""
    if order.mode == Mode.DISCHARGE:
        return floor_pct(order, limits, reserve_pct)
    return limits.soc_max_pct if order.soc_limit_pct is None else order.soc_limit_pct


def _ended(s: Situation, soc_pct: float) -> Decision | None:
    """The end of a charge or discharge that the owner ordered, when it is done; else None."""
    charging = s.order.mode == Mode.CHARGE
    if not s.order.ends_when_done or not (s.window.full if charging else s.window.empty):
        return None
    text = say("fixed.charged" if charging else "fixed.discharged", soc_pct=soc_pct)
    return Decision(False, 0.0, text, Mode.IDLE, Code.ENDED)


def _fixed(s: Situation, soc_pct: float) -> Decision:
    order, window, limit = s.order, s.window, s.bounds()
    asked_w = float("inf") if order.amps is None else order.amps * s.volts_v
    asked_w = min(asked_w, float("inf") if order.power_w is None else order.power_w)
    charging = order.mode == Mode.CHARGE
    if window.full if charging else window.empty:
        ended = _ended(s, soc_pct)
        if ended is not None:
            return ended
        text = say("fixed.charged_holding" if charging else "fixed.discharged_holding", soc_pct=soc_pct)
        return Decision(True, 0.0, text, order.mode, Code.FIXED, useful=False)
    power_w = min(asked_w, limit.high_w) if charging else -min(asked_w, -limit.low_w)
    if asked_w < SMALL_W:
        return Decision(True, 0.0, say("fixed.zero"), order.mode, Code.FIXED, useful=False)
    end = end_pct(order, s.limits, s.reserve_pct)
    text = say("fixed.charging" if charging else "fixed.discharging", power_w=power_w, end_pct=end)
    return Decision(True, power_w, text, order.mode, Code.FIXED, abs(power_w) >= SMALL_W)
