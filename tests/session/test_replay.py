"""`v2h replay`: our session against recorded cars."""

import json
from pathlib import Path

import pytest

from tests.support.recorded import LEAF_SESSION, needs_leaf_session
from tests.support.virtual import VirtualBoard
from v2h import cli
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, Frame
from v2h.capture.formats import read_capture, write_capture
from v2h.capture.replay import replay

ORDER = ["20", "24", "05", "25", "24", "20"]


@pytest.fixture(scope="module")
def own_capture(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole session of the rig's Leaf, written in the format of the vendor's tools."""
    board = VirtualBoard()
    board.record = []
    board.run_until(State.ENERGY)
    board.run(5)
    board.wanted = False
    board.run_until(State.IDLE)
    path = tmp_path_factory.mktemp("capture") / "rig.csv"
    first_t = board.record[0].t
    write_capture(path, [Frame(f.t - first_t, f.can_id, f.data, f.bus) for f in board.record])
    return path


def replay_json(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    code = cli.main(["replay", str(path), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_session_of_the_rig_replays_in_order(own_capture: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, said = replay_json(own_capture, capsys)
    assert (code, said["status_109_5"], said["faults"], said["frames_unlike_codec"]) == (0, ORDER, [], 0)
    assert said["skipped"] == []


def test_broken_lines_are_named_and_the_rest_is_used(
    own_capture: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    lines = own_capture.read_text().splitlines()
    lines.insert(50, "12,zz")
    lines.insert(80, lines[60].replace(",8,", ",3,"))
    lines.insert(90, lines[60].replace(lines[60].split(",")[1], "00000321"))
    broken = tmp_path / "broken.csv"
    broken.write_text("\n".join(lines))
    code, said = replay_json(broken, capsys)
    assert code == 0 and said["status_109_5"] == ORDER
    assert [entry["line"] for entry in said["skipped"]] == [51, 81, 91]  # type: ignore[attr-defined]


def test_no_capture_is_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", str(tmp_path / "absent.csv")]) == 2
    assert "absent.csv" in capsys.readouterr().err


def test_a_capture_without_a_car_is_bad_input(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "charger.csv"
    write_capture(path, [Frame(t, 0x109, bytes(8), CAR_BUS) for t in (0.0, 0.1)])
    assert cli.main(["replay", str(path)]) == 2
    out, err = capsys.readouterr()
    assert out == "" and err == f"v2h replay: {path}: none of its 2 frames is of a car (ids 100 101 102 110 200 201)\n"


def test_a_car_that_goes_silent_ends_in_a_fault(own_capture: Path) -> None:
    frames = [f for f in read_capture(own_capture).frames if f.t < 16.0 or f.bus == 0]
    result = replay(frames)
    assert result.faults == ["car_lost"]
    assert result.states[-1][1] is State.FAULT


@needs_leaf_session
def test_the_vendors_leaf_session(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = replay_json(LEAF_SESSION, capsys)
    assert (code, said["status_109_5"], said["faults"], said["frames_unlike_codec"]) == (0, ORDER, [], 0)
    assert said["frames_in"] == 10781
