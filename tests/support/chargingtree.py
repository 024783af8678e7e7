"""Brings the running tree to a charge, and checks what its charger reports."""

import os
import signal
import time
from collections.abc import Callable
from typing import Any

from tests.support.runningtree import NAMES, Tree


def charger(tree: Tree, wanted: Callable[[dict[str, Any]], bool]) -> Callable[[], bool]:
    """Return a check whether the page's view of charger is as wanted; False while the page has none."""

    def look() -> bool:
        seen = tree.state().get("charger")
        return seen is not None and wanted(seen)

    return look


def charging(tree: Tree) -> None:
    """Bring the tree to a charge with 10 A, from any state in which the last test left it."""
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 40, "all are on the bus")
    if charger(tree, full_current)():
        return
    tree.command("stop")
    tree.until(charger(tree, lambda c: c["state"] in ("idle", "fault")), 100, "charger is at rest")

    def cleared() -> bool:
        if charger(tree, lambda c: c["state"] == "idle")():
            return True
        tree.command("clear-fault")
        return False

    tree.until(cleared, 60, "the cable is measured empty, the plug is open, the fault can be cleared")
    answer = tree.command("mode", mode="charge", amps=10)
    assert answer["ok"], answer
    tree.until(charger(tree, full_current), 90, "charging with 10 A")


def full_current(seen: dict[str, Any]) -> bool:
    return seen["state"] == "energy" and 9 <= (seen["amps_a"] or 0) <= 10.5


def kill(tree: Tree, name: str) -> float:
    os.kill(tree.processes()[name][1], signal.SIGKILL)
    return time.monotonic()
