"""The rig's car with random habits: an older protocol, other frame times, no V2H, contactors that only d2 switches, a K
relay that does not move together with the bit in 0x102."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from tests.faults.parts import FaultyCar
from v2h.rig import ev
from v2h.rig import pre as rig_pre
from v2h.rig.cable import Circuit
from v2h.rig.habits import Habits as RigHabits


@dataclass(frozen=True, slots=True)
class Habits:
    """One car. The defaults are those of the recorded Leaf, except for its slow permission.

    k_apart_s: above 0 the K line follows 102.5.0 this much later, below 0 the bit follows the line. closes_s: from d2
    to the contactors. asks: whether it ever requests current. hangs_on_d2: its contactors open only when d2 falls.
    """

    protocol: int = 2
    period_s: float = 0.1001
    v2h: bool = True
    asks: bool = True
    closes_s: float = 1.3
    hangs_on_d2: bool = False
    k_apart_s: float = 0.0
    permits_s: float = 1.0
    requests_s: float = 1.0
    opens_s: float = 1.85
    welds_s: float = 1.0
    pre_boots_s: float = 1.5
    """A value of the converter, not of the car: how long the converter starts."""

    def of_the_rig(self) -> RigHabits:
        """The same habits for the rig's car. A late or early K has the same offset at the start and at a stop."""
        return RigHabits(
            "fuzzed",
            protocol=self.protocol,
            tells_contactors=self.protocol >= 2,
            sends_200=self.v2h,
            cycle_s=self.period_s,
            opens_by_itself=not self.hangs_on_d2,
            permit_s=self.permits_s,
            k_later_s=self.k_apart_s,
            k_falls_later_s=self.k_apart_s,
            close_s=self.closes_s,
            request_s=self.requests_s,
        )


class FuzzCar(FaultyCar):
    """A rig car with these habits."""

    def __init__(self, circuit: Circuit, habits: Habits) -> None:
        super().__init__(circuit, habits.of_the_rig())
        self.hesitates = not habits.asks


@contextlib.contextmanager
def times(habits: Habits) -> Iterator[None]:
    """Set the times that the rig's car and converter keep in their modules for one session, then restore them."""
    wanted: list[tuple[Any, str, float]] = [
        (ev, "OPEN_S", habits.opens_s),
        (ev, "WELD_S", habits.welds_s),
        (rig_pre, "BOOT_S", habits.pre_boots_s * 0.7),
        (rig_pre, "SELF_TEST_S", habits.pre_boots_s * 0.3),
    ]
    before = [(home, name, getattr(home, name)) for home, name, _ in wanted]
    for home, name, value in wanted:
        setattr(home, name, value)
    try:
        yield
    finally:
        for home, name, value in before:
            setattr(home, name, value)
