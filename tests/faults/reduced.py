"""One seeded defect against a reduced campaign: `python -m tests.faults.reduced NAME`; prints what caught it."""

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import TYPE_CHECKING

from tests.faults.defects import BY_NAME
from tests.faults.seeding import seed

if TYPE_CHECKING:
    from tests.faults.scenarios import Outcome

STRIDE = 37
SESSIONS = 60


def outcomes(aims: tuple[str, ...], of: str = "chademo") -> "Iterator[Outcome]":
    """First the named faults at every moment, then a sample of all scenarios, then random sessions."""
    from tests.faults import kinds, scenarios, sessions, snapshots

    kind = kinds.CHADEMO
    if of != kind.name:
        from tests.faults.ccs.kind import CCS

        kind = CCS
    known = {fault.name: fault for fault in kind.faults}
    kind.prepare()
    for road in kind.roads[: kind.short]:  # one by one: driving them all takes longer than most defects survive
        late_first = sorted(snapshots.take((road,)), key=lambda snapshot: str(snapshot.state) != "energy")
        for aim in aims:
            for snapshot in late_first:
                yield scenarios.run(snapshot, known[aim])
    taken = snapshots.take(kind.roads)
    jobs = [(snapshot, fault) for snapshot in taken for fault in kind.faults]
    for snapshot, fault in jobs[::STRIDE]:
        yield scenarios.run(snapshot, fault)
    starts = kind.starts()
    for number in range(1, SESSIONS + 1):
        yield sessions.run_seed(number, starts, kind.repertoire)


def failing(tests: tuple[str, ...]) -> str:
    """The first of these tests that fails against the seeded module, or "". Errors while collecting do not count."""
    import pytest

    found: list[str] = []

    class Watch:
        def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
            if report.failed and report.when == "call":
                found.append(report.nodeid)

    with contextlib.redirect_stdout(io.StringIO()):
        code = pytest.main(["-x", "-q", "-p", "no:cacheprovider", *tests], plugins=[Watch()])
    if code not in (pytest.ExitCode.OK, pytest.ExitCode.TESTS_FAILED):
        raise ValueError(f"the tests {tests} could not be run: {code!r}")
    return found[0] if found else ""


def main() -> int:
    defect = BY_NAME[sys.argv[1]]
    seed(defect.module, defect.seeded())
    if defect.tests:
        failed = failing(defect.tests)
        print(f"caught: by {failed}" if failed else "not caught by its tests")
        return 0
    tried = 0
    for outcome in outcomes(defect.aims, defect.kind):
        tried += 1
        if outcome.broken:
            broken = outcome.broken[0]
            print(f"caught: by try {tried}, {outcome.name}: {broken.rule}: {broken.text}")
            return 0
    print(f"not caught in {tried} tries")
    return 0


if __name__ == "__main__":
    sys.exit(main())
