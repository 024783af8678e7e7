"""The possible troubles of a session, and one that is drawn: it begins at its anchor and ends after its time. All
randomness comes from the trouble's own seed, so that removing one trouble changes no other."""

import random
from dataclasses import dataclass, field

from tests.fuzz.car_troubles import CAR
from tests.fuzz.converter_troubles import CONVERTER
from tests.fuzz.kind import Kind
from tests.fuzz.program_troubles import PROGRAM
from tests.fuzz.sensor_troubles import SENSOR
from tests.fuzz.world import World

KINDS: dict[str, Kind] = {**CAR, **CONVERTER, **SENSOR, **PROGRAM}
"""Name -> kind. A seed draws by the order of this table: a new order is other sessions for the same seeds."""


@dataclass(frozen=True, slots=True)
class Trouble:
    """One trouble of one session: it begins delay_s after the anchor and lasts for_s."""

    name: str
    anchor: str
    delay_s: float
    for_s: float
    seed: int

    def __str__(self) -> str:
        lasts = f" for {self.for_s:.2f} s" if self.for_s else ""
        return f"{self.name} {self.delay_s:.2f} s after {self.anchor}{lasts} (seed {self.seed})"


def begin(world: World, trouble: Trouble) -> None:
    """Start it now, and end it after its time."""
    kind = KINDS[trouble.name]
    world.say(f"!! {trouble.name}")
    undo = kind.begin(world, random.Random(trouble.seed))
    if kind.sick:
        world.sick.add(trouble.name)
        world.sick_t = world.now

    def over() -> None:
        world.say(f"!! {trouble.name} is over")
        world.sick.discard(trouble.name)
        if undo is not None:
            undo()

    if undo is not None or kind.sick:
        world.later(trouble.for_s, over)


@dataclass(frozen=True, slots=True)
class Pending:
    """Troubles that wait for their anchors; the world's hook."""

    world: World
    waiting: list[Trouble]
    begun: set[str] = field(default_factory=set)

    def __call__(self, event: str) -> None:
        due = [trouble for trouble in self.waiting if trouble.anchor == event]
        for trouble in due:
            self.waiting.remove(trouble)
            self.world.later(trouble.delay_s, lambda trouble=trouble: self._begin(trouble))  # type: ignore[misc]

    def _begin(self, trouble: Trouble) -> None:
        self.begun.add(trouble.name)
        begin(self.world, trouble)
