"""One seeded defect against a reduced campaign: `python -m tests.faults.reduced NAME`; prints what caught it."""

import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.faults.defects import BY_NAME, seed

if TYPE_CHECKING:
    from tests.faults.scenarios import Outcome

STRIDE = 37
SESSIONS = 60


def outcomes(aims: tuple[str, ...]) -> "Iterator[Outcome]":
    """First the named faults at every moment, then scenarios from everywhere, then random sessions."""
    from tests.faults import scenarios, sessions, snapshots
    from tests.faults.faults import BY_NAME as FAULTS
    from tests.faults.quick import remember

    remember()
    taken = snapshots.take()
    late_first = sorted(taken, key=lambda snapshot: str(snapshot.state) != "energy")
    for aim in aims:
        for snapshot in late_first:
            yield scenarios.run(snapshot, FAULTS[aim])
    jobs = [(snapshot, fault) for snapshot in taken for fault in FAULTS.values()]
    for snapshot, fault in jobs[::STRIDE]:
        yield scenarios.run(snapshot, fault)
    starts = sessions.starts()
    for number in range(1, SESSIONS + 1):
        yield sessions.run_seed(number, starts)


def main() -> int:
    defect = BY_NAME[sys.argv[1]]
    seed(defect)
    tried = 0
    for outcome in outcomes(defect.aims):
        tried += 1
        if outcome.broken:
            broken = outcome.broken[0]
            print(f"caught: by try {tried}, {outcome.name}: {broken.rule}: {broken.text}")
            return 0
    print(f"not caught in {tried} tries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
