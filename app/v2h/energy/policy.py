"""Policy: from mode, car, meter and limits to "a session or none, how many watts, and why in one sentence"; pure.

Power + is charging the car. `now` and all `t` are monotonic seconds.
"""

from dataclasses import dataclass
from enum import Enum

from v2h.bus import ChargerState, MeterReading
from v2h.config import Limits
from v2h.energy.gridlimits import GridLimits, House, own_bounds
from v2h.energy.orders import Order

CHARGER_SILENT_S = 3.0
"""charger tells its state at least every second."""
NOMINAL_V = 385.0
SMALL_W = 40.0
"""One step of the converter: less than this is called nothing."""
HYSTERESIS_PCT = 1.0
USEFUL_W = 150.0
"""A car is not woken for less: its own electronics and the converter take about as much."""
MATCHING = ("v2h", "solar")
NO_LIMITS = GridLimits()


class Code(Enum):
    """What the sentence is about; a change of it is worth telling at once."""

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


@dataclass(frozen=True, slots=True)
class Bounds:
    """What may be ordered now, W; low_w <= 0 <= high_w."""

    low_w: float
    high_w: float


@dataclass(frozen=True, slots=True)
class Decision:
    """wanted: a session shall run. power_w: + charging. mode: "idle" when the order has come to its end. useful: there
    is something to do at this moment, or nobody knows yet."""

    wanted: bool
    power_w: float
    why: str
    mode: str
    code: Code
    useful: bool = True


def window_after(
    window: Window, order: Order, charger: ChargerState | None, limits: Limits, reserve_pct: float = 0.0
) -> Window:
    """The window by the car's present SoC; unchanged while the SoC is unknown. reserve_pct: matching the house does not
    go below it."""
    if charger is None or charger.soc_pct is None:
        return window
    low_pct, high_pct = limits.soc_min_pct, limits.soc_max_pct
    if order.soc_limit_pct is not None and order.mode == "charge":
        high_pct = order.soc_limit_pct
    if order.soc_limit_pct is not None and order.mode == "discharge":
        low_pct = order.soc_limit_pct
    if order.mode == "v2h":
        low_pct = max(low_pct, reserve_pct)
    return window.update(charger.soc_pct, max(low_pct, order.keep_soc_pct or 0.0), high_pct)


def bounds(
    order: Order,
    charger: ChargerState | None,
    limits: Limits,
    window: Window,
    grid: GridLimits = NO_LIMITS,
    house: House | None = None,
) -> Bounds:
    """Limits of installation, car, SoC window, mode and grid connection together; (0, 0) while the charger or the SoC
    is unknown, or the house is although the grid connection has a limit to keep."""
    if charger is None or charger.soc_pct is None:
        return Bounds(0.0, 0.0)
    volts_v = charger.volts_v if charger.volts_v is not None and charger.volts_v > 100 else NOMINAL_V
    charge_a = 0.0 if window.full else min(limits.max_charge_a, charger.max_charge_a)
    held = window.empty or order.mode == "solar" or order.hold
    discharge_a = 0.0 if held else min(limits.max_discharge_a, charger.max_discharge_a)
    low_w, high_w = -max(0.0, discharge_a) * volts_v, max(0.0, charge_a) * volts_v
    if not grid.any:
        return Bounds(low_w, high_w)
    if house is None:
        return Bounds(0.0, 0.0)
    least_w, most_w = own_bounds(house, grid)
    return Bounds(max(low_w, least_w), min(high_w, most_w))


def soft_w(before_w: float, wish_w: float, most_w: float, elapsed_s: float, soft_start_s: float) -> float:
    """The wish, approached from `before_w` at full power (`most_w`) in soft_start_s; towards zero at once."""
    if soft_start_s <= 0 or most_w <= 0:
        return wish_w
    step_w = most_w * elapsed_s / soft_start_s
    if wish_w >= 0:
        return min(wish_w, max(0.0, before_w) + step_w)
    return max(wish_w, min(0.0, before_w) - step_w)


def useful(order: Order, window: Window, house: House | None) -> bool:
    """Is there something to do for this order, as far as is known outside of a session?"""
    if order.mode == "charge":
        return not window.full
    if order.mode == "discharge":
        return not (window.empty or order.hold)
    if house is None:
        return False
    storing = house.net_w < -USEFUL_W and not window.full
    covering = order.mode == "v2h" and house.net_w > USEFUL_W and not (window.empty or order.hold)
    return storing or covering


def meter_stale(now: float, meter: MeterReading | None) -> bool:
    """Nothing was heard, or too long ago."""
    return meter is None or meter.is_old(now)


