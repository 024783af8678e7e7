"""Without a calibrated ADC: what is assumed is named so, only the owner's word lets a session start, and the plug opens
only where the converter showed an empty cable, or a person answers for it."""

import pytest

from tests.session.virtual import VirtualBoard
from v2h.chademo.cable import Cable, Source, assumed_battery_v
from v2h.chademo.car import Car
from v2h.chademo.frames import X102
from v2h.chademo.states import State
from v2h.chademo.transitions import clear_refusal
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.rules import UNLOCK_BY_PERSON_S

LEAF_CELLS = 96


def assuming(soc_pct: float = 60.0, cells_in_series: int = LEAF_CELLS) -> VirtualBoard:
    board = VirtualBoard(soc_pct=soc_pct, cells_in_series=cells_in_series)
    board.cable_measured = False
    return board


def said(board: VirtualBoard) -> str:
    return board.charger.session.checks(board.charger.inputs(board.now))["cable_v"]


@pytest.mark.parametrize("soc_pct", [12.0, 30.0, 60.0, 86.0, 98.0])
def test_a_named_battery_starts_on_assumed_voltages_and_ends_unlocked(soc_pct: float) -> None:
    board = assuming(soc_pct)
    d2_source: list[Source] = []
    while board.state is not State.ENERGY:
        was = board.plant.outputs
        board.step()
        assert board.now < 60, board.charger.session.reason
        if Output.D2 in board.plant.outputs & ~was:
            d2_source.append(board.charger.inputs(board.now).cable_source)
            assert board.plant.cable_v < 20
    assert said(board) == "assumed"
    assert d2_source and Source.VERIFIED not in d2_source
    assert ("cable_assumed" in [code for code, _ in board.charger.session.remarks]) is True
    board.run(3)
    board.wanted = False
    board.run_until(State.IDLE)
    board.run(0.2)
    assert said(board) == "assumed"
    assert board.charger.session.welding == "assumed"
    assert board.plant.outputs == NONE
    board.assert_safe()
    board.assert_guard_content()


def test_a_second_session_starts_as_the_first() -> None:
    board = assuming()
    for order in (1, 2):
        board.order, board.wanted = order, True
        board.run_until(State.ENERGY)
        board.run(2)
        board.wanted = False
        board.run_until(State.IDLE)
        board.run(2)
    board.assert_safe()


def test_without_adc_and_without_a_named_battery_nothing_starts() -> None:
    board = assuming(cells_in_series=0)
    board.run(3)
    assert board.state is State.IDLE and board.sent == []
    assert "cells_in_series" in board.charger.session.reason
    assert said(board) == "not fitted"


def test_a_battery_unlike_the_named_one_is_refused_at_the_first_look() -> None:
    board = assuming(cells_in_series=108)
    board.run_until(State.FAULT, within_s=60)
    fault = board.charger.session.fault
    assert fault is not None and fault.name == "battery_unlike"
    assert State.ENERGY not in board.states


def test_a_live_cable_shown_by_the_converter_stops_the_start_before_the_test() -> None:
    board = assuming()
    board.run_until(State.LOCK)
    board.plant.circuit.cable_v = 300.0
    board.plant.circuit.pre_v = 300.0  # a welded contactor of the car, or a charge left behind
    highest_v = 0.0
    while board.state is not State.FAULT:
        board.step()
        highest_v = max(highest_v, board.plant.pre.set_v)
        assert board.now < 60
    assert highest_v == 0.0, "the test voltage was never asked for"
    assert State.CAR_CONTACTORS not in board.states, "d2 never rose"


