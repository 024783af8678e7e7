"""One plan of 192 slots: its time, its memory, and a plain loop on the same machine to compare machines by.

SCRIPT runs on this machine here, and on the emulated board in tests/bench/board.py. It needs nothing but v2h. The time
is the processor's, without and then with the measurement of memory, which makes everything several times slower.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench.rows import row

APP = Path(__file__).resolve().parents[2] / "app"
MOST_S, MOST_MB = 2.0, 10.0
BOARD_TIMES = 30.0
"""The board's processor takes 20 to 30 times as long as a desk's (energy/steps)."""

LOOP = """
import time
begun = time.process_time()
total = 0
for n in range(1000000):
    total += n % 7
loop_s = time.process_time() - begun
"""

SCRIPT = (
    LOOP
    + """
import json, math, time, tracemalloc
from v2h.energy.plan.making import DOUBT
from v2h.energy.plan.plan import plan
from v2h.energy.plan.problem import Act, Battery, Goal, Problem, Trip, end_value
from v2h.energy.losses import usual
from v2h.energy.steps import result
slots = 192
bought = [round(0.2 + 0.1 * math.sin(n / 7) + 0.05 * math.sin(n), 4) for n in range(slots)]
load = [400 + 300 * math.sin(n / 5) + 1500 * (n % 96 in range(68, 84)) for n in range(slots)]
sun = [max(0.0, 4000 * math.sin((n % 96 / 4 - 6) / 12 * math.pi)) for n in range(slots)]
battery = Battery(20.0, 40.0, 8.0, 36.0, 5775.0, 5775.0, 0.02)
problem = Problem(900.0, bought, [price * 0.6 for price in bought], load, sun, battery, end_value(bought, usual()),
                  (Goal(124, 32.0),), (Trip(130, 150, 8.0),), 9000.0, 3680.0, doubt=DOUBT)
times = []
for _ in range(3):
    begun = time.process_time()
    found = result(plan(problem, Act.IDLE))
    times.append(time.process_time() - begun)
tracemalloc.start()
result(plan(problem, Act.IDLE))
peak = tracemalloc.get_traced_memory()[1]
print(json.dumps({"slots": len(found.slots), "plan_s": min(times), "loop_s": loop_s, "peak_mb": peak / 1e6}))
"""
)


def rows(seen: dict[str, float], where: str, most_s: float) -> list[dict[str, Any]]:
    """Of what SCRIPT printed."""
    return [
        row(f"a plan of {seen['slots']:.0f} slots {where}", seen["plan_s"], "s", most_s),
        row(f"a plan of {seen['slots']:.0f} slots {where}: memory", seen["peak_mb"], "MB", MOST_MB),
    ]


def run() -> dict[str, float]:
    """Run SCRIPT on this machine."""
    command = [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(APP)!r})\n{SCRIPT}"]
    seen: dict[str, float] = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)
    return seen


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    seen = run()
    tell(f"a loop of a million turns takes {seen['loop_s']:.3f} s here, a plan {seen['plan_s']:.3f} s")
    return rows(seen, "on this machine", MOST_S / BOARD_TIMES)
