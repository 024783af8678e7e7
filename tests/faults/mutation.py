"""Mutation test: `scripts/faults --mutants 200`. Draws mutants, runs each in its own process, names the survivors."""

import argparse
import json
import os
import random
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tests.faults import mutants
from tests.faults.mutants import Mutant
from tests.faults.mutated import STAGES, SURVIVED, Verdict
from tests.faults.ondisk import CRASHED, LATE, SHELLS

ROOT = Path(__file__).resolve().parents[2]
PATIENCE = 3.0
"""A mutant may take this many times as long as the unchanged program."""
LONGEST_S = 600.0
ATTEMPTS = 2
"""Runs of a mutant whose process a signal ends: that end comes from outside and says nothing about the mutant."""
MOST_SURVIVORS = 0.05
EQUIVALENT = "equivalent"


@dataclass(frozen=True, slots=True)
class Tried:
    number: int
    mutant: Mutant
    verdict: Verdict
    wall_s: float

    def json(self) -> dict[str, object]:
        """One row of the report."""
        mutant, verdict = self.mutant, self.verdict
        place = {"n": self.number, "file": mutant.file, "line": mutant.line, "operator": mutant.operator}
        how = {"result": verdict.result, "by": verdict.by, "why": verdict.why, "wall_s": round(self.wall_s, 1)}
        return place | {"old": mutant.old, "new": mutant.new} | how


def run(module: str, source: str, stages: Iterable[str] = STAGES, limit_s: float = LONGEST_S) -> Verdict:
    """The stage that notices that `module` has this source; module "" is the unchanged program."""
    job = json.dumps({"module": module, "source": source, "stages": list(stages)})
    command = [sys.executable, "-m", "tests.faults.mutated"]
    paths = os.pathsep.join([str(ROOT / "app"), str(ROOT)])
    plain = {**os.environ, "PYTHONPATH": paths, "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}
    for _ in range(ATTEMPTS):
        try:
            done = subprocess.run(
                command, input=job, capture_output=True, text=True, timeout=limit_s, cwd=ROOT, env=plain, check=False
            )
        except subprocess.TimeoutExpired:
            return Verdict(LATE, "", f"more than {limit_s:.0f} s")
        if done.returncode >= 0:
            break
    else:
        return Verdict(SURVIVED, "", f"no test failed, signal {-done.returncode} ended it {ATTEMPTS} times")
    lines = done.stdout.splitlines()
    if done.returncode or not lines:
        return Verdict(CRASHED, "", f"exit {done.returncode}: {(done.stderr.strip().splitlines() or [''])[-1]}")
    return Verdict(**json.loads(lines[-1]))


def diff(mutant: Mutant) -> str:
    """The changed line, before and after."""
    return f"{mutant.title}: {mutant.operator}\n  - {mutant.old}\n  + {mutant.new}"


def stages(mutant: Mutant) -> list[str]:
    """Only the converter's client uses the foreign server; the tests in real time are only for the shells."""
    out = {"foreign"} if not mutant.file.startswith("pre/") else set()
    out |= {"tree"} if mutant.file not in SHELLS else set()
    return [stage for stage in STAGES if stage not in out]


def _try(job: tuple[int, Mutant, float]) -> Tried:
    number, mutant, limit_s = job
    begin = time.monotonic()
    if any(known.is_(mutant) for known in mutants.equivalents()):
        return Tried(number, mutant, Verdict(EQUIVALENT), 0.0)
    verdict = run(mutant.module, mutant.source, stages(mutant), limit_s)
    return Tried(number, mutant, verdict, time.monotonic() - begin)


def _table(title: str, tried: list[Tried], by: str) -> None:
    keys = sorted({getattr(one.mutant, by) for one in tried})
    print(f"\n{title:28} noticed  survived")
    for key in keys:
        counted = Counter(one.verdict.result == SURVIVED for one in tried if getattr(one.mutant, by) == key)
        print(f"{key:28} {counted[False]:7d}  {counted[True]:8d}")


def summary(tried: list[Tried]) -> bool:
    """Prints what was noticed and what survived; returns whether few enough survived."""
    counted = [one for one in tried if one.verdict.result != EQUIVALENT]
    survivors = [one for one in counted if one.verdict.result == SURVIVED]
    _table("file", counted, "file")
    _table("operator", counted, "operator")
    results = Counter(one.verdict.result for one in tried)
    stages = Counter(one.verdict.by for one in counted if one.verdict.by)
    print("\n" + ", ".join(f"{number} {result}" for result, number in results.most_common()))
    print("noticed first by: " + ", ".join(f"{stage} {number}" for stage, number in stages.most_common()))
    for one in sorted(survivors, key=lambda one: (one.mutant.file, one.mutant.line)):
        print(f"\nSURVIVED {one.number}: {diff(one.mutant)}")
    return len(survivors) <= MOST_SURVIVORS * len(counted)


def _unchanged() -> float | None:
    """Seconds that the unchanged program takes; None when it does not pass, and then no mutant can be judged."""
    begin = time.monotonic()
    verdict = run("", "")
    if verdict.result == SURVIVED:
        return time.monotonic() - begin
    print(f"the unchanged program does not pass: {verdict.by}: {verdict.why}")
    return None


def main(args: argparse.Namespace) -> int:
    """args.mutants, mutants_seed, file, only, list, jobs, mutants_out."""
    texts = mutants.sources()
    if args.file is not None:
        if args.file not in texts:
            print(f"no file is called {args.file!r}; there are: {', '.join(texts)}")
            return 2
        texts = {args.file: texts[args.file]}
    seed = random.SystemRandom().randrange(1, 10_000) if args.mutants_seed is None else args.mutants_seed
    drawn = list(enumerate(mutants.draw(texts, args.mutants, seed), 1))
    again = f"--mutants {args.mutants} --mutants-seed {seed}" + (f" --file {args.file}" if args.file else "")
    print(f"{len(drawn)} mutants of {len(texts)} files; again: scripts/faults {again}", flush=True)
    if args.only is not None:
        drawn = [one for one in drawn if one[0] == args.only]
        if not drawn:
            print(f"there is no mutant {args.only}")
            return 2
    if args.list:
        for number, mutant in drawn:
            print(f"{number}: {diff(mutant)}")
        return 0
    begin = time.monotonic()
    plain_s = _unchanged()
    if plain_s is None:
        return 2
    limit_s = PATIENCE * plain_s
    print(f"the unchanged program passes in {plain_s:.0f} s; a mutant has {limit_s:.0f} s", flush=True)
    tried: list[Tried] = []
    with ThreadPoolExecutor(args.jobs) as pool:
        for one in pool.map(_try, [(number, mutant, limit_s) for number, mutant in drawn]):
            tried.append(one)
            said = one.verdict
            how = f"{said.result} {said.by} {said.why}".strip()[:110]
            print(
                f"mutant {one.number}, {len(tried)} of {len(drawn)}, {one.mutant.title}, {one.wall_s:.1f} s: {how}",
                flush=True,
            )
    good = summary(tried)
    wall_s = time.monotonic() - begin
    report = {"seed": seed, "mutants": len(tried), "good": good, "wall_s": round(wall_s, 1)}
    args.mutants_out.parent.mkdir(parents=True, exist_ok=True)
    rows = {"tried": [one.json() for one in tried]}
    args.mutants_out.write_text(json.dumps(report | rows, indent=1) + "\n", encoding="utf-8")
    print(f"\n{'good' if good else 'TOO MANY SURVIVE'} after {wall_s:.0f} s; {args.mutants_out}")
    return 0 if good else 1
