"""datalog: writes samples, summaries and events to SQLite, and keeps the black box of both CAN buses.

It looks at all values once a second. Samples (every 10 s while a session is active, else one a minute), the minute's
summary and the day's energy go to the card in one transaction a minute, events at once. At a fault, or at the command
"capture", datalog writes the last 10 minutes of both buses to a candump log. When datalog dies, at most a minute of
samples and the black box are lost, and nothing else changes: supervisor restarts it. It never sends on CAN. It works
without CAN, without a broker and without a disk: it logs this once and retries. When datalog or a reader finds that
the log cannot be read, datalog moves it aside.
"""

import sys
import time
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from v2h import version
from v2h.bus.messages import (
    ChargerState,
    Command,
    Event,
    LogState,
    ManagerPlan,
    ManagerPrices,
    ManagerSchedule,
    ManagerState,
    MeterReading,
    Reply,
)
from v2h.bus.sentences import say
from v2h.bus.states import RESTING
from v2h.capture.recorder import CanRecorder
from v2h.checks import is_day, shown
from v2h.datalog import partition, start_news
from v2h.datalog.counters import CountersError
from v2h.datalog.latest import Latest
from v2h.datalog.learned_losses import LearnedLosses, is_on
from v2h.datalog.plan_history import Moment, PlanHistory
from v2h.datalog.schema import DAMAGED, PENDING
from v2h.datalog.sessions import Session
from v2h.datalog.summaries import MINUTE_S, Days, Minute, prices_at
from v2h.runtime.paths import DATA, PARTITION, SYNCHRONISED
from v2h.runtime.program import SLACK_S, Program

if TYPE_CHECKING:
    from v2h.datalog.writer import StoreWriter

ACTIVE_S = 10.0
"""Time between samples while a session is active; otherwise each flush takes one."""
FLUSH_S = 55.0
"""Time between two transactions, each with a sample of its moment. At a power cut the newest row is less than a minute
old, even if the card takes seconds to write."""
LOOK_S = 1.0
RETRY_S = 10.0
PRUNE_S = 3600.0
TELL_S = 60.0
BOOT_ID = Path("/proc/sys/kernel/random/boot_id")
"""Made by systemd-timesyncd when the clock is right; manager's word counts where it gives one."""


