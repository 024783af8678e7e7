"""The fault campaign: `scripts/faults`. Scenarios, random sessions, seeded defects, on all cores."""

import argparse
import gc
import json
import multiprocessing
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.faults import defects, kinds, mutation, scenarios, sessions, snapshots
from tests.faults.ccs.kind import CCS
from tests.faults.kinds import Kind
from tests.faults.scenarios import Outcome
from tests.faults.snapshots import Snapshot

SESSIONS = {kinds.CHADEMO.name: 20_000, CCS.name: 5_000}
CHUNK = 40
SPEED_GOAL = 2_000.0
HELP = """\
Runs the charging session, guard, the converter's client and make-safe in virtual time against a simulated car,
converter and cable, with faults, and judges volts, amps and relays by invariants. Writes build/faults.json; exits 0
when no invariant broke, else 1. That it can fail is shown by `make test`: each of the defects that tests/faults/defects
seeds is caught there; with --defects here as well.

examples:
  scripts/faults                                     everything, about 8 minutes on two cores
  scripts/faults --ccs                               with a CCS car, half an hour; build/faults-ccs.json
  scripts/faults --scenario 'energy, charge :: K off'  scenarios whose name holds both texts, with a trace
  scripts/faults --seed 4711                         one random session, with a trace, shortened if it breaks
  scripts/faults --sessions 500 --every 20   a quick look
  scripts/faults --defect d2_unmeasured              one seeded defect
  scripts/faults --mutants 200 --mutants-seed 7      mutants, see below; --only 12 runs the twelfth of them again
  scripts/faults --mutants 40 --file chademo/transitions.py --list   what would be drawn of one file

With --mutants the code of chademo, pre and safety is changed in one place, drawn by chance, and what should notice
runs: unit tests, session tests, a reduced campaign, and for a shell that runs in a process of its own the tests in
real time. Exits 1 when more than 5 % of the mutants survive; those that tests/faults/equivalent.toml names do not
count. Writes build/mutants.json.
200 take half an hour on two free cores, an hour on busy ones.
"""


@dataclass
class Tally:
    """Sums over outcomes."""

    count: int = 0
    virtual_s: float = 0.0
    active_s: float = 0.0
    cpu_s: float = 0.0
    events: int = 0
    flowed: int = 0
    ends: Counter[str] = field(default_factory=Counter)
    broken: list[Outcome] = field(default_factory=list)

    def add(self, cpu_s: float, outcomes: Iterable[Outcome]) -> None:
        self.cpu_s += cpu_s
        for outcome in outcomes:
            self.count += 1
            self.virtual_s += outcome.virtual_s
            self.active_s += outcome.active_s
            self.events += outcome.events
            self.flowed += outcome.flowed
            self.ends[outcome.end] += 1
            if outcome.broken:
                self.broken.append(outcome)


_STATE: dict[str, Any] = {}
"""Data that the workers inherit by fork: snapshots, scenarios, starts."""


def _prepare(kind: Kind) -> None:
    kind.prepare()
    _STATE["kind"] = kind
    _STATE["by_name"] = {fault.name: fault for fault in kind.faults}
    _STATE["snapshots"] = snapshots.take(kind.roads)
    _STATE["starts"] = kind.starts()
    gc.collect()
    gc.freeze()
    gc.disable()


def _all_scenarios() -> list[tuple[int, str]]:
    return [(i, fault.name) for i in range(len(_STATE["snapshots"])) for fault in _STATE["kind"].faults]


def _scenario(job: tuple[int, str]) -> Outcome:
    snapshot: Snapshot = _STATE["snapshots"][job[0]]
    return scenarios.run(snapshot, _STATE["by_name"][job[1]])


def _session(seed: int) -> Outcome:
    return sessions.run_seed(seed, _STATE["starts"], _STATE["kind"].repertoire)


def _chunk(work: tuple[str, list[Any]]) -> tuple[float, list[Outcome]]:
    """One worker's share: returns CPU seconds and outcomes."""
    functions: dict[str, Callable[[Any], Outcome]] = {"scenario": _scenario, "session": _session}
    function = functions[work[0]]
    begin = time.process_time()
    outcomes = [function(job) for job in work[1]]
    gc.collect()
    return time.process_time() - begin, outcomes


