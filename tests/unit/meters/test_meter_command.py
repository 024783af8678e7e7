"""`v2h meter`: what it prints, and what it refuses before it asks anybody."""

from pathlib import Path

import pytest

from v2h.bus import MeterReading, MeterStatus
from v2h.cli import main
from v2h.commands.meter import describe


def test_a_meter_in_words() -> None:
    phases = [{"power_w": -100.0, "voltage_v": 231.0, "current_a": 0.5}, {"power_w": -20.0}]
    reading = MeterReading(10.0, -120.0, 0.5, 0.3, "modbus x:502", frequency_hz=49.98, lag_known=False, phases=phases)
    status = MeterStatus(
        10.0, "good", "The grid meter (modbus x:502) tells a new value every 0.5 s.", "x", 0.5, 0.3, False
    )
    assert describe("grid", reading, status, 10.4).splitlines() == [
        "grid: 120.0 W export  49.98 Hz",
        "  from modbus x:502, 0.4 s old, every 0.5 s, lag 0.3 s (usual for such a meter; not measured)",
        "  L1: -100.0 W  231.0 V  0.5 A",
        "  L2: -20.0 W",
        "  The grid meter (modbus x:502) tells a new value every 0.5 s.",
    ]
    assert describe("solar", None, None, 0.0) == "solar: no value"


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
