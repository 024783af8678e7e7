"""CPU of the whole tree on this machine, per program: at start, at rest, and while the car covers the house's load.

The count is what the kernel charged to the supervised programs and their children (utime + stime of /proc), without the
rig, which stands for hardware. `against` is the goal: 3 % of one core in V2H, 1.5 s for all starts together. A start
counts the time spent until SETTLED_S after it, minus what rest takes in that time. There are two starts: the first of a
new card, which creates the log's tables, and every later one. "Bare wakes" is the CPU of a Python process that only
wakes as often as the program did in V2H: only fewer wakes can bring it below that.

The ten minutes are measured on all cores, where the scheduler places tree and rig as it likes: to wake an idle core
costs more than to change the process on a busy one, so the same tree takes some tenths of a percent more in one
placement than in another. A shorter time is also measured on one core, which is what the board has; same goal.

The machines differ in speed by a factor of two, and one machine from hour to hour: compare figures of two runs by their
reference, a fixed computation of which each run gives the CPU time.
"""

import contextlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from tests.support.ownerlogin import log_in
from tests.support.supervised import processes
from v2h.rig.desk import Desk, desk_tree

SETTLED_S = 15.0
REST_S = 30.0
BARE_S = 15.0
V2H_S = float(os.environ.get("BENCH_V2H_S", "600"))
ONE_CORE_S = V2H_S / 5
CONNECT_S = 120.0
GOAL_PCT = 3.0
GOAL_START_S = 1.5
REFERENCE = """
import json, resource
state = {"t": 1.5, "powers_w": [230.1, -512.0, 0.0], "words": {str(n): n for n in range(20)}}
for _ in range(20_000):
    json.loads(json.dumps(state))
use = resource.getrusage(resource.RUSAGE_SELF)
print(use.ru_utime + use.ru_stime)
"""
REFERENCE_RUNS = 5
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """One row for the reference, six per program and six for all."""
    with desk_tree() as desk:
        time.sleep(SETTLED_S)
        first = spent_s(desk)
        restart(desk)
        time.sleep(SETTLED_S)
        later = spent_s(desk)
        time.sleep(REST_S)
        after = spent_s(desk)
        rest = {name: 100 * (after[name] - later[name]) / REST_S for name in later}
        tell("at rest, % of one core: " + _words(rest))
        for starts in (first, later):
            for name in starts:
                starts[name] -= SETTLED_S * rest[name] / 100
            tell("a start, s: " + _words(starts))
        start_v2h(desk, log_in(desk.page, desk.password))
        v2h, rates_hz = in_v2h(desk, V2H_S)
        tell(f"{V2H_S:.0f} s of V2H on {os.cpu_count()} cores, % of one: " + _words(v2h))
        tell("wakes a second: " + _words(rates_hz))
        bare = bare_wakes_pct(rates_hz)
        tell("bare wakes, % of one core: " + _words(bare))
        to_one_core()
        one_core_pct, _ = in_v2h(desk, ONE_CORE_S)
        tell(f"{ONE_CORE_S:.0f} s of V2H on one core, %: " + _words(one_core_pct))
    fastest_s, slowest_s = reference_s()
    tell(f"reference: {fastest_s:.3f} to {slowest_s:.3f} s")
    name = f"Reference: JSON round trips, the slowest of {REFERENCE_RUNS} against the fastest"
    against = {"against": round(fastest_s, 3), "ratio": round(slowest_s / fastest_s, 3)}
    rows = [{"name": name, "value": round(slowest_s, 3), "unit": "s", **against}]
    for what, unit, goal, by_name in (
        ("CPU of the first start of a card", "s", GOAL_START_S, first),
        ("CPU of a later start", "s", GOAL_START_S, later),
        ("CPU at rest", "%", GOAL_PCT, rest),
        (f"CPU in {V2H_S:.0f} s of V2H", "%", GOAL_PCT, v2h),
        (f"CPU in {ONE_CORE_S:.0f} s of V2H on one core", "%", GOAL_PCT, one_core_pct),
        ("Bare wakes as in V2H", "%", sum(v2h.values()), bare),
    ):
        for name, value in [*sorted(by_name.items()), ("all", sum(by_name.values()))]:
            row = {"name": f"{what}, {name}", "value": round(value, 3), "unit": unit}
            rows.append({**row, "against": goal, "ratio": round(value / goal, 3)})
    return rows


def reference_s() -> tuple[float, float]:
    """CPU seconds of REFERENCE in the fastest and in the slowest of its runs."""
    command = [sys.executable, "-c", REFERENCE]
    runs_s = [float(subprocess.check_output(command, text=True)) for _ in range(REFERENCE_RUNS)]
    return min(runs_s), max(runs_s)


