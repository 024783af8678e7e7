"""Checks the owner's commands to `manager`, carries them out on controller and store, and answers what was applied.

Each command is a function from its values to an Answer; a refusal is an OrderRefusedError whose text says what, why and
what is allowed. A change of settings or schedule that cannot be written to the disk is not applied. A stop and a mode
hold nevertheless, and the answer says that a restart forgets them.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from v2h.bus.sentences import say
from v2h.bus.states import Mode
from v2h.checks import few, finite, shown
from v2h.energy import price_shapes
from v2h.energy.controller import EnergyController
from v2h.energy.external import read_external
from v2h.energy.kept_order import KeptOrder, kept_order
from v2h.energy.orders import ModeRequest, ModeRequestError, read_name, read_order, read_slot
from v2h.energy.owner_settings import TABLE, SettingsError
from v2h.energy.schedule_json import revision
from v2h.energy.schedulefile import VERSION, ScheduleError, without_past
from v2h.manager.owner_files import OwnerStore

Values = Mapping[str, Any]


HUNDREDTHS, DEAR = ("GBP", "EUR", "USD", "CHF", "AUD", "CAD", "NZD"), 2.0
"""Currencies in which a tariff is often told in pence or cents, and a price per kWh that no tariff has there."""


class OrderRefusedError(ValueError):
    """A command was not carried out. The text is the reason, for people."""

    bad_input = False

    def __init__(self, why: str, **applied: Any) -> None:
        """applied: what is in force instead."""
        super().__init__(why)
        self.applied = applied


class BadValuesError(OrderRefusedError):
    """The values of a command cannot be used, at any time."""

    bad_input = True


@dataclass(frozen=True, slots=True)
class Answer:
    """text: what was done. applied: the values now in force. changed: settings or schedule have changed. news: whether
    it belongs in the log; a controller repeats its order to keep it alive."""

    text: str
    applied: dict[str, Any] = field(default_factory=dict)
    changed: bool = False
    news: bool = True


class OwnerCommands:
    """Commands on one controller and one store. stopped_at_once(): sends the stop before anything is written."""

    def __init__(
        self,
        controller: EnergyController,
        store: OwnerStore,
        errors: tuple[str, ...],
        stopped_at_once: Callable[[float], None],
    ) -> None:
        self._controller, self._store, self._errors, self._stopped_at_once = controller, store, errors, stopped_at_once

    def mode(self, values: Values, now: float, wall: datetime) -> Answer:
        self._needs_time(values)
        try:
            order = read_order(values, self._store.settings.limits(), now, wall)
        except ModeRequestError as error:
            raise BadValuesError(str(error)) from error
        if order.is_lent:
            self._owner_comes_first()
        if order.mode == Mode.IDLE:
            self._controller.take(now, order)
            return Answer(say("answer.idle", warning=self._keep_order(None)), order.applied())
        self._may_start()
        if why := self._controller.nothing_to_do(order):
            raise OrderRefusedError(why)
        # Written before it is carried out: else a crash between the two would forget an order that already acts.
        kept = None
        if not order.is_lent:
            kept = kept_order(order, self._store.boot, now, wall, after_stop=self._controller.stopped)
        warning = self._keep_order(kept)
        news = not self._controller.repeats(order)
        self._controller.take(now, order)
        stop_warning = self._keep_stop(now)
        said = _said(order)
        waits = order.is_lent and self._waits(order.whose)
        text = (
            say("answer.waits", what=said) if waits else say("answer.mode", order=said, warning=warning or stop_warning)
        )
        return Answer(text, order.applied(), news=news)

    def stop(self, values: Values, now: float, wall: datetime) -> Answer:
        self._controller.stop(now)
        self._stopped_at_once(now)
        warning = self._keep_stop(now)
        order_warning = self._keep_order(None)
        return Answer(say("answer.stopped", warning=warning or order_warning), {"mode": "idle"})

    def resume(self, values: Values, now: float, wall: datetime) -> Answer:
        self._may_start()
        self._controller.resume(now)
        warning = self._keep_order(None)
        stop_warning = self._keep_stop(now)
        return Answer(say("answer.resumed", warning=warning or stop_warning), {"mode": self._controller.order.mode})

    def slot(self, values: Values, now: float, wall: datetime) -> Answer:
        self._needs_time(values)
        try:
            slot = read_slot(values, self._store.settings.limits(), now, wall)
        except ModeRequestError as error:
            raise BadValuesError(str(error)) from error
        news = self._controller.take_slot(now, slot)
        if slot.kind == "none":
            return Answer(say("answer.no_slot"), {"slot": "none"}, news=news)
        order = self._controller.order
        warning = ""
        if self._waits(slot.by):
            warning = say("answer.slot_later")
        elif not (order.by == "slot" or order.hold):
            warning = say("answer.slot_without_effect")
        text = say("answer.slot", kind=slot.kind, until=slot.until, warning=warning)
        return Answer(text, slot.applied(), news=news)

    def setpoint(self, values: Values, now: float, wall: datetime) -> Answer:
        """The power that another program asks for. A repetition by the same program is not logged."""
        controller = self._controller
        try:
            external = read_external(values, "api", now, wall, trusted=controller.trust.trusted)
        except ModeRequestError as error:
            raise BadValuesError(str(error)) from error
        if external is None:
            before = controller.external
            controller.take_external(now, None, read_name(values))
            after = controller.external
            text = say("answer.no_setpoint") if after is None else say("answer.setpoint", what=after.said(), warning="")
            return Answer(text, {"power_w": None}, news=after is not before)
        self._may_start()
        self._owner_comes_first()
        news = not controller.repeats(external)
        controller.take_external(now, external)
        if self._waits(external.by):
            return Answer(say("answer.waits", what=external.said()), external.applied(), news=news)
        warning = "" if controller.order.by == "setpoint" else say("answer.setpoint_without_effect")
        text = say("answer.setpoint", what=external.said(), warning=warning)
        return Answer(text, external.applied(), news=news)

    def settings(self, values: Values, now: float, wall: datetime) -> Answer:
        try:
            settings = self._store.keep_settings(values)
        except SettingsError as error:
            raise BadValuesError(error.sentence) from error
        except OSError as error:
            raise OrderRefusedError(say("refused.not_written", error=error.strerror)) from error
        named = [say("answer.setting", setting=TABLE[key].label, value=_shown(value)) for key, value in values.items()]
        text = say("answer.applied", values=named, warning="") if named else say("answer.nothing_changed")
        return Answer(text, settings.as_json(), changed=True)

    def schedule(self, values: Values, now: float, wall: datetime) -> Answer:
        present = revision(self._store.schedule.document)
        if values.get("replaces", present) != present:
            raise OrderRefusedError(say("refused.schedule_changed"), revision=present)
        document = values.get("schedule")
        if self._controller.trust.trusted:
            document = without_past(document, wall, self._store.settings.time_zone)
        try:
            schedule = self._store.keep_schedule(document)
        except ScheduleError as error:
            raise BadValuesError(say("refused.schedule", errors=few(error.errors))) from error
        except OSError as error:
            raise OrderRefusedError(say("refused.not_written", error=error.strerror)) from error
        counts = {
            "windows": len(schedule.weekly),
            "one_offs": len(schedule.overrides),
            "targets": len(schedule.ready_by),
            "prices": len(schedule.prices),
        }
        warning = self._dear(price.import_price for price in schedule.prices)
        applied = {"schedule": schedule.document, "revision": revision(schedule.document)}
        return Answer(say("answer.schedule", **counts, warning=warning), applied, changed=True)

    def trips(self, values: Values, now: float, wall: datetime) -> Answer:
        """The trips of a calendar replace those of the calendar before. A state of charge outside of the owner's window
        is moved into it: a person's calendar knows nothing of it. Nothing is written when they are the same."""
        if not self._controller.trust.trusted:
            raise OrderRefusedError(say("refused.trips_no_clock"))
        trips, limits = values.get("trips"), self._store.settings.limits()
        if not isinstance(trips, list):
            raise BadValuesError(f"trips = {shown(trips)} is not a list of entries")
        document = self._store.schedule.document or {"version": VERSION}
        within = [
            {**trip, "soc_pct": min(max(trip["soc_pct"], limits.soc_min_pct), limits.soc_max_pct)}
            if isinstance(trip, dict) and finite(trip.get("soc_pct"))
            else trip
            for trip in trips
        ]
        if within == document.get("trips", []):
            return Answer(say("answer.same_trips", count=len(within)), {"trips": within}, news=False)
        answer = self.schedule({"schedule": {**document, "trips": within}}, now, wall)
        kept = answer.applied["schedule"]["trips"]
        return Answer(say("answer.trips", count=len(kept)), {"trips": kept}, changed=True)

    def prices(self, values: Values, now: float, wall: datetime) -> Answer:
        """The dated prices of one or both directions (energy/price_shapes)."""
        if not self._controller.trust.trusted:
            raise OrderRefusedError(say("refused.prices_no_clock"))
        try:
            pushed = price_shapes.read(values, wall)
        except price_shapes.PriceError as error:
            raise BadValuesError(say("refused.prices", error=error.args[0])) from error
        self._store.keep_prices(pushed, wall)
        self._controller.reprice(self._store.schedule)
        warning = self._written(lambda: self._store.write_prices(now))
        spans = {
            name: [f"{at.astimezone(wall.tzinfo):%a %-d %b %H:%M}" for at in (p.start, p.end)]
            for name, p in pushed.items()
        }
        parts = [say("answer.prices_part", direction=name, start=a, end=b) for name, (a, b) in spans.items()]
        told = [prices for name, prices in pushed.items() if name != price_shapes.SUN]
        dear = self._dear(price for prices in told for price in prices.values if price is not None)
        applied = {name: {"start": p.start.isoformat(), "end": p.end.isoformat()} for name, p in pushed.items()}
        return Answer(say("answer.prices", parts=parts, warning=warning or dear), applied)

    def _dear(self, prices: Iterable[float]) -> str:
        """A warning about prices that are probably told in hundredths."""
        currency, dearest = self._store.settings.currency, max(prices, default=0.0)
        dear = currency in HUNDREDTHS and dearest > DEAR
        return say("answer.dear", price=dearest, currency=currency) if dear else ""

    def _waits(self, by: str) -> bool:
        """Whether the newer order of another controller than this one is in force."""
        order = self._controller.order
        is_lent = order.is_lent or order.by in ("slot", "setpoint")
        who = {order.whose} if is_lent else set()
        if order.hold and order.held_by:
            who.add(order.held_by)
        return bool(who) and by not in who

    def _owner_comes_first(self) -> None:
        """Another controller gives an order for a time: refused while the owner's own choice or stop is in force."""
        if self._controller.stopped:
            raise OrderRefusedError(say("refused.owners_stop"))
        hand = self._controller.owners_hand
        if hand is not None:
            raise OrderRefusedError(say("refused.owners_hand", mode=hand.mode))

    def _may_start(self) -> None:
        if self._errors:
            raise OrderRefusedError(say("refused.config_errors", first=self._errors[0]))
        charger = self._controller.charger_state
        if charger is not None and charger.faults:
            what = charger.reason or ", ".join(charger.faults)
            raise OrderRefusedError(say("refused.fault", what=what))

    def _needs_time(self, values: Values) -> None:
        if values.get("until") is not None and not self._controller.trust.trusted:
            raise OrderRefusedError(say("refused.no_clock"))

    def _keep_stop(self, now: float) -> str:
        """Write to the disk whether the owner's stop is in force; returns what to add to the answer."""
        return self._written(lambda: self._store.keep_stop(self._controller.stopped, now))

    def _keep_order(self, order: KeptOrder | None) -> str:
        """Write a charge by hand to the disk, None: erase it; returns what to add to the answer."""
        return self._written(lambda: self._store.keep_order(order))

    def _written(self, write: Callable[[], None]) -> str:
        try:
            write()
        except OSError as error:
            return say("answer.not_written", error=error.strerror)
        return ""


def _said(order: ModeRequest) -> str:
    """'charge, 10 A at most, up to 80 %, until 18:30'"""
    text = say("answer.order", mode=order.mode)
    if order.amps is not None:
        text = say("answer.order_with", order=text, amps=order.amps)
    if order.soc_limit_pct is not None and order.mode == Mode.CHARGE:
        text = say("answer.order_up_to", order=text, soc_pct=order.soc_limit_pct)
    if order.soc_limit_pct is not None and order.mode == Mode.DISCHARGE:
        text = say("answer.order_down_to", order=text, soc_pct=order.soc_limit_pct)
    return say("answer.order_until", order=text, until=order.until_said) if order.until_said else text


def _shown(value: object) -> str:
    """A setting's value for people."""
    if value is None or isinstance(value, bool):
        return say("page.no_limit") if value is None else say("page.on" if value else "page.off")
    return say("page.number", text=f"{value:g}") if isinstance(value, float | int) else str(value)
