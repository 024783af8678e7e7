"""The files that `manager` keeps on the data partition: the owner's settings and schedule, the prices that were pushed,
the owner's stop, a charge by hand, and when the clock was good.

Every write is complete or does not happen (runtime/atomic_file.py). A file that cannot be read never stops the
appliance: settings fall back to the site's limits key by key, the schedule falls back to the last good one, pushed
prices fall back to the weekly ones, a stop that cannot be read counts as a stop, and so does a charge by hand that
cannot be read.
"""

import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Any

from v2h.bus.sentences import say
from v2h.checks import finite, utf8
from v2h.config.site import Config
from v2h.energy import owner_settings, price_shapes
from v2h.energy.clock_trust import Remembered
from v2h.energy.kept_order import KeptOrder, read_kept_order
from v2h.energy.owner_settings import Settings, SettingsError
from v2h.energy.price_shapes import DIRECTIONS
from v2h.energy.prices import Dated, merged
from v2h.energy.schedule import Schedule
from v2h.energy.schedulefile import ScheduleError, known_part, read_schedule
from v2h.manager import clock_sources
from v2h.runtime import atomic_file

SETTINGS, SCHEDULE, EVENTS = "settings.json", "schedule.json", "events.json"
STOP, ORDER, CLOCK, PRICES = "stopped.json", "order.json", "clock.json", "prices.json"
PRICES_WRITTEN_S = 3600.0
"""Pushed prices are written at most so often: an automation that pushes each minute must not wear out the card."""

Warn = Callable[[str, str], None]
"""warn(code, text)"""


@dataclass(frozen=True, slots=True)
class BadOrder:
    """There is a charge by hand in the file, but it cannot be read."""

    why: str


