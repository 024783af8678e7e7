"""How uncertain the coming charge of the battery is, and what that makes a charge worth; pure.

A forecast of load and sun is off for hours: a day that is less sunny than forecast is so in the morning and in the
afternoon. When the car follows the house, the error goes into the battery. A battery that the forecast fills exactly
has no room for more sun, which is then sold; one that it empties exactly cannot cover more load, which is then bought.
Between these two nothing is lost. So a charge near full or empty is worth less than a plan without doubt thinks: the
value of a charge is the mean of those above and below it by which it may be off.

The error of a sum grows as the sum, not as its root. In a recursion from slot to slot each adds a part of its own, as
large as makes the whole right.
"""

import math
from collections.abc import Sequence

from v2h.energy.plan.problem import Problem

DAY_S = 86400


def doubts_kwh(problem: Problem) -> list[float]:
    """By how much each slot makes the charge more uncertain: a standard deviation, kWh. 0 while the car is away, before
    a target or a trip, which are charged for whatever the house does, where it is paid to charge and so does not follow
    the house, and in a problem without doubt."""
    if not problem.doubt:
        return [0.0] * problem.slots
    needed = {at for at, _ in problem.needs()}
    day, sums = round(DAY_S / problem.slot_s), [0.0, 0.0]
    found = []
    for slot in range(problem.slots):
        if slot % day == 0:
            sums = [0.0, 0.0]
        square = 0.0
        for n, power_w in enumerate((problem.load_w[slot], problem.sun_w[slot])):
            before, sums[n] = sums[n], sums[n] + abs(power_w) * problem.hours / 1000
            square += sums[n] ** 2 - before**2
        sure = problem.away(slot) or slot + 1 in needed or problem.import_price[slot] <= 0
        found.append(0.0 if sure else problem.doubt * square**0.5)
    return found


def at_stake(problem: Problem) -> float:
    """What the doubt can cost, money: as much energy as load and sun are off by as a rule is sold and bought again. 0
    in a problem without doubt."""
    off_kwh = math.hypot(*doubts_kwh(problem))
    return off_kwh * max(0.0, (sum(problem.import_price) - sum(problem.export_price)) / problem.slots)


def added(row: Sequence[float], top: int, off: float, buy: float, sell: float | None) -> list[float]:
    """What must be added to the costs of a row when the state may be higher or lower by `off` states. top: the highest
    state to which the battery may be charged. buy, sell: money for the energy of one state that the battery lacks or
    has no room for; sell None: without sun nothing needs room."""
    top = min(top, len(row) - 1)
    far = math.ceil(off) + 1
    below = [row[0] + n * buy for n in range(far, 0, -1)]
    slope = row[top] - row[top - 1] if sell is None else -sell
    above = [row[top] + n * slope for n in range(1, far + 1)]
    wide = [*below, *row[: top + 1], *above]
    whole = int(off)
    part = off - whole
    count = top + 1
    if not whole:  # as a rule
        lower, higher = wide[far - 1 : far - 1 + count], wide[far + 1 : far + 1 + count]
        found = [part * ((b + d) / 2 - value) for b, d, value in zip(lower, higher, row[:count], strict=True)]
        return [*found, *[0.0] * (len(row) - count)]
    low, lower = wide[far - whole : far - whole + count], wide[far - whole - 1 : far - whole - 1 + count]
    high, higher = wide[far + whole : far + whole + count], wide[far + whole + 1 : far + whole + 1 + count]
    rest = 1 - part
    found = [
        (rest * (a + c) + part * (b + d)) / 2 - value
        for a, b, c, d, value in zip(low, lower, high, higher, row[:count], strict=True)
    ]
    return [*found, *[0.0] * (len(row) - count)]