class Datalog:
    """Wiring of one program. All `now` are monotonic seconds."""

    def __init__(self, program: Program) -> None:
        self.program, self.log = program, program.log
        self._recorder = CanRecorder(program, self._wall_offset_s, self._trouble)
        self._counted = [0, 0]
        self._store: StoreWriter | None = None
        self._charger, self._manager, self._meter, self._schedule = Latest(), Latest(), Latest(), Latest()
        self._unwritten: list[Event] = []
        self._first_open = True
        self._sampled_t = self._flushed_t = float("-inf")
        self._days = Days()
        self._minute = Minute(time.monotonic(), {})
        self._grid = Latest()
        self._losses = LearnedLosses(DATA)
        self._history = PlanHistory(self._day_of, lambda: self._zone[1])
        self._pruned_t = self._minute.began
        self._session: Session | None = None
        self._trusted = False
        self._zone: tuple[str, tzinfo] = ("UTC", UTC)
        self._why_unwritten = ""
        self._written_t = time.monotonic()

    def start(self) -> None:
        bus, every = self.program.bus, self.program.every
        bus.subscribe(ChargerState.TOPIC, self._charger.on_message)
        bus.subscribe(ManagerState.TOPIC, self._manager.on_message)
        bus.subscribe(ManagerSchedule.TOPIC, self._schedule.on_message)
        bus.subscribe(MeterReading.TOPIC.format("charger"), self._meter.on_message)
        bus.subscribe(MeterReading.TOPIC.format("grid"), self._grid.on_message)
        bus.subscribe(MeterReading.TOPIC.format("solar"), self._history.solar.on_message)
        bus.subscribe(ManagerPrices.TOPIC.format("sun"), self._history.sun.on_message)
        bus.subscribe(ManagerPlan.TOPIC, self._history.plan.on_message)
        bus.subscribe(Event.TOPIC.format("+"), self._on_event, retained=False)
        bus.subscribe(Event.AGAIN.format("+"), self._on_event, retained=False)
        bus.subscribe(Command.TOPIC.format("delete-day"), self._on_delete_day, retained=False)
        self._recorder.start()
        every(RETRY_S, self._open_store, slack_s=SLACK_S)
        every(LOOK_S, self._look, slack_s=SLACK_S)
        every(TELL_S, self._tell, slack_s=SLACK_S)
        self.program.at_exit(self._close)

    # The clock.

    def _wall_offset_s(self) -> float:
        """Wall clock minus monotonic clock: of the system clock, unless an owner's device is the source of the time;
        then of manager's clock."""
        system_s = time.time() - time.monotonic()
        manager = self._manager.get(ManagerState)
        if manager is None or manager.clock.get("source") != "owner":
            return system_s
        try:
            told = datetime.fromisoformat(str(manager.clock.get("local")))
        except ValueError:
            return system_s
        return system_s if told.tzinfo is None else told.timestamp() - manager.t

    def _clock_is_trusted(self) -> bool:
        manager = self._manager.get(ManagerState)
        said = None if manager is None else manager.clock.get("trusted")
        return said if isinstance(said, bool) else SYNCHRONISED.exists()

    def _day_of(self, wall_s: float) -> str:
        manager = self._manager.get(ManagerState)
        name = str((manager and manager.clock.get("zone")) or self.program.config.site.timezone)
        if name != self._zone[0]:
            try:
                self._zone = name, ZoneInfo(name)
            except (ZoneInfoNotFoundError, ValueError, OSError):
                self._zone = name, UTC
        return datetime.fromtimestamp(wall_s, self._zone[1]).date().isoformat()

    def _set_clock(self, store: "StoreWriter") -> None:
        offset_s, trusted = self._wall_offset_s(), self._clock_is_trusted()
        store.set_clock(offset_s, trusted)
        if trusted and not self._trusted:
            store.flush()
            store.settle_days(self._day_of)
            self._days.forget(PENDING)
            self._days.forget(self._day_of(time.time()))  # loaded again with the settled energy added
        self._trusted = trusted

    # Looking.

    def _look(self, now: float) -> None:
        """Called once a second: updates the minute and the day and, when due, takes a sample."""
        values, prices = self._values(now), self._prices(now)
        self._learn_losses(now)
        mains_w, estimated = self._mains_w(now, values)
        store = self._store
        if store is not None and self._clock_is_trusted() is not self._trusted:
            self._flush(now)
        if store is not None:
            day = self._day_of(now + self._wall_offset_s()) if self._trusted else store.pending_day(now)
            try:
                if not self._days.knows(day):
                    self._days.load(day, store.day(day))
            except CountersError as error:
                self._trouble("day", str(error))
                self._days.load(day, {})
            except OSError as error:
                self._trouble("store", str(error))
                return
            self._days.add(now, day, values, mains_w, prices, estimated=estimated)
            store.set_day(day, self._days.row(day))
            self._follow_session(now, store, values)
        self._keep_for_the_plan(now, values, mains_w, prices)
        self._minute.add(values)
        active = values["state"] is not None and values["state"] not in RESTING
        if now - self._minute.began >= MINUTE_S - LOOK_S / 2:
            self._end_minute(now)
        flush = now - self._flushed_t >= FLUSH_S - LOOK_S / 2
        if flush or (active and now - self._sampled_t >= ACTIVE_S - LOOK_S / 2):
            self._sample(now, values)
        if flush:
            self._flush(now)

    def _follow_session(self, now: float, store: "StoreWriter", values: dict[str, Any]) -> None:
        """Keep the row of the session that runs, and the last state of one that has just ended."""
        charger, totals = self._charger.fresh(ChargerState, now), self._days.totals()
        if self._session is None and values["state"] not in (None, *RESTING):
            self._session = Session(now, totals)
        if self._session is not None:
            self._session.add(now, values, totals, charger)
            store.set_session(self._session.began, self._session.row())
            if self._session.over:
                self._session = None

    def _values(self, now: float) -> dict[str, Any]:
        """Columns of the table samples."""
        charger, manager = self._charger.fresh(ChargerState, now), self._manager.fresh(ManagerState, now)
        values: dict[str, Any] = {"state": None if charger is None else str(charger.state)}
        for name in ("soc_pct", "volts_v", "amps_a", "power_w", "setpoint_a", "temperature_c"):
            values[name] = None if charger is None else getattr(charger, name)
        if charger is not None and charger.power_w is None and not {"c1", "c2"} <= set(charger.outputs):
            values["power_w"] = 0.0  # the converter is off or silent, and nothing flows through open contactors
        values["mode"] = None if manager is None else str(manager.mode)
        values["grid_w"] = None if manager is None else manager.grid_w
        return values

    def _mains_w(self, now: float, values: dict[str, Any]) -> tuple[float | None, bool]:
        """Power on the mains' side, and whether it is estimated from the battery's because no meter measures it."""
        meter = self._meter.get(MeterReading)
        if meter is not None and not meter.is_old(now):
            return meter.power_w, False
        power_w: float | None = values["power_w"]
        if power_w is None:
            return None, True
        charger = self._charger.fresh(ChargerState, now)
        return self._losses.figures.mains_w(power_w, on=charger is not None and is_on(charger)), True

    def _learn_losses(self, now: float) -> None:
        """Look for a step of the charger that the grid meter shows."""
        grid = self._grid.get(MeterReading)
        known = grid if grid is not None and not grid.is_old(now) else None
        if self._losses.look(self._charger.fresh(ChargerState, now), known):
            self.program.bus.publish(self._losses.message(now))

    def _prices(self, now: float) -> tuple[float | None, float | None]:
        """The present import and export price from the schedule, per kWh; None where the schedule has no price."""
        schedule = self._schedule.get(ManagerSchedule)
        if schedule is None or not self._trusted:
            return None, None
        return prices_at(schedule.prices, now + self._wall_offset_s())

    def _keep_for_the_plan(
        self, now: float, values: dict[str, Any], mains_w: float | None, prices: tuple[float | None, float | None]
    ) -> None:
        """Count the quarters of an hour while the time is known, and tell `manager` once a day what the house draws."""
        if not self._trusted:
            return
        manager = self._manager.fresh(ManagerState, now)
        planned = manager is not None and manager.chosen_by == "plan"
        losses = self._losses.figures.losses
        seen = Moment(now, now + self._wall_offset_s(), values, mains_w, prices, planned, losses)
        try:
            load = self._history.add(seen, self._store)
        except OSError as error:
            self._trouble("store", str(error))
            return
        if load is not None:
            self.program.bus.publish(load)

    def _sample(self, now: float, values: dict[str, Any]) -> None:
        if self._store is None:
            return
        self._sampled_t = now
        counted = list(self._recorder.box.counts)
        frames = {f"can{bus}_frames": counted[bus] - self._counted[bus] for bus in (0, 1)}
        self._counted = counted
        self._store.add_sample(now, {**values, **frames})

    def _end_minute(self, now: float) -> None:
        totals = self._days.totals()
        if self._store is not None:
            self._store.add_minute(self._minute.began, self._minute.row(totals))
        self._minute = Minute(now, totals)

    def _on_delete_day(self, topic: str, payload: bytes) -> None:
        """The owner deletes the totals of a day in which a meter was wrong; the present day begins again with 0."""
        command = Command.from_json(payload)
        day = command.values.get("day")
        ok, text = self._delete_day(day)
        if ok:
            self.program.bus.event("info", "day-deleted", text)
        self.program.bus.publish(Reply(command.id, ok, text, bad_input=not is_day(day)), command.id)

    def _delete_day(self, day: object) -> tuple[bool, str]:
        if not is_day(day):
            return False, say("day.bad", day=shown(day))
        try:
            self._open_store(time.monotonic())
            found = self._store is not None and self._store.delete_day(day)
        except OSError as error:
            return False, say("day.kept", day=day, error=str(error))
        if self._store is None:
            return False, say("day.kept", day=day, error=self._why_unwritten)
        self._days.forget(day)
        return found, say("day.deleted" if found else "day.unknown", day=day)

    # The disk.

    def _open_store(self, now: float) -> None:
        if self._store is not None:
            return
        from v2h.datalog.writer import StoreWriter

        try:
            DATA.mkdir(parents=True, exist_ok=True)
            self._store = StoreWriter(DATA, BOOT_ID.read_text().strip(), version(), moved=self._moved_aside)
            self._set_clock(self._store)
        except OSError as error:
            self._trouble("store", str(error))
            return
        self._trouble("store", "")
        self._trouble("losses", self._losses.read())
        self.program.bus.publish(self._losses.message(now))
        if self._first_open and (past := partition.past(partition.look(PARTITION, DATA))) is not None:
            self._unwritten.append(self.program.bus.event("warning", "data-partition", past))
        self._first_open = False
        self._write_events()

    def _flush(self, now: float) -> None:
        if self._store is None:
            return
        self._flushed_t = now
        try:
            self._set_clock(self._store)
            self._store.flush()
            self._losses.write(now)
            if now - self._pruned_t >= PRUNE_S:
                self._pruned_t = now
                self._store.prune(now + self._wall_offset_s())
            self._write_events()
            self._trouble("store", "")
        except OSError as error:
            self._trouble("store", str(error))  # unwritten rows stay for the next flush

    def _moved_aside(self, where: Path, why: str) -> None:
        text = say("log.moved_aside", why=why, name=where.name)
        self._unwritten.append(self.program.bus.event("warning", "log-broken", text))

    def _on_event(self, topic: str, payload: bytes) -> None:
        """Take an event. If it is here already, because it is our own or was sent again, store and recorder keep it
        only once."""
        event = Event.heard(topic, payload)
        self._unwritten.append(event)
        del self._unwritten[:-1000]
        self._write_events()
        if event.code == DAMAGED and self._store is not None:
            self._store.doubt()
        if event.level == "fault":
            self._recorder.fault(str(event.values.get("fault", event.code)), event.t)

    def _write_events(self) -> None:
        while self._store is not None and self._unwritten:
            try:
                self._store.add_event(self._unwritten[0])
            except OSError as error:
                self._trouble("store", str(error))
                return
            del self._unwritten[0]

    # The end.

    def _close(self) -> None:
        """Write a last sample, so that the counted energy and frames are not lost."""
        now = time.monotonic()
        self._recorder.close(now)
        self._sample(now, self._values(now))
        self._end_minute(now)
        try:
            if self._store is not None:
                self._store.close()
                self._losses.write(now, at_once=True)
        except OSError as error:
            self._trouble("store", str(error))

    def _trouble(self, what: str, text: str) -> None:
        """Log each change of a problem once, not at every try. text "" means that the thing works again."""
        if self.program.is_news(what, text):
            self.log.warning("%s: %s", what, text or "works again")
        if what == "store":
            changed = bool(text) is not bool(self._why_unwritten)
            self._why_unwritten = text
            if not text:
                self._written_t = time.monotonic()
            if changed:
                self._tell(time.monotonic())

    def _tell(self, now: float) -> None:
        """Tell the page how the log and the card are."""
        seen = partition.look(PARTITION, DATA)
        unwritten_s = now - self._written_t if self._why_unwritten else 0.0
        unwritten = say("log.unwritten", error=self._why_unwritten) if self._why_unwritten else None
        notice = start_news.look()
        text = partition.trouble(seen, unwritten) or start_news.trouble(notice) or ""
        self.program.bus.publish(LogState(now, text, round(unwritten_s, 1), seen.free_bytes))
        event = start_news.event(notice, self.program.name)
        if event is not None and self.program.is_news("start", event.text):
            self.log.log(30 if event.level == "warning" else 20, "%s: %s", event.code, event.text)
            self._unwritten.append(event)
            self._write_events()


def main() -> int:
    program = Program("datalog")
    Datalog(program).start()
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
