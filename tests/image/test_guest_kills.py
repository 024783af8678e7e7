"""A program is killed, or stopped and continued, at 14 A: what converter and contactors do, by the rig's own record.

All times are the emulated board's CLOCK_MONOTONIC. The process that sends the signal gives the signal's time, and the
rig gives the others: it records the state every 20 ms and every new setpoint at once. In every case the contactors must
open, not above 5 A before make-safe's step 3, nothing may come on again, and the lock must not move. This clock counts
instructions, so the time limits also hold on a busy machine. CI has one case for each row of docs/SAFETY.md;
`make long` (BOARD=long) has all. More kills by hand: `BOARD=long REPEAT=20 pytest -s tests/image/test_guest_kills.py`.
"""

import os
import statistics
from collections.abc import Iterator
from itertools import product
from math import inf
from signal import Signals

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.machine import AT_LENGTH
from tests.support.safetypage import limit
from tests.support.truth import BARE, Row, first, record, rig
from v2h.safety.outputs import CONTACTORS, Output

REPEAT = int(os.environ.get("REPEAT", "1"))
ROWS = {
    ("charger", "SIGKILL"): "charger-gone",
    ("charger", "SIGSTOP"): "charger-gone",
    ("guard", "SIGKILL"): "guard-gone",
    ("guard", "SIGSTOP"): "guard-gone",
    ("supervisord", "SIGKILL"): "tree-gone",
    ("supervisord", "SIGSTOP"): "tree-stopped",
}
"""The row of docs/SAFETY.md with the promised times, for each program and signal."""
OPEN = {"obeys": "c1/c2 open", "deaf": "c1/c2 open, converter deaf"}
LOW_A = 5.0
STEP_3_S = 1.1
"""make-safe opens the contactors above 5 A no sooner than this after its start."""
TICK_S = 0.03
"""s; the time resolution of the rig's record."""
WATCHED_S = 3.0
SIGNAL = """
import os, sys, time
pid, number = int(sys.argv[1]), int(sys.argv[2])
at = time.monotonic()
os.kill(pid, number)
print(at)
"""


def send(guest: Guest, pid: int, word: str) -> float:
    return float(guest.out(f"{BARE} '{SIGNAL}' {pid} {int(Signals[word])}"))


def pid_of(guest: Guest, program: str) -> int:
    pattern = "/usr/bin/supervisord" if program == "supervisord" else f"v2h.programs.{program}"
    return int(guest.out(f"pgrep -f -o '{pattern}'"))


@pytest.fixture
def owner(remade: Guest) -> Iterator[Owner]:
    person = Owner(remade)
    person.to_idle()
    yield person
    rig(remade, pre_deaf="false")
    person.to_idle()


def at_14_a(owner: Owner) -> None:
    owner.start_energy("charge", amps=14)
    owner.wait(lambda s: (s["charger"]["amps_a"] or 0) > 13, 20, "14 A into the car")


def judge(rows: list[Row], began: float, pre: str, promised: str) -> tuple[float, float]:
    """Return (seconds to 0 A commanded, seconds to contactors open); assert what must hold from the signal on."""
    last = [row for row in rows if row.t < began][-1]
    assert CONTACTORS in last.outputs and last.out_a > 13, (
        f"before anything was done: {last}, {began - last.t:.3f} s ago"
    )
    zero_s = first(rows, began, lambda row: row.set_a == 0.0 or Output.PRE_AC not in row.outputs)
    open_s = first(rows, began, lambda row: not row.outputs & CONTACTORS)
    before = [row for row in rows if row.t < began + open_s]
    after = [row for row in rows if row.t >= began + open_s + TICK_S]
    assert open_s < inf, "contactors stayed closed"
    assert all(Output.PLUG_LOCK in row.outputs for row in rows if row.t >= began and row.cable_v > 10), "lock moved"
    assert not any(row.outputs & CONTACTORS for row in after), "contactors closed again"
    assert max(abs(row.out_a) for row in after) < 0.5, "current after the contactors opened"
    if open_s < STEP_3_S - TICK_S:
        assert abs(before[-1].out_a) <= LOW_A, f"opened at {before[-1].out_a} A after {open_s:.2f} s"
    assert open_s <= limit(promised, OPEN[pre]), f"open after {open_s:.3f} s"
    assert pre == "deaf" or zero_s <= limit(promised, "0 A ordered"), f"0 A after {zero_s:.3f} s"
    return zero_s, open_s


OF_EACH_ROW = [
    ("charger", "SIGKILL", "deaf"),
    ("guard", "SIGSTOP", "obeys"),
    ("supervisord", "SIGKILL", "obeys"),
    ("supervisord", "SIGSTOP", "deaf"),
]
"""One case for each row of docs/SAFETY.md: either signal and either converter twice."""
CASES = list(product(("charger", "guard", "supervisord"), ("SIGKILL", "SIGSTOP"), OPEN)) if AT_LENGTH else OF_EACH_ROW


@pytest.mark.timeout(900 + 300 * REPEAT)
@pytest.mark.parametrize(("program", "word", "pre"), CASES)
def test_at_14_a(remade: Guest, owner: Owner, program: str, word: str, pre: str) -> None:
    times = []
    for _ in range(REPEAT if pre == "obeys" else 1):
        at_14_a(owner)
        if program == "supervisord":
            remade.out("systemctl reset-failed supervisor")  # systemd reboots the board at the fifth start in 300 s
        misuse = rig(remade)["violations"]
        pid = pid_of(remade, program)
        rig(remade, cable_holds="true")  # a new `charger` must see a live cable fall, or waits two minutes
        if pre == "deaf":
            rig(remade, pre_deaf="true")
        began = send(remade, pid, word)
        remade.sleep(WATCHED_S)
        if word == "SIGSTOP":
            remade.sh(f"kill -CONT {pid}")
            remade.sleep(WATCHED_S)
        rows = record(remade)
        times.append(judge(rows, began, pre, ROWS[program, word]))
        rig(remade, pre_deaf="false")
        owner.wait_for_session("fault", 90)
        rig(remade, cable_v="0")
        truth = rig(remade)
        assert not {"c1", "c2", "d1", "d2", "pre-ac"} & set(truth["outputs"])
        assert pre == "deaf" or truth["violations"] == misuse
        owner.to_idle()
    zeros, opens = zip(*times, strict=True)
    print(
        f"\n{program} {word}, converter {pre}, n = {len(times)}: 0 A commanded after "
        f"{statistics.median(zeros) * 1000:.0f} ms (worst {max(zeros) * 1000:.0f}), contactors open after "
        f"{statistics.median(opens) * 1000:.0f} ms (worst {max(opens) * 1000:.0f})"
    )
