"""The orders that exist at the moment, and the one in force; pure.

They are the owner's stop, the owner's mode, and the modes, setpoints and slots of other controllers. Each method
changes them and nothing else; call choose() after it, which decides whose order is in force.
"""

from dataclasses import replace
from datetime import datetime, tzinfo

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.energy.arbitration import Arbitration, arbitrate
from v2h.energy.external import External
from v2h.energy.kept_order import KeptOrder
from v2h.energy.lent import Lent
from v2h.energy.orders import ModeRequest, Slot
from v2h.energy.schedule import Part

NOBODYS = ModeRequest(by="nobody")
"""Idle, while the schedule must not decide."""


class OrderBook:
    """stopped: the owner's stop is in force. order_lost: that stop is not the owner's, because an order was lost in a
    restart. hand: the mode that the owner chose; idle, while it is not known what becomes of the one before a restart.
    lent: the orders of other controllers for a time. kept: a charge by hand from before the restart, until it is known
    what becomes of it. idle_reason: why the last order ended."""

    def __init__(self, *, stopped: bool, order_lost: bool = False) -> None:
        self.stopped, self.order_lost = stopped, order_lost
        self.hand: ModeRequest | None = None
        self.lent = Lent()
        self.kept: KeptOrder | None = None
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
        return self.hand if self.hand is not None and self.hand.by == "owner" else None

    @property
    def manual(self) -> ModeRequest | None:
        """The owner's mode, else that of the newest other controller, if it gave a mode."""
        base = self.lent.base
        return self.hand or (base if isinstance(base, ModeRequest) else None)

    @property
    def external(self) -> External | None:
        """The setpoint of the newest other controller, if it gave a setpoint."""
        base = self.lent.base
        return base if isinstance(base, External) else None

    @property
    def needs_kept_order(self) -> bool:
        """Whether the order that is written down is in force, or nobody has chosen since it was lost."""
        order = self.owners_hand
        return (order is not None and order.mode == Mode.CHARGE) or self.kept is not None or self.order_lost

    def ends(self, zone: tzinfo) -> datetime | None:
        """When the order in force ends, after which the schedule applies; None when it has no such end."""
        order = self.order
        within = self.manual is not None or self.external is not None
        if order.until is None or order.by == "schedule" or (order.by == "slot" and within):
            return None
        end = datetime.fromisoformat(order.until)
        return end if end.tzinfo is not None else end.replace(tzinfo=zone)

    def repeats(self, order: ModeRequest | External) -> bool:
        """Whether another controller only prolongs its order."""
        return (isinstance(order, External) or order.is_lent) and self.lent.has(order)

    def choose(self, part: Part | None, *, trusted: bool, scheduled: bool, draining: bool) -> None:
        """Decide whose order is in force. part, trusted, scheduled: as arbitrate() has them. draining: the house draws
        more than the car is to cover (energy/drain), so only the owner's own discharge goes on."""
        self._choice = arbitrate(
            self.manual,
            self.lent.slot,
            part,
            suspended=self.stopped,
            trusted=trusted,
            scheduled=scheduled,
            idle_reason=say("idle.order_lost") if self.order_lost else self.idle_reason,
            external=self.external,
            slot_is_newest=self.lent.slot_is_newest,
        )
        order = self.order
        if draining and not (order.by == "owner" and order.mode == Mode.DISCHARGE):
            self._choice = replace(self._choice, order=replace(order, hold=True))

    # What people and programs order

    def take(self, order: ModeRequest) -> None:
        """The owner chose a mode, or another controller gave one for a time: the caller has asked owners_hand. Any mode
        except idle ends the owner's stop."""
        self._forget_kept()
        if order.is_lent:
            self.flowed = self.flowed and self.repeats(order)
            self._stopped_before = self.stopped = False
            self.lent = self.lent.taken(order)
            self._set_hand(self.owners_hand, "")
            return
        self.lent = self.lent.without_bases()
        if order.mode == Mode.IDLE:
            self._set_hand(None if self.stopped else order, say("idle.as_ordered"))
            return
        self._stopped_before, self.flowed = self.stopped, False
        self.stopped = False
        self._set_hand(order, "")

    def stop(self) -> None:
        """The owner's stop: from now on only the owner can start something."""
        self._forget_kept()
        self.stopped, self.lent = True, Lent()
        self._set_hand(None, "")

    def resume(self) -> None:
        """End the owner's stop and the mode chosen by hand: the schedule applies again."""
        self._forget_kept()
        self.stopped, self.lent = False, self.lent.without_bases()
        self._set_hand(None, "")

    def take_slot(self, now: float, slot: Slot) -> bool:
        """A slot was announced, or ended. Returns whether it is news, and not the same one for a longer time."""
        before, self.lent = self.lent, self.lent.alive(now).taken(slot)
        return not self.lent.slot_goes_on(before, slot.by)

    def take_external(self, external: External | None, by: str) -> None:
        """Another program sets the power; the caller has asked owners_hand. None: the program `by` gives it back; if it
        has none, the newest one ends."""
        self.lent = self.lent.without(self.lent.setpoint(by)) if external is None else self.lent.taken(external)

    def fault_cleared(self) -> None:
        """Remove the sentence about the fault."""
        if self.manual is None:
            self.idle_reason = ""

    def shut_down(self) -> None:
        """The program is being stopped: no session is wanted any more."""
        self.lent = Lent()
        self._set_hand(ModeRequest(), say("idle.shutting_down"))

    # What ends by itself

    def expired_external(self, now: float) -> str | None:
        """End the setpoint of another program if its lifetime is over. Returns the name of that program, else None."""
        external = self.external
        if external is None or now < external.until_t:
            return None
        self.lent = self.lent.without(external).alive(now)
        self.idle_reason = say("idle.setpoint_over", by=external.by)
        return external.by

    def end_in_force(self, why: str) -> bool:
        """End the mode chosen by hand, or the slot, because its time is over, it is done, or there is a fault. Returns
        whether there was one."""
        slot = self.lent.slot
        ended = self.manual is not None or slot is not None
        if self.manual is None or self.order.by == "slot":
            self.lent = self.lent.without(slot)
        elif self.hand is not None:
            self.hand = self.kept = None
        else:
            self.lent = self.lent.without(self.lent.base)
        self.idle_reason = why
        return ended

    def restore_stop(self) -> None:
        """A charge or discharge that had nothing to do does not lift the owner's stop."""
        self.stopped = self.stopped or self._stopped_before

    # After a restart

    def recall(self, order: KeptOrder) -> None:
        """A charge by hand was in force when the last program ended: idle until it is known what becomes of it."""
        self.kept = order
        self._set_hand(NOBODYS, say("idle.order_unheard"))

    def kept_waits(self) -> bool:
        """It waits for the time of day. Returns whether that is news."""
        why = say("idle.order_waits")
        if self.idle_reason == why:
            return False
        self._set_hand(NOBODYS, why)
        return True

    def kept_goes_on(self, order: ModeRequest) -> None:
        """order: what it is in this boot."""
        after_stop = self.kept is not None and self.kept.after_stop
        self.kept, self._stopped_before, self.flowed = None, after_stop, False
        self._set_hand(order, "")

    def kept_over(self) -> None:
        """Its time has passed: the schedule decides."""
        self.kept = None
        self._set_hand(None, "")

    def lose_kept(self) -> None:
        """It cannot go on, and the schedule might discharge the car that the owner wants full: idle, as after a stop,
        until a person chooses."""
        self.stop()
        self.order_lost = True

    def _forget_kept(self) -> None:
        """A person has chosen: what was written down before a restart no longer matters."""
        self.kept, self.order_lost = None, False

    def _set_hand(self, order: ModeRequest | None, idle_reason: str) -> None:
        self.hand, self.idle_reason = order, idle_reason
