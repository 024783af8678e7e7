"""After a fallback, a key of v2h.toml that only the newer version knows is named, and costs nothing else."""

from pathlib import Path

import pytest

from v2h.config.loading import load, read_card
from v2h.config.page_edits import Edits

TEXT = """
[limits]
max_charge_a = 9
brand_new_a = 3
[forecast]
model = "sunny"
[meter.grid]
kind = "sma"
encryption = "on"
[meter.wallbox]
kind = "sma"
"""
KEYS = ("limits.brand_new_a", "forecast", "meter.grid.encryption", "meter.wallbox")


@pytest.fixture
def card(tmp_path: Path) -> Path:
    (tmp_path / "v2h.toml").write_text(TEXT)
    return tmp_path / "v2h.toml"


def test_without_a_newer_version_each_unknown_key_is_an_error(card: Path) -> None:
    config = load([card])
    assert len(config.errors) == 4 and config.aside == () and "unknown key limits.brand_new_a" in config.errors[0]


def test_after_a_fallback_they_are_named_and_the_others_hold(card: Path) -> None:
    config = load([card], newer=True)
    assert config.errors == () and config.aside == KEYS and config.newer
    assert config.limits.max_charge_a == 9 and config.meter["grid"].kind == "sma"


def test_any_other_error_remains_one(card: Path) -> None:
    card.write_text(TEXT + '[site]\ntimezone = "Nowhere"\n')
    config = load([card], newer=True)
    assert len(config.errors) == 1 and "Nowhere" in config.errors[0]


def test_the_pages_edits_stay_too(card: Path) -> None:
    edits = Edits(page={"limits.max_discharge_a": 7.0, "limits.newer_still": 1}, card={"limits.max_discharge_a": {}})
    config = load([card], edits, newer=True)
    assert config.limits.max_discharge_a == 7 and config.errors == ()
    assert "limits.max_discharge_a" not in read_card([card], edits, newer=True).laid.dropped
    assert read_card([card], edits).errors != []
