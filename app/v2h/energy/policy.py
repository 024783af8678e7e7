"""Policy: from mode, car, meter and limits to "a session or none, how many watts, and why in one sentence"; pure.

Power + is charging the car. `now` and all `t` are monotonic seconds.
"""

from dataclasses import dataclass
from enum import Enum

from v2h.bus import ChargerState, MeterReading
from v2h.config import Limits
from v2h.energy.orders import Order

CHARGER_SILENT_S = 3.0
"""charger tells its state at least every second."""
NOMINAL_V = 385.0
SMALL_W = 40.0
"""One step of the converter: less than this is called nothing."""
HYSTERESIS_PCT = 1.0
MATCHING = ("v2h", "solar")


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
    """wanted: a session shall run. power_w: + charging. mode: "idle" when the order has come to its end."""

    wanted: bool
    power_w: float
    why: str
    mode: str
    code: Code


def window_after(window: Window, order: Order, charger: ChargerState | None, limits: Limits) -> Window:
    """The window by the car's present SoC; unchanged while the SoC is unknown."""
    if charger is None or charger.soc_pct is None:
        return window
    low_pct, high_pct = limits.soc_min_pct, limits.soc_max_pct
    if order.soc_limit_pct is not None and order.mode == "charge":
        high_pct = order.soc_limit_pct
    if order.soc_limit_pct is not None and order.mode == "discharge":
        low_pct = order.soc_limit_pct
    return window.update(charger.soc_pct, low_pct, high_pct)


def bounds(order: Order, charger: ChargerState | None, limits: Limits, window: Window) -> Bounds:
    """Limits of installation, car, SoC window and mode together; (0, 0) while the charger or the SoC is unknown."""
    if charger is None or charger.soc_pct is None:
        return Bounds(0.0, 0.0)
    volts_v = charger.volts_v if charger.volts_v is not None and charger.volts_v > 100 else NOMINAL_V
    charge_a = 0.0 if window.full else min(limits.max_charge_a, charger.max_charge_a)
    discharge_a = 0.0 if window.empty or order.mode == "solar" else min(limits.max_discharge_a, charger.max_discharge_a)
    return Bounds(-max(0.0, discharge_a) * volts_v, max(0.0, charge_a) * volts_v)


def meter_stale(now: float, meter: MeterReading | None) -> bool:
    """Older than three of its own intervals and a second: not data."""
    return meter is None or now - meter.t > 3 * meter.interval_s + 1.0


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
) -> Decision:
    """The decision of this moment. matched_w: what load matching orders within bounds(); idle_reason: why an order
    ended earlier, for the sentence in idle."""
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
    if charger.state != "energy":
        detail = f" ({charger.reason})" if charger.reason else ""
        text = f"Starting {order.mode}: the charger is in {charger.state}{detail}."
        return Decision(
            True, _wish_w(now, order, charger, meter, limits, window, matched_w), text, order.mode, Code.STARTING
        )
    if charger.soc_pct is None:
        return Decision(True, 0.0, "Holding 0 W: the car does not tell its charge.", order.mode, Code.NO_SOC)
    if order.mode in MATCHING:
        return _match(now, order, charger, meter, limits, window, matched_w)
    return _fixed(order, charger, limits, window)


def _wish_w(
    now: float,
    order: Order,
    charger: ChargerState,
    meter: MeterReading | None,
    limits: Limits,
    window: Window,
    matched_w: float,
) -> float:
    if order.mode in MATCHING:
        return 0.0 if meter_stale(now, meter) else matched_w
    return _fixed(order, charger, limits, window).power_w


def _match(
    now: float,
    order: Order,
    charger: ChargerState,
    meter: MeterReading | None,
    limits: Limits,
    window: Window,
    matched_w: float,
) -> Decision:
    if meter is None:
        text = "Holding 0 W: no word from the grid meter yet."
        return Decision(True, 0.0, text, order.mode, Code.NO_METER)
    if meter_stale(now, meter):
        text = f"Holding 0 W: no word from the grid meter for {now - meter.t:.0f} s. Goes on when it answers."
        return Decision(True, 0.0, text, order.mode, Code.NO_METER)
    limit = bounds(order, charger, limits, window)
    over_w = meter.power_w - limits.grid_target_w
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
        else:
            text = f"Covering the house at the limit: {_kw(matched_w)} from the car, {_kw(over_w)} from the grid."
    elif abs(matched_w) < SMALL_W:
        code, text = Code.MATCHING, "Balanced: the house needs nothing from the car."
    elif matched_w < 0:
        code, text = Code.MATCHING, f"Covering the house: {_kw(matched_w)} from the car."
    else:
        code, text = Code.MATCHING, f"Storing surplus: {_kw(matched_w)} into the car."
    return Decision(True, matched_w, text, order.mode, code)


def _fixed(order: Order, charger: ChargerState, limits: Limits, window: Window) -> Decision:
    limit = bounds(order, charger, limits, window)
    volts_v = charger.volts_v if charger.volts_v is not None and charger.volts_v > 100 else NOMINAL_V
    asked_w = float("inf") if order.amps is None else order.amps * volts_v
    charging = order.mode == "charge"
    if window.full if charging else window.empty:
        done = "Charged" if charging else "Discharged"
        return Decision(False, 0.0, f"{done} to {charger.soc_pct:.0f} %: done.", "idle", Code.ENDED)
    power_w = min(asked_w, limit.high_w) if charging else -min(asked_w, -limit.low_w)
    verb, way = ("Charging", "into") if charging else ("Discharging", "out of")
    end = order.soc_limit_pct
    if end is None:
        end = limits.soc_max_pct if charging else limits.soc_min_pct
    text = f"{verb}: {_kw(power_w)} {way} the car, until {end:g} %."
    return Decision(True, power_w, text, order.mode, Code.FIXED)


def _kw(power_w: float) -> str:
    return f"{abs(power_w) / 1000:.1f} kW"