class OwnerStore:
    """The files below one folder. settings_error, schedule_error: why a file, or a part of it, is not used. boot: the
    name of the present boot."""

    def __init__(self, folder: Path, config: Config, warn: Warn) -> None:
        self._folder, self._site, self._warn = folder, config.limits, warn
        self.settings_error = self.schedule_error = self.schedule_source = ""
        self._zone = config.site.timezone
        self._newer = config.newer
        self._chosen: dict[str, Any] = {}
        self._aside: dict[str, Any] = {}
        """Settings of a newer version: not used, and written again with every change, for that version."""
        self.settings = self._read_settings()
        self._document: object = {"version": 1}
        self._seen: tuple[float, int] | None = None
        self._dated = self._read_prices()
        self._prices_to_write, self._prices_t = False, float("-inf")
        self.schedule = self._parsed(self._document)
        self.look_at_schedule()
        self.boot = clock_sources.boot()
        self._kept_stop = self._read_stop()
        self.stopped, self.order_lost = self._kept_stop or (True, False)
        self._kept_order = self.order = self._read_order()
        self.clock = clock_sources.recall(folder / CLOCK)

    # Settings

    def keep_settings(self, changes: Mapping[str, Any]) -> Settings:
        """Apply changes of settings and write all settings. Raises SettingsError, OSError; then nothing has changed."""
        chosen = {**self._chosen, **changes}
        checked = owner_settings.check(chosen, self._site, self._zone)
        atomic_file.write_json(self._folder / SETTINGS, {**self._aside, **chosen})
        self._chosen, self.settings, self.settings_error = chosen, checked, ""
        self._read_again()
        return checked

    def _read_settings(self) -> Settings:
        try:
            stored = atomic_file.read_json(self._folder / SETTINGS)
        except atomic_file.BadFileError as error:
            self.settings_error = str(error)
            self._warn("settings-bad", str(error))
            stored = {}
        self._chosen, wrong = owner_settings.usable(stored, self._site)
        if self._newer and wrong:
            self._aside, wrong = {key: value for key, value in stored.items() if key not in self._chosen}, []
            self._warn("newer-keys", say("file.newer_keys", file=SETTINGS, keys=list(self._aside)))
        try:
            checked = owner_settings.check(self._chosen, self._site, self._zone)
        except SettingsError as error:  # each key is good alone, but not together with the others
            checked, wrong = owner_settings.defaults(self._site, self._zone), [*wrong, *error.errors]
            self._chosen = {}
        if wrong:
            self.settings_error = say("file.wrong", file=SETTINGS, errors=wrong)
            self._warn("settings-bad", say("file.settings_bad", error=self.settings_error))
        return checked

    # Schedule

    def keep_schedule(self, document: object) -> Schedule:
        """Apply a whole schedule, or the predecessor's events, and write it. Raises ScheduleError, OSError; then the
        old one stays."""
        schedule = self._parsed(document)
        atomic_file.write_json(self._folder / SCHEDULE, schedule.document)
        self._use(schedule, SCHEDULE)
        return schedule

    def look_at_schedule(self) -> bool:
        """Read schedule.json, or else events.json, when the file has changed since the last time; True: its schedule is
        now in force. A bad file is reported once, and the old schedule stays."""
        for name in (SCHEDULE, EVENTS):
            path = self._folder / name
            try:
                seen = (path.stat().st_mtime, path.stat().st_size)
                if seen == self._seen:
                    return False
                self._seen = seen
                schedule = self._parsed(self._known(name, json.loads(utf8(path.read_bytes()))))
            except FileNotFoundError:
                continue
            except (OSError, ValueError, RecursionError) as error:  # ScheduleError is a ValueError
                self.schedule_error = say("file.wrong", file=name, errors=str(error))
                self._warn("schedule-bad", say("file.schedule_bad", error=self.schedule_error))
                return False
            self._use(schedule, name)
            return True
        return False

    def _known(self, name: str, document: object) -> object:
        """The document of a file without what only a newer version knows; the file keeps it until it is written."""
        if not self._newer:
            return document
        document, left_out = known_part(document)
        if left_out:
            self._warn("newer-keys", say("file.newer_keys", file=name, keys=left_out))
        return document

    def _parsed(self, document: object) -> Schedule:
        return replace(read_schedule(document, self._site, self.settings.time_zone), dated=self._dated)

    def _use(self, schedule: Schedule, source: str) -> None:
        self.schedule, self._document = schedule, schedule.document
        self.schedule_source, self.schedule_error = source, ""
        try:
            stat = (self._folder / source).stat()
        except OSError:
            self._seen = None
        else:
            self._seen = (stat.st_mtime, stat.st_size)

    def _read_again(self) -> None:
        """Read the same document again with the zone of the settings."""
        try:
            self.schedule = self._parsed(self._document)
        except ScheduleError as error:
            self.schedule_error = str(error)

    # Prices with dates

    def keep_prices(self, pushed: Dated, wall: datetime) -> None:
        """Apply a push. write_prices() writes it."""
        taken = {name: merged(self._dated.get(name), push, wall) for name, push in pushed.items()}
        self._dated = {**self._dated, **taken}
        self._prices_to_write = True
        self.schedule = replace(self.schedule, dated=self._dated)

    def write_prices(self, now: float, *, at_once: bool = False) -> None:
        """Write what was pushed, if the last write is PRICES_WRITTEN_S old: a power cut loses at most the pushes of
        that time. Raises OSError; then the next call tries again. at_once: the program ends."""
        if self._prices_to_write and (at_once or now - self._prices_t >= PRICES_WRITTEN_S):
            content = {"version": 1} | {name: prices.as_json() for name, prices in self._dated.items()}
            atomic_file.write_json(self._folder / PRICES, content)
            self._prices_to_write, self._prices_t = False, now

    def _read_prices(self) -> Dated:
        try:
            stored = atomic_file.read_json(self._folder / PRICES)
            parts = {name: stored[name] for name in DIRECTIONS if name in stored}
            return {name: price_shapes.read_kept(name, part) for name, part in parts.items()}
        except ValueError as error:  # BadFileError and PriceError are ValueErrors
            self._warn("prices-bad", say("file.prices_bad", error=say("file.wrong", file=PRICES, errors=str(error))))
            return {}

    def without(self, aside: Mapping[str, str], now: float) -> None:
        """Files were set aside, each with its sentence: nothing starts by itself until the owner has chosen."""
        for name, sentence in aside.items():
            if name == SETTINGS:
                self.settings_error = sentence
            elif name in (SCHEDULE, EVENTS):
                self.schedule_error = sentence
            self._warn("file-set-aside", sentence)
        with contextlib.suppress(OSError):
            self.keep_stop(True, now)

    # The owner's stop and the charge by hand, and the clock

    def keep_stop(self, stopped: bool, now: float, *, order_lost: bool = False) -> None:
        """The value holds from `now` (monotonic s) on, and is written unless the file already has it. Raises OSError:
        then the value holds as well, and the next call writes it again. order_lost: nobody stopped, but a charge by
        hand was lost."""
        self.stopped, self.order_lost = stopped, order_lost
        if self._kept_stop != (stopped, order_lost):
            value = {"stopped": stopped, "order_lost": order_lost, "boot": self.boot, "t": now}
            atomic_file.write_json(self._folder / STOP, value)
            self._kept_stop, self._stop_t = (stopped, order_lost), now

    def knows_stop(self, stop_t: float) -> bool:
        """Whether a stop at stop_t (monotonic s) came before the owner's last choice that is written down. If not,
        it came while `manager` was away."""
        order = self._kept_order
        order_t = order.t if isinstance(order, KeptOrder) and order.boot == self.boot else float("-inf")
        return stop_t <= max(order_t, self._stop_t)

    def keep_order(self, order: KeptOrder | BadOrder | None) -> None:
        """Write the charge by hand that is in force from now on; None: erase it. Raises OSError: then the next call
        tries again. A write that fails erases the order before, so that a restart does not go on with that one."""
        self.order = order
        if order == self._kept_order:
            return
        if not isinstance(order, KeptOrder):
            self._erase_order()
            return
        try:
            atomic_file.write_json(self._folder / ORDER, order.as_json())
        except OSError:
            with contextlib.suppress(OSError):
                self._erase_order()
            raise
        self._kept_order = order

    def _erase_order(self) -> None:
        atomic_file.erase(self._folder / ORDER)
        self._kept_order = None

    def keep_clock(self, remembered: Remembered) -> None:
        """Raises OSError."""
        self.clock = remembered
        atomic_file.write_json(self._folder / CLOCK, remembered.as_json())

    def _read_stop(self) -> tuple[bool, bool] | None:
        """Whether the owner's stop is in force, and whether an order was lost instead; None when the file cannot be
        read. A bad file stays in its place, because without it the next start would find no stop; the owner's next
        command replaces it."""
        self._stop_t = float("-inf")
        try:
            content = atomic_file.read_json(self._folder / STOP, move_bad=False)
        except atomic_file.BadFileError as error:
            self._warn("stop-bad", say("file.stop_bad", error=str(error)))
            return None
        if content.get("boot") == self.boot and finite(content.get("t")):
            self._stop_t = float(content["t"])
        stopped, lost = content.get("stopped", False), content.get("order_lost", False)
        return (stopped, lost) if isinstance(stopped, bool) and isinstance(lost, bool) else None

    def _read_order(self) -> KeptOrder | BadOrder | None:
        """The charge by hand in the file. A bad file stays in its place, for the same reason as a bad stop."""
        path = self._folder / ORDER
        try:
            return read_kept_order(atomic_file.read_json(path, move_bad=False)) if path.exists() else None
        except (OSError, ValueError) as error:  # BadFileError is a ValueError
            return BadOrder(say("file.wrong", file=ORDER, errors=str(error)))
