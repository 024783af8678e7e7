"""A session from d1 to the unlocked plug, with the rig's Leaf and PRE and the real rules of `guard`."""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.virtual import VirtualBoard
from v2h.bus.faults import FAULTS, INCOMPATIBLE, MALFUNCTION, NO_BIT, SYSTEM
from v2h.bus.states import State
from v2h.ccs.power_supervision import CCS_WATCHES
from v2h.chademo import frames, limits
from v2h.chademo.frames import X109, X208
from v2h.chademo.interface import Fault
from v2h.chademo.states import TABLE
from v2h.chademo.supervision import WATCHES
from v2h.safety.outputs import Output

ROOT = Path(__file__).resolve().parents[2]
ROAD_TO_ENERGY = [
    State.WAKE, State.HANDSHAKE, State.CONVERTER, State.LOCK, State.INSULATION, State.BLEED,
    State.CONTACTOR_CHECK, State.CAR_CONTACTORS, State.MATCH, State.READY, State.ENERGY,
]  # fmt: skip
ROAD_BACK = [State.STOP_CURRENT, State.WELDING, State.D2_OFF, State.FAREWELL, State.IDLE]


def without_passing(states: list[State]) -> list[State]:
    """The sequence of states without those that last less than one step when `guard` answers quickly."""
    return [state for state in states if state not in (State.TEST_OPEN, State.OPEN, State.UNLOCK)]


def test_charge_then_discharge_then_stop() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(10)
    assert board.plant.pre.out_a == pytest.approx(3000 / board.plant.cable_v, abs=0.1)
    board.power_w = -2500.0
    board.run(3)
    assert board.plant.pre.out_a == pytest.approx(-2500 / board.plant.cable_v, abs=0.1)
    assert board.plant.battery.soc_pct < 60.1
    board.wanted = False
    board.run_until(State.IDLE)
    board.run(0.2)
    assert without_passing(board.states) == [State.IDLE, *ROAD_TO_ENERGY, *ROAD_BACK]
    assert board.status_109_5() == [0x20, 0x24, 0x05, 0x25, 0x24, 0x20]
    assert board.plant.outputs == Output(0)
    board.assert_safe()
    board.assert_guard_content()


def test_measured_amps_are_told_to_the_car_in_both_directions() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(5)
    told = {f.can_id: frames.decode(f.can_id, f.data) for f in board.sent[-4:]}
    assert isinstance(told[0x109], X109) and isinstance(told[0x208], X208)
    assert (told[0x109].present_a, told[0x208].present_discharge_current_a) == (8, 0)
    board.power_w = -2500.0
    board.run(5)
    told = {f.can_id: frames.decode(f.can_id, f.data) for f in board.sent[-4:]}
    assert isinstance(told[0x109], X109) and isinstance(told[0x208], X208)
    assert (told[0x109].present_a, told[0x208].present_discharge_current_a) == (0, 7)
    assert told[0x109].present_v == round(board.plant.cable_v)


def test_first_frames_are_the_vendors_bytes() -> None:
    board = VirtualBoard()
    board.run_until(State.HANDSHAKE)
    board.run(0.2)
    first = {frame.can_id: frame.data.hex() for frame in board.sent[:4]}
    assert first == {  # capture CAP1, first EVSE frames
        0x108: "01f4010fb3010000",
        0x109: "020000000120ffff",
        0x208: "fff401f00000fa00",
        0x209: "0200000000000000",
    }


