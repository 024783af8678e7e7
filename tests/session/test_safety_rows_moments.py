"""Rows of SAFETY.md at each moment of the grids on which car, charger and converter work: a cause that comes just after
a frame, a step or a poll takes longest. Each time counts from the cause, whatever its moment."""

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import dataclass, replace

import pytest

from tests.support.boards import change, in_energy, refuses
from tests.support.safetypage import limit
from tests.support.safetyrows import (
    Condition,
    left_energy,
    opened,
    seconds_until,
    small_current,
    zero_ordered,
)
from tests.support.spoiling import Break
from tests.support.virtual import VirtualBoard
from v2h.pre import objects as pre

MOMENTS, APART_S = 10, 0.07
"""So many moments, so far apart, meet each hundredth of the grid of 0.1 s once."""


def silent_car(board: VirtualBoard) -> None:
    board.spoil_car = lambda can_id, data: None if can_id == 0x102 else data


def car_says(can_id: int, **values: object) -> Break:
    return lambda board: setattr(board, "spoil_car", change(can_id, **values))


def k_off(board: VirtualBoard) -> None:
    board.plant.k_cut = True


def charger_stops(board: VirtualBoard) -> None:
    board.charger_runs = False


def guard_stops(board: VirtualBoard) -> None:
    board.guard_hangs = True


def car_opens(board: VirtualBoard) -> None:
    board.plant.circuit.set_car_contactors(board.now, False)


def converter_silent(board: VirtualBoard) -> None:
    board.record = []
    board.plant.pre.silent = True


def converter_silent_k_held(board: VirtualBoard) -> None:
    """The car does not take K back, so `guard` does not trip by itself."""
    board.plant.car.habits = replace(board.plant.car.habits, k_falls_later_s=60.0)
    converter_silent(board)


def hides(entry: pre.Entry) -> Break:
    return lambda board: setattr(board, "spoil_answer", refuses(entry))


def at_most(charge_a: float) -> Condition:
    return lambda board: board.plant.circuit.pre_a <= charge_a + 0.1


def at_least(discharge_a: float) -> Condition:
    return lambda board: board.plant.circuit.pre_a >= -discharge_a - 0.1


def zero_sent(board: VirtualBoard) -> bool:
    """0 A went out on the bus, whoever receives it."""
    zero = pre.write_amps(0.0)
    return any(frame.can_id == pre.REQUEST_ID and frame.data == zero for frame in board.record or ())


@dataclass(frozen=True, slots=True)
class Case:
    """A cause, and the effects in order of time: (name of the limit in the row, what must hold)."""

    row: str
    cause: Break
    effects: tuple[tuple[str, Condition], ...]
    power_w: float = 5000.0


ENDS = "the session ends"
CASES = {
    "k": Case("k-off", k_off, (("5 A", small_current),)),
    "k, discharge": Case("k-off", k_off, (("5 A", small_current),), -5000.0),
    "charger": Case("charger-gone", charger_stops, (("0 A ordered", zero_ordered), ("c1/c2 open", opened))),
    "guard": Case("guard-gone", guard_stops, (("0 A ordered", zero_ordered),)),
    "request falls": Case(
        "too-much-current",
        car_says(0x102, charge_current_request_a=3),
        (("a lowered limit is kept", at_most(3.0)),),
    ),
    "offer falls": Case(
        "too-much-current",
        car_says(0x200, max_discharge_current_a=3),
        (("a lowered limit is kept", at_least(3.0)),),
        -5000.0,
    ),
    "car silent": Case("car-silent", silent_car, (("0 A ordered", zero_ordered), (ENDS, left_energy))),
    "car's fault": Case(
        "car-fault", car_says(0x102, battery_overvoltage=True), (("0 A ordered", zero_ordered), ("5 A", small_current))
    ),
    "car opens": Case("car-opens", car_opens, ((ENDS, left_energy),), 1500.0),
    "car opens, discharge": Case("car-opens", car_opens, ((ENDS, left_energy),), -3000.0),
    "converter silent": Case(
        "converter-silent",
        converter_silent,
        (("0 A ordered", zero_sent), (ENDS, left_energy), ("c1/c2 open", opened)),
    ),
    "converter silent, K held": Case("converter-silent", converter_silent_k_held, (("c1/c2 open", opened),)),
    **{
        f"{entry.index:04X}": Case("converter-refuses", hides(entry), ((name, left_energy),))
        for name, entries in (
            ("2108, 2107 or 2101", (pre.AMPS, pre.VOLTS, pre.STATUS)),
            ("2100, 2109 or 210A", (pre.ENABLE, pre.SET_VOLTS, pre.SET_AMPS)),
            ("2104 or 2150", (pre.TEMPERATURE, pre.WARNING)),
        )
        for entry in entries
    },
    "2108, 0 A": Case("converter-refuses", hides(pre.AMPS), (("0 A without 2108", zero_ordered),)),
}


def each_moment(board: VirtualBoard) -> Iterator[VirtualBoard]:
    for _ in range(MOMENTS):
        yield deepcopy(board)
        board.run(APART_S)


@pytest.mark.parametrize("name", CASES)
def test_the_time_of_the_row_holds_at_each_moment(name: str) -> None:
    case = CASES[name]
    for board in each_moment(in_energy(case.power_w)):
        assert not any(holds(board) for _, holds in case.effects), "not before its cause"
        began = board.now
        case.cause(board)
        for limit_name, holds in case.effects:
            seconds_until(board, holds)
            assert board.now - began <= limit(case.row, limit_name) + 1e-6, (limit_name, began)
