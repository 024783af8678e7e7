"""Tests of the mutation tool: what it changes, that a seed fixes the draw, and that the mutant is what runs."""

import functools
from collections import Counter
from pathlib import Path

import pytest

from tests.faults import mutants, mutated, mutation
from tests.faults.mutants import Mutant
from tests.faults.mutated import SURVIVED, Verdict
from tests.faults.ondisk import CAUGHT, CRASHED

ROOT = Path(__file__).parents[2]
LIMITS = "chademo/limits.py"


def changes(source: str) -> set[tuple[str, str]]:
    """(operator, the changed line) of every mutant."""
    return {(made.operator, made.new) for made in mutants.all_of("x.py", source)}


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("x = a < b", {("comparison", "x = a <= b"), ("comparison", "x = a >= b")}),
        ("x = (a) == (b)", {("comparison", "x = (a) != (b)")}),
        ("x = a is not None", {("comparison", "x = a is None")}),
        ("x = a not  in b", {("comparison", "x = a in b")}),
        ("x = a != b in c", {("comparison", "x = a == b in c"), ("comparison", "x = a != b not in c")}),
        ("x = a and b or c", {("and/or", "x = a or b or c"), ("and/or", "x = a and b and c")}),
        ("x = 8.0", {("constant", "x = 9.6")}),
        ("x = -0.2", {("constant", "x = -0.24")}),
        ("x = 0.0", {("constant", "x = 1.0")}),
        ("x = 0", {("constant", "x = 1")}),
        ("x = 1", {("constant", "x = 0")}),
        ("x = 2", {("constant", "x = 3")}),
        ("x = 60", {("constant", "x = 72")}),
        ("x = True", {("constant", "x = False")}),
        ("x = 0x40", {("constant", "x = 0x41")}),
        ("x = a & 1", {("constant", "x = a & 2")}),
        ("µ = 5", {("constant", "µ = 6")}),
    ],
)
def test_what_is_changed(source: str, expected: set[tuple[str, str]]) -> None:
    assert changes(source) == expected


def test_a_line_of_a_function_is_removed() -> None:
    source = "def f(a):\n    b = g(a)\n    h(\n        b,\n    )\n    b += a\n    return b\n"
    made = [one for one in mutants.all_of("x.py", source) if one.operator == "removal"]
    assert [one.line for one in made] == [2, 3, 6, 7]
    assert made[1].source == "def f(a):\n    b = g(a)\n    pass\n    b += a\n    return b\n"


@pytest.mark.parametrize(
    "source",
    [
        '"""Words with 5 and < in them."""',
        "x = 'four' 'teen'",
        "x = f'{a * 100:.1f} %'",
        "import a",
        "class A:\n    b: int\n    c: Literal[3] = d",
        "@dataclass(frozen=True)\nclass A:\n    ...",
        "def f(a: Literal[3]) -> Literal[4]:\n    '''Words.'''",
        "def f():\n    if a:\n        b: int\n    return None",
    ],
)
def test_what_is_left_alone(source: str) -> None:
    assert changes(source) == set()


def test_a_comment_between_operands_is_no_operator() -> None:
    made = list(mutants.all_of("x.py", "x = (\n    a  # not < b and c\n    < b\n)\n"))
    assert [(one.line, one.new) for one in made] == [(3, "<= b"), (3, ">= b")]


def test_a_seed_is_a_draw_in_proportion_to_the_places() -> None:
    texts = mutants.sources()
    once, again, other = (mutants.draw(texts, 100, seed) for seed in (5, 5, 6))
    assert once == again
    assert len(set(once)) == len(once) == 100
    assert once != other
    sizes = {file: len(mutants.places(text)) for file, text in texts.items()}
    drawn = Counter(one.file for one in once)
    for file, size in sizes.items():
        assert abs(drawn[file] - 100 * size / sum(sizes.values())) < 1.0, file


def test_every_mutant_changes_one_file_of_the_three_rooms() -> None:
    texts = mutants.sources()
    assert {file.split("/")[0] for file in texts} == set(mutants.ROOMS)
    for one in mutants.draw(texts, 60, 1):
        assert one.source != texts[one.file]
        assert texts[one.file].splitlines()[one.line - 1].strip() == one.old != one.new