def _work(pool: Any, kind: str, jobs: list[Any], title: str) -> Tally:
    tally, begin, shown = Tally(), time.monotonic(), 0.0
    chunks: Iterator[tuple[str, list[Any]]] = ((kind, jobs[i : i + CHUNK]) for i in range(0, len(jobs), CHUNK))
    for cpu_s, outcomes in pool.imap_unordered(_chunk, chunks):
        known = len(tally.broken)
        tally.add(cpu_s, outcomes)
        for outcome in tally.broken[known:][: max(0, 10 - known)]:
            print(f"  {outcome.name}: {outcome.broken[0]}", flush=True)
        if time.monotonic() - shown > 10.0 or tally.count == len(jobs):
            shown = time.monotonic()
            print(
                f"{title}: {tally.count} of {len(jobs)}, {len(tally.broken)} broken, {shown - begin:.0f} s", flush=True
            )
    return tally


def _summary(name: str, tally: Tally, wall_s: float) -> None:
    count = max(1, tally.count)
    factor = tally.virtual_s / max(1e-9, tally.cpu_s)
    print(
        f"\n{name}: {tally.count}, {len(tally.broken)} broken; mean {tally.virtual_s / count:.1f} s virtual "
        f"({tally.active_s / count:.1f} s of them with a session running), {100 * tally.flowed / count:.0f} % in "
        f"energy flow;\n  {wall_s:.0f} s by the clock, {tally.cpu_s:.0f} s of CPU, {factor:.0f} times real time "
        f"per core, {tally.events / max(1e-9, tally.cpu_s) / 1000:.1f} thousand events a second and core"
    )
    print("  ends: " + ", ".join(f"{end} {number}" for end, number in tally.ends.most_common(12)))


def _show_broken(tally: Tally, kind: Kind) -> None:
    command = "scripts/faults" if kind is kinds.CHADEMO else f"scripts/faults --{kind.name}"
    rules = Counter(broken.rule for outcome in tally.broken for broken in outcome.broken)
    for rule, number in rules.most_common():
        print(f"  {number:5d} x {rule}")
    for outcome in tally.broken[:20]:
        first = outcome.broken[0]
        what = (
            f"--seed {outcome.name.split()[1]}" if outcome.name.startswith("seed ") else f"--scenario '{outcome.name}'"
        )
        print(f"  {outcome.name}\n      {first.t} s: {first.rule}: {first.text}\n      again: {command} {what}")


def _show(outcome: Outcome) -> int:
    print(outcome.name)
    print("\n".join(outcome.trace))
    for broken in outcome.broken:
        print(f"BROKEN at {broken.t} s: {broken.rule}: {broken.text}")
    print(f"end: {outcome.end}, {outcome.virtual_s:.1f} s; {len(outcome.broken)} invariants broken\n")
    return len(outcome.broken)


def _one_scenario(name: str) -> int:
    parts = [part.strip() for part in name.split("::")]
    wanted, fault_name = parts[0], parts[1] if len(parts) > 1 else ""
    known = _STATE["by_name"]
    chosen = [known[fault_name]] if fault_name in known else [f for f in known.values() if fault_name in f.name]
    picked = [s for s in _STATE["snapshots"] if wanted == s.name] or [
        s for s in _STATE["snapshots"] if wanted in s.name
    ]
    if not picked or not chosen:
        print(f"no scenario is called {name!r}; states are {sorted({s.name for s in _STATE['snapshots']})}")
        return 2
    return int(sum(_show(scenarios.run(s, fault, trace=True)) for s in picked for fault in chosen) > 0)


def _one_seed(seed: int) -> int:
    repertoire = _STATE["kind"].repertoire
    if not _show(sessions.run_seed(seed, _STATE["starts"], repertoire, trace=True)):
        return 0
    start, steps, outcome = sessions.shrink(seed, _STATE["starts"], repertoire)
    print(f"SHORTENED, from {start.name}: " + "; ".join(str(step) for step in steps))
    _show(outcome)
    return 1


