"""Starts and ends of sessions in a way that spares the car."""

from dataclasses import replace
from itertools import pairwise

import pytest

from tests.support.charging import CAR
from v2h.bus.messages import ChargerState
from v2h.energy.start_limiter import REFUSALS, RETRY_S, STARTS_AN_HOUR, USEFUL_S, StartLimiter, StartPermit

IDLE_END_S = 1800.0


class Car:
    """Runs a StartLimiter second by second with a charger that obeys it; ends: how the car ends each session."""

    def __init__(self, ends: str = "") -> None:
        self.limiter, self.now, self.ends = StartLimiter(), 0.0, ends
        self.state, self.done = "idle", 0
        self.began: list[float] = []
        self.leave = StartPermit(False, 0)
        self.ages: dict[str, float | None] = {"car": None}

    def run(self, seconds: float, wants: bool = True, useful: bool = True, eager: bool = True) -> StartPermit:
        end = self.now + seconds
        while self.now < end:
            self.now += 1.0
            self.leave = self.limiter.step(self.now, wants, useful, IDLE_END_S, eager=eager)
            self._charger()
            self.limiter.charger(self.now, self._said())
        return self.leave

    def _charger(self) -> None:
        if self.leave.wanted and self.state == "idle" and self.leave.number != self.done:
            self.done, self.state = self.leave.number, "wake"
            self.began.append(self.now)
        elif self.state == "wake":
            self.state = "idle" if self.ends == "refuses" else "energy"
        elif self.state == "energy" and (not self.leave.wanted or self.ends == "leaves"):
            self.state = "stop"
        elif self.state == "stop":
            self.state = "idle"

    def _said(self) -> ChargerState:
        return replace(CAR, state=self.state, reason="the car said so", ages_s=self.ages)


def test_nothing_starts_while_nothing_is_wanted() -> None:
    car = Car()
    assert car.run(600, wants=False) == StartPermit(False, 0)
    assert car.began == []


def test_a_session_that_is_useful_goes_on_for_ever() -> None:
    car = Car()
    assert car.run(20000).wanted
    assert (len(car.began), car.state, car.limiter.starts(car.now)) == (1, "energy", 0)
    assert car.limiter.starts(car.began[0] + 1) == 1


def test_with_nothing_useful_to_do_it_ends_after_half_an_hour_and_comes_back_by_itself() -> None:
    car = Car()
    car.run(100)
    car.run(IDLE_END_S - 10, useful=False)
    assert car.state == "energy"
    leave = car.run(20, useful=False)
    assert (car.state, leave.wanted, leave.why) == ("idle", False, "there is nothing useful to do")
    car.run(USEFUL_S - 5)
    car.run(5, useful=False)  # an interrupted surplus does not start a session
    car.run(USEFUL_S - 5)
    assert len(car.began) == 1
    car.run(10)
    assert (len(car.began), car.state) == (2, "energy")


def test_a_schedule_without_work_wakes_nobody_but_a_hand_does() -> None:
    quiet = Car()
    quiet.run(300, useful=False, eager=False)
    assert quiet.began == []
    quiet.run(USEFUL_S + 2, eager=False)
    assert len(quiet.began) == 1
    asked = Car()
    asked.run(10, useful=False)
    assert len(asked.began) == 1


@pytest.mark.slow
def test_a_car_that_ends_sessions_is_started_again_four_times_an_hour_at_most() -> None:
    car = Car("leaves")
    car.run(8 * 3600.0)
    assert len(car.began) >= STARTS_AN_HOUR * 7
    for t in car.began:
        assert sum(t <= other < t + 3600 for other in car.began) <= STARTS_AN_HOUR
    assert all(b - a > RETRY_S for a, b in pairwise(car.began))
    assert "4 starts within an hour are enough; next try in" in Car("leaves").run(400).why


@pytest.mark.slow
def test_after_three_refusals_it_waits_for_the_owner() -> None:
    car = Car("refuses")
    leave = car.run(12 * 3600.0)
    assert len(car.began) == REFUSALS
    assert leave.why == "the car ended 3 starts in a row (the car said so): plug it in again, or choose a mode"
    car.limiter.owner(car.now)
    car.run(5)
    assert len(car.began) == REFUSALS + 1


def test_after_three_refusals_a_car_that_speaks_anew_was_plugged_in() -> None:
    car = Car("refuses")
    car.ages = {"car": 0.1}
    car.run(600)
    assert len(car.began) == REFUSALS
    car.ages = {"car": 500.0}
    car.run(70)
    assert len(car.began) == REFUSALS
    car.ages, car.ends = {"car": 0.1}, ""
    car.run(5)
    assert (len(car.began), car.state) == (REFUSALS + 1, "energy")


def test_energy_between_refusals_forgets_them() -> None:
    car = Car("refuses")
    car.run(RETRY_S + 20)
    assert len(car.began) == 2
    car.ends = "leaves"
    car.run(RETRY_S + 20)
    car.ends = "refuses"
    car.run(2 * 3600.0)
    assert len(car.began) == 3 + REFUSALS


def test_each_start_has_a_number_of_its_own_and_a_change_of_mode_none() -> None:
    car = Car()
    first = car.run(10).number
    assert car.run(100).number == first
    car.run(10, wants=False)
    assert car.run(10).number > first
    assert len(car.began) == 2


def test_the_end_of_an_old_session_is_no_refusal_of_the_new_order() -> None:
    car = Car()
    car.run(10)
    car.run(1, wants=False)
    assert car.state == "stop"
    leave = car.run(5)
    assert leave.wanted
    assert len(car.began) == 2
