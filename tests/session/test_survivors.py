"""Tests for mutants that the whole suite had not noticed: sixteen of an independent review, others drawn by chance."""

from dataclasses import replace

from tests.support.boards import change, in_energy
from tests.support.virtual import VirtualBoard
from v2h.bus.messages import Setpoint
from v2h.bus.states import State
from v2h.canframe import CAR_BUS, Frame
from v2h.pre import objects as pre
from v2h.rig.habits import LEAF
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.makesafe import MakeSafe
from v2h.safety.outputs import NONE, Output
from v2h.safety.wire import GuardState, Report, Trip


def test_the_8_s_to_the_permission_count_from_d1_and_not_from_the_first_frame() -> None:
    board = VirtualBoard(habits=replace(LEAF, wake_s=4.5, permit_s=3.7))
    board.run_until(State.HANDSHAKE)
    board.run_until(State.FAREWELL, within_s=20)
    assert State.CONVERTER not in board.states
    assert "no charge permission within 8 s" in board.charger.session.reason


def test_d2_comes_within_20_s_of_the_permission_or_not_at_all() -> None:
    board = VirtualBoard()
    board.charger.session.waits_s[State.CONVERTER] = 60.0
    board.run_until(State.CONVERTER)
    permitted = board.now
    board.plant.pre.forced_status = 0x0800
    board.run(19.0)
    board.plant.pre.forced_status = None
    board.run_until(State.FAULT, within_s=20)
    assert Output.D2 not in board.charger.session.seen_on and State.CAR_CONTACTORS not in board.states
    assert board.charger.session.fault is not None and board.charger.session.fault.name == "late_d2"
    assert board.now - permitted < 40


def test_a_turn_that_comes_late_writes_0_a() -> None:
    """The first reaction of `charger` after a SIGCONT: its loop stood still for 0.25 s, so it writes 0 A, whatever
    `guard` reports."""
    board = in_energy(5000.0)
    charger = board.charger
    assert charger.actions is not None and charger.actions.pre_amps_a > 12.0
    late = board.now + 0.25
    charger.guard_report(board.guard.report(board.plant.outputs), late)
    charger.setpoint(Setpoint(late, True, 5000.0, late + 1.0, "", 1), late)
    written = []
    for _ in range(20):
        turn = charger.turn(late)
        written += [data for _, data in turn.to_pre if data[:4] == pre.write_amps(0.0)[:4]]
        for _, data in turn.to_pre:
            answer = board.plant.pre_request(board.now, data)
            if answer is not None:
                charger.pre_frame(Frame(late, pre.ANSWER_ID, answer, CAR_BUS))
        if not turn.to_pre:
            break
    assert written[:1] == [pre.write_amps(0.0)]


def test_frames_of_the_last_session_do_not_count_in_the_next() -> None:
    """The next car is another one: it has no V2H, and its charging ceiling is lower."""
    board = in_energy()
    assert board.charger.car.may_discharge
    board.wanted = False
    board.run_until(State.IDLE)
    board.run(2)
    lower = change(0x102, target_battery_v=395)
    board.spoil_car = lambda can_id, data: None if can_id == 0x200 else lower(can_id, data)
    board.order, board.wanted = 2, True
    board.run_until(State.ENERGY)
    assert not board.charger.car.may_discharge
    assert board.charger.car.target_v == 395.0


def test_the_first_word_to_guard_carries_no_voltage() -> None:
    """A plug that was found locked must not unlock on a voltage that `charger` read before the first guard report."""
    charger = VirtualBoard().new_charger(7)
    for tenth in range(12):
        charger.cable_sample(0.0, tenth / 10)
    first = charger.turn(1.2).to_guard
    assert first is not None and first.cable_v is None
    charger.guard_report(Report(Output.PLUG_LOCK, GuardState.READY, Trip.NONE, 7, 1, False, True), 1.3)
    charger.cable_sample(0.0, 1.4)
    assert charger.turn(1.4).to_guard is not None
    charger.cable_sample(0.0, 1.6)
    second = charger.turn(1.6).to_guard
    assert second is not None and second.cable_v == 0.0


def test_make_safe_does_not_open_on_a_current_measured_0_3_s_ago() -> None:
    safe, heard = MakeSafe(100.0), ConverterMonitor()
    everything = Output(0x7F)
    safe.step(100.0, everything, heard)
    for t in (100.24, 100.26):
        heard.hear(Frame(t, pre.ANSWER_ID, pre.read_answer(pre.AMPS, b"\0\0")))
    heard.hear(Frame(100.26, pre.ANSWER_ID, pre.read_answer(pre.SET_AMPS, b"\0\0")))
    assert safe.step(100.56, everything, heard).off == NONE


def test_a_request_without_an_answer_is_given_up_when_it_is_due_and_not_at_the_next_step() -> None:
    board = in_energy()
    charger, now = board.charger, board.now
    sent = 0
    while now < board.now + 0.5:
        for _, data in charger.turn(now).to_pre:
            sent += 1
            answer = board.plant.pre_request(now, data)
            if sent % 2 and answer is not None:  # every second request is lost
                charger.pre_frame(Frame(now, pre.ANSWER_ID, answer, CAR_BUS))
        if charger.converter.under_way:
            assert charger.next_due(now) <= charger.converter.next_due(now)
        now = max(charger.next_due(now), now + 0.005)
    assert sent > 4


def test_a_sensor_that_died_is_used_again_at_rest() -> None:
    """The session is over and the plug open: the next session measures before it closes anything."""
    charger = VirtualBoard().new_charger(7)
    for step in range(80):
        charger.guard_report(Report(NONE, GuardState.READY, Trip.NONE, 7, 1, False, True), step * 0.05)
        charger.cable_sample(390.0 if step < 40 else 0.0, step * 0.05)
        charger.turn(step * 0.05)
    assert [code for code, _ in charger.session.remarks] == ["cable_odd"]
    assert charger.session.state is State.IDLE
    assert charger.inputs(4.0).cable_v == 0.0
