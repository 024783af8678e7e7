"""The `v2h` command against the application served by the real server, with and without a token."""

import json
import stat
from pathlib import Path
from typing import Any

import pytest

from tests.support.knownweb import PREVIEW, SCHEDULE
from tests.support.messages import charger
from tests.support.webapp import WebApp
from v2h.bus.messages import Reply
from v2h.cli import main


def test_status_says_what_happens_and_why(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["status", "--host", host]) == 0
    text = capsys.readouterr().out
    assert "Charging the car with 3.81 kW" in text and "62 %" in text
    assert main(["status", "--json", "--host", host]) == 0
    assert json.loads(capsys.readouterr().out)["charger"]["soc_pct"] == 62.0


@pytest.mark.slow
def test_watch_follows_the_stream(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def line(state: Any) -> str:
        seen.append(state["view"]["headline"])
        if len(seen) == 1:
            web.state.put_charger(charger(power_w=-1523.0))
        if seen[-1] == "The car supplies 1.52 kW" or len(seen) > 30:
            raise KeyboardInterrupt
        return seen[-1]

    monkeypatch.setattr("v2h.commands.status.as_line", line)
    assert main(["status", "--watch", "--host", host]) == 0
    assert "Charging the car with 3.81 kW" in capsys.readouterr().out
    assert seen[-1] == "The car supplies 1.52 kW"


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "order"),
    [
        (["mode", "v2h"], ("mode", {"mode": "v2h"})),
        (
            ["mode", "charge", "--amps", "10", "--soc-limit", "80", "--until", "2026-11-22T18:00:00+01:00"],
            ("mode", {"mode": "charge", "amps": 10.0, "soc_limit_pct": 80.0, "until": "2026-11-22T18:00:00+01:00"}),
        ),
        (
            ["slot", "charge", "--amps", "10", "--until", "2026-11-22T05:30:00+00:00"],
            ("slot", {"slot": "charge", "amps": 10.0, "until": "2026-11-22T05:30:00+00:00"}),
        ),
        (
            ["slot", "hold", "--until", "2026-11-22T18:00:00+01:00"],
            ("slot", {"slot": "hold", "until": "2026-11-22T18:00:00+01:00"}),
        ),
        (
            ["slot", "export", "--power", "1500", "--soc-limit", "40", "--until", "2026-11-22T18:00:00+01:00"],
            (
                "slot",
                {"slot": "export", "power_w": 1500.0, "soc_limit_pct": 40.0, "until": "2026-11-22T18:00:00+01:00"},
            ),
        ),
        (["slot", "none"], ("slot", {"slot": "none"})),
        (["setpoint", "none"], ("setpoint", {"power_w": None, "by": "test"})),
        (
            ["setpoint", "-1500", "--for", "60", "--by", "script"],
            ("setpoint", {"power_w": -1500.0, "lifetime_s": 60.0, "by": "script"}),
        ),
        (["stop"], ("stop", {})),
        (["clear-fault"], ("clear-fault", {})),
        (["resume"], ("resume", {})),
        (["capture", "now"], ("capture", {})),
        (["energy", "--delete", "2026-11-22"], ("delete-day", {"day": "2026-11-22"})),
        (
            ["settings", "soc_min_pct=25", "export_limit_w=null", "time_zone=Europe/London"],
            ("settings", {"soc_min_pct": 25, "export_limit_w": None, "time_zone": "Europe/London"}),
        ),
    ],
)
def test_orders_reach_the_bus(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str], words: list[str], order: tuple[str, Any]
) -> None:
    assert main([*words, "--host", host]) == 0
    assert web.orders == [order]
    assert capsys.readouterr().out == "mode is v2h\n"
    web.reply = Reply("1", False, "no car is plugged in")
    assert main([*words, "--host", host]) == 1
    assert capsys.readouterr().err == f"v2h {words[0]}: no car is plugged in\n"