def to_one_core() -> None:
    """Move this process, and all that it has started, to the last core."""
    core = {max(os.sched_getaffinity(0))}
    parents = _parents()
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    for pid in ours:
        for task in Path(f"/proc/{pid}/task").glob("*"):
            with contextlib.suppress(ProcessLookupError):
                os.sched_setaffinity(int(task.name), core)


def in_v2h(desk: Desk, seconds: float) -> tuple[dict[str, float], dict[str, float]]:
    """Program -> % of a core and wakes a second, while energy flows for `seconds`."""
    before, woken, began = spent_s(desk), wakes(desk), time.monotonic()
    time.sleep(seconds)
    after, took_s = spent_s(desk), time.monotonic() - began
    rates_hz = {name: (count - woken[name]) / took_s for name, count in wakes(desk).items()}
    assert (state(desk)["charger"] or {}).get("state") == "energy"
    return {name: 100 * (after[name] - before[name]) / took_s for name in before}, rates_hz


def state(desk: Desk) -> dict[str, Any]:
    with urllib.request.urlopen(f"{desk.page}/api/v1/state", timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def restart(desk: Desk) -> None:
    """Restart all programs by supervisord, as after a loss of power; returns when the page answers again."""
    old = {name: pid for name, (_, pid) in processes(desk.supervisor_socket).items()}
    desk.supervisord.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + CONNECT_S
    while True:
        with contextlib.suppress(OSError):
            now = processes(desk.supervisor_socket)
            if now.keys() == old.keys() and all(pid not in (0, old[name]) for name, (_, pid) in now.items()):
                state(desk)
                return
        assert time.monotonic() < deadline, "the tree did not come back"
        time.sleep(0.2)


def start_v2h(desk: Desk, owner: Mapping[str, str]) -> None:
    """Start V2H by the owner's command; returns when energy flows. owner: the headers that log_in() returns."""
    headers = {"Content-Type": "application/json", **owner}
    url, body = f"{desk.page}/api/v1/command/mode", json.dumps({"mode": "v2h"}).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20).close()
    deadline = time.monotonic() + CONNECT_S
    while (state(desk)["charger"] or {}).get("state") != "energy":
        assert time.monotonic() < deadline, state(desk)
        time.sleep(0.5)


def wakes(desk: Desk) -> dict[str, int]:
    """Program -> how often it has waited and been woken since its start."""
    pids = {name: pid for name, (_, pid) in processes(desk.supervisor_socket).items()}
    status = {name: Path(f"/proc/{pid}/status").read_text() for name, pid in pids.items()}
    return {name: int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[0]) for name, text in status.items()}


def bare_wakes_pct(rates_hz: Mapping[str, float]) -> dict[str, float]:
    """Program -> % of one core, all at the same time for BARE_S."""
    sleeper = (
        "import resource, sys, time; gap, n = float(sys.argv[1]), int(sys.argv[2]); use = resource.getrusage; "
        "a = use(0); [time.sleep(gap) for _ in range(n)]; b = use(0); "
        "print(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime)"
    )
    children = {
        name: subprocess.Popen(
            [sys.executable, "-c", sleeper, str(1 / hz), str(int(BARE_S * hz))], stdout=subprocess.PIPE, text=True
        )
        for name, hz in rates_hz.items()
        if hz * BARE_S >= 1
    }
    return {name: 100 * float(child.communicate()[0]) / BARE_S for name, child in children.items()}


def spent_s(desk: Desk) -> dict[str, float]:
    """Program -> CPU seconds since its start, including its children; "supervisord" is included as well."""
    children: dict[int, list[int]] = {}
    for pid, parent in _parents().items():
        children.setdefault(parent, []).append(pid)

    def whole(pid: int) -> int:
        ticks = sum(int(field) for field in _stat(pid)[11:15])
        return ticks + sum(whole(child) for child in children.get(pid, []))

    pids = {name: pid for name, (_, pid) in processes(desk.supervisor_socket).items()}
    spent = {name: whole(pid) * TICK_S for name, pid in pids.items()}
    return {**spent, "supervisord": sum(map(int, _stat(desk.supervisord.pid)[11:13])) * TICK_S}


def _parents() -> dict[int, int]:
    """Parent pid of every process on this machine."""
    return {pid: int(_stat(pid)[1]) for pid in (int(path.name) for path in Path("/proc").glob("[0-9]*"))}


def _stat(pid: int) -> list[str]:
    """/proc/PID/stat from the state field on; zeros for a process that has ended meanwhile."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except (FileNotFoundError, ProcessLookupError):
        return ["0"] * 50


def _words(by_name: dict[str, float]) -> str:
    each = ", ".join(f"{name} {value:.2f}" for name, value in sorted(by_name.items(), key=lambda item: -item[1]))
    return f"{sum(by_name.values()):.2f} ({each})"
