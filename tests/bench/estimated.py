"""A month without a meter at the charger: how far are the estimated energy and money of its mains' side from the truth?

The converter's losses are not those of a usual one. The log sees what it sees in a house: the power at the battery,
rounded to the converter's 0.1 A, and a grid meter with noise beside a load that is never quite still. It learns the
losses from the steps of the grid meter. The truth is counted with the converter's own losses and the same prices.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random
from typing import Any

from tests.bench.month import DAY_S, SCHEDULE, SUN_W
from tests.bench.rows import row
from tests.support.home import Home
from v2h.datalog.counters import Counters
from v2h.energy.loss_learning import USUAL, Figures, LossLearner
from v2h.energy.loss_steps import StepFinder
from v2h.rig.house import House, day_trace

START = datetime(2026, 6, 1, 6, tzinfo=UTC)
SEED = 2026
CONVERTER = Figures(60.0, 0.05, 0.02)
"""60 W of own use, 5 % of the power, 2 % more at full load; a usual one has 40 W, 3 % and 3 %."""
STEP_S = 2.0
NIGHT, NIGHT_PRICE, DAY_PRICE, EXPORT_PRICE = range(1, 6), 0.07, 0.30, 0.10
"""Hours and money per kWh: the car charges by night and covers the house by day."""
LOAD_NOISE_W, METER_NOISE_W = 8.0, 5.0
ALLOWED_PCT = 3.0
MONEY = ("saved", "cost")
NAMES = ("charged_wh", "discharged_wh", *MONEY)


@dataclass(frozen=True, slots=True)
class Estimated:
    """off_pct: by how much the estimate of each of NAMES is off, in % of the truth; usual_pct: the same with the losses
    of a usual converter. truth: Wh and money. learned: the figures at the end."""

    off_pct: dict[str, float]
    usual_pct: dict[str, float]
    truth: dict[str, float]
    learned: Figures

    def text(self) -> str:
        off = (f"{name} {self.off_pct[name]:+.2f} % (usual {self.usual_pct[name]:+.2f} %)" for name in NAMES)
        own_w, share, full_share, steps = self.learned
        return f"{steps} steps: {own_w:.0f} W, {share:.2%}, {full_share:.2%}; off by " + ", ".join(off)


def estimated(days: int, real: Figures = CONVERTER, tell: Callable[[str], None] = lambda text: None) -> Estimated:
    """Run so many days, at least one, with a converter that has these losses, in steps of STEP_S."""
    random, house = Random(SEED), House(day_trace(), float(DAY_S), sun_peak_w=SUN_W)
    home = Home(START, SCHEDULE)
    home.step_s, home.mains_w = STEP_S, lambda dc_w, on: real.mains_w(dc_w, on=on)
    finder, learner = StepFinder(), LossLearner()
    truth, learned, usual = Counters(), Counters(), Counters()
    begin, started = home.now, time.monotonic()
    for day in range(days):
        for step_number in range(round(DAY_S / STEP_S)):
            clock_s = step_number * STEP_S + 7 * 3600
            net_w = house.load_w(home.now - begin) - house.sun_w(clock_s % DAY_S)
            net_w += random.gauss(0.0, LOAD_NOISE_W)
            home.load_w = lambda hour, net_w=net_w: net_w  # type: ignore[misc]
            dc_w, on = home.own_w, home.state != "idle"
            home.step()
            seen_w = home.grid[-1] + random.gauss(0.0, METER_NOISE_W)
            finder.own(home.now, dc_w, on=on)
            step = finder.grid(home.now, seen_w, STEP_S)
            if step is not None:
                learner.add(step)
            prices = NIGHT_PRICE if home.local.hour in NIGHT else DAY_PRICE, EXPORT_PRICE
            for counters, figures in ((truth, real), (learned, learner.figures), (usual, USUAL)):
                grid_w = home.grid[-1] if counters is truth else seen_w
                counters.add(home.now, f"{day:03}", grid_w, figures.mains_w(dc_w, on=on), *prices)
        home.grid.clear()
        sums = [_sums(counters) for counters in (truth, learned, usual)]
        found = Estimated(_off_pct(sums[1], sums[0]), _off_pct(sums[2], sums[0]), sums[0], learner.figures)
        tell(f"day {day + 1} of {days}, {time.monotonic() - started:.0f} s: {found.text()}")
    return found


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The largest error of energy and of money in 30 days, against 3 %."""
    found = estimated(30, tell=tell)
    rows = []
    for what, keys in (("energy", NAMES[:2]), ("money", MONEY)):
        most_pct = max(abs(found.off_pct[key]) for key in keys)
        rows.append(row(f"30 days without a charger meter, other losses: {what} off by", most_pct, "%", ALLOWED_PCT))
    return rows


def _sums(counters: Counters) -> dict[str, float]:
    return {name: sum(getattr(day, name) or 0.0 for day in counters.days.values()) for name in NAMES}


def _off_pct(found: dict[str, float], truth: dict[str, float]) -> dict[str, float]:
    return {name: 100 * (found[name] - truth[name]) / abs(truth[name]) for name in NAMES}