def test_evse_frames_keep_the_vendors_order_and_period() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(2)
    order = [frame.can_id for frame in board.sent]
    assert order == [0x108, 0x109, 0x208, 0x209] * (len(order) // 4)
    times = [frame.t for frame in board.sent if frame.can_id == 0x108]
    gaps = [round(b - a, 3) for a, b in pairwise(times)]
    assert set(gaps) == {0.1}


def test_nothing_is_sent_before_the_car_speaks() -> None:
    board = VirtualBoard()
    board.plant.set_plugged(False)
    board.run_until(State.FAREWELL)
    assert board.sent == []
    board.run_until(State.IDLE)
    board.run(0.2)
    assert "plug" in board.charger.session.reason
    board.assert_safe()


@pytest.mark.parametrize("state", [s for s in ROAD_TO_ENERGY if s is not State.IDLE])
def test_stop_from_every_state_ends_unlocked_and_idle(state: State) -> None:
    board = VirtualBoard()
    board.run_until(state)
    board.run(0.2)
    board.wanted = False
    board.run_until(State.IDLE, within_s=40)
    board.run(0.2)
    assert board.plant.outputs == Output(0)
    assert board.charger.session.fault is None
    board.assert_safe()
    board.assert_guard_content()


def test_a_car_that_ends_the_session_gets_the_normal_stop_and_no_second_start_by_itself() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(2)
    board.plant.car.end_session(board.now)
    board.run_until(State.IDLE)
    board.run(0.2)
    assert 0x25 in board.status_109_5()
    assert "car" in board.charger.session.reason
    board.run(10)
    assert board.state is State.IDLE
    board.order += 1
    board.run_until(State.ENERGY)
    board.assert_guard_content()


def test_setpoint_that_expires_gives_zero_amps_and_comes_back() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(5)
    board.has_bus = False
    board.run(2.0)
    assert board.plant.pre.out_a == 0.0 and board.state is State.ENERGY
    board.has_bus = True
    board.run(3.0)
    assert board.plant.pre.out_a > 7
    board.has_bus = False
    board.run(limits.NO_BUS_FOR.value + 0.5)
    assert board.state is not State.ENERGY
    board.run_until(State.IDLE)
    board.run(0.2)
    board.assert_safe()


def test_an_uncalibrated_cable_is_refused_with_words() -> None:
    board = VirtualBoard()
    board.cable_measured = False
    board.run(3)
    assert board.state is State.IDLE
    assert "calibrate [cable]" in board.charger.session.reason
    assert board.sent == []


def test_no_state_lacks_a_deadline_or_a_way_out() -> None:
    assert set(TABLE) == set(State)
    for state, row in TABLE.items():
        if state not in (State.IDLE, State.FAULT, State.ENERGY):
            assert row.limit is not None and row.late, state
            assert row.stop is not None or row.forced is not None or state is State.FAREWELL, state


def test_every_limit_states_its_source() -> None:
    for name, limit in limits.table().items():
        assert limit.origin in ("standard", "capture", "ours") and limit.unit and limit.why, name


def test_no_limit_is_dead() -> None:
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "v2h").rglob("*.py"))
    assert [name for name in limits.table() if f"limits.{name}." not in code and f"limits.{name}," not in code] == []


def test_every_fault_of_the_table_is_raised_and_every_raised_one_is_in_it() -> None:
    late = {row.fault for row in TABLE.values() if row.limit and not row.refuses}
    watched = {watch.name for watch in (*WATCHES, *CCS_WATCHES) if not watch.normal}
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "app" / "v2h").rglob("*.py"))
    ours = set(re.findall(r'Fault\("(\w+)"', code))
    assert ours >= {"found_at_start", "guard_tripped", "outputs_lost", "late_d2", "incompatible", "k_before_can"}
    assert late | watched | ours == set(FAULTS)
    assert all(row.fault == "" for row in TABLE.values() if row.refuses or row.limit is None)
    with pytest.raises(KeyError):
        Fault("never_heard_of", "")


def test_every_fault_has_words_for_people_and_says_what_to_do() -> None:
    for name, kind in FAULTS.items():
        assert kind.what.endswith(".") and kind.do.endswith("."), name
        assert kind.car_bit in (SYSTEM, MALFUNCTION, INCOMPATIBLE, NO_BIT), name
        assert re.fullmatch(r"(CX0\d\d)?", kind.mrec), name
