"""What other controllers have ordered for a time: modes, setpoints and slots, and the newest is in force; pure.

A controller repeats its order to keep it alive. An order that only lasts longer keeps its place behind a newer one of
another controller, so two controllers that repeat themselves do not take turns. So does a setpoint with another power:
an energy manager sends one each minute.
"""

from dataclasses import dataclass, replace

from v2h.energy.external import External
from v2h.energy.orders import ModeRequest, Slot

Row = ModeRequest | External | Slot
MOST = 8
"""Orders at the same time; the one that began first gives way."""


@dataclass(frozen=True, slots=True)
class Lent:
    """rows: the orders, the oldest first. Each controller has at most one slot, and at most one mode or setpoint."""

    rows: tuple[Row, ...] = ()

    @property
    def slot(self) -> Slot | None:
        """The newest slot. It works within a mode, or in place of an older order of another controller."""
        return next((row for row in reversed(self.rows) if isinstance(row, Slot)), None)

    @property
    def base(self) -> ModeRequest | External | None:
        """The newest mode or setpoint."""
        return next((row for row in reversed(self.rows) if not isinstance(row, Slot)), None)

    @property
    def slot_is_newest(self) -> bool:
        return bool(self.rows) and isinstance(self.rows[-1], Slot)

    def alive(self, now: float) -> "Lent":
        """Without the orders whose time is over. The newest mode or setpoint stays: the caller reports its end."""
        return Lent(tuple(row for row in self.rows if row is self.base or now < (row.until_t or 0.0)))

    def taken(self, row: Row) -> "Lent":
        """With this order. The slot "none" ends the slot of its controller; without a name it ends all of them."""
        if isinstance(row, Slot) and row.kind == "none":
            return self.without(*(one for one in self.rows if isinstance(one, Slot) and row.by in ("", one.by)))
        if any(_goes_on(one, row) for one in self.rows):
            return Lent(tuple(row if _goes_on(one, row) else one for one in self.rows))
        kept = self.without(*(one for one in self.rows if _place(one) == _place(row)))
        return Lent((*kept.rows, row)[-MOST:])

    def without(self, *gone: Row | None) -> "Lent":
        return Lent(tuple(row for row in self.rows if all(row is not one for one in gone)))

    def without_bases(self) -> "Lent":
        """The slots alone."""
        return Lent(tuple(row for row in self.rows if isinstance(row, Slot)))

    def setpoint(self, by: str) -> External | None:
        """The setpoint of this controller, else the newest one."""
        found = [row for row in self.rows if isinstance(row, External)]
        return next((row for row in found if row.by == by), found[-1] if found else None)

    def has(self, row: Row) -> bool:
        """Whether this order is one of these, perhaps with another end."""
        return any(_goes_on(one, row) for one in self.rows)

    def slot_goes_on(self, before: "Lent", by: str) -> bool:
        """Whether the slot of this controller is the one from before, perhaps for a longer time, or is still none."""
        old, new = ([row for row in lent.rows if isinstance(row, Slot) and row.by == by] for lent in (before, self))
        return len(old) == len(new) and all(map(_goes_on, old, new))


def _place(row: Row) -> tuple[bool, str]:
    """Two orders of one place replace each other."""
    return isinstance(row, Slot), row.whose if isinstance(row, ModeRequest) else row.by


def _goes_on(one: Row, other: Row) -> bool:
    """Whether the other order is the same, for a longer time."""
    if isinstance(one, External) and isinstance(other, External):
        return one.by == other.by
    return type(one) is type(other) and _endless(one) == _endless(other)


def _endless(row: Row) -> Row:
    if isinstance(row, ModeRequest):
        return replace(row, until_t=0.0, until="", until_said="")
    return replace(row, until_t=0.0, until="")