def _arguments(given: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="faults", description=HELP, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--ccs", action="store_true", help="a charger with a CCS plug, and a CCS car")
    parser.add_argument("--scenario", metavar="NAME", help="only scenarios whose name holds NAME (state :: fault)")
    parser.add_argument("--seed", type=int, help="only this random session")
    parser.add_argument("--defect", metavar="NAME", help="only this seeded defect")
    parser.add_argument("--sessions", type=int, help=f"random sessions (default {SESSIONS})")
    parser.add_argument("--first-seed", type=int, default=1, help="seed of the first (default 1)")
    parser.add_argument("--every", type=int, default=1, help="only every Nth scenario (default 1: all)")
    parser.add_argument("--all", action="store_true", help="every moment with every fault, some 6,000 scenarios")
    parser.add_argument("--defects", action="store_true", help="all seeded defects as well, a minute")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="processes (default: one a core)")
    parser.add_argument("--out", type=Path, help="default build/faults.json, with --ccs build/faults-ccs.json")
    mutants = parser.add_argument_group("mutants")
    mutants.add_argument("--mutants", type=int, metavar="N", help="run N mutants instead of the campaign")
    mutants.add_argument("--mutants-seed", type=int, metavar="S", help="which are drawn (default: by chance, printed)")
    mutants.add_argument("--file", help="only of this file below app/v2h")
    mutants.add_argument("--only", type=int, metavar="N", help="only the Nth of those drawn")
    mutants.add_argument("--list", action="store_true", help="show what is drawn, run nothing")
    mutants.add_argument("--mutants-out", type=Path, default=Path("build/mutants.json"), help="default %(default)s")
    return parser.parse_args(given)


def main(given: list[str] | None = None) -> int:
    args = _arguments(given)
    if args.defect is not None:
        return defects.main_one(args.defect)
    if args.mutants is not None:
        return mutation.main(args)
    kind = CCS if args.ccs else kinds.CHADEMO
    count = SESSIONS[kind.name] if args.sessions is None else args.sessions
    out = args.out or Path("build/faults-ccs.json" if args.ccs else "build/faults.json")
    begin = time.monotonic()
    _prepare(kind)
    if args.scenario is not None:
        return _one_scenario(args.scenario)
    if args.seed is not None:
        return _one_seed(args.seed)
    jobs = (_all_scenarios() if args.all else scenarios.chosen(_STATE["snapshots"], kind.faults))[:: args.every]
    print(f"{len(_STATE['snapshots'])} moments x {len(kind.faults)} faults, {len(_STATE['starts'])} starts of sessions")
    with multiprocessing.get_context("fork").Pool(args.jobs) as pool:
        found = _work(pool, "scenario", jobs, "scenarios")
        middle = time.monotonic()
        seeds = list(range(args.first_seed, args.first_seed + count))
        drawn = _work(pool, "session", seeds, "random sessions")
    late = time.monotonic()
    caught: dict[str, str] = defects.run_all(args.jobs, kind.name) if args.defects else {}
    _summary("scenarios", found, middle - begin)
    _show_broken(found, kind)
    _summary("random sessions", drawn, late - middle)
    _show_broken(drawn, kind)
    missed = [name for name, by in caught.items() if not by]
    if caught:
        print(f"\nseeded defects: {len(caught) - len(missed)} of {len(caught)} caught, {time.monotonic() - late:.0f} s")
        print("".join(f"  NOT CAUGHT: {name}\n" for name in missed), end="")
    report = _report(found, drawn, caught, time.monotonic() - begin)
    out.parent.mkdir(parents=True, exist_ok=True)
    out.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    good = not report["broken"] and not missed
    print(f"\n{'good' if good else 'BROKEN'} after {report['wall_s']:.0f} s; {out}")
    return 0 if good else 1


def _report(found: Tally, drawn: Tally, caught: dict[str, str], wall_s: float) -> dict[str, Any]:
    cpu_s = found.cpu_s + drawn.cpu_s
    count = max(1, drawn.count)
    return {
        "scenarios": found.count,
        "random_sessions": drawn.count,
        "broken": [
            {"name": outcome.name, "rule": broken.rule, "at_s": broken.t, "text": broken.text}
            for outcome in (*found.broken, *drawn.broken)
            for broken in outcome.broken
        ],
        "speed_factor": round((found.virtual_s + drawn.virtual_s) / max(1e-9, cpu_s), 1),
        "speed_factor_goal": SPEED_GOAL,
        "seeded_defects": len(caught),
        "caught": sum(1 for by in caught.values() if by),
        "caught_by": caught,
        "session_mean_s": round(drawn.virtual_s / count, 2),
        "session_mean_active_s": round(drawn.active_s / count, 2),
        "reached_energy": round(drawn.flowed / count, 4),
        "scenario_mean_s": round(found.virtual_s / max(1, found.count), 2),
        "virtual_h": round((found.virtual_s + drawn.virtual_s) / 3600, 1),
        "cpu_s": round(cpu_s, 1),
        "wall_s": round(wall_s, 1),
        "ends": dict((found.ends + drawn.ends).most_common()),
    }


if __name__ == "__main__":
    sys.exit(main())
