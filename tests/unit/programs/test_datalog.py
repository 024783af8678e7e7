"""datalog in virtual time, from the messages of the bus to the rows in a real file."""

import sqlite3
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import v2h.capture.recorder
import v2h.programs.datalog
from tests.support.damage import damage
from tests.support.messages import charger, manager
from tests.support.standin import StandIn
from v2h.bus.messages import (
    Command,
    ConverterLosses,
    Event,
    HouseLoad,
    LogState,
    ManagerPlan,
    ManagerState,
    MeterReading,
    Reply,
)
from v2h.datalog.counters import KEEP_DAYS
from v2h.datalog.learned_losses import FILE_NAME as LOSSES
from v2h.datalog.partition import Partition
from v2h.datalog.schema import DAMAGED, FILE_NAME
from v2h.datalog.writer import StoreError, StoreWriter
from v2h.energy.losses import usual
from v2h.energy.plan.problem import end_value
from v2h.programs.datalog import Datalog

TODAY = "2026-11-22"


class Desk:
    """A datalog with a folder of its own. car_w, grid_w: what charger and manager report each second; None: not
    known."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder, self.monkeypatch = folder, monkeypatch
        monkeypatch.setattr(v2h.programs.datalog, "DATA", folder)
        monkeypatch.setattr(v2h.programs.datalog, "PARTITION", None)
        monkeypatch.setattr(v2h.capture.recorder, "DATA", folder)
        self.car_w: float | None = 1000.0
        self.outputs = ["c1", "c2"]
        self.grid_w: float | None = 2000.0
        self.trusted = True
        self.program = self.start()

    def start(self, now: float = 1000.0) -> StandIn:
        """Starts the program again."""
        self.program = StandIn("datalog", self.monkeypatch, v2h.programs.datalog, v2h.capture.recorder)
        self.program.now = now
        self.log = Datalog(self.program)  # type: ignore[arg-type]
        self.log.start()
        return self.program

    def manager(self) -> ManagerState:
        clock = {"trusted": self.trusted, "source": "ntp", "zone": "UTC"}
        return manager(t=self.program.now, grid_w=self.grid_w, clock=clock)

    def run(self, seconds: float) -> None:
        def speak() -> None:
            now = self.program.now
            self.program.hear(replace(charger(), t=now, t_power=now, power_w=self.car_w, outputs=self.outputs))
            self.program.hear(self.manager())

        self.program.run(seconds, speak)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        with sqlite3.connect(self.folder / FILE_NAME) as connection:
            return list(connection.execute(sql))


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Desk:
    return Desk(tmp_path, monkeypatch)


def test_open_contactors_are_0_w_and_closed_ones_without_a_measurement_are_unknown(desk: Desk) -> None:
    """Ten seconds of 6 kW in a minute are 1 kW in the mean, not 6."""
    desk.car_w = 6000.0
    desk.run(10)
    desk.car_w, desk.outputs = None, []
    desk.run(52)
    desk.outputs = ["c1", "c2"]
    desk.run(5)
    desk.program.end()
    assert desk.rows("select power_w from minutes order by id limit 1")[0][0] == pytest.approx(1000, abs=120)
    assert desk.rows("select power_w from samples order by id desc limit 1") == [(None,)]


def test_energy_of_a_grid_that_nobody_measures_is_missed_not_invented(desk: Desk) -> None:
    desk.run(30)
    desk.grid_w = None
    desk.run(60)
    desk.program.end()
    ((imported_wh, missed_s),) = desk.rows("select imported_wh, grid_missed_s from days")
    assert imported_wh == pytest.approx(2000 * 29 / 3600, abs=1.2)
    assert missed_s == pytest.approx(60, abs=2)
    assert desk.rows("select grid_w from samples order by id desc limit 1") == [(None,)]


def test_a_slow_meter_at_the_charger_is_believed_as_long_as_manager_believes_it(desk: Desk) -> None:
    """There is one value in 20 s, measured on the mains side; the battery's power in between is a different
    quantity."""
    desk.car_w = 2000.0
    for _ in range(6):
        desk.program.hear(MeterReading(desk.program.now, 2160.0, 20.0, 0.5, "slow"), "charger")
        desk.run(20)
    desk.program.hear(MeterReading(desk.program.now, 2160.0, 20.0, 0.5, "slow"), "charger")
    desk.run(61)
    metered_wh = 2160 * 180 / 3600
    desk.run(60)  # the meter is dead
    desk.program.end()
    ((charged_wh,),) = desk.rows("select charged_wh from days")
    assert charged_wh == pytest.approx(metered_wh + usual().ac_w(2000.0) * 60 / 3600, abs=1.5)


def test_minutes_hold_what_was_counted_in_them_also_after_a_restart_and_when_the_clock_becomes_known(
    desk: Desk,
) -> None:
    desk.run(150)
    desk.program.end()
    desk.start(now=1200.0)
    desk.run(150)
    desk.trusted = False
    desk.run(150)  # the date is not known in this time
    desk.trusted = True
    desk.run(150)
    desk.program.end()
    energies_wh = [row[0] for row in desk.rows("select charged_wh from minutes order by id")]
    assert max(energies_wh) == pytest.approx(usual().ac_w(1000.0) / 60, abs=0.7)
    (total_wh,) = desk.rows("select sum(charged_wh) from days")
    assert sum(energies_wh) == pytest.approx(total_wh[0], abs=0.01)


@pytest.mark.slow
def test_losses_that_the_grid_meter_shows_are_learned_kept_and_counted(desk: Desk) -> None:
    """A converter with 100 W of own use and 5 %: the energy at the mains is estimated with these losses as soon as they
    are learned, also while the converter is on and moves nothing."""

    def charges(times: int) -> None:
        for watts, outputs in [(2000.0, ["pre-ac", "c1", "c2"]), (0.0, [])] * times:
            desk.car_w, desk.outputs = watts, outputs
            for _ in range(25):
                grid_w = 400.0 + (100.0 + 1.05 * watts if outputs else 0.0)
                desk.run(1)
                desk.program.hear(MeterReading(desk.program.now, grid_w, 1.0, 0.0, "test"), "grid")

    charges(12)
    desk.program.end()
    told = [message for _, message in desk.program.published if isinstance(message, ConverterLosses)]
    assert (told[0].steps, told[-1].steps) == (0, 23)
    assert told[-1].own_w + 2000 * told[-1].share + 2000**2 / 6000 * told[-1].full_share == pytest.approx(200, abs=8)
    assert (desk.folder / LOSSES).exists()
    desk.start(5000.0)
    desk.run(3)
    told = [message for _, message in desk.program.published if isinstance(message, ConverterLosses)]
    assert told[0].steps == 23
    ((before_wh,),) = desk.rows("select charged_wh from days")
    desk.car_w, desk.outputs = 0.0, ["pre-ac", "c1", "c2"]
    desk.run(360)
    desk.program.end()
    ((charged_wh,),) = desk.rows("select charged_wh from days")
    assert charged_wh - before_wh == pytest.approx(told[0].own_w / 10, abs=0.5)


def test_a_day_that_is_over_is_let_go(desk: Desk) -> None:
    for _ in range(KEEP_DAYS + 2):
        desk.run(4)
        desk.program.wall_offset_s += 86400.0
    held = desk.log._days
    assert len(held._counters.days) == len(held._extras) == KEEP_DAYS
    desk.program.wall_offset_s -= 60 * 86400.0
    desk.run(60)
    desk.program.end()
    assert desk.rows("select count(*), min(day) from days") == [(KEEP_DAYS + 3, "2026-11-04")]


@pytest.mark.slow
def test_a_log_that_a_reader_finds_damaged_is_begun_afresh_and_says_so(desk: Desk) -> None:
    desk.run(120)
    store = desk.log._store
    assert store is not None
    damage(store)
    desk.run(60)
    assert not list(desk.folder.glob("*.broken-*"))
    desk.program.hear(Event(desk.program.now, "warning", DAMAGED, "malformed", "web"), "web")
    deadline = time.monotonic() + 20
    while not list(desk.folder.glob("*.broken-1")):
        assert time.monotonic() < deadline
        desk.run(1)
        time.sleep(0.01)
    desk.run(120)
    desk.program.end()
    assert desk.rows("select source, code from events") == [("datalog", "log-broken")]
    assert desk.rows("select count(*) > 0 from samples_at where at is not null") == [(1,)]
    (charged_wh,) = desk.rows("select charged_wh from days")
    assert charged_wh[0] == pytest.approx(usual().ac_w(1000.0) * (desk.program.now - 1000) / 3600, abs=2)


def states(desk: Desk) -> list[LogState]:
    return [message for _, message in desk.program.published if isinstance(message, LogState)]


def test_a_log_that_cannot_be_written_is_told_and_that_it_can_be_again(desk: Desk) -> None:
    desk.run(70)
    last = states(desk)[-1]
    assert (last.trouble, last.unwritten_s) == ("", 0.0)
    assert last.free_bytes is not None and last.free_bytes > 0
    with desk.monkeypatch.context() as meanwhile:

        def full(self: StoreWriter) -> int:
            raise StoreError("database or disk is full")

        meanwhile.setattr(StoreWriter, "flush", full)
        desk.run(200)
    last = states(desk)[-1]
    assert last.trouble.startswith("The log cannot be written (database or disk is full)")
    assert 140 <= last.unwritten_s <= 260
    desk.run(60)
    assert (states(desk)[-1].trouble, states(desk)[-1].unwritten_s) == ("", 0.0)


def test_a_card_that_is_almost_full_is_told(desk: Desk) -> None:
    desk.monkeypatch.setattr("v2h.datalog.partition.FREE_BYTES", 2**60)
    desk.run(61)
    assert states(desk)[-1].trouble.startswith("The card is almost full")


def test_a_card_without_its_partition_is_told(desk: Desk) -> None:
    """The folder of the test lies on the root file system, as /data does when nothing is mounted there."""
    desk.monkeypatch.setattr(v2h.programs.datalog, "PARTITION", Path("/"))
    desk.run(61)
    assert states(desk)[-1].trouble.startswith("The card’s data partition is missing")


def test_a_partition_that_was_repaired_is_told_and_logged_once(desk: Desk) -> None:
    found = Partition(True, True, 1e9, ("repaired", "v2h/settings.json"))
    desk.monkeypatch.setattr("v2h.datalog.partition.look", lambda *_: found)
    desk.run(130)
    assert states(desk)[-1].trouble.startswith("The card’s data partition was damaged and was repaired")
    desk.program.end()
    assert desk.rows("select level, code from events") == [("warning", "data-partition")]


def deleted(desk: Desk, day: object) -> Reply:
    desk.program.hear(Command("ask-1", "web", {"day": day}), "delete-day")
    (reply,) = (message for topic, message in desk.program.published if topic == "v2h/reply/ask-1")
    desk.program.published.clear()
    assert isinstance(reply, Reply)
    return reply


def test_the_owner_deletes_a_day_and_the_present_one_begins_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(desk.log, "_day_of", lambda wall_s: TODAY)
    desk.run(70)
    desk.grid_w = 1e9  # a meter that was wrong
    desk.run(70)
    desk.grid_w = 2000.0
    desk.run(2)
    assert deleted(desk, TODAY).text == f"The totals of {TODAY} are deleted; the chart keeps its data."
    desk.run(60)
    desk.program.end()
    ((day, imported_wh),) = desk.rows("select day, imported_wh from days")
    assert day == TODAY and imported_wh == pytest.approx(2000 * 60 / 3600, abs=2)
    assert desk.rows("select level, code from events") == [("info", "day-deleted")]


@pytest.mark.parametrize("day", ["?1+00000", "2026-02-30", "20261122", "", None, 5, ["2026-11-22"], "9" * 5000])
def test_what_is_no_day_deletes_nothing(desk: Desk, day: object) -> None:
    desk.trusted = False
    desk.run(70)
    reply = deleted(desk, day)
    assert not reply.ok and reply.bad_input and "is not a date such as 2026-11-22" in reply.text
    desk.program.end()
    assert len(desk.rows("select day from days")) == 1


def test_a_day_without_totals_and_a_card_that_refuses_are_told(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    desk.run(70)
    reply = deleted(desk, "2020-01-01")
    assert not reply.ok and not reply.bad_input and reply.text.startswith("There are no totals of 2020-01-01")

    def full(self: StoreWriter, day: str) -> bool:
        raise StoreError("database or disk is full")

    monkeypatch.setattr(StoreWriter, "delete_day", full)
    reply = deleted(desk, TODAY)
    assert not reply.ok and "could not be deleted (database or disk is full)" in reply.text


@pytest.mark.slow
def test_quarters_are_counted_and_the_house_is_told_once_a_day(desk: Desk) -> None:
    desk.run(1000)
    desk.program.end()
    [(measured_s, net_w, soc_pct, planned)] = desk.rows("select measured_s, net_w, soc_pct, planned from quarters")
    assert measured_s == pytest.approx(800, abs=5), "from 12:16:40 to the half hour"
    assert net_w == pytest.approx(2000 - 1000 - 75, abs=10), "the car takes 1000 W at the battery, and the losses"
    assert (soc_pct, planned) == (62, 0)
    assert len([message for _, message in desk.program.published if isinstance(message, HouseLoad)]) == 1


def test_what_the_plan_saved_is_judged_once_on_the_next_day(desk: Desk) -> None:
    """Yesterday the house was covered for four hours at 0.30; without a plan the car would have rested."""
    store = StoreWriter(desk.folder, "before", "0.1")
    midnight = int(datetime(2026, 11, 21, tzinfo=UTC).timestamp() // 900)
    for n in range(96):
        covers = 64 <= n < 80
        grid_wh, dc_wh = (0.0, -265.0) if covers else (200.0, 0.0)
        store.add_quarter({
            "quarter": midnight + n, "measured_s": 900.0, "net_w": 800.0, "imported_wh": grid_wh, "exported_wh": 0.0,
            "dc_wh": dc_wh, "discharged_wh": -dc_wh, "soc_pct": 70.0 if n < 64 else None, "import_price": 0.3,
            "export_price": 0.0, "bare_mode": "idle", "planned": int(covers),
        })  # fmt: skip
    store.close()
    battery = {"capacity_kwh": 40.0, "floor_kwh": 12.0, "ceiling_kwh": 36.0, "charge_w": 5775.0, "discharge_w": 5775.0}
    program = desk.start()
    program.hear(ManagerPlan(program.now, True, battery={**battery, "wear": 0.0}))
    desk.run(30)
    [(day, cost, without, saved, quarters)] = desk.rows("select * from plan_days")
    assert (day, quarters) == ("2026-11-21", 96)
    assert without == pytest.approx(96 * 0.2 * 0.3, abs=0.01)
    bought_again = 16 * 0.265 * end_value([0.3], usual())
    assert saved == pytest.approx(without - cost) == pytest.approx(16 * 0.2 * 0.3 - bought_again, abs=0.01)
    desk.start(2000.0).hear(ManagerPlan(2000.0, True, battery={**battery, "wear": 5.0}))
    desk.run(30)
    assert len(desk.rows("select * from plan_days")) == 1


def test_a_session_is_in_the_log_with_its_energy_on_both_sides_and_why_it_ended(desk: Desk) -> None:
    desk.run(600)
    for state, reason in (("stop", "ordered by the owner"), ("idle", "")):
        told = replace(charger(), t=desk.program.now, power_w=0.0, state=state, reason=reason)
        desk.program.run(3, lambda told=told: desk.program.hear(replace(told, t=desk.program.now)))
    desk.run(120)  # another one
    desk.program.end()
    found = desk.rows("select lasted_s, battery_in_wh, charged_wh, estimated, why from sessions order by id")
    (first, second) = found
    assert first[0] == pytest.approx(603, abs=3)
    assert first[1] == pytest.approx(1000 / 6, abs=2)
    assert first[2] == pytest.approx(usual().ac_w(1000.0) / 6, abs=2)
    assert (first[3], first[4]) == (1, '"ordered by the owner"')
    assert (second[0] > 110, second[4]) == (True, "")
    ((inside_wh, mains_wh, estimated_s),) = desk.rows("select battery_in_wh, charged_wh, estimated_s from days")
    assert mains_wh / inside_wh == pytest.approx(usual().ac_w(1000.0) / 1000, abs=0.001)
    assert estimated_s == pytest.approx(720, abs=10)
