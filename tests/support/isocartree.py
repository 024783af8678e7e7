"""The whole tree on this machine with the independent car of tests/independent_car, in a network namespace of its own.

    unshare --net python -m tests.support.isocartree din|iso2 [--end car|stop] [--runs 10] [--pause 0]

charges from SessionSetup to SessionStop and prints one JSON object a run; the last line, on stderr, says how many runs
were complete and how fast CurrentDemand was answered. --end: the driver stops at the car, or the owner at the charger,
at the ordered current after at least CHARGE_S. --pause: of the car, in s, before each request.
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import IO, Any

from tests.support.chargingtree import charger
from tests.support.plcutils import ip
from tests.support.runningtree import NAMES, Tree
from v2h.rig.desk import desk_tree

ROOT = Path(__file__).resolve().parents[2]
VENV, KEY, WHY = ROOT / "build/iso15118", ROOT / "build/iso15118.key", ROOT / "build/iso15118.why"
AMPS = 10
ENDS = ("car", "stop")
CHARGE_S, MOST_S = 8.0, 100.0
"""The second one only ends a charge that does not reach its current."""
DEMAND = "CurrentDemandReq"


def missing() -> str:
    """Why there is no independent car on this machine; "" when it is there."""
    if KEY.is_file():
        return ""
    return WHY.read_text().strip() if WHY.is_file() else "scripts/get-iso15118 has not been run"


def start_car(tree: Tree, dialect: str, pause_s: float, words: IO[str]) -> subprocess.Popen[str]:
    """The car's program in the namespace of the car's modem."""
    inside = ["nsenter", f"--net={tree.rig()['car_network']}", str(VENV / "bin/python")]
    told = [dialect, str(tree.desk.run / "rig.sock"), str(MOST_S), str(pause_s)]
    env = {**os.environ, "PYTHONPATH": str(ROOT / "app")}
    car = [*inside, str(ROOT / "tests/independent_car/car.py"), *told]
    return subprocess.Popen(car, env=env, stdout=subprocess.PIPE, stderr=words, text=True)


def session(tree: Tree, dialect: str, end: str, pause_s: float) -> dict[str, Any]:
    """Charge once; what the car and the rig have seen."""
    current_a, stopped, began_t = 0.0, False, float("inf")
    with tempfile.TemporaryFile("w+") as words, start_car(tree, dialect, pause_s, words) as car:
        try:
            tree.until(lambda: tree.command("mode", mode="charge", amps=AMPS)["ok"], 30, "the charge is ordered")
            while car.poll() is None:
                current_a = max(current_a, tree.rig()["car"]["battery_a"])
                began_t = min(began_t, time.monotonic() if current_a >= 1 else float("inf"))
                if current_a >= AMPS - 1 and time.monotonic() - began_t >= CHARGE_S and not stopped:
                    stopped = stop(tree, end)
                wait(car, 0.5)
            assert car.stdout is not None
            said = car.stdout.read().splitlines()
        finally:
            car.kill()
        tree.command("stop")
        tree.until(charger(tree, lambda c: c["state"] in ("idle", "fault")), 90, "the session has ended")
        truth, seen = tree.rig(), tree.state()["charger"]
        found: dict[str, Any] = json.loads(said[-1]) if said else {"failed": "the car's program ended without a word"}
        found |= {"current_a": current_a, "violations": truth["violations"], "contactors": truth["contactors"]}
        found |= {"end": seen["state"], "faults": seen["faults"], "reason": seen["reason"]}
        if found["failed"] or found["faults"]:
            words.seek(0)
            found["words of the car"] = words.read()[-6000:]
            found["words of ccs"] = (tree.desk.run / "log/ccs.log").read_text(errors="replace")[-4000:]
    return found


def stop(tree: Tree, end: str) -> bool:
    """Whether the charger, or the car's driver, has taken the stop."""
    if end == "stop":
        return bool(tree.command("stop")["ok"])
    tree.set_rig("car=stop")
    return True


def wait(child: subprocess.Popen[str], seconds: float) -> None:
    """Until it ends, at most so long."""
    try:
        child.wait(seconds)
    except subprocess.TimeoutExpired:
        return


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("dialect", choices=("din", "iso2"))
    parser.add_argument("--end", choices=ENDS, default="car")
    parser.add_argument("--runs", type=int, default=1)
    parser.add_argument("--pause", type=float, default=0.1)
    options = parser.parse_args()
    ip("link", "set", "lo", "up")
    demand_ms: list[float] = []
    complete = 0
    with desk_tree(ccs="outside") as desk:
        tree = Tree(desk)
        tree.until(lambda: tree.alive() == NAMES - {"broker"} | {"ccs"}, 60, "all programs are on the bus")
        for _ in range(options.runs):
            found = session(tree, options.dialect, options.end, options.pause)
            demand_ms += found.get("times_ms", {}).get(DEMAND, [])
            complete += not found["failed"] and found["end"] == "idle"
            print(json.dumps(found), flush=True)
            if found["faults"]:
                tree.until(lambda: tree.command("clear-fault")["ok"], 60, "the fault is cleared")
    said = f"{options.dialect}: {complete} of {options.runs} complete"
    if len(demand_ms) > 1:
        parts = statistics.quantiles(demand_ms, n=100, method="inclusive")
        said += f"; {len(demand_ms)} times {DEMAND}: answered after p50 {parts[49]:.1f} ms, p95 {parts[94]:.1f} ms, "
        said += f"at most {max(demand_ms):.1f} ms"
    print(said, file=sys.stderr)


if __name__ == "__main__":
    main()
