"""The slots that are announced at the moment: at most one for each controller, and the newest is in force; pure.

A controller repeats its slot to keep it alive. A slot that only lasts longer keeps its place behind a newer one of
another controller, so two controllers that repeat themselves do not take turns.
"""

from dataclasses import dataclass, replace

from v2h.energy.orders import Slot

MOST = 8
"""Controllers with a slot at the same time; the one that began first gives way."""


@dataclass(frozen=True, slots=True)
class Slots:
    """rows: the slots, the oldest first."""

    rows: tuple[Slot, ...] = ()

    @property
    def in_force(self) -> Slot | None:
        return self.rows[-1] if self.rows else None

    def alive(self, now: float) -> "Slots":
        """Without those that are over."""
        return Slots(tuple(row for row in self.rows if now < row.until_t))

    def taken(self, now: float, slot: Slot) -> "Slots":
        """With this slot. Kind "none" ends the slot of its controller; without a name it ends all of them."""
        if slot.kind == "none":
            return self.without(slot.by) if slot.by else Slots()
        if any(_same(row, slot) for row in self.rows):
            return Slots(tuple(slot if _same(row, slot) else row for row in self.rows))
        return Slots((*self.without(slot.by).rows, slot)[-MOST:])

    def without(self, by: str) -> "Slots":
        return Slots(tuple(row for row in self.rows if row.by != by))

    def goes_on(self, before: "Slots", by: str) -> bool:
        """Whether the slot of this controller is the one from before, perhaps for a longer time, or is still none."""
        old, new = ([row for row in slots.rows if row.by == by] for slots in (before, self))
        return len(old) == len(new) and all(map(_same, old, new))


def _same(one: Slot, other: Slot) -> bool:
    return replace(one, until_t=0.0, until="") == replace(other, until_t=0.0, until="")
