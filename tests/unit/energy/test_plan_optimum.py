"""The plan beside the optimum of a mixed-integer program with the same losses, on random days.

PLAN_DAYS=200 tries so many of them; `make long` does. PLAN_SEED=1000 begins with the day of that seed.
"""

import os

import pytest

from tests.support.plandays import problem
from tests.support.planoptimum import lower_bound
from v2h.energy.plan.optimum import cheapest, shortage
from v2h.energy.plan.outcome import powered
from v2h.energy.steps import result

FEW = (2, 5, 8, 14, 15, 26, 30, 65, 73, 77, 171, 188)
"""Days that the solver solves within seconds: flat, wild, two days, targets above the ceiling, trips, equal prices."""
ALL, FIRST = int(os.environ.get("PLAN_DAYS", "0")), int(os.environ.get("PLAN_SEED", "0"))
DAYS = range(FIRST, FIRST + ALL) if ALL else FEW
LEAST, SHARE = 0.03, 0.01
"""A day's plan may cost so much more than the optimum, whichever is more: money, and a share of the day's cost."""
MOST_S = 60.0
"""A day that the solver has not solved by then is compared with the best plan that it has found."""


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("seed", DAYS)
def test_the_plan_is_as_cheap_as_the_optimum(seed: int) -> None:
    day = problem(seed)
    outcome = powered(day, [slot.power_w for slot in result(cheapest(day))])
    total = outcome.worth(day) + shortage(day) * outcome.missed_kwh(day)
    bound, best = lower_bound(day, MOST_S)
    allowed = max(LEAST * day.slots / 96, SHARE * abs(outcome.cost))
    proven = best - bound <= allowed / 4
    beside = bound if proven else best
    print(
        f"\nday {seed}: {day.slots} slots cost {outcome.cost:.3f}; plan {total:.4f}, solver {best:.4f}, its bound"
        f" {bound:.4f}{'' if proven else ' (not proven)'}; {100 * (total - beside):+.2f} of {100 * allowed:.1f} cents"
    )
    assert total <= beside + allowed
    assert total >= bound - allowed / 4, "cheaper than is possible: the two do not solve the same"
