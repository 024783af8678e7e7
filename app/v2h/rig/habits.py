"""How a car behaves at the plug, as data: one table row for each kind of car that the rig can be. Pure.

The Leaf's row is capture CAP1 (see ev.py). The other rows are drawn from what public sources of those cars and adapters
do; no code of theirs is used here.
"""

import math
from dataclasses import dataclass
from enum import Enum, auto


class NearFull(Enum):
    """How a car reduces its request when the battery comes near the target voltage."""

    KNOWS_ROOM = auto()
    """It never requests more than its battery takes below the target."""
    STEPS_DOWN = auto()
    """At the target voltage it lowers its request by 1 A a frame, and ends the session in order below `least_a`."""
    GOES_ON = auto()
    """It requests the same current at any voltage."""


@dataclass(frozen=True, slots=True)
class Habits:
    """One kind of car. The default values are the Leaf's."""

    name: str
    protocol: int = 2
    """102.0."""
    first_protocol: int | None = None
    """102.0 until 109.0 is 2; None: `protocol` from the first frame on."""
    tells_contactors: bool = True
    """102.5.3 follows the contactors; False: it is always 0."""
    sends_200: bool = True
    """The car supports V2H. Without it the car does not need 0x208 and 0x209."""
    cycle_s: float = 0.1001
    """From one 0x100 to the next."""
    opens_by_itself: bool = True
    """False: only d2 switches the contactors' coils."""
    wake_s: float = 0.1
    """From d1 to the first frame."""
    permit_s: float = 3.9
    """From the first frame to 102.5.0 = 1."""
    k_later_s: float = 0.0
    """K comes this long after 102.5.0; negative: before it."""
    k_falls_later_s: float = 0.0
    """The same at a stop; negative: 102.5.0 falls after K."""
    permits_after_d2: bool = False
    """102.5.0 = 1 waits for d2 (K does not)."""
    close_s: float = 1.3
    """From d2 to the car's contactors."""
    request_s: float = 1.65
    """From closed contactors to the first request (in the next cycle) ..."""
    waits_for_battery: bool = True
    """... and only once 0x109 shows the battery's voltage."""
    asks_from_lock_on: bool = False
    """The request rises as soon as 109.5.2 is 1, whatever the state of the contactors."""
    least_request_a: int = 0
    """The least request from the first frame to the end of the flow."""
    gives_up_s: float = 0.7
    """From the first request to 109.5.0 = 1 and 5.5 = 0: 0.5 s, and CAP2's 524 ms was accepted."""
    soc_steps_per_pct: int = 1
    """100.6 is 100 times this, 102.6 is the state of charge times this."""
    unsure_at_first: bool = True
    """State of charge, capacity and times take up to three seconds to become valid (CAP1)."""
    min_battery_v: int = 0
    """100.2-3."""
    max_battery_v: int = 435
    target_v: int = 410
    """102.1-2."""
    later_target_v: int | None = None
    """102.1-2 once the contactors are closed, if different."""
    near_full: NearFull = NearFull.KNOWS_ROOM
    least_a: int = 2
    mismatch_frames: int = 0
    """The car sets a fault bit and stops when, in this many frames of 0x102 in a row, the reported voltage differs from
    the measured one by more than an eighth, or the reported current by more than 3 A and an eighth. 0: it checks as the
    Leaf does."""

    def target_of(self, contactors_closed: bool) -> int:
        """102.1-2, in V."""
        later_v = self.later_target_v
        return later_v if contactors_closed and later_v is not None else self.target_v

    @property
    def slew_a(self) -> int:
        """The step by which the request rises per cycle: 20 A/s at most, and never less than 1 A a cycle."""
        return max(1, int(20.0 * self.cycle_s))


LEAF = Habits("leaf")
CARS: dict[str, Habits] = {
    car.name: car
    for car in (
        LEAF,
        Habits(
            "esp32",
            first_protocol=1,
            sends_200=False,
            cycle_s=0.225,
            permit_s=0.0,
            unsure_at_first=False,
            target_v=393,
            near_full=NearFull.STEPS_DOWN,
            mismatch_frames=5,
        ),
        Habits(
            "zombieverter",
            protocol=1,
            tells_contactors=False,
            sends_200=False,
            opens_by_itself=False,
            permit_s=4.3,
            close_s=1.0,
            waits_for_battery=False,
            asks_from_lock_on=True,
            gives_up_s=math.inf,
            soc_steps_per_pct=2,
            unsure_at_first=False,
            target_v=393,
            near_full=NearFull.STEPS_DOWN,
        ),
        Habits(
            "jld505",
            protocol=1,
            tells_contactors=False,
            sends_200=False,
            cycle_s=0.225,
            permit_s=0.5,
            k_later_s=-0.4,
            permits_after_d2=True,
            unsure_at_first=False,
            near_full=NearFull.STEPS_DOWN,
            mismatch_frames=5,
        ),
        Habits("e-nv200", min_battery_v=1),
        Habits("i-miev", least_request_a=1),
        Habits(
            "orion/0.9",
            protocol=1,
            tells_contactors=False,
            sends_200=False,
            opens_by_itself=False,
            close_s=1.0,
            request_s=0.1,
            waits_for_battery=False,
            unsure_at_first=False,
            near_full=NearFull.STEPS_DOWN,
        ),
    )
}
"""All kinds of car by name."""
