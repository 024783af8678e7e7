"""The on/off button is pressed in energy while the broker or `manager` is down: the session ends as soon as possible
and does not start again."""

import os
import signal
import time
from collections.abc import Callable

import pytest

from tests.support.chargingtree import charger, charging, kill
from tests.support.runningtree import NAMES, Tree
from v2h.runtime.supervisor_rpc import call

pytestmark = pytest.mark.timeout(300)
OUTAGE_S = 2.0
ENDED_WITHIN_S = 40.0
"""From the press: an ordinary stop and some margin. Without a bus `charger` ends the session by itself after 60 s."""
GOES_ON_S = 5.0
"""A session that goes on does so within a second after the bus is back."""


def broker_stopped_and_started(tree: Tree, press: Callable[[], None]) -> None:
    call(tree.desk.supervisor_socket, "stopProcess", "broker", False)
    tree.until(lambda: tree.processes().get("broker", ("", 0))[0] == "STOPPED", 10, "the broker is away")
    press()
    time.sleep(OUTAGE_S)
    call(tree.desk.supervisor_socket, "startProcess", "broker", False)


def broker_hung_and_killed(tree: Tree, press: Callable[[], None]) -> None:
    """The broker's socket accepts the press, but the broker delivers it to no program."""
    os.kill(tree.processes()["broker"][1], signal.SIGSTOP)
    press()
    time.sleep(OUTAGE_S)
    kill(tree, "broker")


def manager_hung_and_killed(tree: Tree, press: Callable[[], None]) -> None:
    """`charger` obeys at once. The new `manager` has not received the stop, and its schedule might start a session."""
    os.kill(tree.processes()["manager"][1], signal.SIGSTOP)
    press()
    time.sleep(OUTAGE_S)
    kill(tree, "manager")


def heard(tree: Tree) -> int:
    """Return how many stops `charger` received from the panel. The number does not grow when `manager` is back on the
    bus before `charger`: then the setpoint of `manager` ends the session."""
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
