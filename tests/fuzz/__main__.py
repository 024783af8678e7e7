"""Random charging sessions, started by hand: see --help."""

import argparse
import multiprocessing
import sys
import time
from collections import Counter
from collections.abc import Iterator

from tests.faults import quick
from tests.fuzz.plan import CABLES, draw
from tests.fuzz.run import Outcome, run, run_seeds, shrink

EXAMPLES = """\
examples:
  scripts/fuzz                                   1000 sessions with each kind of cable, on two processors
  scripts/fuzz --sessions 25000 --first-seed 7   more
  scripts/fuzz --cable assumed --seed 165        one session with its trace, shrunk if it breaks something
"""
SHOWN_A_KIND = 3
SHRUNK_A_KIND = 1
CHUNK = 50


def arguments(argv: list[str]) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="scripts/fuzz",
        description="Random charging sessions in virtual time: random cars, converters, sensors, programs and people"
        " with 0 to 3 troubles each, judged by rules that know nothing of the software under test.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--cable", choices=(*CABLES, "all"), default="all", help="how its voltage is known")
    parser.add_argument("--sessions", type=int, default=1000, help="how many with each kind of cable (%(default)s)")
    parser.add_argument("--first-seed", type=int, default=1, help="(%(default)s)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (%(default)s)")
    parser.add_argument("--seed", type=int, help="only this session, with its trace")
    parser.add_argument("--no-shrink", action="store_true", help="do not look for the smallest session that breaks")
    return parser.parse_args(argv)


def command(outcome: Outcome) -> str:
    """The command that repeats this session with a trace."""
    return f"scripts/fuzz --cable {outcome.plan.cable} --seed {outcome.plan.seed}"


def _outcomes(cables: list[str], first: int, sessions: int, jobs: int) -> Iterator[Outcome]:
    work = [
        (cable, first + start, min(CHUNK, sessions - start)) for start in range(0, sessions, CHUNK) for cable in cables
    ]
    if jobs <= 1:
        for job in work:
            yield from run_seeds(job)
        return
    with multiprocessing.get_context("spawn").Pool(jobs) as pool:
        for outcomes in pool.imap_unordered(run_seeds, work):
            yield from outcomes


def _one(seed: int, cable: str, *, smaller: bool) -> int:
    """Print a session with its trace, and the smallest session that breaks the same rules."""
    outcome = run(draw(seed, cable), trace=True)
    print("\n".join(outcome.trace))
    print(f"ends in {outcome.ended}; energy {'reached' if outcome.reached else 'not reached'}")
    for kind in sorted(outcome.kinds):
        print(f"BROKEN {kind}")
        if smaller:
            print(*("    " + line for line in shrink(outcome.plan, kind).lines()), sep="\n")
    return 1 if outcome.broken else 0


def _report(broken: dict[tuple[str, str], list[Outcome]], *, smaller: bool) -> None:
    for (cable, kind), outcomes in sorted(broken.items(), key=lambda row: (row[0][0], -len(row[1]))):
        print(f"\n{len(outcomes)} x {kind} (cable {cable})")
        for outcome in sorted(outcomes, key=lambda o: (len(o.plan.troubles), o.plan.seed))[:SHOWN_A_KIND]:
            t, _, detail = next(row for row in outcome.broken if row[1] == kind)
            print(f"    {command(outcome)}    # at {t:.2f} s {detail}")
        if smaller:
            for outcome in sorted(outcomes, key=lambda o: (len(o.plan.troubles), o.plan.seed))[:SHRUNK_A_KIND]:
                print("    needs no more than:")
                print(*("      " + line for line in shrink(outcome.plan, kind).lines()), sep="\n")


def main(argv: list[str]) -> int:
    args = arguments(argv)
    quick.remember()
    cables = list(CABLES) if args.cable == "all" else [args.cable]
    if args.seed is not None:
        return max(_one(args.seed, cable, smaller=not args.no_shrink) for cable in cables)
    began = time.monotonic()
    done: Counter[str] = Counter()
    reached: Counter[str] = Counter()
    begun: Counter[str] = Counter()
    hit: Counter[str] = Counter()
    broken: dict[tuple[str, str], list[Outcome]] = {}
    total, virtual_s, told = args.sessions * len(cables), 0.0, began
    for outcome in _outcomes(cables, args.first_seed, args.sessions, args.jobs):
        cable = outcome.plan.cable
        done[cable] += 1
        reached[cable] += outcome.reached
        virtual_s += outcome.seconds
        begun.update(outcome.begun)
        if outcome.broken:
            hit.update(set(outcome.begun) or {"(no trouble)"})
        for kind in outcome.kinds:
            print(f"BROKEN {kind}: {command(outcome)}", file=sys.stderr)
            broken.setdefault((cable, kind), []).append(outcome)
        if time.monotonic() - told > 10.0:
            told = time.monotonic()
            count = sum(done.values())
            bad = sum(len(outcomes) for outcomes in broken.values())
            print(f"{count} of {total} sessions, {count / (told - began):.0f} a second, {bad} broken", file=sys.stderr)
    spent_s = time.monotonic() - began
    print("trouble: sessions in which it came to pass (of these, with something broken)")
    for name, count in begun.most_common():
        print(f"  {count:6} ({hit[name]}) {name}")
    print(f"  {hit['(no trouble)']} sessions without any trouble broke something")
    _report(broken, smaller=not args.no_shrink)
    print()
    for cable in cables:
        print(f"cable {cable}: {done[cable]} sessions, {reached[cable] / max(1, done[cable]):.0%} reached energy")
    rate = sum(done.values()) / spent_s
    print(f"{rate:.1f} sessions a second, {virtual_s / 3600:.1f} hours of charging in {spent_s:.0f} s")
    if any(reached[cable] * 2 < done[cable] for cable in cables):
        print("TOO FEW sessions reach energy")
        return 1
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