def test_bad_input_is_2_and_says_what(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["settings", "soc_min_pct", "--host", host]) == 2
    assert main(["log", "--limit", "0", "--host", host]) == 2
    assert main(["schedule", "import", "--host", host]) == 2
    assert web.orders == []


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["mode", "turbo"], "invalid choice: 'turbo'"),
        (["setpoint", "much"], "'much' is not a number from -20000 to 20000 W"),
        (["setpoint", "500"], "--for is missing: a setpoint must end by itself"),
        (["setpoint", "500", "--for", "1"], "'1' is not a number from 5 to 86400 s"),
        (["slot", "v2h"], "invalid choice: 'v2h'"),
        (["slot", "charge", "--amps", "5"], "--until is missing: a slot must end by itself"),
        (["slot", "hold", "--until", "18:00", "--amps", "5"], "--amps does not fit hold, which takes --until"),
        (["slot", "export", "--until", "18:00"], "--power is missing: the W that the grid is to get"),
        (["slot", "none", "--soc-limit", "80"], "--soc-limit does not fit none, which takes nothing"),
        (["mode", "charge", "--amps", "nan"], "argument --amps: 'nan' is not a number from 1 to 16 A"),
        (["mode", "charge", "--amps", "40"], "argument --amps: '40' is not a number from 1 to 16 A"),
        (["mode", "charge", "--soc-limit", "inf"], "argument --soc-limit: 'inf' is not a number from 5 to 100 %"),
        (["selftest", "--can-jitter", "--seconds", "0"], "argument --seconds: '0' is not a number from 1 to 3600 s"),
    ],
)
def test_bad_words_are_2_and_name_option_and_range(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(words)
    assert ended.value.code == 2
    assert says in capsys.readouterr().err


@pytest.mark.parametrize(
    "words",
    [["mode", "charge", "--amps", "16"], ["settings", "foo=3"], ["schedule", "import"], ["backup", "--restore"]],
)
def test_what_the_charger_calls_bad_input_is_2(
    host: str, web: WebApp, tmp_path: Path, capsys: pytest.CaptureFixture[str], words: list[str]
) -> None:
    file = tmp_path / "some.json"
    file.write_text('{"v2h_backup": 1, "settings": {}, "schedule": {"version": 7}}')
    web.reply = Reply("1", False, "so it is not", bad_input=True)
    files = [str(file)] if words[0] in ("schedule", "backup") else []
    assert main([*words, *files, "--host", host]) == 2
    assert "so it is not" in capsys.readouterr().err


@pytest.mark.parametrize("word", ["NaN", "-Infinity", "1e999", "[NaN]"])
def test_what_is_no_number_reaches_the_one_who_knows_the_key(host: str, web: WebApp, word: str) -> None:
    assert main(["settings", f"soc_min_pct={word}", "--host", host]) == 0
    assert web.orders == [("settings", {"soc_min_pct": word})]


def test_without_a_token_one_may_look_only(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("V2H_TOKEN")
    assert main(["status", "--host", host]) == 0
    assert main(["stop", "--host", host]) == 1
    assert "Only the owner may change things" in capsys.readouterr().err
    assert web.orders == []


@pytest.mark.slow
def test_token_file_must_be_the_owners_alone(
    host: str, web: WebApp, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("V2H_TOKEN")
    path = tmp_path / ".config" / "v2h" / "token"
    path.parent.mkdir(parents=True)
    path.write_text(web.keys.make_token("file", "operate") + "\n")
    path.chmod(0o644)
    assert main(["stop", "--host", host]) == 1
    assert "can be read by others; run: chmod 600" in capsys.readouterr().err
    path.chmod(stat.S_IRUSR | stat.S_IWUSR)
    assert main(["stop", "--host", host]) == 0


def test_settings_schedule_log_and_energy_are_shown(host: str, capsys: pytest.CaptureFixture[str]) -> None:
    def said(*words: str) -> str:
        assert main([*words, "--host", host]) == 0
        return capsys.readouterr().out

    assert said("settings") == "soc_min_pct  30        # 5 to 95 %\n"
    assert json.loads(said("schedule")) == SCHEDULE
    assert "2026-11-22T23:30:00+00:00" in said("schedule", "preview") and PREVIEW[0]["why"] in said(
        "schedule", "preview"
    )
    lines = said("log", "--limit", "2").splitlines()
    assert len(lines) == 3 and lines[1].startswith(" 2026-11-22 00:00:04 UTC ") and 'says "no"' in lines[1]
    assert said("log", "--level", "fault") == "no events\n"
    assert "2026-11-22          1.20           -" in said("energy")
    assert json.loads(said("energy", "--json"))["days"][0]["charged_wh"] == 1200.0


@pytest.mark.parametrize(
    "name",
    [
        "status",
        "mode",
        "stop",
        "resume",
        "slot",
        "settings",
        "schedule",
        "log",
        "energy",
        "capture",
        "backup",
        "clock",
        "selftest",
        "completion",
    ],
)
def test_help_has_an_example(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])
    text = capsys.readouterr().out
    assert ended.value.code == 0 and "example: " in text and f"v2h {name}" in text
