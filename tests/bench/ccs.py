"""How fast is a CCS car answered in the charging loop?

The whole tree charges a simulated car through simulated modems, in a network namespace of its own. `against` is a
plain echo by TCP over the same modems in the same charge, with the same priority: what is above it is our message
machine, its wait for `charger`, and the codec. A car gives up after 250 ms.
"""

import json
import statistics
import subprocess
from collections.abc import Callable
from typing import Any

from tests.bench.rows import row
from tests.support.plcutils import ROOT, in_namespace

PROTOCOLS = {"din": "DIN SPEC 70121", "iso2": "ISO 15118-2"}


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """The 95th percentile and the median of each dialect."""
    rows = []
    for dialect, name in PROTOCOLS.items():
        tell(name)
        words = in_namespace("tests.support.ccstimes", dialect)
        done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise RuntimeError(f"no charge by {name}: {done.stderr[-2000:]}")
        rows += rows_of(name, json.loads(done.stdout.splitlines()[-1]))
    return rows


def rows_of(name: str, times: dict[str, list[float]]) -> list[dict[str, Any]]:
    """Two rows of {"demand_ms", "echo_ms"}."""
    rows = []
    for percent in (95, 50):
        demand_ms, echo_ms = (
            statistics.quantiles(times[kind], n=100, method="inclusive")[percent - 1]
            for kind in ("demand_ms", "echo_ms")
        )
        rows.append(row(f"CurrentDemand answered, {name}, p{percent}, TCP echo", demand_ms, "ms", echo_ms))
    return rows
