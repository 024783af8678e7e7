"""The owner's commands to manager: checked, carried out on steward and memory, answered with what was applied.

Each command is a function from its values to an Answer; a refusal is an OrderRefusedError whose text says what, why and
what is allowed. What cannot be written down is not taken over, but for a stop, which always holds.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from v2h.energy.orders import OrderError, read_order, read_slot
from v2h.energy.schedulefile import ScheduleError
from v2h.energy.steward import Steward
from v2h.memory import Memory
from v2h.settings import SettingsError

Values = Mapping[str, Any]


class OrderRefusedError(ValueError):
    """Why a command was not carried out, for people."""

    bad_input = False


class BadValuesError(OrderRefusedError):
    """Its values cannot be used, whatever the moment."""

    bad_input = True


@dataclass(frozen=True, slots=True)
class Answer:
    """text: what was done. applied: the values now in force. changed: settings or schedule are new."""

    text: str
    applied: dict[str, Any] = field(default_factory=dict)
    changed: bool = False


class OwnerOrders:
    """Commands on one steward and one memory. stopped_at_once(): sends the stop out before the disk is touched."""

    def __init__(
        self, steward: Steward, memory: Memory, errors: tuple[str, ...], stopped_at_once: Callable[[float], None]
    ) -> None:
        self._steward, self._memory, self._errors, self._stopped_at_once = steward, memory, errors, stopped_at_once

    def mode(self, values: Values, now: float, wall: datetime) -> Answer:
        self._needs_time(values)
        try:
            order = read_order(values, self._memory.settings.limits(), now, wall)
        except OrderError as error:
            raise BadValuesError(str(error)) from error
        if order.mode == "idle":
            self._steward.take(now, order)
            return Answer("Mode is idle: the session ends.", order.applied())
        self._may_start()
        self._steward.take(now, order)
        text = ", ".join(f"{key} {value}" for key, value in order.applied().items())
        return Answer(f"Applied: {text}.{self._keep_stop()}", order.applied())

    def stop(self, values: Values, now: float, wall: datetime) -> Answer:
        self._steward.stop(now)
        self._stopped_at_once(now)
        return Answer(f"Stopped; stays stopped until you start something.{self._keep_stop()}", {"mode": "idle"})

    def resume(self, values: Values, now: float, wall: datetime) -> Answer:
        self._may_start()
        self._steward.resume(now)
        return Answer(f"The schedule goes on.{self._keep_stop()}", {"mode": self._steward.order.mode})

    def slot(self, values: Values, now: float, wall: datetime) -> Answer:
        self._needs_time(values)
        try:
            slot = read_slot(values, self._memory.settings.limits(), now, wall)
        except OrderError as error:
            raise BadValuesError(str(error)) from error
        self._steward.take_slot(now, slot)
        if slot is None:
            return Answer("No slot is in force.", {"slot": "none"})
        in_force = self._steward.order.by == "slot" or self._steward.order.hold
        without = "" if in_force else " It has no effect now, for the owner chose otherwise."
        return Answer(f"Slot {slot.kind} until {slot.until}.{without}", slot.applied())

    def settings(self, values: Values, now: float, wall: datetime) -> Answer:
        try:
            settings = self._memory.keep_settings(values)
        except SettingsError as error:
            raise BadValuesError(str(error)) from error
        except OSError as error:
            raise OrderRefusedError(f"it could not be written down ({error.strerror})") from error
        named = ", ".join(f"{key} {value}" for key, value in values.items())
        return Answer(f"Applied: {named}." if named else "Nothing was changed.", settings.as_json(), changed=True)

    def schedule(self, values: Values, now: float, wall: datetime) -> Answer:
        try:
            schedule = self._memory.keep_schedule(values.get("schedule"))
        except ScheduleError as error:
            raise BadValuesError(f"the schedule before stays. {'; '.join(error.errors)}") from error
        except OSError as error:
            raise OrderRefusedError(f"it could not be written down ({error.strerror})") from error
        counts = f"{len(schedule.weekly)} windows, {len(schedule.overrides)} one-offs, {len(schedule.ready_by)} targets"
        return Answer(f"Applied: {counts}.", {"schedule": schedule.document}, changed=True)

    def _may_start(self) -> None:
        if self._errors:
            raise OrderRefusedError(f"the configuration has errors: {self._errors[0]}")
        charger = self._steward.charger_state
        if charger is not None and charger.faults:
            what = charger.reason or ", ".join(charger.faults)
            raise OrderRefusedError(f"a fault is latched ({what}). Press clear first.")

    def _needs_time(self, values: Values) -> None:
        if values.get("until") is not None and not self._steward.trust.trusted:
            text = (
                "until needs the time of day, which is not known; press “use this device's time” (v2h clock set) first"
            )
            raise OrderRefusedError(text)

    def _keep_stop(self) -> str:
        """Write the owner's stop down; returns what to add to the answer."""
        try:
            self._memory.keep_stop(self._steward.stopped)
        except OSError as error:
            return f" This could not be written down ({error.strerror}): until it can be, a restart forgets it."
        return ""
