"""v2h.toml: named ADC inputs, and the battery whose naming allows assumed voltages."""

from pathlib import Path

import pytest

from v2h.config import AdcInput, Config, load


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "v2h.toml"
    path.write_text(text, encoding="utf-8")
    return load([path])


def test_nothing_said_means_no_input_and_no_assumption(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert (config.adc, config.car.cells_in_series, config.cable.scale_v_per_v) == ({}, 0, 0)


def test_inputs_have_names_scales_and_offsets(tmp_path: Path) -> None:
    text = """
        [adc.battery_side]
        channel = 3
        scale_v_per_v = 101.5
        offset_v = -0.4
        [adc.five_volts]
        channel = 7
    """
    config = read(tmp_path, text)
    assert config.errors == ()
    assert config.adc == {"battery_side": AdcInput(3, 101.5, -0.4), "five_volts": AdcInput(7, 1, 0)}


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[adc.x]\nchannel = 8", "adc.x.channel = 8 is not a number from 0 to 7"),
        ("[adc.x]\nscale_v_per_w = 2", "did you mean adc.x.scale_v_per_v?"),
        ("[adc]\nx = 3", "write it as a table, [adc.x]"),
        ("[car]\ncells_in_series = 400", "car.cells_in_series = 400 is not a number from 0 to 120"),
    ],
)
def test_mistakes_are_named_and_nothing_of_the_file_is_used(tmp_path: Path, text: str, words: str) -> None:
    config = read(tmp_path, "[cable]\nscale_v_per_v = 100\n" + text)
    assert any(words in error for error in config.errors), config.errors
    assert config.cable.scale_v_per_v == 0
