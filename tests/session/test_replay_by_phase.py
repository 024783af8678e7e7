"""`v2h replay` of captures that were not recorded at an Indra's two buses: the car follows our session, not the
recorded charger's clock. A capture that is cut says so."""

import json
from pathlib import Path

import pytest

from tests.support.virtual import VirtualBoard
from v2h import cli
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, PRE_BUS, Frame
from v2h.capture.formats import read_capture, write_capture
from v2h.capture.phases import Phase, begins_in_the_middle, phases
from v2h.capture.replay import BEGINS_CUT, replay
from v2h.rig.habits import CARS

ELSEWHERE = Path(__file__).parents[1] / "data" / "captures" / "charge_elsewhere.log"
"""A good charge at another charger: it permits at 3.4 s, closes at 11.6 s, asks for 14 A at 13.3 s, stops at 26 s."""
ORDER = [0x20, 0x24, 0x05, 0x25, 0x24, 0x20]


def between(frames: list[Frame], begin_s: float, end_s: float) -> list[Frame]:
    return [frame._replace(t=frame.t - begin_s) for frame in frames if begin_s <= frame.t < end_s]


def replay_json(path: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, dict[str, object]]:
    code = cli.main(["replay", str(path), "--json"])
    return code, json.loads(capsys.readouterr().out)


def test_a_charge_at_another_charger_reaches_energy(capsys: pytest.CaptureFixture[str]) -> None:
    code, said = replay_json(ELSEWHERE, capsys)
    assert (code, said["faults"], said["cut"], said["remarks"]) == (0, [], "", [])
    assert said["played"] == "by phase"
    assert said["status_109_5"] == [f"{status:02x}" for status in ORDER]
    assert said["reason"] == "the car ended the session"


def test_the_car_gets_the_current_that_it_asks_for() -> None:
    result = replay(read_capture(ELSEWHERE).frames)
    assert max(frame.data[3] for frame in result.sent if frame.can_id == 0x109) == 14


