"""Presets of meters: the shipped files, and the owner's own files beside v2h.toml."""

from pathlib import Path

import pytest

from v2h.config.loading import load
from v2h.config.presets import JsonLayout, find

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


def test_a_preset_of_registers_makes_a_modbus_meter(tmp_path: Path) -> None:
    path = tmp_path / "v2h.toml"
    path.write_text('[meter.grid]\nkind = "modbus"\nhost = "h"\npreset = "solaredge"\n')
    assert load([path]).errors == ()
    table = find("modbus", "solaredge", [path]).registers
    assert table is not None and (table.power, table.format) == ("40206 * 10^40210", "int16")


@pytest.mark.parametrize(
    ("preset", "text", "says"),
    [
        ("mine", "x = " + "[" * 3000, "mine.toml: nested too deeply"),
        ("mine", "x = " + "9" * 5000, "mine.toml: Exceeds the limit"),
        ("glo", None, "meter.grid.preset: 'glo' is no preset; did you mean glow?"),
        ("homewizard", None, "'homewizard' is a preset of kind http, not of kind mqtt"),
        ("mine", "kind = ", "mine.toml: Invalid value"),
        ("mine", 'kind = "x"\n[layout]\npower = ["w"]\n', 'mine.toml: kind = \'x\' is not "mqtt", "http" or'),
        ("mine", 'kind = "mqtt"\n', "mine.toml: layout.power is missing"),
        ("mine", OWN + "volts = 1\n", "mine.toml: unknown key layout.volts; did you mean layout.voltage?"),
        ("mine", OWN + 'frequency = ["f"]\n', "mine.toml: layout.frequency = ['f'] is not a text"),
        ("mine", 'kind = "mqtt"\nresource = "/x"\n[layout]\npower = ["w"]\n', 'resource is for kind "http" alone'),
        ("mine", OWN + 'import_energy = ["a..b"]\n', "mine.toml: 'a..b' is not keys and list positions"),
        ("mine", 'kind = "modbus"\n', "mine.toml: registers.power is missing"),
        ("mine", 'kind = "modbus"\n[registers]\npower = "x"\n', "mine.toml: registers.power = 'x' is not one to three"),
        ("mine", 'kind = "modbus"\n[registers]\nwatts = "1"\n', "mine.toml: unknown key registers.watts"),
        ("mine", 'kind = "modbus"\n[registers]\npower = "1"\nformat = "f"\n', "registers.format = 'f' is not one of"),
        ("mine", 'kind = "mqtt"\nlayout = 1\n', "mine.toml: layout is a value; write it as a table, [layout]"),
        ("mine", 'kind = "modbus"\nkeepalive = "x"\n', 'mine.toml: keepalive is for kind "mqtt" alone'),
        ("mine", 'kind = "mqtt"\nunit = 1\n[layout]\npower = ["w"]\n', "mine.toml: unknown key unit"),
    ],
)
def test_a_preset_that_cannot_be_used_keeps_the_appliance_idle_and_is_named(
    tmp_path: Path, preset: str, text: str | None, says: str
) -> None:
    (error,) = load([card(tmp_path, preset, text)]).errors
    assert error.startswith("v2h.toml: ") and says in error
