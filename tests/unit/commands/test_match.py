"""`v2h match`: the JSON on which scripts rely, the table, the plot, the SoC window, and every refusal."""

import json
from pathlib import Path
from typing import Any

import pytest

from v2h.cli import main
from v2h.energy.bench.laws import LAWS
from v2h.energy.bench.metering import METERS


@pytest.fixture
def trace(tmp_path: Path) -> Path:
    path = tmp_path / "house.csv"
    path.write_text("# made\nt_s,watts\n0,500\n60,2500\n120,300\n200,900\n300,900\n")
    return path


@pytest.mark.slow
def test_a_trace_of_a_windows_editor_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "house.csv"
    path.write_bytes(b"\xef\xbb\xbft_s,watts\r\n0,500\r\n60,2500\r\n")
    assert main(["match", str(path), "--law", "ours"]) == 0
    path.write_bytes("t_s,watts\n0,500\n".encode("utf-16"))
    assert main(["match", str(path), "--law", "ours"]) == 2
    assert "line 1 is not UTF-8 (byte 0xff): save the file as UTF-8" in capsys.readouterr().err


def matched(capsys: pytest.CaptureFixture[str], *words: object) -> dict[str, Any]:
    assert main(["match", *map(str, words), "--json"]) == 0
    told: dict[str, Any] = json.loads(capsys.readouterr().out)
    return told


@pytest.mark.slow
@pytest.mark.parametrize("meter", METERS)
def test_json_of_every_law(meter: str, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    told = matched(capsys, trace, "--meter", meter)
    assert told["meter"] == meter
    assert told["plant"]["dead_time_s"] == 0.2
    assert told["load_travel_w_h"] == pytest.approx((2000 + 2200 + 600) * 12)
    assert list(told["laws"]) == list(LAWS)
    for score in told["laws"].values():
        assert {
            "mean_w",
            "rms_w",
            "import_wh_h",
            "export_wh_h",
            "settle_worst_s",
            "overshoot_pct",
            "travel_w_h",
        } == set(score)
    none, ours, oracle = (told["laws"][name] for name in ("none", "ours", "oracle"))
    assert none["mean_w"] == pytest.approx((500 * 60 + 2500 * 60 + 300 * 80 + 900 * 100) / 300)
    assert none["settle_worst_s"] is None
    assert ours["mean_w"] <= 1.05 * oracle["mean_w"]


@pytest.mark.slow
def test_a_worse_plant_and_an_unknown_lag(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain = matched(capsys, trace, "--law", "ours")
    worse = matched(
        capsys, trace, "--law", "ours", "--dead-time", 0.3, "--ramp-scale", 0.5, "--unknown-lag", "--skip-s", 60
    )
    assert (worse["plant"]["dead_time_s"], worse["plant"]["ramp_up_a_s"]) == (0.3, 15)
    assert (worse["lag_told"], worse["counted_s"]) == (False, 240)
    assert worse["laws"]["ours"]["settle_worst_s"] > plain["laws"]["ours"]["settle_worst_s"]
    ideal = matched(capsys, trace, "--law", "oracle", "--ideal")
    assert (ideal["plant"]["setpoint_step_a"], ideal["plant"]["telemetry_age_s"]) == (0, 0)
    assert ideal["laws"]["oracle"]["overshoot_pct"] == pytest.approx(0, abs=0.01)


def test_a_real_house_and_single_faults(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    law = ("--law", "none")
    real = matched(capsys, trace, *law, "--meter", "sdm230", "--real", "--lost", 10, "--losses", "60,2,4")
    assert (real["meter_model"]["filter_s"], real["meter_model"]["lost_share"]) == (0.5, 0.1)
    assert real["plant"]["telemetry_noise_a"] == 0.077
    assert (real["plant"]["own_use_w"], real["plant"]["loss_full_share"]) == (60, 0.04)
    single = matched(capsys, trace, *law, "--losses", "--meter-average", 0.1, "--meter-noise", 30, "--late", 0.05)
    assert single["plant"]["loss_share"] == 0.03
    assert single["meter_model"] == {
        "interval_s": 0.1,
        "age_s": 0.05,
        "average_s": 0.1,
        "filter_s": 0,
        "noise_w": 30,
        "lost_share": 0,
        "late_s": 0.05,
        "change_w": 0,
    }
    assert main(["match", str(trace), *law, "--telemetry-noise", "0.077"]) == 0
    assert "not ideal: telemetry noise 0.077 A\n" in capsys.readouterr().out


@pytest.mark.slow
def test_the_soc_window_ends_the_discharge(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--soc", 31, "--capacity-kwh", 1)
    told = matched(capsys, trace, "--law", "ours", *small)["laws"]["ours"]
    assert told["soc_end_pct"] == pytest.approx(30, abs=0.1)
    assert told["import_wh_h"] > 500


@pytest.mark.slow
def test_the_table(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["match", str(trace), "--soc", "50", "--law", "ours", "--law", "none"]) == 0
    out = capsys.readouterr().out
    assert "dead time 0.2 s" in out
    rows = {line.split()[0]: line.split() for line in out.splitlines() if line}
    assert rows["none"][5] == "never"
    assert rows["none"][-1] == "50.0"
    assert float(rows["ours"][1]) < float(rows["none"][1]) / 10


@pytest.mark.slow
@pytest.mark.parametrize(("end", "begins"), [("svg", b"<?xml"), ("png", b"\x89PNG")])
def test_a_plot(end: str, begins: bytes, trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib")
    path = trace.with_suffix(f".{end}")
    matched(capsys, trace, "--law", "ours", "--law", "pi", "--plot", path)
    assert path.read_bytes().startswith(begins)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--skip-s", "300"], "leaves nothing to score"),
        (["--from-s", "300"], "nothing is left after 300 s"),
        (["--plot", "x.pdf"], "must end in .svg or .png"),
        (["--meter", "1hz", "--real", "--meter-filter", "1"], "cannot both average (1 s) and filter (1 s)"),
        (["--soc-min", "90"], "--soc-min 90 must be below --soc-max 90"),
    ],
)
def test_what_cannot_be_done_is_said(
    words: list[str], said: str, trace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["match", str(trace), *words]) == 2
    assert said in capsys.readouterr().err


def test_a_bad_line_is_named(trace: Path, capsys: pytest.CaptureFixture[str]) -> None:
    trace.write_text("0,1\n1,2\n2,x\n")
    assert main(["match", str(trace)]) == 2
    assert "line 3: '2,x' is not t_s,watts" in capsys.readouterr().err
    assert main(["match", str(trace.with_name("none.csv"))]) == 2
    assert "No such file" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["--meter", "gas"], ["--dead-time", "-1"], ["--ramp-scale", "x"], ["--law", "mine"], ["--losses", "40"]]
)
def test_a_bad_argument_is_refused(words: list[str], trace: Path) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["match", str(trace), *words])
    assert ended.value.code == 2