def test_after_a_trip_only_a_person_unlocks_and_only_after_two_minutes() -> None:
    board = assuming()
    board.run_until(State.ENERGY)
    board.run(3)
    board.charger_runs = False
    board.run(0.5)
    board.charger_runs = True
    board.run_until(State.FAULT, within_s=20)
    board.run(60)
    assert Output.PLUG_LOCK in board.plant.outputs, "never automatic"
    board.charger.clear_fault(unlock_confirmed=True)
    board.run(50)
    refused = clear_refusal(board.charger.session, board.charger.inputs(board.now))
    assert "your word is taken" in refused and "120 s" in refused
    assert Output.PLUG_LOCK in board.plant.outputs, "a person's word counts after 120 s with d1 and d2 off"
    board.run(UNLOCK_BY_PERSON_S - 100)
    assert board.plant.outputs == NONE
    assert "unlocked-unverified" in board.notes
    board.charger.clear_fault(unlock_confirmed=False)
    board.run(0.5)
    assert board.state is State.IDLE
    board.assert_safe()


def test_an_adc_that_fails_ends_the_session_and_the_converter_shows_the_empty_cable() -> None:
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    board.run(3)
    board.cable_measured = False
    board.run_until(State.FAULT, within_s=40)
    board.run(0.2)
    fault = board.charger.session.fault
    assert fault is not None and fault.name == "cable_lost"
    assert 0x35 in board.status_109_5(), "stop and system malfunction, while current still flows"
    assert board.plant.outputs == NONE, "c1 and c2 stayed closed until 2107 showed an empty cable"
    board.assert_safe()


# The sources themselves


def pre_shows(volts_v: float, t: float) -> PreTelemetry:
    return PreTelemetry(volts_v=volts_v, volts_t=t)


def test_the_adc_comes_first_and_ages() -> None:
    cable, car = Cable(), Car()
    cable.sample(3.0, 10.0)
    assert cable.look(10.4, CONTACTORS, pre_shows(380.0, 10.4), car) == (3.0, Source.VERIFIED)
    assert cable.look(10.6, CONTACTORS, pre_shows(380.0, 10.6), car) == (380.0, Source.ASSUMED)


def test_2107_counts_only_with_both_contactors_closed_and_after_they_closed() -> None:
    cable, car = Cable(), Car()
    assert cable.look(1.0, Output.C1, pre_shows(5.0, 1.0), car) == (None, Source.UNKNOWN)
    assert cable.look(2.0, CONTACTORS, pre_shows(5.0, 2.0), car) == (None, Source.UNKNOWN), "measured before"
    assert cable.look(2.2, CONTACTORS, pre_shows(5.0, 2.15), car) == (5.0, Source.ASSUMED)
    assert cable.look(3.0, CONTACTORS, pre_shows(5.0, 2.15), car) == (None, Source.UNKNOWN), "too old"


def left(volts_v: float) -> Cable:
    cable = Cable()
    cable.look(1.0, CONTACTORS, pre_shows(volts_v, 1.0), Car())
    cable.look(1.2, CONTACTORS, pre_shows(volts_v, 1.2), Car())
    return cable


def test_an_empty_cable_stays_empty_until_d2_rises_or_the_car_joins() -> None:
    nothing = PreTelemetry()
    assert left(4.0).look(900.0, NONE, nothing, Car()) == (4.0, Source.ASSUMED)
    assert left(40.0).look(1.3, NONE, nothing, Car()) == (None, Source.UNKNOWN)
    assert left(4.0).look(1.3, Output.D2, nothing, Car()) == (None, Source.UNKNOWN)
    joined = Car(x102=X102(protocol=2, contactors_open=False))
    assert left(4.0).look(1.3, NONE, nothing, joined) == (None, Source.UNKNOWN)
    assert left(4.0).look(1.3, None, nothing, Car()) == (None, Source.UNKNOWN), "guard is silent"


def test_the_assumed_battery_is_the_leafs_of_two_captures() -> None:
    assert assumed_battery_v(LEAF_CELLS, 86.0) == pytest.approx(384.0)
    assert assumed_battery_v(LEAF_CELLS, 73.0) == pytest.approx(374.0, abs=0.1)
    assert assumed_battery_v(0, 86.0) is None
    assert assumed_battery_v(LEAF_CELLS, None) is None
