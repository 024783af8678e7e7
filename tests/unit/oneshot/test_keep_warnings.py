"""Warnings of kernel and systemd on the data partition: a day's budget, also across restarts, and 14 days."""

import itertools
from pathlib import Path

import pytest

from v2h.oneshot.keep_warnings import BUDGET_B, DAYS, LAST, LINE_B, fitting, follow, keep

DAY_S = 86400.0


def test_lines_are_kept_in_the_file_of_their_day(tmp_path: Path) -> None:
    keep(tmp_path / "warnings", [b"kernel: first"], 0.0)
    keep(tmp_path / "warnings", [b"kernel: second", b"systemd: third"], DAY_S - 1)
    keep(tmp_path / "warnings", [b"kernel: next day"], DAY_S)
    kept = {path.name: path.read_text() for path in (tmp_path / "warnings").iterdir()}
    assert kept == {
        "1970-01-01.log": "kernel: first\nkernel: second\nsystemd: third\n",
        "1970-01-02.log": "kernel: next day\n",
    }


def test_a_stream_of_warnings_ends_with_the_budget_even_when_the_board_restarts(tmp_path: Path) -> None:
    for _ in range(300):  # each call is one start: no count is remembered
        keep(tmp_path, [b"kernel: over-current condition on port 1 " + b"x" * 90] * 50, 0.0)
    (log,) = tmp_path.iterdir()
    text = log.read_bytes()
    assert BUDGET_B - 2 * LINE_B - len(LAST) < len(text) <= BUDGET_B
    assert text.endswith(LAST) and text.count(LAST) == 1


def test_a_long_line_is_cut() -> None:
    assert fitting([b"y" * 5000], 0) == b"y" * LINE_B + b"\n"


def test_old_days_are_removed(tmp_path: Path) -> None:
    for day in range(DAYS + 3):
        keep(tmp_path, [b"kernel: line"], day * DAY_S)
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == DAYS and names[0] == "1970-01-04.log"


@pytest.mark.slow
def test_a_line_that_arrives_in_two_pieces_is_one_line(tmp_path: Path) -> None:
    waited = itertools.count()
    source = ["sh", "-c", "printf 'kernel: one\\nkernel: t'; sleep 0.2; printf 'wo\\n'; exit 3"]
    code = follow(source, tmp_path, lambda: next(waited) and None, lambda: 0.0)
    assert code == 3
    assert (tmp_path / "1970-01-01.log").read_text() == "kernel: one\nkernel: two\n"
    assert next(waited) == 2, "a pause after each write"
