"""No document of an owner, a meter or a card kills a program. `python -m tests.support.documents` tries more."""

from pathlib import Path

import pytest

from tests.support.documents import run, run_every_field


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(5))
def test_every_document_is_taken_or_refused_in_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    run(tmp_path, monkeypatch, seed, legal=100, hostile=200)


@pytest.mark.slow
def test_every_field_bears_every_hostile_value(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run_every_field(tmp_path, monkeypatch) > 2000
