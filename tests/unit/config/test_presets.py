"""Presets of meters: the shipped files, and the owner's own files beside v2h.toml."""

from pathlib import Path

import pytest

from v2h.config.presets import JsonLayout, find
from v2h.config.site import load

OWN = 'kind = "mqtt"\n[layout]\npower = ["grid.w"]\nscale = 1000\n'


def card(folder: Path, preset: str, text: str | None = None) -> Path:
    """A card whose grid meter names a preset, with a preset file of the owner if there is a text."""
    (folder / "meters").mkdir()
    if text is not None:
        (folder / "meters" / "mine.toml").write_text(text)
    path = folder / "v2h.toml"
    path.write_text(f'[meter.grid]\nkind = "mqtt"\nhost = "h"\ntopic = "t"\npreset = "{preset}"\n')
    return path


def test_an_owner_adds_a_preset_as_a_file_beside_the_configuration(tmp_path: Path) -> None:
    path = card(tmp_path, "mine", OWN)
    assert load([path]).errors == ()
    assert find("mqtt", "mine", [path]).layout == JsonLayout(("grid.w",), 1000.0)


def test_the_owners_file_goes_before_a_shipped_one(tmp_path: Path) -> None:
    path = card(tmp_path, "glow")
    (tmp_path / "meters" / "glow.toml").write_text(OWN)
    assert find("mqtt", "glow", [path]).layout.power == ("grid.w",)
    assert find("mqtt", "glow", []).layout.power == ("electricitymeter.power.value",)


@pytest.mark.parametrize(
    ("preset", "text", "says"),
    [
        ("glo", None, "meter.grid.preset: 'glo' is no preset; did you mean glow?"),
        ("homewizard", None, "'homewizard' is a preset of kind http, not of kind mqtt"),
        ("mine", "kind = ", "mine.toml: Invalid value"),
        ("mine", 'kind = "x"\n[layout]\npower = ["w"]\n', 'mine.toml: kind = \'x\' is not "mqtt" or "http"'),
        ("mine", 'kind = "mqtt"\n', "mine.toml: layout.power is missing"),
        ("mine", OWN + "volts = 1\n", "mine.toml: unknown key layout.volts; did you mean layout.voltage?"),
        ("mine", OWN + 'frequency = ["f"]\n', "mine.toml: layout.frequency = ['f'] is not a text"),
        ("mine", 'kind = "mqtt"\nresource = "/x"\n[layout]\npower = ["w"]\n', 'resource is for kind "http" alone'),
        ("mine", 'kind = "mqtt"\nunit = 1\n[layout]\npower = ["w"]\n', "mine.toml: unknown key unit"),
    ],
)
def test_a_preset_that_cannot_be_used_keeps_the_appliance_idle_and_is_named(
    tmp_path: Path, preset: str, text: str | None, says: str
) -> None:
    (error,) = load([card(tmp_path, preset, text)]).errors
    assert error.startswith("v2h.toml: ") and says in error
