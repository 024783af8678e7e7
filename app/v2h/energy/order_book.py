"""The orders that exist at the moment, and the one in force; pure.

They are the owner's stop, a mode chosen by hand, the slots, and the setpoint of another program. Each method changes
them and nothing else; call choose() after it, which decides whose order is in force.
"""

from dataclasses import replace
from datetime import datetime, tzinfo

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.arbitration import Arbitration, arbitrate
from v2h.energy.external import External
from v2h.energy.kept_order import KeptOrder
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.schedule import Part
from v2h.energy.slots import Slots

NOBODYS = ModeRequest(by="nobody")
"""Idle, while the schedule must not decide."""


class OrderBook:
    """stopped: the owner's stop is in force. order_lost: that stop is not the owner's, because an order was lost in a
    restart. manual: the mode chosen by hand, by the owner or by another controller to which the owner has lent it.
    kept: a charge by hand from before the restart, until it is known what becomes of it. idle_reason: why the last
    order ended."""

    def __init__(self, *, stopped: bool, order_lost: bool = False) -> None:
        self.stopped, self.order_lost = stopped, order_lost
        self.manual: ModeRequest | None = None
        self.kept: KeptOrder | None = None
        self.slots = Slots()
        self.external: External | None = None
        self.idle_reason = ""
        self.flowed = False
        """Whether energy has flowed for the order of the owner."""
        self._stopped_before = False
        """Whether the owner's stop was in force when the present order came."""
        self._choice = Arbitration(NOBODYS)

    # What is in force

    @property
    def order(self) -> ModeRequest:
        return self._choice.order

    @property
    def why_idle(self) -> str:
        return self._choice.why_idle

    @property
    def owners_hand(self) -> ModeRequest | None:
        """The mode that the owner himself chose, while it is in force."""
        by_hand = self.manual is not None and self.manual.by == "owner" and not self.manual.is_lent
        return self.manual if by_hand else None

    @property
    def needs_kept_order(self) -> bool:
        """Whether the order that is written down is in force, or nobody has chosen since it was lost."""
        order = self.owners_hand
        return (order is not None and order.mode == Mode.CHARGE) or self.kept is not None or self.order_lost

    def ends(self, zone: tzinfo) -> datetime | None:
        """When the order in force ends, after which the schedule applies; None when it has no such end."""
        order = self.order
        if order.until is None or order.by == "schedule" or (order.by == "slot" and self.manual is not None):
            return None
        end = datetime.fromisoformat(order.until)
        return end if end.tzinfo is not None else end.replace(tzinfo=zone)

    def repeats(self, order: ModeRequest) -> bool:
        """Whether another controller only prolongs its order that is in force."""
        before = self.manual
        if before is None or not (before.is_lent and order.is_lent):
            return False
        return replace(before, until_t=order.until_t, until=order.until, until_said=order.until_said) == order

    def choose(self, part: Part | None, *, trusted: bool, scheduled: bool, draining: bool) -> None:
        """Decide whose order is in force. part, trusted, scheduled: as arbitrate() has them. draining: the house draws
        more than the car is to cover (energy/drain), so only the owner's own discharge goes on."""
        self._choice = arbitrate(
            self.manual,
            self.slots.in_force,
            part,
            suspended=self.stopped,
            trusted=trusted,
            scheduled=scheduled,
            idle_reason=say("idle.order_lost") if self.order_lost else self.idle_reason,
            external=self.external,
        )
        order = self.order
        if draining and not (order.by == "owner" and order.mode == Mode.DISCHARGE):
            self._choice = replace(self._choice, order=replace(order, hold=True))

    # What people and programs order

    def take(self, order: ModeRequest) -> None:
        """The owner chose a mode: any mode except idle ends the owner's stop."""
        self._forget_kept()
        self.external = None
        if order.mode == Mode.IDLE:
            self._set_manual(None if self.stopped else order, say("idle.as_ordered"))
            return
        self._stopped_before, self.flowed = self.stopped, False
        self.stopped = False
        self._set_manual(order, "")

    def stop(self) -> None:
        """The owner's stop: from now on only the owner can start something."""
        self._forget_kept()
        self.stopped, self.slots, self.external = True, Slots(), None
        self._set_manual(None, "")

    def resume(self) -> None:
        """End the owner's stop and the mode chosen by hand: the schedule applies again."""
        self._forget_kept()
        self.stopped, self.external = False, None
        self._set_manual(None, "")

    def take_slot(self, now: float, slot: Slot) -> bool:
        """A slot was announced, or ended. Returns whether it is news, and not the same one for a longer time."""
        before, self.slots = self.slots, self.slots.alive(now).taken(now, slot)
        return not self.slots.goes_on(before, slot.by)

    def take_external(self, external: External | None) -> None:
        """Another program sets the power, None: it gives it back. It replaces the older order of another controller;
        the caller has asked owners_hand."""
        self.external = external
        if external is not None and self.manual is not None and self.manual.is_lent:
            self.manual = None

    def fault_cleared(self) -> None:
        """Remove the sentence about the fault."""
        if self.manual is None:
            self.idle_reason = ""

    def shut_down(self) -> None:
        """The program is being stopped: no session is wanted any more."""
        self.slots, self.external = Slots(), None
        self._set_manual(ModeRequest(), say("idle.shutting_down"))

    # What ends by itself

    def expired_external(self, now: float) -> str | None:
        """End the setpoint of another program if its lifetime is over. Returns the name of that program, else None."""
        if self.external is None or now < self.external.until_t:
            return None
        by, self.external = self.external.by, None
        self.idle_reason = say("idle.setpoint_over", by=by)
        return by

    def end_in_force(self, why: str) -> bool:
        """End the mode chosen by hand, or the slot, because its time is over, it is done, or there is a fault. Returns
        whether there was one."""
        slot = self.slots.in_force
        ended = self.manual is not None or slot is not None
        if self.manual is None or self.order.by == "slot":
            self.slots = self.slots if slot is None else self.slots.without(slot.by)
        else:
            self.manual = self.kept = None
        self.idle_reason = why
        return ended

    def restore_stop(self) -> None:
        """A charge or discharge that had nothing to do does not lift the owner's stop."""
        self.stopped = self.stopped or self._stopped_before

    # After a restart

    def recall(self, order: KeptOrder) -> None:
        """A charge by hand was in force when the last program ended: idle until it is known what becomes of it."""
        self.kept = order
        self._set_manual(NOBODYS, say("idle.order_unheard"))

    def kept_waits(self) -> bool:
        """It waits for the time of day. Returns whether that is news."""
        why = say("idle.order_waits")
        if self.idle_reason == why:
            return False
        self._set_manual(NOBODYS, why)
        return True

    def kept_goes_on(self, order: ModeRequest) -> None:
        """order: what it is in this boot."""
        after_stop = self.kept is not None and self.kept.after_stop
        self.kept, self._stopped_before, self.flowed = None, after_stop, False
        self._set_manual(order, "")

    def kept_over(self) -> None:
        """Its time has passed: the schedule decides."""
        self.kept = None
        self._set_manual(None, "")

    def lose_kept(self) -> None:
        """It cannot go on, and the schedule might discharge the car that the owner wants full: idle, as after a stop,
        until a person chooses."""
        self.stop()
        self.order_lost = True

    def _forget_kept(self) -> None:
        """A person has chosen: what was written down before a restart no longer matters."""
        self.kept, self.order_lost = None, False

    def _set_manual(self, order: ModeRequest | None, idle_reason: str) -> None:
        self.manual, self.idle_reason = order, idle_reason
