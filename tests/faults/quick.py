"""Makes the campaign quick without changing what is tested: pure functions of bytes cache their answers, and the plant
takes longer steps while nothing in it moves."""

import functools
import math
import sys
from typing import Any

from v2h.chademo import frames
from v2h.pre import objects
from v2h.rig.ev import Phase
from v2h.rig.plant import SENSE_S, Plant

REMEMBERED = 20_000
_PURE = (
    *((frames, name) for name in ("encode", "decode", "faults")),
    *((objects, name) for name in ("parse_answer", "parse_request", "read_request", "write_request", "abort_answer")),
)
MOVING_S = 0.025
RESTING_S = 0.1


def remember() -> None:
    """Put a cache in front of the codecs, in every module that has imported them. They are pure: same bytes, same
    answer (an exception is not cached). Call it once, after the modules are imported."""
    for home, name in _PURE:
        plain = getattr(home, name)
        if hasattr(plain, "cache_info"):
            continue
        quick = functools.lru_cache(REMEMBERED)(plain)
        for module in list(sys.modules.values()):
            if (
                getattr(module, "__name__", "").startswith(("v2h.", "tests.faults."))
                and vars(module).get(name) is plain
            ):
                setattr(module, name, quick)


class QuickPlant(Plant):
    """The rig's plant without its house and its heat; steps of 25 ms while something moves, else of up to 100 ms."""

    def __init__(self, **settings: Any) -> None:
        super().__init__(**settings)
        self._still = False

    def step(self, now: float) -> None:
        """As Plant.step()."""
        left_s = now - self.now
        if left_s <= 0.0:
            return
        pre, circuit, car = self.pre, self.circuit, self.car
        if self.quiet():
            self.now = now
            car.step(now)
            return
        longest_s = RESTING_S if self._still else MOVING_S
        count = 1 if left_s <= longest_s else math.ceil(left_s / longest_s - 1e-9)
        dt_s = left_s / count
        settle = dt_s / (SENSE_S + dt_s)
        at = self.now
        for _ in range(count):
            at += dt_s
            before_v, before_a = circuit.cable_v, circuit.pre_a
            pre.step(at, dt_s)
            circuit.step(at, dt_s, pre.demand_a, pre.ceiling_v)
            pre.out_v, pre.out_a = circuit.pre_v, circuit.pre_a
            off_v = circuit.cable_v - self.sensed_v
            self.sensed_v += off_v * settle
            car.step(at)
        self._still = (
            pre.demand_a == pre.target_a
            and not pre._pending
            and abs(circuit.cable_v - before_v) < 0.01
            and abs(circuit.pre_a - before_a) < 0.01
            and abs(off_v) < 0.1
        )
        self.now = now

    def longest_s(self) -> float:
        """The longest allowed time between two steps. Only an event wakes a sleeping car."""
        if self.car.phase is Phase.ASLEEP and self.quiet():
            return math.inf
        return RESTING_S if self._still else MOVING_S
