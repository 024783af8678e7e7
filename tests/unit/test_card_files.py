"""The files on the card's FAT partition, which the owner edits: what they say of the defaults is true."""

import dataclasses
import re
import tomllib
from pathlib import Path

from v2h.config import Config, load

CARD = Path(__file__).resolve().parents[2] / "image" / "firmware"


def test_shipped_settings_change_nothing() -> None:
    assert load([CARD / "v2h.toml"]) == Config()


def test_every_setting_that_is_off_shows_its_default(tmp_path: Path) -> None:
    text = (CARD / "v2h.toml").read_text(encoding="utf-8")
    switched_on = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    assert sum(map(len, tomllib.loads(switched_on).values())) >= 10, "the settings are there, and on"
    path = tmp_path / "v2h.toml"
    path.write_text(switched_on, encoding="utf-8")
    read = load([path])
    assert read.errors == ()
    assert dataclasses.asdict(read) == dataclasses.asdict(Config())


def test_nobody_may_log_in_to_a_new_card() -> None:
    lines = (CARD / "authorized_keys").read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)
