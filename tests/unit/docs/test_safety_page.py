"""SAFETY.md against the tests that it names: a changed row changes an assertion, and every row has a proof."""

import re

import pytest

from tests.faults.defects import DEFECTS
from tests.faults.faults import FAULTS
from tests.support.safetypage import ROOT, limits, rows

WITHOUT_LIMIT = {"stop-lost", "clock", "forged-frames", "ccs-wrong-car", "ccs-stranger"}
"""Rows that promise no figure: their tests are about an order of events."""


def proof_files(row: str) -> list[str]:
    return re.findall(r"`(tests/[a-z_/0-9]+\.py)::\w+`", rows()[row][6])


def test_the_page_has_its_rows() -> None:
    assert len(rows()) >= 25
    assert {row for row in rows() if not limits(row)} == WITHOUT_LIMIT


@pytest.mark.parametrize(("row", "name"), [(row, name) for row in rows() for name in limits(row)])
def test_each_figure_is_read_by_a_test_that_its_row_names(row: str, name: str) -> None:
    mode = re.compile(r", (measured|assumed)$")
    for file in proof_files(row):
        source = (ROOT / file).read_text(encoding="utf-8")
        source = source.replace("'", '"')
        if f'"{row}"' in source and (f'"{name}"' in source or f'f"{mode.sub(", {mode}", name)}"' in source):
            return
    pytest.fail(f"no test that the row {row} names asks for its {name!r}")


@pytest.mark.parametrize("row", list(rows()))
def test_each_row_has_a_proof_that_exists(row: str) -> None:
    proof = rows()[row][6]
    named = re.findall(r"`(tests/[a-z_/0-9]+\.py)::(\w+)`", proof)
    assert named or "ampaign" in proof
    for file, function in named:
        assert f"def {function}(" in (ROOT / file).read_text(encoding="utf-8"), f"{file}::{function}"


def test_what_the_rows_name_of_the_campaign_exists() -> None:
    """A name that ends with "..." stands for all that begin so."""
    known = {"defect ": {defect.name for defect in DEFECTS}, "": {fault.name for fault in FAULTS}}
    named = [(row, *found) for row in rows() for found in re.findall(r'campaign (defect )?"([^"]+)"', rows()[row][6])]
    assert len(named) > 20
    for row, kind, name in named:
        start = name.removesuffix("...")
        assert any(one == name or (start != name and one.startswith(start)) for one in known[kind]), (row, name)
