"""`v2h decode` as a person or a script uses it."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.recorded import LEAF_SESSION, needs_leaf_session
from v2h.cli import main
from v2h.commands.table import COMMANDS

DATA = Path(__file__).parents[2] / "data"
Capsys = pytest.CaptureFixture[str]


def test_text_names_frames_fields_and_converter_objects(capsys: Capsys) -> None:
    assert main(["decode", str(DATA / "start.csv")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 16
    assert lines[0].split()[:3] == ["0.000000", "1", "100"]
    assert "max_battery_v=435 charged_rate_reference_pct=240" in lines[0]
    assert "contactors_open status_bit6 discharge_compatible soc_pct=3" in lines[2]
    assert "unused" not in out
    assert "converter answer         status 0x0902 STARTING_1|STARTING_8|STARTING_11" in out
    assert "converter write          set_amps -0.2 A" in out
    assert "converter abort          2999.0 code=0x06020000 object does not exist" in out
    assert "16 frames decoded, 0 lines skipped" in err


def test_changes_leave_out_what_stays(capsys: Capsys) -> None:
    assert main(["decode", "--changes", str(DATA / "start.csv")]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 15  # the second 102 repeats the first
    assert lines[-1].split("car request, status")[1].split() == ["charging_enabled", "!contactors_open", "soc_pct=86"]


def test_json_has_every_frame_and_every_skipped_line(capsys: Capsys) -> None:
    assert main(["decode", "--json", str(DATA / "broken.csv")]) == 0
    out, err = capsys.readouterr()
    document = json.loads(out)
    assert err == ""
    assert document["frames_in"] == len(document["frames"]) == 2
    assert [row["line"] for row in document["skipped"]] == [3, 4, 5, 6, 7, 9, 10, 11, 13]
    assert document["skipped"][2]["why"] == "0x6FF: unknown id"
    row = document["frames"][1]
    assert (row["t"], row["bus"], row["id"], row["data"]) == (0.08, 1, "102", "029A010000C80300")
    assert row["fields"]["target_battery_v"] == 410
    assert row["fields"]["charging_enabled"] is False


def test_skipped_lines_are_named_on_stderr(capsys: Capsys) -> None:
    assert main(["decode", str(DATA / "broken.csv")]) == 0
    err = capsys.readouterr().err
    assert "line 3: 0x102: 7 data bytes instead of 8" in err
    assert "2 frames decoded, 9 lines skipped" in err


@pytest.mark.parametrize("name", ["nothing-here.csv", "README"])
def test_bad_input_ends_with_two(name: str, tmp_path: Path, capsys: Capsys) -> None:
    (tmp_path / "README").write_text("not a capture\n")
    assert main(["decode", str(tmp_path / name)]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert name in err


def test_help_has_an_example_and_usage_errors_end_with_two(capsys: Capsys) -> None:
    for words in (["--help"], *([command.name, "--help"] for command in COMMANDS)):
        with pytest.raises(SystemExit) as done:
            main(words)
        assert done.value.code == 0
        assert "example: v2h" in capsys.readouterr().out
    for words in ([], ["fly"], ["decode"], ["decode", "--wrong", "x"]):
        with pytest.raises(SystemExit) as done:
            main(words)
        assert done.value.code == 2


def test_a_reader_that_has_enough_is_no_error() -> None:
    command = [sys.executable, "-m", "v2h.cli", "decode", str(DATA / "start.csv")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        assert b"Traceback" not in process.stderr.read()
    assert process.returncode == 0


@pytest.mark.slow
@needs_leaf_session
def test_every_recorded_frame_is_decoded(capsys: Capsys) -> None:
    assert main(["decode", str(LEAF_SESSION)]) == 0
    out, err = capsys.readouterr()
    assert len(out.splitlines()) == 10_781
    assert "10781 frames decoded, 0 lines skipped" in err
    assert " raw=" not in out  # every converter object is known


# A recording of the power line.


def test_a_pcap_of_a_ccs_car_is_told_in_words(capsys: Capsys) -> None:
    assert main(["decode", str(DATA / "ccs" / "din.pcap")]) == 0
    out, err = capsys.readouterr()
    lines = out.splitlines()
    assert len(lines) == 54
    assert lines[0].split() == ["0.000000", "car", "SDPRequest", "tls=false"]
    assert "car     SessionSetupReq                session=00 EVCCID=020000000E01" in lines[4]
    assert any("EVTargetVoltage=500 V EVTargetCurrent=1 A" in line for line in lines)
    assert "54 frames decoded, 0 packets skipped" in err


def test_a_pcap_with_changes_only(capsys: Capsys) -> None:
    assert main(["decode", "--changes", str(DATA / "ccs" / "din.pcap")]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    demands = [line[3:] for line in lines if line[2] == "CurrentDemandReq"]
    assert demands[1:] == [[f"DC_EVStatus.EVRESSSOC={soc}"] for soc in (58, 74, 90)] + [
        ["DC_EVStatus.EVRESSSOC=100", "ChargingComplete=true"]
    ]


def test_a_pcap_as_json(capsys: Capsys) -> None:
    assert main(["decode", "--json", str(DATA / "ccs" / "din.pcap")]) == 0
    document = json.loads(capsys.readouterr().out)
    assert (document["frames_in"], len(document["frames"]), document["skipped"]) == (54, 54, [])
    row = document["frames"][4]
    assert (row["from"], row["name"], row["fields"]) == ("car", "SessionSetupReq", {"EVCCID": "020000000E01"})
    assert (row["ns"], row["hex"]) == ("urn:din:70121:2012:MsgDef", "809a004011d01808000000380400")


def test_a_pcap_without_a_car_is_refused(capsys: Capsys, tmp_path: Path) -> None:
    empty = tmp_path / "empty.pcap"
    empty.write_bytes((DATA / "ccs" / "din.pcap").read_bytes()[:24])
    assert main(["decode", str(empty)]) == 2
    assert "no message between a car and a charger in it" in capsys.readouterr().err
