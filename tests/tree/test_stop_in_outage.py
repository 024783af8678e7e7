"""On/off pressed in energy while broker or manager is away: the session ends as soon as it can, and stays ended."""

import os
import signal
import time
from collections.abc import Callable

import pytest
from runningtree import NAMES, Tree
from test_kills_in_energy import charging, kill
from test_session import charger

from v2h.supervisorrpc import call

pytestmark = pytest.mark.timeout(300)
OUTAGE_S = 2.0
ENDED_WITHIN_S = 40.0
"""Of the press: an ordinary stop and some room. Without a bus charger would end the session after 60 s anyway."""
GOES_ON_S = 5.0
"""A session that goes on does so within a second of the bus."""


def broker_stopped_and_started(tree: Tree, press: Callable[[], None]) -> None:
    call(tree.desk.supervisor_socket, "stopProcess", "broker", False)
    tree.until(lambda: tree.processes().get("broker", ("", 0))[0] == "STOPPED", 10, "the broker is away")
    press()
    time.sleep(OUTAGE_S)
    call(tree.desk.supervisor_socket, "startProcess", "broker", False)


def broker_hung_and_killed(tree: Tree, press: Callable[[], None]) -> None:
    """It takes the press and keeps it for itself."""
    os.kill(tree.processes()["broker"][1], signal.SIGSTOP)
    press()
    time.sleep(OUTAGE_S)
    kill(tree, "broker")


def manager_hung_and_killed(tree: Tree, press: Callable[[], None]) -> None:
    """charger obeys at once; the new manager has heard of no stop, and its schedule might start something."""
    os.kill(tree.processes()["manager"][1], signal.SIGSTOP)
    press()
    time.sleep(OUTAGE_S)
    kill(tree, "manager")


def heard(tree: Tree) -> int:
    """By charger. None at all where manager is back on the bus before it: then manager's word ends the session."""
    return (tree.desk.run / "log" / "charger.log").read_text().count("stop by panel")


def repeated(tree: Tree) -> int:
    return (tree.desk.run / "log" / "panel.log").read_text().count("not taken yet, said again")


@pytest.mark.parametrize("outage", [broker_stopped_and_started, broker_hung_and_killed, manager_hung_and_killed])
def test_a_stop_pressed_meanwhile_ends_the_session_and_is_known_to_all(
    tree: Tree, outage: Callable[[Tree, Callable[[], None]], None]
) -> None:
    charging(tree)
    violations, before = tree.rig()["violation_count"], (heard(tree), repeated(tree))
    starts = tree.state()["charger"]["starts"]
    outage(tree, lambda: tree.press("on_off"))
    back_t = time.monotonic()
    tree.until(lambda: not {"c1", "c2"} & set(tree.rig()["outputs"]), ENDED_WITHIN_S - OUTAGE_S, "contactors are open")
    tree.until(charger(tree, lambda c: c["state"] == "idle"), 20, "the session has ended")
    print(f"\n{outage.__name__}: idle {time.monotonic() - back_t:.1f} s after the end of it")
    assert time.monotonic() - back_t < ENDED_WITHIN_S
    truth = tree.rig()
    assert truth["contactors"] == {"c1": False, "c2": False, "car": False} and not truth["locked"]
    assert truth["violation_count"] == violations, truth["violations"]
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, "all are on the bus again")
    time.sleep(GOES_ON_S)
    now = tree.state()
    assert (now["charger"]["state"], now["charger"]["starts"]) == ("idle", starts)
    assert (now["manager"]["mode"], now["manager"]["stopped_by_owner"]) == ("idle", True)
    assert heard(tree) - before[0] <= 3
    assert 1 <= repeated(tree) - before[1] <= 5, "said again until it is taken, and no more"