def decide(
    now: float,
    order: Order,
    charger: ChargerState | None,
    charger_age_s: float,
    meter: MeterReading | None,
    limits: Limits,
    window: Window,
    matched_w: float,
    config_errors: tuple[str, ...] = (),
    idle_reason: str = "",
    grid: GridLimits = NO_LIMITS,
    house: House | None = None,
) -> Decision:
    """The decision of this moment. matched_w: what load matching orders within bounds(); idle_reason: why an order
    ended earlier, for the sentence in idle. house: without the charger, None while it is not known."""
    if config_errors:
        more = f" (and {len(config_errors) - 1} more)" if len(config_errors) > 1 else ""
        return Decision(
            False, 0.0, f"Idle until the configuration is put right: {config_errors[0]}{more}.", "idle", Code.CONFIG
        )
    if charger is not None and charger.faults:
        what = charger.reason or ", ".join(charger.faults)
        return Decision(False, 0.0, f"Stopped by a fault: {what}. Press clear, then start again.", "idle", Code.FAULT)
    if order.mode == "idle":
        return Decision(False, 0.0, idle_reason or "Idle: nothing is ordered.", "idle", Code.IDLE)
    if order.until_t is not None and now >= order.until_t:
        return Decision(False, 0.0, f"Idle: {order.mode} was ordered until {order.until}.", "idle", Code.ENDED)
    if charger is None or charger_age_s > CHARGER_SILENT_S:
        return Decision(True, 0.0, "Waiting: the charger does not answer.", order.mode, Code.SILENT)
    limit = bounds(order, charger, limits, window, grid, house)
    if charger.state != "energy":
        detail = f" ({charger.reason})" if charger.reason else ""
        text = f"Starting {order.mode}: the charger is in {charger.state}{detail}."
        wish_w = matched_w if order.mode in MATCHING and not meter_stale(now, meter) else 0.0
        return Decision(True, wish_w, text, order.mode, Code.STARTING, useful(order, window, house))
    if charger.soc_pct is None:
        return Decision(True, 0.0, "Holding 0 W: the car does not tell its charge.", order.mode, Code.NO_SOC)
    if order.mode in MATCHING or grid.any:
        blind = _blind(now, order, meter)
        if blind is not None:
            return blind
    if meter is not None and order.mode in MATCHING:
        return _match(order, charger, meter, limits, window, matched_w, limit)
    return _fixed(order, charger, limits, window, limit)


def _blind(now: float, order: Order, meter: MeterReading | None) -> Decision | None:
    """Without the meter there is nothing to follow, and no limit of the grid can be kept: 0 W until it answers."""
    if meter is None:
        text = "Holding 0 W: no word from the grid meter yet."
    elif meter_stale(now, meter):
        text = f"Holding 0 W: no word from the grid meter for {now - meter.t:.0f} s. Goes on when it answers."
    else:
        return None
    return Decision(True, 0.0, text, order.mode, Code.NO_METER, useful=False)


def _match(
    order: Order,
    charger: ChargerState,
    meter: MeterReading,
    limits: Limits,
    window: Window,
    matched_w: float,
    limit: Bounds,
) -> Decision:
    over_w = meter.power_w - limits.grid_target_w
    busy = abs(matched_w) >= SMALL_W
    if matched_w >= limit.high_w - SMALL_W and over_w < -SMALL_W:
        code = Code.CAR_FULL if window.full else Code.AT_LIMIT
        text = (
            f"The car is full enough ({charger.soc_pct:.0f} %): surplus goes to the grid."
            if window.full
            else f"Storing surplus at the limit: {_kw(matched_w)} into the car, {_kw(over_w)} goes to the grid."
        )
    elif matched_w <= limit.low_w + SMALL_W and over_w > SMALL_W:
        code = Code.CAR_EMPTY if window.empty else Code.AT_LIMIT
        if order.mode == "solar":
            code, text = Code.MATCHING, "Waiting for surplus: the house needs all there is."
        elif window.empty:
            text = f"The car is at its floor ({charger.soc_pct:.0f} %): the house draws from the grid."
        elif order.hold:
            text = "Not discharging, while others draw: the house draws from the grid."
        else:
            text = f"Covering the house at the limit: {_kw(matched_w)} from the car, {_kw(over_w)} from the grid."
    elif not busy:
        code, text = Code.MATCHING, "Balanced: the house needs nothing from the car."
    elif matched_w < 0:
        code, text = Code.MATCHING, f"Covering the house: {_kw(matched_w)} from the car."
    else:
        code, text = Code.MATCHING, f"Storing surplus: {_kw(matched_w)} into the car."
    return Decision(True, matched_w, text, order.mode, code, busy)


def _fixed(order: Order, charger: ChargerState, limits: Limits, window: Window, limit: Bounds) -> Decision:
    volts_v = charger.volts_v if charger.volts_v is not None and charger.volts_v > 100 else NOMINAL_V
    asked_w = float("inf") if order.amps is None else order.amps * volts_v
    charging = order.mode == "charge"
    if window.full if charging else window.empty:
        done = "Charged" if charging else "Discharged"
        if order.ends_when_done:
            return Decision(False, 0.0, f"{done} to {charger.soc_pct:.0f} %: done.", "idle", Code.ENDED)
        text = f"{done} to {charger.soc_pct:.0f} %: holding 0 W."
        return Decision(True, 0.0, text, order.mode, Code.FIXED, useful=False)
    power_w = min(asked_w, limit.high_w) if charging else -min(asked_w, -limit.low_w)
    verb, way = ("Charging", "into") if charging else ("Discharging", "out of")
    end = order.soc_limit_pct
    if end is None:
        end = limits.soc_max_pct if charging else limits.soc_min_pct
    text = f"{verb}: {_kw(power_w)} {way} the car, until {end:g} %."
    return Decision(True, power_w, text, order.mode, Code.FIXED, abs(power_w) >= SMALL_W)


def _kw(power_w: float) -> str:
    return f"{abs(power_w) / 1000:.1f} kW"
