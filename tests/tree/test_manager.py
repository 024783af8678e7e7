"""`meter` and `manager` as real processes on a real broker, with a house that has a metering chip and a converter."""

import itertools
import json
import logging
import os
import re
import select
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.fullschedule import full
from tests.support.house_on_bus import House
from v2h.bus import client
from v2h.bus.client import BusClient
from v2h.bus.messages import Command, Event, ManagerSchedule, ManagerState, MeterReading, Reply
from v2h.rig.desk import OVERLAY, derive_broker, free_port


class Tree:
    """Broker, `meter` and `manager` as processes, the house as a thread, and a client on the bus with the name web."""

    def __init__(self, run: Path) -> None:
        self.run, self.data, self.port = run, run / "data", free_port()
        config = run / "v2h.toml"
        config.write_text(f'[hardware]\nstpm3x = "rig:{run}/rig.sock/stpm3x"\n')
        self.env = {
            **os.environ,
            "V2H_RUN": str(run),
            "V2H_DATA": str(self.data),
            "V2H_CONFIG": str(config),
            "V2H_BUS_PORT": str(self.port),
            "V2H_LOG_STDERR": "1",
            "PATH": os.environ["PATH"] + ":/usr/sbin",
        }
        subprocess.run([sys.executable, "-m", "v2h.oneshot.broker_credentials"], env=self.env, check=True)
        (run / "mosquitto.conf").write_text(derive_broker(OVERLAY, run, self.port))
        self.children: dict[str, subprocess.Popen[bytes]] = {}
        self.meter: list[MeterReading] = []
        self.told: list[ManagerState] = []
        self.events: list[Event] = []
        self.replies: dict[str, Reply] = {}
        self.web = BusClient("web", run, logging.getLogger("test"))
        self.web.subscribe("v2h/meter/grid", lambda _, text: self.meter.append(MeterReading.from_json(text)))
        self.web.subscribe(ManagerState.TOPIC, lambda _, text: self.told.append(ManagerState.from_json(text)))
        self.web.subscribe(Event.TOPIC.format("+"), lambda *heard: self.events.append(Event.heard(*heard)))
        self.web.subscribe("v2h/reply/+", self._on_reply)
        self.schedules: list[ManagerSchedule] = []
        self.web.subscribe(
            ManagerSchedule.TOPIC, lambda _, text: self.schedules.append(ManagerSchedule.from_json(text))
        )
        self.house = House(run)
        self._asked = 0

    def _on_reply(self, topic: str, payload: bytes) -> None:
        reply = Reply.from_json(payload)
        self.replies[reply.id] = reply

    def start(self, name: str) -> None:
        command = ["mosquitto", "-c", str(self.run / "mosquitto.conf")]
        if name != "broker":
            command = [sys.executable, "-m", f"v2h.programs.{name}"]
        with (self.run / f"{name}.log").open("ab") as log:
            self.children[name] = subprocess.Popen(command, env=self.env, stdout=log, stderr=log)

    def end(self, name: str, number: int = signal.SIGTERM) -> int:
        child = self.children.pop(name)
        child.send_signal(number)
        return child.wait(10)

    def until(self, done: Callable[[], bool], timeout_s: float = 10.0, what: str = "") -> float:
        """Listen until `done` is true; return the seconds this took."""
        begin = time.monotonic()
        while not done():
            self.listen(0.02)
            assert time.monotonic() < begin + timeout_s, what or "not within the time"
        return time.monotonic() - begin

    def listen(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while (now := time.monotonic()) < end:
            self.web.maintain(now)
            fd = self.web.fileno()
            if select.select([] if fd is None else [fd], [], [], min(0.05, end - now))[0]:
                self.web.read()
            if self.web.wants_write():
                self.web.write()

    def ask(self, name: str, /, **values: Any) -> Reply:
        self._asked += 1
        key = f"q{self._asked}"
        self.web.publish(Command(key, "test", values), name)
        self.until(lambda: key in self.replies, what=f"a reply to {name} {values}")
        return self.replies[key]

    def mode(self) -> str:
        return self.told[-1].mode if self.told else ""

    def grid_w(self) -> float:
        return self.house.load_w + self.house.own_w

    def codes(self) -> list[str]:
        return [event.code for event in self.events]


@pytest.fixture
def tree(monkeypatch: pytest.MonkeyPatch) -> Iterator[Tree]:
    with tempfile.TemporaryDirectory(prefix="v2h-manager-") as directory:
        tree = Tree(Path(directory))
        monkeypatch.setattr(client, "PORT", tree.port)
        for name in ("broker", "meter", "manager"):
            tree.start(name)
        tree.house.start()
        try:
            tree.until(lambda: bool(tree.meter and tree.told and tree.house.setpoints), what="meter and manager up")
            yield tree
        finally:
            tree.house.close()
            tree.web.close()
            for name in reversed(list(tree.children)):
                tree.end(name)
            for log in sorted(tree.run.glob("*.log")):
                logging.info("%s:\n%s", log.name, log.read_text())


def follow(tree: Tree) -> None:
    """Order mode v2h and wait until the grid power is near zero."""
    assert tree.ask("mode", mode="v2h").ok
    tree.until(lambda: tree.house.own_w < -200 and abs(tree.grid_w()) < 50, what="the house is covered")
    tree.until(lambda: tree.told[-1].why.startswith("Covering"), what="the page says so")


def test_idle_at_start_then_covers_the_house_and_follows_steps(tree: Tree) -> None:
    assert tree.mode() == "idle"
    assert not tree.house.setpoints[-1].wanted
    assert tree.meter[-1].power_w == pytest.approx(300, abs=1)
    assert tree.meter[-1].voltage_v == pytest.approx(230, abs=0.1)
    follow(tree)
    settled = []
    for load_w in (2300.0, -1700.0, 300.0):
        tree.listen(1.5)
        tree.house.load_w, begin = load_w, time.monotonic()
        tree.listen(2.5)
        outside = [t for t, grid_w in list(tree.house.log) if t > begin and abs(grid_w) > 50]
        settled.append(max(outside) - begin)
    assert statistics.median(settled) < 1.4, settled  # in simulation 0.9 s
    state = tree.told[-1]
    assert state.mode == "v2h"
    assert re.fullmatch(r"Covering the house: 0\.[34] kW from the car\.", state.why)  # 300 W, in steps of 38 W
    assert tree.meter[-1].interval_s == pytest.approx(0.1, abs=0.03)


def test_setpoints_never_pause_and_live_one_second(tree: Tree) -> None:
    follow(tree)
    tree.house.setpoints.clear()
    tree.listen(3.0)
    times = [setpoint.t for setpoint in tree.house.setpoints]
    assert max(b - a for a, b in itertools.pairwise(times)) < 0.4
    assert {round(setpoint.expires_t - setpoint.t, 6) for setpoint in tree.house.setpoints} == {1.0}
    assert len({setpoint.order for setpoint in tree.house.setpoints}) == 1


def test_a_dead_meter_means_0_w_and_goes_on_by_itself(tree: Tree) -> None:
    follow(tree)
    tree.house.chip_answers = False
    took_s = tree.until(lambda: tree.told[-1].setpoint_w == 0, what="0 W without a meter")
    assert took_s < 3 * tree.meter[-1].interval_s + 1.0 + 0.6
    assert "no reading from the grid meter" in tree.told[-1].why
    assert tree.told[-1].mode == "v2h"
    tree.until(lambda: tree.house.own_w == 0)
    heard = len(tree.meter)
    tree.listen(2.5)
    assert len(tree.meter) == heard, "an old value was told as a new one"
    assert tree.codes().count("meter-dead") == 1
    tree.house.chip_answers = True
    tree.until(lambda: abs(tree.grid_w()) < 50, what="covering the house again")
    tree.until(lambda: "meter-ok" in tree.codes(), what="the event that the meter is back")


def test_a_killed_manager_comes_back_in_idle(tree: Tree) -> None:
    follow(tree)
    tree.end("manager", signal.SIGKILL)
    tree.until(lambda: tree.house.own_w == 0, 3.0, "0 W without a manager")
    heard = len(tree.told)
    tree.start("manager")
    tree.until(lambda: len(tree.told) > heard and tree.mode() == "idle", what="idle after the restart")
    tree.until(lambda: not tree.house.setpoints[-1].wanted)
    follow(tree)  # a new order number: the charger starts a new session


def test_a_charge_by_hand_goes_on_after_a_kill_with_its_limits(tree: Tree) -> None:
    """The schedule wants V2H at any time: without the order it would discharge the car."""
    assert tree.ask("clock", at=datetime.now(UTC).isoformat()).ok
    assert tree.ask("settings", soft_start_s=0).ok
    assert tree.ask("schedule", schedule={"version": 1, "otherwise": "v2h"}).ok
    tree.until(lambda: tree.house.own_w < -200, what="the schedule covers the house")
    end = (datetime.now(UTC) + timedelta(hours=6)).isoformat(timespec="seconds")
    assert tree.ask("mode", mode="charge", amps=5, soc_limit_pct=80, until=end).ok
    tree.until(lambda: abs(tree.house.own_w - 5 * 385) < 1, what="the car is charged with 5 A")
    tree.end("manager", signal.SIGKILL)
    tree.until(lambda: tree.house.own_w == 0, 4.0, "0 W without a manager")
    since = time.monotonic()
    tree.start("manager")
    tree.until(lambda: abs(tree.house.own_w - 5 * 385) < 1, what="the charge goes on with 5 A")
    assert min(grid_w for t, grid_w in list(tree.house.log) if t > since) > tree.house.load_w - 1, "never discharged"
    tree.until(lambda: "until 80 %" in tree.told[-1].why and tree.told[-1].until is not None)
    assert datetime.fromisoformat(str(tree.told[-1].until)) == datetime.fromisoformat(end)
    tree.until(lambda: "order-goes-on" in tree.codes(), what="the owner reads it")
    assert tree.ask("stop").ok
    tree.end("manager", signal.SIGKILL)
    tree.told.clear()
    tree.start("manager")
    tree.until(lambda: tree.mode() == "idle" and tree.told[-1].why.startswith("Stopped by you"))
    tree.listen(2.0)
    assert (tree.house.state, tree.house.own_w) == ("idle", 0)


def test_a_stop_is_remembered_and_a_mode_is_not(tree: Tree) -> None:
    follow(tree)
    reply = tree.ask("stop")
    assert (reply.ok, reply.applied) == (True, {"mode": "idle"})
    tree.until(lambda: not tree.house.setpoints[-1].wanted)
    assert json.loads((tree.data / "stopped.json").read_text())["stopped"] is True
    assert tree.end("manager") == 0
    tree.told.clear()
    tree.start("manager")
    tree.until(lambda: tree.mode() == "idle" and tree.told[-1].why.startswith("Stopped by you"))
    follow(tree)
    assert json.loads((tree.data / "stopped.json").read_text())["stopped"] is False


def test_a_setpoint_of_another_program_holds_lapses_and_is_not_remembered(tree: Tree) -> None:
    reply = tree.ask("setpoint", power_w=1500, lifetime_s=12, by="Predbat")
    assert reply.ok, reply.text
    began = time.monotonic()
    tree.until(lambda: abs(tree.house.own_w - 1500) < 50, what="the power is held")
    tree.until(lambda: "held at 1500 W by Predbat" in tree.told[-1].why and tree.told[-1].chosen_by == "setpoint")
    tree.until(lambda: tree.told[-1].chosen_by == "nobody", 20, "its lifetime is over")
    assert time.monotonic() - began > 11.5
    tree.until(lambda: tree.house.own_w == 0 and not tree.house.setpoints[-1].wanted)
    follow(tree)
    refused = tree.ask("setpoint", power_w=1500, lifetime_s=600, by="Predbat")
    assert not refused.ok and "the owner chose V2H" in refused.text
    assert tree.ask("resume").ok
    assert tree.ask("setpoint", power_w=1500, lifetime_s=600, by="Predbat").ok
    tree.until(lambda: abs(tree.house.own_w - 1500) < 50)
    tree.end("manager", signal.SIGKILL)
    tree.told.clear()
    began = time.monotonic()
    tree.start("manager")
    tree.until(lambda: tree.house.setpoints[-1].t > began and tree.mode() == "idle", what="a new manager, idle")
    assert not tree.house.setpoints[-1].wanted


def test_bad_orders_are_refused_with_reason_and_retained_ones_dropped(tree: Tree) -> None:
    reply = tree.ask("mode", mode="charge", amps=40)
    assert (reply.ok, reply.text) == (False, "Not applied: amps = 40 is not a number from 0 to 15 A")
    retained = Command("retained", "test", {"mode": "v2h"}).to_json()
    tree.web._client.publish("v2h/command/mode", retained, retain=True)
    tree.web._client.publish("v2h/command/mode", b"[]")
    tree.web._client.publish("v2h/command/mode", b'{"id":"a/#","source":"x","values":{}}')
    tree.until(lambda: "retained" in tree.replies)  # received live, it is treated like any other order
    tree.end("manager")
    tree.replies.clear()
    began = time.monotonic()
    tree.start("manager")
    tree.until(lambda: tree.house.setpoints[-1].t > began, what="the new manager at work")
    tree.listen(1.0)
    assert tree.mode() == "idle"
    assert not tree.replies
    kept: list[bytes] = []
    tree.web.subscribe("v2h/command/mode", lambda _, text: kept.append(text))
    tree.until(lambda: retained in kept, what="the retained order that manager dropped")


def test_a_fault_ends_the_order_until_it_is_cleared(tree: Tree) -> None:
    follow(tree)
    tree.house.state, tree.house.faults = "fault", ["cable-voltage"]
    tree.until(lambda: tree.mode() == "idle" and not tree.house.setpoints[-1].wanted, what="idle after the fault")
    assert "Stopped by a fault: test" in tree.told[-1].why
    refused = tree.ask("mode", mode="v2h")
    assert (refused.ok, refused.bad_input, "Press “Clear the fault” first" in refused.text) == (False, False, True)
    assert tree.ask("clear-fault").text == "cleared"
    tree.listen(0.5)
    tree.house.silent = True
    tree.listen(3.2)
    assert tree.ask("clear-fault").text == "Nothing was cleared: the charger does not answer."
    tree.house.silent = False
    tree.listen(0.5)
    assert tree.mode() == "idle"
    follow(tree)


def test_a_session_that_the_car_ended_waits_before_the_next_start_and_the_owner_need_not(tree: Tree) -> None:
    follow(tree)
    number = tree.house.setpoints[-1].order
    tree.house.state = "idle"
    tree.until(lambda: not tree.house.setpoints[-1].wanted, what="no session is wanted")
    assert tree.told[-1].mode == "v2h"
    tree.until(lambda: "V2H waits: the session ended by itself (test)" in tree.told[-1].why, what=tree.told[-1].why)
    assert tree.house.setpoints[-1].order == number
    follow(tree)
    assert tree.house.setpoints[-1].order > number
    assert tree.told[-1].starts == 2


def test_a_restarted_broker_is_found_again(tree: Tree) -> None:
    follow(tree)
    tree.end("broker", signal.SIGKILL)
    tree.until(lambda: tree.house.own_w == 0, 4.0, "0 W without a bus")
    tree.start("broker")
    tree.until(lambda: abs(tree.grid_w()) < 50, 15.0, "covering the house again")


def test_bad_settings_are_moved_aside_and_told(tree: Tree) -> None:
    tree.end("manager")
    tree.data.mkdir(exist_ok=True)
    (tree.data / "settings.json").write_text("{broken")
    tree.start("manager")
    tree.until(lambda: "settings-bad" in tree.codes())
    assert (tree.data / "settings.json.bad").read_text() == "{broken"
    follow(tree)


def local(tree: Tree, minutes: float) -> str:
    """Return the time of day in UTC that is `minutes` from now."""
    return (datetime.now(UTC) + timedelta(minutes=minutes)).strftime("%H:%M:%S")


def test_the_largest_legal_schedule_is_carried_and_lived_with(tree: Tree) -> None:
    """Its preview was larger than the broker takes: manager was thrown off the bus, again after each restart."""
    tree.web.publish(Command("c1", "test", {"at": datetime.now(UTC).isoformat()}), "clock")
    reply = tree.ask("schedule", schedule=full("w"))
    assert reply.ok, reply.text
    tree.until(lambda: bool(tree.schedules) and len(tree.schedules[-1].schedule.get("weekly", [])) == 50)
    tree.until(lambda: bool(tree.schedules[-1].preview), what="a preview, as the clock is trusted")
    pid = tree.children["manager"].pid
    tree.listen(3)
    assert tree.children["manager"].poll() is None and tree.children["manager"].pid == pid
    assert tree.ask("stop").ok
    assert tree.end("manager") == 0
    tree.start("manager")
    told = len(tree.told)
    tree.until(lambda: len(tree.told) > told + 2, what="manager is back with this schedule")
    assert tree.ask("resume").ok


def test_settings_schedule_stop_and_a_restart(tree: Tree) -> None:
    """An owner's day: settings, setting the clock, a schedule that acts, and a stop that suspends the schedule across a
    restart."""
    applied = tree.ask("settings", soc_max_pct=80, idle_end_min=20)
    assert (applied.ok, applied.applied["soc_max_pct"], applied.applied["soc_min_pct"]) == (True, 80, 30)
    refused = tree.ask("settings", soc_maxpct=80)
    assert refused.bad_input
    assert (refused.ok, refused.text) == (
        False,
        "Not applied: unknown setting soc_maxpct; did you mean soc_max_pct?",
    )
    window = {"name": "now", "start": local(tree, -5), "end": local(tree, 30), "mode": "v2h"}
    assert tree.ask("schedule", schedule={"version": 1, "weekly": [window]}).ok
    tree.until(lambda: "the time of day is not known" in tree.told[-1].why, what="the schedule waits for the clock")
    assert not tree.told[-1].clock["trusted"]
    assert "until needs the time of day" in tree.ask("mode", mode="v2h", until="2030-01-01T00:00").text
    assert "is not an ISO time with offset" in tree.ask("clock", at="12:00").text
    assert "s off and cannot be set here" in tree.ask("clock", at="2030-01-01T00:00:00+00:00").text
    assert tree.ask("clock", at=datetime.now(UTC).isoformat()).applied["source"] == "owner"
    tree.until(lambda: tree.mode() == "v2h" and tree.house.state == "energy", what="the schedule acts")
    tree.until(lambda: tree.told[-1].why.startswith("Covering"), what="the house is covered")
    assert "window “now” until" in tree.told[-1].why
    assert (tree.told[-1].chosen_by, tree.told[-1].clock["source"]) == ("schedule", "owner")
    tree.until(lambda: bool(tree.schedules) and bool(tree.schedules[-1].preview))
    assert [part["mode"] for part in tree.schedules[-1].preview[:2]] == ["v2h", "idle"]
    bad = tree.ask("schedule", schedule={"version": 1, "weekly": [{**window, "mode": "eco"}]})
    assert (bad.ok, "weekly entry 1 “now”: mode = 'eco' is not one of idle" in bad.text) == (False, True)
    assert tree.mode() == "v2h"
    assert tree.ask("stop").ok
    tree.until(lambda: tree.mode() == "idle" and tree.told[-1].stopped_by_owner)
    assert tree.end("manager") == 0
    tree.told.clear()
    tree.start("manager")
    tree.until(lambda: bool(tree.told) and tree.told[-1].clock["trusted"], what="the clock is remembered")
    tree.listen(1.5)
    assert (tree.mode(), tree.told[-1].stopped_by_owner) == ("idle", True)
    assert tree.told[-1].limits["soc_max_pct"] == 80
    assert tree.ask("resume").applied == {"mode": "v2h"}
    tree.until(lambda: tree.house.state == "energy" and not tree.told[-1].stopped_by_owner, what="resumed")
    (tree.data / "schedule.json").write_text('{"version": 1, "weekly": 5}')
    tree.until(lambda: "schedule-bad" in tree.codes(), 15, "a bad file is named")
    tree.listen(0.5)
    assert tree.mode() == "v2h"
