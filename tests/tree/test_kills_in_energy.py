"""Programs are killed while current flows: what the design promises for each, read from the rig, which depends on no
program's report."""

import json
import os
import signal
import time

import pytest

from tests.support.chargingtree import charger, charging, full_current, kill
from tests.support.runningtree import NAMES, Tree

pytestmark = pytest.mark.timeout(300)


def without_current(tree: Tree) -> bool:
    return abs(tree.rig()["pre"]["a"]) < 0.5


@pytest.mark.parametrize("name", ["panel", "datalog", "web", "pulse"])
def test_nothing_changes_when_who_only_watches_is_killed(tree: Tree, name: str) -> None:
    charging(tree)
    kill(tree, name)
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, f"{name} is back")
    truth = tree.rig()
    assert 9 <= truth["pre"]["a"] <= 10.5
    assert truth["contactors"] == {"c1": True, "c2": True, "car": True}


def test_a_killed_broker_is_back_before_the_setpoint_ends(tree: Tree) -> None:
    charging(tree)
    kill(tree, "broker")
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, "all are on the bus again")
    tree.until(charger(tree, full_current), 20, "charging goes on by itself")
    assert tree.rig()["contactors"] == {"c1": True, "c2": True, "car": True}


def test_with_a_hung_broker_the_setpoint_ends_and_charging_resumes_by_itself(tree: Tree) -> None:
    charging(tree)
    before = tree.rig()["violation_count"]
    broker = tree.processes()["broker"][1]
    os.kill(broker, signal.SIGSTOP)
    try:
        tree.until(lambda: without_current(tree), 5, "the setpoint expired within 1 s, then the ramp")
    finally:
        os.kill(broker, signal.SIGCONT)
    tree.until(charger(tree, full_current), 30, "charging goes on by itself")
    truth = tree.rig()
    assert truth["contactors"] == {"c1": True, "c2": True, "car": True}
    assert truth["violation_count"] == before, truth["violations"]


def test_a_killed_manager_ends_the_current_and_a_charge_by_hand_goes_on(tree: Tree) -> None:
    charging(tree)
    before = tree.rig()["violation_count"]
    kill(tree, "manager")
    tree.until(lambda: without_current(tree), 5, "the setpoint ended, then the ramp")
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, "manager is back")
    tree.until(charger(tree, full_current), 20, "the charge goes on by itself, with its 10 A")
    truth = tree.rig()
    assert truth["contactors"] == {"c1": True, "c2": True, "car": True}
    assert truth["violation_count"] == before, truth["violations"]


def test_a_stop_on_the_page_while_manager_hangs_is_kept(tree: Tree) -> None:
    """Only `charger` gets it, and the page repeats no stop. The next `manager` must not go on with the charge."""
    charging(tree)
    starts = tree.state()["charger"]["starts"]
    os.kill(tree.processes()["manager"][1], signal.SIGSTOP)
    assert "No answer in time" in str(tree.command("stop"))
    kill(tree, "manager")
    tree.until(charger(tree, lambda c: c["state"] == "idle"), 40, "the session ended in order")
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, "manager is back")
    tree.until(lambda: tree.state()["manager"]["stopped_by_owner"], 10, "manager knows of the stop")
    time.sleep(3)
    assert (tree.state()["charger"]["state"], tree.state()["charger"]["starts"]) == ("idle", starts)


@pytest.mark.parametrize("name", ["charger", "guard"])
def test_contactors_open_without_current_and_the_plug_stays_locked(tree: Tree, name: str) -> None:
    charging(tree)
    before = tree.rig()["violation_count"]
    kill(tree, name)
    tree.until(lambda: not tree.rig()["contactors"]["c1"], 15, "guard made safe")
    truth = tree.rig()
    assert truth["contactors"]["c2"] is False
    assert abs(truth["pre"]["a"]) < 0.5
    assert truth["violation_count"] == before, truth["violations"]
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, f"{name} is back")
    tree.until(lambda: not {"c1", "c2", "d1", "d2"} & set(tree.rig()["outputs"]), 10, "all but the lock are off")


def test_a_stopped_supervisord_ends_the_current(tree: Tree) -> None:
    charging(tree)
    before = tree.rig()["violation_count"]
    tree.desk.supervisord.send_signal(signal.SIGSTOP)
    try:
        tree.until(lambda: not tree.rig()["contactors"]["c1"], 15, "guard made safe")
    finally:
        tree.desk.supervisord.send_signal(signal.SIGCONT)
    tree.until(charger(tree, lambda c: c["state"] == "fault"), 30, "the session ended in a fault")
    assert "supervisord" in json.dumps(tree.state()["charger"])
    truth = tree.rig()
    assert truth["violation_count"] == before, truth["violations"]
    assert not {"c1", "c2", "d1", "d2"} & set(truth["outputs"])