@pytest.mark.parametrize(
    ("end_s", "words"),
    [
        (2.0, "before the car permits"),
        (5.5, "before the car closes its contactors"),
        (12.5, "before the car asks for current"),
        (20.0, "before the car ends the charge"),
    ],
)
def test_a_capture_that_ends_in_the_middle_says_so(
    end_s: float, words: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "cut.csv"
    write_capture(path, between(read_capture(ELSEWHERE).frames, 0.0, end_s))
    code, said = replay_json(path, capsys)
    assert (code, said["faults"]) == (0, [])
    assert said["cut"] == said["reason"] == f"the capture ends here, {words}"


def test_a_capture_that_begins_in_the_middle_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "cut.csv"
    write_capture(path, between(read_capture(ELSEWHERE).frames, 15.0, 99.0))
    code, said = replay_json(path, capsys)
    assert (code, said["faults"], said["states"], said["cut"]) == (0, [], [], BEGINS_CUT)
    assert cli.main(["replay", str(path)]) == 0
    assert f"ended: {BEGINS_CUT}" in capsys.readouterr().out


def test_a_capture_without_all_of_a_cars_frames_says_so() -> None:
    result = replay([frame for frame in read_capture(ELSEWHERE).frames if frame.can_id not in (0x100, 0x101)])
    assert (result.faults, result.states) == ([], [])
    assert result.reason == "the capture lacks 0x100, 0x101 of the car: no session begins without"


def test_a_capture_of_both_buses_that_is_cut_says_so() -> None:
    board = VirtualBoard()
    board.record = []
    board.run_until(State.ENERGY)
    whole = [frame._replace(t=frame.t - board.record[0].t) for frame in board.record]
    result = replay(between(whole, 0.0, 8.0))
    assert (result.played, result.faults) == ("as recorded", [])
    assert result.cut == "the capture ends here, before the car closes its contactors"


def recorded(name: str) -> list[Frame]:
    """The car's bus of a whole session of the rig's car `name`."""
    board = VirtualBoard(habits=CARS[name])
    board.record = []
    board.run_until(State.ENERGY)
    board.run(3)
    board.wanted = False
    board.run_until(State.IDLE)
    start = board.record[0].t
    return [frame._replace(t=frame.t - start) for frame in board.record if frame.bus == CAR_BUS]


@pytest.mark.parametrize("name", sorted(set(CARS) - {"jld505"}))
def test_every_car_of_the_rig_charges_when_its_recording_is_played(name: str) -> None:
    result = replay(recorded(name))
    assert (result.faults, result.cut, result.remarks) == ([], "", [])
    assert result.status_109_5() == ORDER


def test_a_car_that_refuses_is_no_cut_of_the_capture() -> None:
    """The capture shows for 8 s that the car gives no permission: that is the car's own reason."""
    board = VirtualBoard()
    board.record = []
    board.plant.car.permits = False
    board.run(12)
    start = board.record[0].t
    result = replay([frame._replace(t=frame.t - start) for frame in board.record if frame.bus != PRE_BUS])
    assert (result.cut, result.faults) == ("", [])
    assert "permission" in result.reason


def test_a_car_that_falls_silent_is_lost() -> None:
    frames = read_capture(ELSEWHERE).frames
    result = replay([frame for frame in frames if frame.t < 18.0 or frame.can_id in (0x108, 0x109)])
    assert (result.cut, result.faults) == ("", ["car_lost"])


def test_a_car_that_ends_the_session_before_it_closes_ends_ours() -> None:
    frames = [frame for frame in read_capture(ELSEWHERE).frames if not 6.0 <= frame.t < 26.1]
    result = replay([frame._replace(t=frame.t - 20.1 * (frame.t > 6.0)) for frame in frames])
    assert (result.cut, result.faults, result.reason) == ("", [], "the car ended the session")


def test_of_several_sessions_the_first_whole_one_is_played() -> None:
    whole = read_capture(ELSEWHERE).frames
    tail = between(whole, 15.0, 99.0)
    start = between(whole, 0.0, 5.0)
    later = [frame._replace(t=frame.t + 40.0) for frame in start] + [
        frame._replace(t=frame.t + 80.0) for frame in whole
    ]
    result = replay(tail + later)
    assert result.remarks == ["the capture holds 3 sessions of a car: number 3 is played"]
    assert result.status_109_5() == ORDER


def test_what_the_logger_lost_is_no_silence_of_the_car() -> None:
    whole = read_capture(ELSEWHERE).frames
    result = replay([frame for frame in whole if not 16.0 <= frame.t < 19.0])
    assert result.remarks == ["the logger recorded nothing for more than 0.5 s, 1 times: these times are left out"]
    assert result.status_109_5() == ORDER


def test_the_phases_of_a_capture() -> None:
    recording = phases(read_capture(ELSEWHERE).frames)
    assert list(recording.parts) == list(Phase)
    assert (recording.flagged, recording.battery_v, recording.falls_silent) == (True, 380.0, False)
    assert [part[0].can_id for part in recording.parts.values()] == [0x100, 0x102, 0x102, 0x102, 0x102]
    assert all(part[0].t == 0.0 for part in recording.parts.values())


def test_a_car_without_contactor_flag_closes_when_the_cable_is_live_again() -> None:
    frames = recorded("orion/0.9")
    recording = phases(frames)
    assert not recording.flagged
    closes_t = sum(recording.parts[phase][-1].t for phase in (Phase.HELLO, Phase.PERMITTED))
    live = [frame.t for frame in frames if frame.can_id == 0x109 and frame.data[1] + 256 * frame.data[2] > 300]
    assert closes_t == pytest.approx(next(t for t in live if t > live[0] + 2.0), abs=0.25)
    assert not begins_in_the_middle(frames)
    assert begins_in_the_middle([frame for frame in frames if frame.t > closes_t + 3.0])