@functools.cache
def of_limits(old: str, new: str) -> Mutant:
    [made] = [one for one in mutants.all_of(LIMITS, mutants.sources()[LIMITS]) if old in one.old and new in one.new]
    return made


def test_a_mutant_runs_in_place_of_the_file_and_is_caught() -> None:
    late = of_limits("BLEED_A = ", "-0.24")
    before = (mutants.APP / "v2h" / LIMITS).read_bytes()
    verdict = mutation.run(late.module, late.source + "raise ArithmeticError(BLEED_A.value)\n", ["campaign"])
    assert verdict == Verdict(CRASHED, "campaign", "ArithmeticError: -0.24")
    assert (mutants.APP / "v2h" / LIMITS).read_bytes() == before


def test_a_planted_mutant_is_caught_by_a_test_and_one_without_effect_survives() -> None:
    guard = mutants.sources()["safety/rules.py"]
    assert guard.count("return _told_below(view, request, UNLOCK_V)") == 1
    broken = guard.replace("return _told_below(view, request, UNLOCK_V)", "return True")
    verdict = mutation.run("v2h.safety.rules", broken, ["unit"])
    assert (verdict.result, verdict.by) == (CAUGHT, "unit")
    assert verdict.why.startswith("tests/unit/safety/test_")
    assert mutation.run("v2h.safety.rules", guard + "_WITHOUT_EFFECT = 1\n", ["unit"]) == Verdict(SURVIVED)


def test_a_module_that_cannot_be_imported_is_a_crash_and_no_catch() -> None:
    verdict = mutation.run("v2h.safety.rules", "raise LookupError('planted')\n", ["unit"])
    assert (verdict.result, verdict.by) == (CRASHED, "unit")
    assert verdict.why.endswith("LookupError: planted")


KILLED = """
import os, pathlib
ran = pathlib.Path({folder!r})
with (ran / str(os.getpid())).open("x"):
    pass
if len(list(ran.iterdir())) <= {times}:
    os.kill(os.getpid(), 15)
raise LookupError("planted")
"""


@pytest.mark.parametrize(("times", "result", "ran"), [(1, CRASHED, 2), (9, SURVIVED, 2)])
def test_a_process_that_is_ended_from_outside_is_run_again_and_notices_nothing(
    tmp_path: Path, times: int, result: str, ran: int
) -> None:
    verdict = mutation.run("v2h.safety.rules", KILLED.format(folder=str(tmp_path), times=times), ["unit"])
    assert verdict.result == result
    assert len(list(tmp_path.iterdir())) == ran


def test_tests_that_read_source_exist_and_are_left_out() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests" / "session").glob("test_*.py"))
    assert [name for name in mutated.READ_SOURCE if f"def {name}(" not in text] == []
    with_source = {
        file.name for file in (ROOT / "tests" / "session").glob("*.py") if '.rglob("*.py")' in file.read_text()
    }
    assert with_source == {"test_normal_session.py", "test_predecessor_faults.py"}


def test_every_equivalent_mutant_can_be_made_and_has_a_reason() -> None:
    texts = mutants.sources()
    for known in mutants.equivalents():
        assert any(known.is_(made) for made in mutants.all_of(known.file, texts[known.file])), known
        assert known.reason.endswith("."), known


def tried(result: str, number: int) -> mutation.Tried:
    return mutation.Tried(number, of_limits("BLEED_A = ", "-0.24"), Verdict(result), 1.0)


@pytest.mark.parametrize(("survivors", "good"), [(1, True), (2, False)])
def test_more_than_5_percent_of_survivors_are_too_many(
    survivors: int, good: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    results = [SURVIVED] * survivors + [CAUGHT] * (20 - survivors) + ["equivalent"] * 30
    assert mutation.summary([tried(result, number) for number, result in enumerate(results)]) is good
    said = capsys.readouterr().out
    assert said.count("\nSURVIVED ") == survivors
    assert "app/v2h/chademo/limits.py:" in said
