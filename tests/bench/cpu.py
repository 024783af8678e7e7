"""CPU of the whole tree on this machine, per program: at start, at rest, and while the car covers the house's load.

Counted is what the kernel charged to the supervised programs and their children (utime + stime of /proc), the rig not
among them: it stands for hardware. `against` is the goal: 3 % of one core in V2H, 1.5 s for all starts together. Of a
start is counted what SETTLED_S after it has been spent, less what rest takes in that time. There are two: the first of
a new card, which lays down the log's tables, and every later one. "Bare wakes" is what a Python process takes that does
nothing but wake as often as the program did in V2H: less than that only fewer wakes can bring.
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

from ownerlogin import log_in
from v2h.rig.desk import Desk, desk_tree
from v2h.supervisorrpc import states

SETTLED_S = 15.0
REST_S = 30.0
BARE_S = 15.0
V2H_S = float(os.environ.get("BENCH_V2H_S", "600"))
CONNECT_S = 120.0
GOAL_PCT = 3.0
GOAL_START_S = 1.5
TICK_S = 1 / os.sysconf("SC_CLK_TCK")


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Four rows a program and four for all."""
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
        start_v2h(desk)
        before, woken, began = spent_s(desk), wakes(desk), time.monotonic()
        time.sleep(V2H_S)
        after, took_s = spent_s(desk), time.monotonic() - began
        rates_hz = {name: (count - woken[name]) / took_s for name, count in wakes(desk).items()}
        assert (state(desk)["charger"] or {}).get("state") == "energy"
        v2h = {name: 100 * (after[name] - before[name]) / took_s for name in before}
        tell(f"{took_s:.0f} s of V2H, % of one core: " + _words(v2h))
    bare = bare_wakes_pct(rates_hz)
    tell("wakes a second: " + _words(rates_hz))
    tell("bare wakes, % of one core: " + _words(bare))
    rows = []
    for what, unit, goal, by_name in (
        ("CPU of the first start of a card", "s", GOAL_START_S, first),
        ("CPU of a later start", "s", GOAL_START_S, later),
        ("CPU at rest", "%", GOAL_PCT, rest),
        (f"CPU in {took_s:.0f} s of V2H", "%", GOAL_PCT, v2h),
        ("Bare wakes as in V2H", "%", sum(v2h.values()), bare),
    ):
        for name, value in [*sorted(by_name.items()), ("all", sum(by_name.values()))]:
            row = {"name": f"{what}, {name}", "value": round(value, 3), "unit": unit}
            rows.append({**row, "against": goal, "ratio": round(value / goal, 3)})
    return rows


def state(desk: Desk) -> dict[str, Any]:
    with urllib.request.urlopen(f"{desk.page}/api/v1/state", timeout=10) as answer:
        document: dict[str, Any] = json.load(answer)
        return document


def restart(desk: Desk) -> None:
    """All programs anew, by supervisord, as after a loss of power; returns when the page answers again."""
    old = {name: pid for name, (_, pid) in states(desk.supervisor_socket).items()}
    desk.supervisord.send_signal(signal.SIGHUP)
    deadline = time.monotonic() + CONNECT_S
    while True:
        with contextlib.suppress(OSError):
            now = states(desk.supervisor_socket)
            if now.keys() == old.keys() and all(pid not in (0, old[name]) for name, (_, pid) in now.items()):
                state(desk)
                return
        assert time.monotonic() < deadline, "the tree did not come back"
        time.sleep(0.2)


def start_v2h(desk: Desk) -> None:
    """Plug in by the owner's word; returns when energy flows."""
    headers = {"Content-Type": "application/json", **log_in(desk.page, desk.password)}
    url, body = f"{desk.page}/api/v1/command/mode", json.dumps({"mode": "v2h"}).encode()
    urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=20).close()
    deadline = time.monotonic() + CONNECT_S
    while (state(desk)["charger"] or {}).get("state") != "energy":
        assert time.monotonic() < deadline, state(desk)
        time.sleep(0.5)


def wakes(desk: Desk) -> dict[str, int]:
    """Program -> how often it has waited and been woken since its start."""
    pids = {name: pid for name, (_, pid) in states(desk.supervisor_socket).items()}
    status = {name: Path(f"/proc/{pid}/status").read_text() for name, pid in pids.items()}
    return {name: int(re.findall(r"^voluntary_ctxt_switches:\s+(\d+)", text, re.M)[0]) for name, text in status.items()}


def bare_wakes_pct(rates_hz: Mapping[str, float]) -> dict[str, float]:
    """Program -> % of one core, all at once for BARE_S."""
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
    """Program -> CPU seconds since its start, its children's too; "supervisord" is there as well."""
    parents: dict[int, list[int]] = {}
    ticks: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = stat.read_text().rpartition(")")[2].split()
        except (FileNotFoundError, ProcessLookupError):
            continue
        pid = int(stat.parent.name)
        parents.setdefault(int(fields[1]), []).append(pid)
        ticks[pid] = sum(int(fields[n]) for n in (11, 12, 13, 14))

    def whole(pid: int) -> int:
        return ticks.get(pid, 0) + sum(whole(child) for child in parents.get(pid, []))

    pids = {name: pid for name, (_, pid) in states(desk.supervisor_socket).items()}
    spent = {name: whole(pid) * TICK_S for name, pid in pids.items()}
    own = Path(f"/proc/{desk.supervisord.pid}/stat").read_text().rpartition(")")[2].split()
    return {**spent, "supervisord": (int(own[11]) + int(own[12])) * TICK_S}


def _words(by_name: dict[str, float]) -> str:
    each = ", ".join(f"{name} {value:.2f}" for name, value in sorted(by_name.items(), key=lambda item: -item[1]))
    return f"{sum(by_name.values()):.2f} ({each})"
