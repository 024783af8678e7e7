"""Who has the say: the owner's hand, a slot, or the schedule; pure.

A mode chosen by hand holds to its `until`, or to the next entry of the schedule. A slot charges or holds within modes
that follow the house, and returns to what was before. After a stop by the owner nothing but the owner starts anything.
"""

from dataclasses import dataclass, replace

from v2h.energy.orders import Order, Slot
from v2h.energy.schedule import Part

STOPPED = "Stopped by you. Choose a mode to start, or resume the schedule."
CLOCK_UNKNOWN = (
    "Idle: the schedule waits, for the time of day is not known. "
    "Connect the network, or press “use this device's time”."
)
SLOTTABLE = ("v2h", "solar")
"""Modes within which a slot has its say; a charge, a discharge or idle that the owner chose is left alone."""


@dataclass(frozen=True, slots=True)
class Choice:
    """The order in force; why_idle: the sentence when it is idle."""

    order: Order
    why_idle: str = ""


def choose(
    hand: Order | None,
    slot: Slot | None,
    part: Part | None,
    *,
    suspended: bool,
    trusted: bool,
    scheduled: bool,
    idle_reason: str = "",
) -> Choice:
    """part: what the schedule wants now, None while that is not known. scheduled: the schedule asks for something at
    all. idle_reason: why the last order ended. Expiry is the caller's: an expired hand or slot is None."""
    if hand is not None:
        by_slot = hand.mode in SLOTTABLE and slot is not None
        return Choice(_within(hand, slot) if by_slot else hand, idle_reason)
    if suspended:
        return Choice(Order(by="nobody"), idle_reason or STOPPED)
    if not trusted or part is None:
        waiting = scheduled and not trusted
        return Choice(_within(Order(by="nobody"), slot), CLOCK_UNKNOWN if waiting else idle_reason)
    want = part.want
    by, because = ("schedule", part.why) if part.entry or want.mode != "idle" else ("nobody", "")
    order = Order(want.mode, want.amps, want.soc_limit_pct, by=by, because=because, keep_soc_pct=part.keep_soc_pct)
    why_idle = f"Idle: {because}." if part.entry else idle_reason
    return Choice(_within(order, slot), why_idle)


def _within(order: Order, slot: Slot | None) -> Order:
    if slot is None:
        return order
    if slot.kind == "hold":
        return replace(order, hold=True)
    because = "a cheap slot was announced"
    return Order("charge", slot.amps, slot.soc_limit_pct, slot.until_t, slot.until, "slot", because)
