"""[meter.ROLE] of v2h.toml: the keys of each kind, errors that say what to write, and the card's examples."""

import re
from pathlib import Path

import pytest

from v2h.config.loading import load
from v2h.config.meter_kinds import (
    HttpMeter,
    ModbusMeter,
    MqttMeter,
    Registers,
    RegisterTable,
    Stpm3xMeter,
    read_registers,
)
from v2h.config.site import Config

CARD = Path(__file__).resolve().parents[3] / "image" / "firmware" / "v2h.toml"


@pytest.fixture
def read(tmp_path: Path) -> object:
    def read(text: str) -> Config:
        path = tmp_path / "v2h.toml"
        path.write_text(text, encoding="utf-8")
        return load([path])

    return read


def test_without_a_word_the_chip_is_the_grids_meter(read) -> None:  # type: ignore[no-untyped-def]
    assert read("").meter == {"grid": Stpm3xMeter()}
    assert read('[meter.charger]\nkind = "stpm3x"\nchannel = 2').meter == {
        "grid": Stpm3xMeter(),
        "charger": Stpm3xMeter(channel=2),
    }


def test_each_kind_has_its_keys_and_a_fallback_of_another_kind(read) -> None:  # type: ignore[no-untyped-def]
    config = read("""
[meter.grid]
kind = "modbus"
host = "10.0.0.7"
framing = "rtu"
model = "sdm630"
sign = -1
lag_s = 0.4
[meter.grid.fallback]
kind = "mqtt"
host = "10.0.0.2"
topic = "evcc/site/grid/power"
preset = "evcc"
[meter.solar]
kind = "http"
url = "http://10.0.0.9/power.json"
path = "now.watts"
[meter.charger]
kind = "modbus"
host = "10.0.0.8"
model = "other"
[meter.charger.registers]
function = "holding"
format = "int32"
words = "little"
power = "0x28 * 0.1"
""")
    assert config.errors == ()
    fallback = MqttMeter(host="10.0.0.2", topic="evcc/site/grid/power", preset="evcc")
    assert config.meter == {
        "grid": ModbusMeter(host="10.0.0.7", framing="rtu", model="sdm630", sign=-1, lag_s=0.4, fallback=fallback),
        "solar": HttpMeter(url="http://10.0.0.9/power.json", path="now.watts"),
        "charger": ModbusMeter(
            host="10.0.0.8",
            model="other",
            registers=RegisterTable(function="holding", format="int32", words="little", power="0x28 * 0.1"),
        ),
    }


GRID = "[meter.grid]\n"
MODBUS = GRID + 'kind = "modbus"\nhost = "a"\n'
OTHER = MODBUS + 'model = "other"\n'
MQTT = GRID + 'kind = "mqtt"\nhost = "a"\n'
HTTP = GRID + 'kind = "http"\n'


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[meter.gird]", "unknown table meter.gird; did you mean meter.grid?"),
        ("[meter.house]", "unknown table meter.house; known here: grid, charger, solar"),
        ("meter = 3", "meter = 3 is a value; write it as a table"),
        (GRID + 'kind = "modbuss"', "meter.grid.kind = 'modbuss' is not one of stpm3x, modbus, mqtt, http"),
        (GRID + 'kind = "modbus"', "meter.grid.host is missing: the meter's or gateway's address"),
        (GRID + "lag_s = 61", "meter.grid.lag_s = 61 is not a number from 0 to 60 (s by which the reading"),
        (MODBUS + 'hst = "b"', "unknown key meter.grid.hst; did you mean meter.grid.host?"),
        (MODBUS + 'topic = "b"', "meter.grid.topic is not a key of kind modbus: it belongs to kind mqtt"),
        (MODBUS + "port = 70000", "meter.grid.port = 70000 is not a whole number from 1 to 65535"),
        (OTHER, 'model "other" needs the table [meter.grid.registers]'),
        (OTHER + '[meter.grid.registers]\nformat = "float32"', "meter.grid.registers.power is missing"),
        (OTHER + '[meter.grid.registers]\npower = "0xFFFFF"', "meter.grid.registers.power = '0xFFFFF' is not one to"),
        (MQTT + 'topic = "a/+/power"', "meter.grid.topic = 'a/+/power' is not one MQTT topic without"),
        (HTTP + 'url = "192.168.1.2"', "meter.grid.url = '192.168.1.2' is not an address such as"),
        (HTTP + 'url = "http://me:pw@a/"', "name and password have keys of their own"),
        (HTTP + 'url = "http://a"\npath = "a..b"', "meter.grid.path = 'a..b' is not keys and list positions"),
        ("[meter.grid.fallback.fallback]", "meter.grid.fallback.fallback is not a key of kind stpm3x: a fallback has"),
    ],
)
def test_errors_say_what_and_where(read, text: str, words: str) -> None:  # type: ignore[no-untyped-def]
    config = read(text)
    assert any(words in error for error in config.errors), config.errors
    assert config.meter == {"grid": Stpm3xMeter()}, "a bad file is used not at all"


@pytest.mark.parametrize(
    ("words", "registers"),
    [
        ("12", Registers((12,), 1.0)),
        ("0x0C 0x0E 0x10 * 0.1", Registers((12, 14, 16), 0.1)),
        ("12, 14*-1", Registers((12, 14), -1.0)),
    ],
)
def test_registers_in_words(words: str, registers: Registers) -> None:
    assert read_registers(words) == registers


@pytest.mark.parametrize("kind", ["modbus", "mqtt", "http"])
def test_the_cards_examples_are_good(read, kind: str) -> None:  # type: ignore[no-untyped-def]
    block = re.search(rf'(?:^#     .*\n)*^#     kind = "{kind}"\n(?:^#     .*\n)*', CARD.read_text(), re.MULTILINE)
    assert block is not None
    config = read("[meter.grid]\n" + re.sub(r"^#     ", "", block[0], flags=re.MULTILINE))
    assert config.errors == ()
    assert config.meter["grid"].kind == kind
