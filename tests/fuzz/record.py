"""What has happened in a session, and what broke: programs that start and end, orders, a person's word."""

import math
from collections import deque
from itertools import pairwise
from typing import TYPE_CHECKING

from tests.fuzz.numbers import (
    FALL_FROM_V,
    UNKNOWN_S,
    UNLOCK_V,
    WORD_SIGNALS_S,
)
from v2h.safety.outputs import Output

if TYPE_CHECKING:
    from tests.fuzz.world import World


class Record:
    """Collects `broken`: (time, kind, detail). A kind contains no numbers and is reported once per session."""

    def __init__(self, world: "World") -> None:
        self.world = world
        self.broken: list[tuple[float, str, str]] = []
        self.reached_energy = False
        self.flowing = False
        """Status 05 has been sent since this was last set to False."""
        self.tripped = False
        self.faults: list[str] = []
        self._kinds: set[str] = set()
        self._since: dict[str, float] = {}
        self._guard = "STARTING"
        self._trip_t = math.inf
        self._ac_off_t = -math.inf
        self._d2_off_t: float | None = None
        self._signals_off_t = 0.0
        self._k_off_t: float | None = None
        self._order_t = -math.inf
        self._wanted_t = -math.inf
        self._order = 0
        self._started = 0
        self._latched = False
        self._status: int | None = None
        self._energy_told = False
        self._asked = False
        self._ended = False
        self._car_t = math.inf
        self._limits: list[tuple[float, float, float]] = []
        self._kwh = self._soc = self._floor = 0
        self._word_t = -math.inf
        self._word_ok = False
        self._closed_t = math.inf
        self._closing_v = 0.0
        """The cable's voltage before the contactors moved."""
        self._told_v: tuple[float, float] | None = None
        self._true: deque[tuple[float, float, float]] = deque()
        """(time, the cable's voltage, the battery's current) in the last AGE_S."""
        self._told_a = (0.0, 0.0)
        self._cleared = False

    def broke(self, kind: str, detail: str = "") -> None:
        if kind in self._kinds:
            return
        self._kinds.add(kind)
        self.broken.append((self.world.now, kind, detail))
        self.world.say(f"*** {kind}: {detail}")

    def _forget_session(self) -> None:
        """A new session begins: nothing of the last one counts."""
        self._status, self._energy_told, self._asked, self._ended = None, False, False, False
        self._car_t = math.inf
        self._limits = []
        self._kwh = self._soc = self._floor = 0
        self._told_v = None
        self._since = {k: v for k, v in self._since.items() if k == "set amps"}

    # Programs and people.

    def charger_new(self) -> None:
        """A new charger starts without data; SAFETY: a latched fault does not survive it, an order may start again."""
        self._latched = False
        self._started = 0
        self._status = None
        self._energy_told = False

    def guard_is(self, state: str) -> None:
        if state == self._guard:
            return
        self.world.say(f"guard is {state}")
        safe = state in ("MAKING_SAFE", "TRIPPED")
        if safe and self._guard not in ("MAKING_SAFE", "TRIPPED"):
            self._trip_t = self.world.now
            self.tripped = True
        elif not safe:
            self._trip_t = math.inf
        self._guard = state

    def k_moved(self, on: bool) -> None:
        self._k_off_t = None if on else self.world.now

    def ordered(self, wanted: bool, power_w: float, order: int) -> None:
        self._order = order if wanted else self._order
        self._wanted_t = self.world.now if wanted else self._wanted_t
        if wanted and abs(power_w) > 0.0:
            self._order_t = self.world.now

    def stopped(self) -> None:
        """Does nothing: after the owner's stop the last order ends, at the latest by its own expiry."""

    def cleared(self, word: bool) -> None:
        world = self.world
        self._cleared = True
        if not word:
            return
        self._word_t = world.now
        if world.measured:
            unknown = not any(t > world.now - UNKNOWN_S - 0.25 for t, _, _ in world.adc_shown) or self._fell()
        else:
            unknown = True
        signals = not world.plant.outputs & (Output.D1 | Output.D2)
        self._word_ok = unknown and signals and world.now - self._signals_off_t >= WORD_SIGNALS_S - 0.3

    def _fell(self) -> bool:
        """The sensor is dead: it fell from above 50 V to below 10 V between two readings, or shows an absurd one."""
        shown = [v for _, v, _ in self.world.adc_shown]
        return any(a > FALL_FROM_V and b < UNLOCK_V for a, b in pairwise(shown)) or any(
            not -20.0 <= v <= 700.0 for v in shown[-1:]
        )
