"""Frames to the car and requests to guard share the steps' grid while energy flows: each turn of its own would wake
charger, and guard with it."""

from itertools import pairwise

import pytest

from tests.faults.shells import Shells
from v2h.bus.states import State
from v2h.chademo.charger import EVSE_PERIOD_S, FLOW_STEP_S, WIRE_PERIOD_S, Turn

LATE_S = 0.0007
"""The program's loop wakes up to so much later than it wanted to."""


class LateLoop(Shells):
    """Notes what the charger returned when."""

    wakes = 0

    def _not_before(self, t: float) -> float:
        self.wakes += 1
        return super()._not_before(t + self.wakes % 3 / 2 * LATE_S)

    def start_noting(self) -> None:
        charger = self.charger
        assert charger is not None
        self.turns: list[tuple[float, Turn]] = []
        plain = charger.turn

        def turn(now: float) -> Turn:
            self.turns.append((now, plain(now)))
            return self.turns[-1][1]

        charger.turn = turn  # type: ignore[method-assign]

    def sent(self, what: str) -> list[float]:
        return [now for now, turn in self.turns if getattr(turn, what)]


@pytest.mark.slow
@pytest.mark.parametrize("start_s", [0.0, 0.03, 0.05, 0.08, 0.11, 0.15])
def test_frames_and_requests_go_out_in_steps_wherever_the_session_began(start_s: float) -> None:
    board = LateLoop()
    board.wanted = False
    board.run(1.0 + start_s)
    board.wanted = True
    while board.state is not State.ENERGY:
        board.run(0.1)
        assert board.now < 30.0
    board.run(3.0)
    board.start_noting()
    board.run(5.0)
    assert [turn for _, turn in board.turns if (turn.to_car or turn.to_guard) and not turn.stepped] == []
    assert len(board.sent("stepped")) == pytest.approx(5.0 / FLOW_STEP_S, abs=1)
    for what, period_s in (("to_car", EVSE_PERIOD_S), ("to_guard", WIRE_PERIOD_S)):
        gaps_s = [after - before for before, after in pairwise(board.sent(what))]
        assert min(gaps_s) > period_s - 2 * LATE_S and max(gaps_s) < period_s + 2 * LATE_S, what
