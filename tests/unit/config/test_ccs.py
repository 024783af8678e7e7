"""[ccs] of v2h.toml: off unless it is there, and refused without an insulation monitor."""

from pathlib import Path

import pytest

from v2h.config.ccs import Ccs
from v2h.config.listing import keys_of
from v2h.config.loading import load
from v2h.config.site import Config

MONITOR = 'insulation_monitor = "serial:/dev/v2h-imd?unit=3"'


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "v2h.toml"
    path.write_text(text, encoding="utf-8")
    return load([path])


def test_without_the_table_there_is_no_ccs(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert (config.ccs, config.errors) == (None, ())
    assert not [key for key in keys_of(config) if key.name.startswith("ccs")]


def test_a_monitor_is_all_that_must_be_named(tmp_path: Path) -> None:
    config = read(tmp_path, f"[ccs]\n{MONITOR}")
    assert config.errors == ()
    assert config.ccs == Ccs("serial:/dev/v2h-imd?unit=3", "serial:/dev/v2h-pilot", "both")
    assert "ccs.protocols" in [key.name for key in keys_of(config)]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[ccs]", "ccs.insulation_monitor is missing: the insulation monitor"),
        ("[ccs]", "A CCS car switches its own monitor off and relies on the charger's: without one there is no CCS"),
        ('[ccs]\nprotocols = "din"', "ccs.insulation_monitor is missing"),
        ('[ccs]\ninsulation_monitor = ""', "insulation_monitor = '' is not an address such as \"serial:/dev/v2h-imd"),
        ('[ccs]\ninsulation_monitor = "none"', "ccs.insulation_monitor = 'none' is not an address"),
        ('[ccs]\ninsulation_monitor = "serial:/dev/x?unit=256"', "is not an address"),
        (f'[ccs]\n{MONITOR}\nprotocols = "tls"', "ccs.protocols = 'tls' is not one of both, din, iso2"),
        (f'[ccs]\n{MONITOR}\npilot_box = "tcp:here"', "ccs.pilot_box = 'tcp:here' is not an address"),
        (f"[ccs]\n{MONITOR}\npilots = 1", "unknown key ccs.pilots"),
        ("ccs = true", "write it as a table, [ccs]"),
        (
            f"[ccs]\n{MONITOR}\n[car]\ncells_in_series = 96\npack_kwh = 40",
            "[ccs] and car.cells_in_series = 96 do not go together",
        ),
        (
            f'[ccs]\n{MONITOR}\n[cable]\nscale_v_per_v = 120\nby = "converter"',
            '[ccs] and cable.by = "converter" do not go together',
        ),
    ],
)
def test_what_is_refused(tmp_path: Path, text: str, words: str) -> None:
    config = read(tmp_path, text)
    assert any(words in error for error in config.errors), config.errors
    assert config.ccs is None
