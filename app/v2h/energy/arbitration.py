"""Decides whose order is in force: the owner's, another program's, a slot's, the schedule's or the plan's; pure.

A mode chosen by hand holds until its `until`, or until the next entry of the schedule. The setpoint of another program
replaces an older slot and the schedule, except a charge for a ready-by target. A slot charges, discharges or holds
within modes that follow the house, and in place of an older mode or setpoint of another controller; after it, what was
before continues. A slot that discharges does not end a charge for a target. After the owner's stop only the owner can
start something.
"""

from dataclasses import dataclass, replace

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.external import External
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.schedule import Part

SLOTTABLE = ("v2h", "solar", "cover")
DISCHARGING = ("discharge", "export", "cover")
"""Modes within which a slot takes effect; it does not change a charge, a discharge or idle that the owner chose."""


@dataclass(frozen=True, slots=True)
class Arbitration:
    """The order in force; why_idle: the sentence when it is idle."""

    order: ModeRequest
    why_idle: str = ""


def arbitrate(
    hand: ModeRequest | None,
    slot: Slot | None,
    part: Part | None,
    *,
    suspended: bool,
    trusted: bool,
    scheduled: bool,
    idle_reason: str = "",
    external: External | None = None,
    slot_is_newest: bool = False,
) -> Arbitration:
    """part: what the schedule wants now, None while that is not known. scheduled: the schedule is not empty.
    idle_reason: why the last order ended. external: the setpoint of another program. slot_is_newest: the slot came
    after the mode or the setpoint of another controller. The caller checks expiry: it passes None for an expired hand,
    slot or setpoint."""
    if hand is not None:
        by_slot = hand.mode in SLOTTABLE or (hand.is_lent and slot_is_newest)
        return Arbitration(_within(hand, slot) if by_slot else hand, idle_reason)
    if suspended:
        return Arbitration(ModeRequest(by="nobody"), idle_reason or say("idle.stopped"))
    known = part if trusted else None
    if external is not None and (known is None or known.target is None):
        hold = slot is not None and slot.kind == "hold"
        order = external.order(None if known is None else known.keep_soc_pct, hold=hold)
        return Arbitration(_within(order, slot) if slot_is_newest and not hold else order)
    if not trusted or part is None:
        why_idle = say("idle.clock_unknown") if scheduled and not trusted else idle_reason
        return Arbitration(_within(ModeRequest(by="nobody"), slot), why_idle)
    want = part.want
    by, because = ("schedule", part.why) if part.entry or want.mode != Mode.IDLE else ("nobody", "")
    if part.planned:
        by, because = "plan", say("planned.because", why=part.why)
    order = ModeRequest(
        want.mode,
        want.amps,
        want.soc_limit_pct,
        by=by,
        because=because,
        keep_soc_pct=part.keep_soc_pct,
        low_w=want.low_w,
        high_w=want.high_w,
    )
    why_idle = say("idle.scheduled", because=because) if part.entry or part.planned else idle_reason
    held = part.target is not None and slot is not None and slot.kind in DISCHARGING
    return Arbitration(order if held else _within(order, slot), why_idle)


def _within(order: ModeRequest, slot: Slot | None) -> ModeRequest:
    if slot is None:
        return order
    if slot.kind == "hold":
        return replace(order, hold=True, held_by=slot.by)
    mode, because = SLOT_MODES[slot.kind]
    return ModeRequest(
        mode,
        slot.amps,
        slot.soc_limit_pct,
        slot.until_t,
        slot.until,
        "slot",
        say("order.asked_by", by=slot.by) if slot.by else because,
        keep_soc_pct=order.keep_soc_pct,
        power_w=slot.power_w if mode == Mode.DISCHARGE else None,
        target_w=-(slot.power_w or 0.0) if slot.kind == "export" else None,
        whose=slot.by,
    )


SLOT_MODES = {
    "charge": (Mode.CHARGE, say("order.cheap_slot")),
    "discharge": (Mode.DISCHARGE, say("order.discharge_slot")),
    "export": (Mode.COVER, say("order.export_slot")),
    "cover": (Mode.COVER, say("order.cover_slot")),
}
"""Kind of slot -> its mode, and the reason."""
