"""Edits of the page over the card's v2h.toml: key by key, the newer card wins, and none keeps the charger idle."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from v2h.config.loading import load, read_card
from v2h.config.meter_kinds import HttpMeter, MqttMeter
from v2h.config.page_edits import HAS_SECRET, NOT_HERE, Edits, editable, read_edits, said_of
from v2h.config.site import Config

HTTP = {"meter.grid.kind": "http", "meter.grid.url": "http://192.168.1.20", "meter.grid.sign": -1}
MQTT = '[meter.grid]\nkind = "mqtt"\nhost = "broker"\ntopic = "t"\npassword = "48151623"\n'


class Site:
    """A card's file, and edits that were made while it held what it holds."""

    def __init__(self, folder: Path, text: str = "") -> None:
        self.path = folder / "v2h.toml"
        self.write(text)

    def write(self, text: str) -> None:
        self.path.write_text(text, encoding="utf-8")

    def edits(self, page: dict[str, Any], *groups: str) -> Edits:
        card = read_card([self.path], Edits()).content
        return Edits(page, {group: said_of(card, group) for group in groups or page})

    def load(self, edits: Edits) -> Config:
        return load([self.path], edits)

    def dropped(self, edits: Edits) -> dict[str, str]:
        return dict(read_card([self.path], edits).laid.dropped)


def test_an_edit_is_laid_over_the_card_key_by_key(tmp_path: Path) -> None:
    site = Site(tmp_path, "[limits]\nmax_charge_a = 10\nmax_discharge_a = 11\n")
    config = site.load(site.edits({"limits.max_charge_a": 6, "site.name": "Garage"}))
    assert (config.errors, config.limits.max_charge_a, config.limits.max_discharge_a) == ((), 6, 11)
    assert config.site.name == "Garage"
    assert site.path.read_text() == "[limits]\nmax_charge_a = 10\nmax_discharge_a = 11\n"


def test_a_newer_card_wins_for_the_key_that_it_changed(tmp_path: Path) -> None:
    site = Site(tmp_path, "[limits]\nmax_charge_a = 10\n")
    edits = site.edits({"limits.max_charge_a": 6, "site.name": "Garage"})
    site.write("[limits]\nmax_charge_a = 9\n[car]\ncells_in_series = 96\npack_kwh = 40\n")
    config = site.load(edits)
    assert (config.limits.max_charge_a, config.site.name) == (9, "Garage")
    assert site.dropped(edits) == {"limits.max_charge_a": ""}
    site.write("")
    assert site.load(edits).limits.max_charge_a == 15, "taking the key out of the file changes it as well"


def test_a_scale_falls_with_its_channel(tmp_path: Path) -> None:
    site = Site(tmp_path, "[cable]\nadc_channel = 3\n")
    edits = site.edits({"cable.scale_v_per_v": 120.5}, "cable")
    assert site.load(edits).cable.scale_v_per_v == 120.5
    site.write("[cable]\nadc_channel = 4\n")
    assert site.load(edits).cable.scale_v_per_v == 0


@pytest.mark.slow
@pytest.mark.parametrize(
    ("page", "groups"),
    [
        ({"limits.max_charge_a": 60}, ("limits.max_charge_a",)),
        ({"limits.max_charge_a": "6"}, ("limits.max_charge_a",)),
        ({"limits.max_charge_a": float("nan")}, ("limits.max_charge_a",)),
        ({"limits.max_charge_a": 10**400}, ("limits.max_charge_a",)),
        ({"limits.max_charge_a": {"a": []}}, ("limits.max_charge_a",)),
        ({"limits.no_such_key": 1}, ("limits.no_such_key",)),
        ({"limits.soc_min_pct": 80, "limits.soc_max_pct": 60}, ("limits.soc",)),
        ({"car.cells_in_series": 96, "car.pack_kwh": 62}, ("car",)),
        ({"site.timezone": "Europe/Londn"}, ("site.timezone",)),
        ({"site.name": "\ud83d"}, ("site.name",)),
        ({"meter.grid.kind": "http"}, ("meter.grid",)),
        ({"meter.grid.kind": ["http"]}, ("meter.grid",)),
        ({**HTTP, "meter.grid.preset": "none-such"}, ("meter.grid",)),
        ({"meter.solar.channel": 2, "meter.solar.host": "x"}, ("meter.solar",)),
    ],
)
def test_no_edit_keeps_the_charger_idle_and_the_others_hold(
    tmp_path: Path, page: dict[str, Any], groups: tuple[str, ...]
) -> None:
    site = Site(tmp_path)
    edits = site.edits({"panel.button_lamps_inverted": False, **page}, "panel.button_lamps_inverted", *groups)
    config = site.load(edits)
    assert config.errors == () and config.panel.button_lamps_inverted is False
    assert config.limits == Config().limits and config.site == Config().site and config.meter == Config().meter
    assert list(site.dropped(edits)) == list(groups) and site.dropped(edits)[groups[0]] != ""


