"""`v2h meter`: what it prints, and what it refuses before it sends a request."""

import json
import logging
import subprocess
import sys
from pathlib import Path

import pytest
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.reasoncodes import ReasonCode

from v2h.bus.client import BusClient
from v2h.bus.messages import MeterReading, MeterStatus
from v2h.cli import main
from v2h.commands.meter import describe
from v2h.config.loading import load
from v2h.config.presets import data_folder, find


def test_a_meter_in_words() -> None:
    phases = [{"power_w": -100.0, "voltage_v": 231.0, "current_a": 0.5}, {"power_w": -20.0}]
    reading = MeterReading(10.0, -120.0, 0.5, 0.3, "modbus x:502", frequency_hz=49.98, lag_known=False, phases=phases)
    status = MeterStatus(
        10.0, "good", "The grid meter (modbus x:502) sends a new value every 0.5 s.", "x", 0.5, 0.3, False
    )
    assert describe("grid", reading, status, 10.4).splitlines() == [
        "grid: 120.0 W export  49.98 Hz",
        "  from modbus x:502, 0.4 s old, every 0.5 s, lag 0.3 s (usual for such a meter; not measured)",
        "  L1: -100.0 W  231.0 V  0.5 A",
        "  L2: -20.0 W",
        "  The grid meter (modbus x:502) sends a new value every 0.5 s.",
    ]
    assert describe("solar", None, None, 0.0) == "solar: no value"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["calibrate", "solar", "--watts", "1000"], 2, "meter.solar is of kind http, which comes calibrated"),
        (["calibrate", "charger", "--watts", "1000"], 2, "meter.charger is not configured"),
        (["calibrate", "grid"], 2, "no reference: say at least one of --watts, --volts, --amps"),
        (["read"], 1, "the bus does not answer: is the charger's software running, and are you root?"),
    ],
)
def test_refusals(
    words: list[str],
    code: int,
    said: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    path = tmp_path / "v2h.toml"
    path.write_text('[meter.solar]\nkind = "http"\nurl = "http://a"\npath = "b"\n')
    monkeypatch.setenv("V2H_CONFIG", str(path))
    monkeypatch.setattr("v2h.commands.meter.RUN", tmp_path)
    monkeypatch.setattr("v2h.commands.meter.CONNECT_S", 0.2)
    assert main(["meter", *words]) == code
    assert said in capsys.readouterr().err


def test_on_a_pc_it_says_where_it_works(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("V2H_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setattr("v2h.commands.meter.RUN", tmp_path / "none")
    monkeypatch.setattr("v2h.commands.meter.CONNECT_S", 0.1)
    assert main(["meter", "read"]) == 1
    assert "works only on the charger itself, and this machine is not the charger" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["read", "--seconds", "-1"], "argument --seconds: '-1' is not a number from 0.1 to 3600 s"),
        (["read", "--seconds", "nan"], "argument --seconds: 'nan'"),
        (["read", "--seconds", "0"], "argument --seconds: '0'"),
        (["calibrate", "grid", "--watts", "nan"], "argument --watts: 'nan' is not a number from -15000 to 15000 W"),
        (["calibrate", "grid", "--volts", "2314"], "argument --volts: '2314' is not a number from 50 to 300 V"),
        (["calibrate", "grid", "--amps", "0"], "argument --amps: '0' is not a number from 1 to 100 A"),
        (["calibrate", "grid", "--seconds", "inf"], "argument --seconds: 'inf'"),
    ],
)
def test_numbers_out_of_range_are_bad_input(words: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["meter", *words])
    assert ended.value.code == 2
    assert said in capsys.readouterr().err


def test_help_says_what_each_meter_needs(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["meter", "calibrate", "--help"])
    said = " ".join(capsys.readouterr().out.split())
    assert "for grid the charger idle" in said and "for charger the charger charging with" in said


@pytest.mark.parametrize(("reason", "warnings"), [("Normal disconnection", 0), ("Unspecified error", 1)])
def test_a_goodbye_of_our_own_is_no_warning(
    reason: str, warnings: int, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bus = BusClient("cli", tmp_path, logging.getLogger("v2h.cli"))
    bus.connected = True
    bus._on_disconnect(bus._client, None, None, ReasonCode(PacketTypes.DISCONNECT, reason), None)
    assert len([record for record in caplog.records if record.levelno >= logging.WARNING]) == warnings


def test_a_preset_is_checked_stored_on_the_data_partition_and_found(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("V2H_DATA", str(tmp_path / "data"))
    monkeypatch.setenv("V2H_CONFIG", str(tmp_path / "v2h.toml"))
    mine = tmp_path / "mine.toml"
    mine.write_text('kind = "mqtt"\n[layout]\npower = ["a..b"]\n')
    assert main(["meter", "preset", str(mine)]) == 2
    assert "mine.toml: 'a..b' is not keys and list positions" in capsys.readouterr().err
    assert not (tmp_path / "data").exists()
    mine.write_text('kind = "mqtt"\n[layout]\npower = ["a - b"]\n')
    assert main(["meter", "preset", str(mine)]) == 0
    assert 'write preset = "mine" into v2h.toml' in capsys.readouterr().out
    assert find("mqtt", "mine", []).layout.power == ("a - b",)
    card = tmp_path / "v2h.toml"
    card.write_text('[meter.grid]\nkind = "mqtt"\nhost = "h"\ntopic = "t"\npreset = "mine"\n')
    assert load([card]).errors == ()
    assert main(["meter", "preset", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["mine"] == {"kind": "mqtt", "file": str(tmp_path / "data" / "meters" / "mine.toml")}
    assert found["solaredge"]["kind"] == "modbus"


def test_presets_and_programs_mean_the_same_data_partition(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("V2H_DATA", raising=False)
    shown = subprocess.run(
        [sys.executable, "-c", "from v2h.runtime.paths import DATA; print(DATA / 'meters')"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert shown.stdout.strip() == str(data_folder())
