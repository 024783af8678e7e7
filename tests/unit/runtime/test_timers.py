"""The loop's timers in virtual time: a timer without slack is punctual, one with slack waits for another's wake-up."""

from types import SimpleNamespace

import pytest

import v2h.runtime.program
from v2h.runtime.program import Program


class World:
    """The clock and the poll of one Program: waiting advances the clock."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.now, self.wakes = 1000.0, 0
        monkeypatch.setattr(v2h.runtime.program, "time", SimpleNamespace(monotonic=lambda: self.now))
        # The filter cannot be removed again, and this process also runs other tests: test_confine.py tests it.
        monkeypatch.setattr(v2h.runtime.program, "confine", lambda name, log: True)
        self.program = Program("meter")
        self.program._timers.clear()  # the heartbeat and the care of the bus need real sockets
        self.program._epoll = self  # type: ignore[assignment]

    def poll(self, wait_s: float) -> list[tuple[int, int]]:
        self.now, self.wakes = self.now + wait_s, self.wakes + 1
        return []

    def late_s(self, period_s: float, slack_s: float) -> list[float]:
        """Starts a timer that records how late each of its calls is, against a grid that starts now."""
        late: list[float] = []
        begin = self.now

        def note(now: float) -> None:
            due = max(n for n in range(1000) if begin + n * period_s <= now + 1e-9)
            late.append(now - begin - due * period_s)

        self.program.every(period_s, note, slack_s=slack_s)
        return late

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            self.program._turn()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    return World(monkeypatch)


def test_what_has_slack_rides_along(world: World) -> None:
    punctual, patient = world.late_s(0.1, 0.0), world.late_s(0.25, 0.2)
    world.run(10.0)
    assert len(punctual) == pytest.approx(100, abs=2) and max(punctual) < 0.002
    assert len(patient) == pytest.approx(40, abs=2) and max(patient) < 0.102
    assert world.wakes <= 102, "the patient one has woken the program for itself"


def test_slack_has_an_end(world: World) -> None:
    punctual, patient = world.late_s(1.0, 0.0), world.late_s(0.7, 0.2)
    world.run(20.0)
    assert len(punctual) == pytest.approx(20, abs=2) and max(punctual) < 0.002
    assert len(patient) == pytest.approx(28, abs=2) and 0.15 < max(patient) < 0.202


def test_a_due_brought_forward_is_not_late(world: World) -> None:
    calls: list[float] = []
    world.run(0.0)
    timer = world.program.every(100.0, calls.append)
    world.late_s(0.1, 0.0)
    world.run(1.0)
    timer.due = world.now + 0.05
    due = timer.due
    world.run(1.0)
    assert len(calls) == 2 and calls[1] - due < 0.002