@pytest.mark.parametrize(
    "key",
    [
        "hardware.pre_can",
        "hardware.can_identity",
        "web.listen",
        "web.reading",
        "web.password",
        "meter.grid.password",
        "meter.grid.fallback",
        "meter.grid.fallback.host",
        "meter.grid.registers.power",
        "meter.house.host",
        "adc.x.channel",
        "limits",
        "",
    ],
)
def test_ports_secrets_and_the_page_itself_cannot_be_edited(tmp_path: Path, key: str) -> None:
    site = Site(tmp_path, MQTT)
    edits = site.edits({key: "rig:/tmp/x"}, key if not key.startswith("meter") else "meter.grid")
    assert not editable(key)
    assert site.load(edits) == site.load(Edits())
    assert list(site.dropped(edits).values()) == [NOT_HERE]


def test_another_kind_of_meter_replaces_the_cards_table(tmp_path: Path) -> None:
    site = Site(tmp_path, "[meter.grid]\nchannel = 2\nsign = -1\n" + MQTT.replace("meter.grid", "meter.grid.fallback"))
    meter = site.load(site.edits({**HTTP, "meter.grid.sign": 1}, "meter.grid")).meter["grid"]
    assert isinstance(meter, HttpMeter) and (meter.url, meter.sign) == ("http://192.168.1.20", 1)
    assert isinstance(meter.fallback, MqttMeter), "it is a meter of its own"


def test_a_password_of_the_card_is_neither_recorded_nor_sent_elsewhere(tmp_path: Path) -> None:
    site = Site(tmp_path, MQTT)
    assert "48151623" not in str(said_of(read_card([site.path], Edits()).content, "meter.grid"))
    elsewhere = site.edits({"meter.grid.host": "192.168.1.66"}, "meter.grid")
    assert site.dropped(elsewhere) == {"meter.grid": HAS_SECRET}
    assert site.load(elsewhere) == site.load(Edits())
    meter = site.load(site.edits({"meter.grid.topic": "u", "meter.grid.host": "broker"}, "meter.grid")).meter["grid"]
    assert isinstance(meter, MqttMeter) and (meter.topic, meter.password) == ("u", "48151623")
    other = site.load(site.edits(HTTP, "meter.grid"))
    assert "48151623" not in repr(other.meter) and other.errors == ()


def test_without_a_good_card_no_edit_is_used(tmp_path: Path) -> None:
    site = Site(tmp_path)
    edits = site.edits({"limits.max_charge_a": 6})
    site.write("[limits]\nmax_charge_a = 99\n")
    assert site.load(edits).errors == site.load(Edits()).errors != ()
    assert read_card([site.path], edits).errors and read_card([site.path], edits).laid.dropped == {}
    site.path.unlink()
    assert site.load(edits).limits.max_charge_a == 6, "a missing file counts as empty"


def test_the_rigs_ports_win_over_edits(tmp_path: Path) -> None:
    site, rig = Site(tmp_path), tmp_path / "rig.toml"
    rig.write_text('[hardware]\noutputs = "rig:x/"\n[site]\nname = "desk"\n', encoding="utf-8")
    config = load([site.path, rig], site.edits({"site.name": "Garage"}))
    assert (config.hardware.outputs, config.site.name) == ("rig:x/", "desk")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"7",
        b"{}",
        b"\xff\xfe",
        b'{"page": {}, "card": {}}',
        b'{"page": [], "card": {}, "gone": {}}',
        b'{"page": {"site.name": "x"}, "card": {"site.name": 7}, "gone": {}}',
        b'{"page": {"site.name": "\\ud83d"}, "card": {}, "gone": {}}',
        b'{"page": {"site.name": 1' + b"0" * 5000 + b'}, "card": {}, "gone": {}}',
        b"[" * 100_000,
    ],
)
def test_a_damaged_file_of_edits_is_no_edit_and_said(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "v2h-toml.json"
    path.write_bytes(content)
    edits = read_edits(path)
    assert edits.page == {} and edits.trouble.startswith("v2h-toml.json: ")
    assert load([Site(tmp_path).path], edits) == Config()


def test_the_file_is_read_as_it_was_written(tmp_path: Path) -> None:
    path, known = tmp_path / "v2h-toml.json", {"page": {"site.name": "Hütte"}, "card": {"site.name": {}}, "gone": {}}
    assert read_edits(path) == Edits()
    path.write_text(json.dumps(known), encoding="utf-8")
    assert read_edits(path) == Edits(**known)


def test_a_program_reads_them_when_it_starts(tmp_path: Path) -> None:
    site = Site(tmp_path)
    (tmp_path / "site").mkdir()
    content = {"page": {"site.name": "Garage"}, "card": {"site.name": {}}, "gone": {}}
    (tmp_path / "site" / "v2h-toml.json").write_text(json.dumps(content), encoding="utf-8")
    env = {**os.environ, "V2H_RUN": str(tmp_path), "V2H_DATA": str(tmp_path / "v2h"), "V2H_CONFIG": str(site.path)}
    words = "from v2h.runtime.program import Program; print(Program('panel').config.site.name)"
    said = subprocess.run([sys.executable, "-c", words], env=env, capture_output=True, text=True, check=True)
    assert said.stdout == "Garage\n"
