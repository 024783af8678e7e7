"""The whole tree on this machine with a simulated CCS car, in a network namespace of its own.

    unshare --net python -m tests.support.ccstree din stop|car|kill

charges from SessionSetup to SessionStop, and prints one JSON object of what was seen. stop: the owner stops. car: the
driver stops at the car. kill: ccs is killed while the car charges.
"""

import json
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from tests.support.chargingtree import charger
from tests.support.plcutils import ip
from tests.support.runningtree import NAMES, Tree
from v2h.capture.v2g import conversation
from v2h.rig.desk import Desk, desk_tree

AMPS = 10


@contextmanager
def told(desk: Desk) -> Iterator[None]:
    """Show what ccs and charger have said when the test fails."""
    try:
        yield
    except AssertionError:
        for name in ("ccs", "charger", "rig"):
            print((desk.run / "log" / f"{name}.log").read_text(errors="replace")[-6000:], file=sys.stderr)
        raise


def main(dialect: str, end: str) -> None:
    ip("link", "set", "lo", "up")
    found: dict[str, object] = {}
    with desk_tree(ccs=dialect) as desk, told(desk):
        tree = Tree(desk)
        tree.until(lambda: tree.alive() == NAMES - {"broker"} | {"ccs"}, 60, "all programs are on the bus")
        tree.until(lambda: tree.command("mode", mode="charge", amps=AMPS)["ok"], 30, "the charge is ordered")
        tree.until(charger(tree, lambda c: c["state"] == "energy"), 45, "energy may flow")
        tree.until(charger(tree, lambda c: AMPS - 1 <= (c["amps_a"] or 0) <= AMPS + 0.5), 30, "charging")
        truth, state = tree.rig(), tree.state()
        found["charging"] = truth["car"], truth["contactors"], truth["k_on"]
        found["soc_pct"] = state["charger"]["soc_pct"], state.get("ccs", {}).get("soc_pct")
        found["ccs"] = state.get("ccs")
        if end == "kill":
            os.kill(tree.processes()["ccs"][1], signal.SIGKILL)
            tree.until(lambda: abs(tree.rig()["car"]["battery_a"]) <= 5, 20, "no current")
        elif end == "car":
            tree.set_rig("car=stop")
        else:
            tree.command("stop")
        tree.until(charger(tree, lambda c: c["state"] in ("idle", "fault")), 90, "the session has ended")
        truth = tree.rig()
        found["asked"] = truth["ccs"]["asked"]
        found["end"] = end_state = (
            tree.state()["charger"]["state"],
            truth["contactors"],
            truth["outputs"],
            truth["locked"],
        )
        if end_state[0] == "fault":
            kept = desk.data / "captures"
            tree.until(lambda: any(kept.glob("*.pcap")), 120, "what was said before the fault is kept")
            said = conversation(next(kept.glob("*.pcap")).read_bytes())
            found["kept"] = [frame.name for frame in said.frames], len(said.skipped)
        found["violations"], found["faults"] = truth["violations"], tree.state()["charger"]["faults"]
        found["reason"], found["words"] = tree.state()["charger"]["reason"], tree.words()
    print(json.dumps(found))


if __name__ == "__main__":
    main(*sys.argv[1:])
