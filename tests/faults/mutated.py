"""One mutant in a separate process: `python -m tests.faults.mutated`, with a job as JSON on standard input.

The module is imported from the changed text, and the stages that may notice the change run in order until something
fails: the unit tests of the three rooms, those of the mutant's room first; for a shell the tests in real time, see
ondisk.py; the session tests, the reduced campaign, the fuzzed frames where there are any, and the converter's client
against a foreign server, which sleeps for a second per test. The last line is the verdict as JSON.

Tests that read the program's source are left out: they notice a missing name, not what the program then does.
"""

import contextlib
import io
import json
import resource
import sys
import traceback
from dataclasses import asdict, dataclass
from pathlib import Path

import pytest

from tests.faults import ondisk
from tests.faults.ondisk import CAUGHT, CRASHED, LATE
from tests.faults.reduced import outcomes
from tests.faults.seeding import seed

ROOT = Path(__file__).resolve().parents[2]
FOREIGN = "tests/session/test_pre_client_canopen.py"
STAGES: dict[str, tuple[str, ...]] = {
    "unit": (
        "tests/unit/chademo",
        "tests/unit/pre",
        "tests/unit/safety",
        "tests/unit/capture/test_formats.py",
    ),
    "tree": (),
    "session": ("tests/session/test_*.py",),
    "campaign": (),
    "fuzz": ("tests/fuzz",),
    "foreign": (FOREIGN,),
}
"""Stages in the order in which they run: the file patterns of the tests that run in this process; empty otherwise."""
READ_SOURCE = frozenset(
    {
        "test_no_limit_is_dead",
        "test_every_fault_has_words_for_people_and_says_what_to_do",
        "test_only_guard_and_make_safe_can_reach_an_output",
    }
)
TEST_LIMIT_S = 20
"""A test that takes longer hangs; the slowest takes 1 s."""
FUZZ_LIMIT_S = 150
"""The fuzzer's tests take 4 s each, and took 21 s on a busy machine: a late test does not prove that it noticed."""
MEMORY = 3 << 30
SURVIVED = "survived"


@dataclass(frozen=True, slots=True)
class Verdict:
    """by: the stage. why: the test or invariant that failed, or the unexpected exception."""

    result: str
    by: str = ""
    why: str = ""


class _First:
    """A pytest plug-in: keeps the first failure and leaves out the tests that read source."""

    def __init__(self) -> None:
        self.verdict: tuple[str, str] | None = None

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if getattr(item, "originalname", item.name) not in READ_SOURCE]

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        if report.failed and self.verdict is None:
            self.verdict = CRASHED, f"{report.nodeid}: {_last_line(report.longreprtext)}"

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed and self.verdict is None:
            late = "Timeout (" in report.longreprtext
            self.verdict = LATE if late else CAUGHT, report.nodeid


def _last_line(text: str) -> str:
    errors = [line.removeprefix("E").strip() for line in text.splitlines() if line.startswith("E ")]
    return (errors or text.splitlines() or [""])[-1]


def _test(stage: str, room: str) -> tuple[str, str] | None:
    """The first failure; None when no test failed or there is no test to run."""
    found = [path for pattern in STAGES[stage] for path in sorted(ROOT.glob(pattern))]
    found.sort(key=lambda path: room not in path.name)
    paths = [str(path) for path in found if stage == "foreign" or path != ROOT / FOREIGN]
    if not paths:
        return None
    first = _First()
    plain = ["-x", "-q", "-p", "no:cacheprovider", "-p", "no:randomly", "--hypothesis-profile=ci"]
    said = io.StringIO()
    with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        limit_s = FUZZ_LIMIT_S if stage == "fuzz" else TEST_LIMIT_S
        code = pytest.main([*plain, f"--timeout={limit_s}", *paths], plugins=[first])
    if first.verdict is None and code != pytest.ExitCode.OK:
        return CRASHED, f"pytest ended with {int(code)}: {_last_line(said.getvalue())}"
    return first.verdict


def _campaign() -> tuple[str, str] | None:
    for outcome in outcomes(("none",)):
        if outcome.broken:
            return CAUGHT, f"{outcome.name}: {outcome.broken[0].rule}"
    return None


def _noticed(stage: str, file: str, source: str) -> tuple[str, str] | None:
    if stage == "campaign":
        return _campaign()
    return ondisk.noticed(file, source) if stage == "tree" else _test(stage, file.partition("/")[0])


def judge(stages: list[str], file: str, source: str) -> Verdict:
    """The first stage that notices. An exception that no test expected is a crash. file: below app/v2h, or ""."""
    for stage in stages:
        try:
            found = _noticed(stage, file, source)
        except Exception as error:  # noqa: BLE001 - any effect of the mutant is the answer
            return Verdict(CRASHED, stage, "".join(traceback.format_exception_only(error)).strip())
        if found is not None:
            return Verdict(found[0], stage, found[1])
    return Verdict(SURVIVED)


def main() -> int:
    job = json.load(sys.stdin)
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    module, source = job["module"], job["source"]
    if module:
        seed(module, source)
    file = module.removeprefix("v2h.").replace(".", "/") + ".py" if module else ""
    print(json.dumps(asdict(judge(job["stages"], file, source))))
    return 0


if __name__ == "__main__":
    sys.exit(main())
