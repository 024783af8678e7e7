"""v2h.toml: named ADC inputs, and the battery whose naming allows assumed voltages."""

from pathlib import Path

import pytest

from v2h.config.loading import load
from v2h.config.meter_kinds import MqttMeter
from v2h.config.site import AdcInput, Config


def read(tmp_path: Path, text: str) -> Config:
    path = tmp_path / "v2h.toml"
    path.write_text(text, encoding="utf-8")
    return load([path])


def test_nothing_said_means_no_input_and_no_assumption(tmp_path: Path) -> None:
    config = read(tmp_path, "")
    assert (config.adc, config.car.cells_in_series, config.cable.scale_v_per_v) == ({}, 0, 0)
    named = read(tmp_path, "[car]\ncells_in_series = 96\npack_kwh = 40")
    assert (named.errors, named.car.cells_in_series, named.car.pack_kwh) == ((), 96, 40)


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
        ("[adc.x]\nchannel = 8", "adc.x.channel = 8 is not a whole number from 0 to 7"),
        ("[adc.x]\nscale_v_per_w = 2", "did you mean adc.x.scale_v_per_v?"),
        ("[adc]\nx = 3", "write it as a table, [adc.x]"),
        ("[car]\ncells_in_series = 400", "car.cells_in_series = 400 is not a whole number from 0 to 120"),
        ("[adc]\nx = " + "[" * 3000, "v2h.toml: nested too deeply"),
        ("[adc]\nx = " + "{a=" * 3000, "v2h.toml: nested too deeply"),
        ("[adc]\nx = " + "9" * 5000, "v2h.toml: Exceeds the limit (4300 digits)"),
        ("[car]\ncells_in_series = 96", "known here: 96 cells and 24 kWh (Nissan Leaf 24 kWh)"),
        ("[car]\ncells_in_series = 96\npack_kwh = 62", "car.pack_kwh = 62: no voltages are known"),
        ("[car]\ncells_in_series = 96.5\npack_kwh = 40", "96.5 is not a whole number from 0 to 120"),
        ("[limits]\nsoc_min_pct = 80\nsoc_max_pct = 60", "limits.soc_min_pct = 80 is not at least 5 % below"),
        ("[limits]\nsoc_min_pct = 93", "limits.soc_min_pct = 93 is not at least 5 % below limits.soc_max_pct = 90"),
        (
            '[site]\ntimezone = "Europe/Londn"',
            "site.timezone = 'Europe/Londn' is not a time zone such as Europe/London; did you mean Europe/London?",
        ),
        ('[site]\nname = "a\\u0000b"', "site.name = 'a\\x00b' is not a text of printable letters"),
        ("[meter.grid]\nsign = 0", "meter.grid.sign = 0 is not one of 1, -1"),
        ("[meter.grid]\nsign = true", "meter.grid.sign = True is not one of 1, -1"),
        ("[meter.grid]\nchannel = 1.5", "meter.grid.channel = 1.5 is not a whole number from 1 to 2"),
        ('[hardware]\nad7327 = "/dev/spidev1.1"', "hardware.ad7327 = '/dev/spidev1.1' is not an address such as"),
        ('[web]\nlisten = "80"', "web.listen = '80' is not an address and a port such as"),
        ('[web]\nlisten = "0.0.0.0:99999"', "is not an address and a port"),
    ],
)
def test_mistakes_are_named_and_nothing_of_the_file_is_used(tmp_path: Path, text: str, words: str) -> None:
    config = read(tmp_path, "[cable]\nscale_v_per_v = 100\n" + text)
    assert any(words in error for error in config.errors), config.errors
    assert config.cable.scale_v_per_v == 0


@pytest.mark.parametrize(
    "text",
    [
        'kind = "mqtt"\nhost = "broker"\ntopic = "t"\npassword = 48151623',
        'kind = "mqtt"\nhost = "broker"\ntopic = "t"\npassword = ["48151623"]',
        '[meter.grid.fallback]\nkind = "mqtt"\nhost = "broker"\ntopic = "t"\npassword = 48151623',
        'kind = "http"\nurl = "http://me:48151623@192.168.1.20/"',
        'kind = "http"\nurl = "http://192.168.1.20/"\npassword = 48151623',
        'kind = "http"\nurl = "http://192.168.1.20/"\ntoken = 48151623',
    ],
)
def test_no_meters_password_is_ever_shown(tmp_path: Path, text: str) -> None:
    (error,) = read(tmp_path, f"[meter.grid]\n{text}").errors
    assert "meter.grid." in error and "48151623" not in error


