"""`v2h replay` of a recording of the power line to a CCS car."""

import json
from pathlib import Path

import pytest

from v2h.cli import main


def test_a_recording_of_a_ccs_car(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    recording = Path(__file__).resolve().parents[2] / "data/ccs/din.pcap"
    assert main(["replay", str(recording)]) == 0
    shown = capsys.readouterr().out
    assert "PowerDeliveryReq" in shown and shown.endswith("ended: the car has ended the session\n")
    assert main(["replay", "--json", str(recording)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["ended"] is True and told["sessions"][0]["exchanges"][0]["name"] == "supportedAppProtocolReq"
    assert main(["replay", str(recording.with_name("pev-slac.pcap"))]) == 2
    assert "no supportedAppProtocolReq in it" in capsys.readouterr().err
