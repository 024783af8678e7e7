"""The page under a crowd while the car covers the house's load: does the charger notice, and can its owner stop it?

All programs and the rig run on one core, as on the board; the crowd (crowd_clients.py) on the others. The same minute
of the house, the same stop by page and the same press of the button are measured in turn in quiet and in the crowd. In
quiet a loop keeps the other cores as busy as the crowd does, so that what else this machine runs is placed alike.
`against` is the value in quiet, and in one row the goal.
"""

import json
import os
import subprocess
import sys
import time
import urllib.parse
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from statistics import mean
from typing import Any

from tests.bench.cpu import CONNECT_S, start_v2h, state, to_one_core
from tests.bench.rows import row
from tests.support.ownerlogin import log_in
from v2h.ports.rig import RigLink
from v2h.rig.desk import Desk, desk_tree

TRACK_S = float(os.environ.get("BENCH_CROWD_S", "60"))
TRACE_S = 40800
"""The house cooks from here on: steps of some kilowatts."""
Figures = dict[str, tuple[float, str]]
"""Name -> value and unit."""
ROUNDS = 4
"""Quiet and crowd in turn: the mean of one minute depends on how the house's steps fall between the meter's readings,
and two minutes in quiet differ by up to a half. The first round does not count: in quiet, too, the minutes after it are
worse (23 W, then 30 to 37 W)."""
STOPS = 20
GOAL_STOP_S = 2.0
LOOK_S = 0.01
SMALLEST_S = 0.001


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The means of |grid|, the times of both stops, and the slowest of STOPS answers to a stop."""
    with desk_tree() as desk:
        owner = log_in(desk.page, desk.password)
        link = RigLink(f"{desk.run / 'rig.sock'}/control")
        link.transact(json.dumps({"pre_lossless": "1"}).encode())
        to_one_core()
        quiet, loud = [], []
        for _ in range(ROUNDS):
            with busy_cores():
                quiet.append(figures(desk, link, owner))
            tell("in quiet: " + words(quiet[-1]))
            with crowd(desk, tell):
                loud.append(figures(desk, link, owner))
            tell("in the crowd: " + words(loud[-1]))
        violations = truth(link)["violation_count"]
    return rows_of(together(quiet[1:]), together(loud[1:]), violations)


def rows_of(quiet: Figures, loud: Figures, violations: float) -> list[dict[str, Any]]:
    rows = [row(f"{name}, in the crowd", loud[name][0], loud[name][1], quiet[name][0]) for name in quiet]
    answers = "slowest answer to a stop"
    return [
        *rows,
        row(f"{answers}, in the crowd, beside the goal", loud[answers][0], "s", GOAL_STOP_S),
        row("violations of the plant, all together (against 1)", violations, "", 1),
    ]


def together(rounds: list[Figures]) -> Figures:
    """The mean of the powers of all rounds, W, and the longest of their times, s."""
    parts = {name: ([each[name][0] for each in rounds], unit) for name, (_, unit) in rounds[0].items()}
    return {name: (mean(values) if unit == "W" else max(values), unit) for name, (values, unit) in parts.items()}


def figures(desk: Desk, link: RigLink, owner: dict[str, str]) -> Figures:
    start_v2h(desk, owner)
    time.sleep(5)  # past the soft start
    change(link, trace_s=str(TRACE_S), score="reset")
    time.sleep(TRACK_S)
    mean_w = truth(link)["mean_abs_grid_w"]
    assert state(desk)["charger"]["state"] == "energy"
    began = time.monotonic()
    post(desk, owner, "stop")
    answered_s = time.monotonic() - began
    by_page_s = at_zero_s(link, began)
    start_v2h(desk, owner)
    change(link, load_w="2000")
    while abs(truth(link)["pre"]["set_a"]) < 1:
        time.sleep(LOOK_S)
    began = time.monotonic()
    change(link, press="on_off")
    by_button_s = at_zero_s(link, began)
    times = []
    for _ in range(STOPS):
        began = time.monotonic()
        post(desk, owner, "stop")
        times.append(time.monotonic() - began)
    wait_for(desk, "idle")
    return {
        f"mean grid in {TRACK_S:.0f} s of V2H on one core": (mean_w, "W"),
        "stop by page to 0 A": (by_page_s, "s"),
        "stop by button to 0 A": (by_button_s, "s"),
        "slowest answer to a stop": (max(answered_s, *times), "s"),
    }


@contextmanager
def busy_cores() -> Iterator[None]:
    ours = os.sched_getaffinity(0)
    loop = "import os, sys\nos.sched_setaffinity(0, {int(sys.argv[1])})\nwhile True: pass"
    others = [str(core) for core in range(os.cpu_count() or 1) if core not in ours]
    loops = [subprocess.Popen([sys.executable, "-c", loop, core]) for core in others]
    try:
        yield
    finally:
        for each in loops:
            each.terminate()
            each.wait()


@contextmanager
def crowd(desk: Desk, tell: Callable[[str], None]) -> Iterator[None]:
    port = urllib.parse.urlsplit(desk.page).port
    words = [sys.executable, "-m", "tests.bench.crowd_clients", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, text=True) as clients:
        try:
            time.sleep(2)
            yield
        finally:
            clients.terminate()
            tell("the crowd: " + clients.communicate(timeout=60)[0].strip())


def change(link: RigLink, **knobs: str) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(link.transact(json.dumps(knobs).encode()))
    assert "error" not in answer, answer
    return answer


def truth(link: RigLink) -> dict[str, Any]:
    return change(link)


def at_zero_s(link: RigLink, began: float) -> float:
    """Seconds from `began` until the converter is ordered 0 A."""
    while truth(link)["pre"]["set_a"] != 0:
        assert time.monotonic() < began + CONNECT_S, "no stop"
        time.sleep(LOOK_S)
    return max(SMALLEST_S, time.monotonic() - began)


def post(desk: Desk, owner: dict[str, str], name: str) -> None:
    """A command from an address of its own, on a new connection, as from a browser that is just opened."""
    port = urllib.parse.urlsplit(desk.page).port
    link = HTTPConnection("127.0.0.1", port, timeout=30, source_address=("127.0.0.9", 0))
    link.request("POST", f"/api/v1/command/{name}", b"{}", {"Content-Type": "application/json", **owner})
    answer = link.getresponse()
    assert answer.status == 200, answer.read()
    link.close()


def wait_for(desk: Desk, wanted: str) -> None:
    deadline = time.monotonic() + CONNECT_S
    while state(desk)["charger"]["state"] != wanted:
        assert time.monotonic() < deadline, state(desk)
        time.sleep(0.5)


def words(found: Figures) -> str:
    return ", ".join(f"{name} {value:.3f} {unit}" for name, (value, unit) in found.items())
