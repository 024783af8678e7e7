"""`make bench`: every measurement, one after the other in one run, to the screen and build/bench.json.

A measurement is a module here with measure(tell) -> [{"name", "value", "unit", "against", "ratio"}]: what was measured,
what it is compared with in the same run, and value / against. tell() takes a line of progress. Add a row to MEASURES.
"""

import argparse
import importlib
import json
import sys
import time
from pathlib import Path
from typing import Any

MEASURES = {
    "matching": "load matching beside the oracle and the other laws",
    "honest": "load matching where telemetry flickers and meters filter, average or are noisy",
    "month": "a month at 1 s: how long it takes, do the counters balance",
    "estimated": "a month without a meter at the charger: energy and money beside the truth (20 minutes)",
    "plan": "a made year of half-hour prices: what the plan saves, beside perfect foresight",
    "planner": "one plan of 192 slots: time and memory on this machine",
    "captures": "decoding and replaying a recorded session, beside its own length",
    "cpu": "CPU of the tree, per program: at start, at rest, in V2H",
    "crowd": "the page in a crowd of 200 clients and 180 silent or slow connections: stops, load following",
    "ccs": "how fast a CCS car is answered in the charging loop, beside a TCP echo on the same line",
    "gateway": "20 minutes of random messages to the gateway: its memory",
    "sdwrites": "bytes that the log writes, beside the predecessor's",
    "ccs_board": "the program ccs on the emulated board (20 minutes): CPU and memory without a car, and in a charge",
    "board": "the emulated board (two hours): memory, presses, writes to the card, load steps with each kind of meter",
}
"""Module of this folder -> what it measures."""
OUTPUT = Path(__file__).parents[2] / "build" / "bench.json"
KEYS = {"name", "value", "unit", "against", "ratio"}


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="bench",
        description="Measure, print a table, write build/bench.json.",
        epilog="example: scripts/bench month",
    )
    parser.add_argument("measure", nargs="*", metavar="NAME", help=f"only these of {', '.join(MEASURES)} (all)")
    names = parser.parse_args().measure or list(MEASURES)
    for name in names:
        if name not in MEASURES:
            parser.error(f"{name!r} is not one of {', '.join(MEASURES)}")
    rows: list[dict[str, Any]] = []
    for name in names:
        started = time.monotonic()
        print(f"bench: {MEASURES[name]}", file=sys.stderr)
        found = importlib.import_module(f"tests.bench.{name}").measure(_tell)
        for row in found:
            if set(row) != KEYS:
                raise ValueError(f"bench.{name}: a measurement with the keys {sorted(row)}, not {sorted(KEYS)}")
            print(f"{row['value']:>12g} {row['unit']:4} {row['against']:>12g} {row['ratio']:>8g}  {row['name']}")
        rows += found
        print(f"bench: {name} took {time.monotonic() - started:.0f} s", file=sys.stderr)
    OUTPUT.parent.mkdir(exist_ok=True)
    OUTPUT.write_text(json.dumps(rows, indent=1) + "\n", encoding="utf-8")
    print(f"bench: {len(rows)} measurements in {OUTPUT}", file=sys.stderr)
    return 0


def _tell(text: str) -> None:
    print(f"  {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