def test_a_meters_password_is_taken_and_stays_out_of_sight(tmp_path: Path) -> None:
    config = read(tmp_path, '[meter.grid]\nkind = "mqtt"\nhost = "broker"\ntopic = "t"\npassword = "x"')
    meter = config.meter["grid"]
    assert isinstance(meter, MqttMeter) and meter.password == "x" and config.errors == ()
    assert "password" not in repr(config)
    (error,) = read(tmp_path, '[meter.grid]\nkind = "mqtt"\nhost = "b"\ntopic = "t"\npassword = 1').errors
    assert "meter.grid.password is not a text in quotes of at most 65535 characters" in error


@pytest.mark.parametrize("how", ["utf-8", "utf-8-sig"])
def test_a_file_may_begin_with_the_mark_of_windows_notepad(tmp_path: Path, how: str) -> None:
    path = tmp_path / "v2h.toml"
    path.write_text('[site]\r\nname = "Café"\r\n', encoding=how)
    config = load([path, path])
    assert (config.errors, config.site.name) == ((), "Café")


@pytest.mark.parametrize(
    ("text", "reading"),
    [
        ('[web]\nreading = "owner"\n[site]\nname = "Garage', "owner"),
        ('[web]\nreading = "open"\n[site]\nname = "Garage', "owner"),
        ('[web]\nreading = "ownr"', "owner"),
        ('[site\nweb = {host_names = "#", reading = "owner"}', "owner"),
        ('[site]\nname = "Garage\n  # reading = "owner"', "open"),
        ('[web]\nreading = 3\nhost_names = "x"', "owner"),
        ('[web]\nreading = "owner"\n[site]\nnme = "Garage"', "owner"),
        ('[web]\nreading = "open"\n[site]\nnme = "Garage"', "open"),
        ('[site]\nnme = "Garage"', "open"),
        ("web = 3", "open"),
        ("", "open"),
    ],
)
def test_no_mistake_opens_reading_to_everyone(tmp_path: Path, text: str, reading: str) -> None:
    """A file that is no TOML may have closed it if it names the key at all."""
    config = read(tmp_path, text)
    assert config.web.reading == reading and bool(config.errors) == (text != "")
    (tmp_path / "v2h.toml").write_bytes(text.encode("utf-16"))  # as some editors save it
    assert load([tmp_path / "v2h.toml"]).web.reading == ("owner" if "\nreading = " in text or "{" in text else "open")


OWN = '[web]\nhost_names = "mine.home"\nlisten = "127.0.0.1:80"\nreading = "owner"\n'


@pytest.mark.parametrize(
    "text",
    [
        OWN + "[limits]\nmax_charge_a = 40\n",
        OWN + "[limits\nmax_charge_a = 10\n",
        "[limits\nmax_charge_a = 10\n" + OWN + "max = \n",
        OWN.replace("owner", "onwer"),
    ],
    ids=["a wrong value", "no TOML after it", "no TOML around it", "a misspelt reading"],
)
def test_the_page_stays_where_and_as_closed_as_it_was_in_spite_of_an_error(tmp_path: Path, text: str) -> None:
    config = read(tmp_path, text)
    assert config.errors != ()
    assert (config.web.host_names, config.web.listen, config.web.reading) == ("mine.home", "127.0.0.1:80", "owner")


@pytest.mark.parametrize("text", ["[limits\n", '[web]\nlisten = "80"\nhost_names = 5\n[x]\nreading = "owner"\n'])
def test_what_is_not_known_of_the_page_is_the_default(tmp_path: Path, text: str) -> None:
    config = read(tmp_path, text)
    assert (config.web.host_names, config.web.listen, config.web.reading) == ("", "0.0.0.0:80", "open")


@pytest.mark.parametrize("listen", ["0.0.0.0:80", "*:8080", "[::]:80", "localhost:80", "127.0.0.1:65535"])
def test_addresses_to_listen_at(tmp_path: Path, listen: str) -> None:
    config = read(tmp_path, f'[meter.grid]\nsign = -1\n[web]\nlisten = "{listen}"\n')
    assert (config.errors, config.web.listen, config.meter["grid"].sign) == ((), listen, -1)
