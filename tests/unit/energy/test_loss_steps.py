"""Steps of the charger that the grid meter shows: found beside a calm house, and only there."""

from random import Random

import pytest

from v2h.energy.loss_learning import Figures
from v2h.energy.loss_steps import LossStep, StepFinder

REAL = Figures(60.0, 0.05, 0.02)


class Desk:
    """A converter with the losses of REAL beside a house; each second the finder sees both."""

    def __init__(self, interval_s: float = 1.0, noise_w: float = 5.0) -> None:
        self.finder, self.chance = StepFinder(), Random(7)
        self.interval_s, self.noise_w = interval_s, noise_w
        self.now, self.house_w, self.dc_w, self.on = 1000.0, 400.0, 0.0, False
        self.found: list[LossStep] = []

    def run(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now += 1.0
            grid_w = self.house_w + REAL.mains_w(self.dc_w, on=self.on) + self.chance.gauss(0.0, self.noise_w)
            self.finder.own(self.now, self.dc_w, on=self.on)
            if self.now % self.interval_s == 0:
                step = self.finder.grid(self.now, grid_w, self.interval_s)
                self.found += [] if step is None else [step]

    def charge(self, dc_w: float) -> None:
        self.on, self.dc_w = True, dc_w


def loss_w(step: LossStep) -> float:
    return REAL.own_w * step.on + REAL.share * step.power_w + REAL.full_share * step.square_w


@pytest.mark.parametrize("interval_s", [1.0, 10.0])
def test_a_charge_that_begins_and_ends_beside_a_calm_house_is_two_steps(interval_s: float) -> None:
    desk = Desk(interval_s)
    desk.run(120)
    desk.charge(3850.0)
    desk.run(240)
    desk.on, desk.dc_w = False, 0.0
    desk.run(240)
    assert [step.on for step in desk.found] == [1, -1]
    assert [round(step.power_w) for step in desk.found] == [3850, -3850]
    for step in desk.found:
        assert step.loss_w == pytest.approx(loss_w(step), abs=15.0)


def test_a_converter_that_is_switched_on_shows_its_own_use_and_then_the_power_alone() -> None:
    desk = Desk()
    desk.run(30)
    desk.on = True
    desk.run(30)
    desk.charge(-2000.0)
    desk.run(30)
    own, power = desk.found
    assert (own.on, own.power_w) == (1, 0.0)
    assert own.loss_w == pytest.approx(60.0, abs=12.0)
    assert (power.on, power.power_w) == (0, 2000.0)
    assert power.loss_w == pytest.approx(loss_w(power), abs=12.0)


def test_a_step_that_follows_the_house_is_none() -> None:
    """The house moves within the second in which the charger follows: the grid hardly changes."""
    desk = Desk()
    desk.charge(-500.0)
    desk.run(60)
    desk.house_w, desk.dc_w = 2000.0, -2100.0
    desk.run(60)
    assert desk.found == []


def test_a_converter_that_is_switched_on_to_follow_the_house_is_none() -> None:
    """The sun comes out, and the car takes it: the step looks as if a converter that is switched on gave 126 W."""
    desk = Desk()
    desk.run(60)
    desk.house_w -= 196.0
    desk.charge(192.5)
    desk.run(60)
    assert desk.found == []


def test_beside_a_restless_house_and_with_small_steps_nothing_is_found() -> None:
    restless = Desk(noise_w=60.0)
    restless.run(60)
    restless.charge(3850.0)
    restless.run(60)
    small = Desk()
    small.charge(1000.0)
    small.run(60)
    small.dc_w = 1300.0
    small.run(60)
    assert restless.found == small.found == []


def test_a_house_that_moves_before_or_while_the_charger_moves_is_left_out() -> None:
    for seconds in (3, 0):
        desk = Desk()
        desk.charge(1000.0)
        desk.run(60)
        desk.house_w += 800.0
        desk.run(seconds)
        desk.dc_w = 3000.0
        desk.run(60)
        assert desk.found == []


def test_a_slow_movement_and_a_time_without_values_are_no_step() -> None:
    slow = Desk()
    slow.charge(500.0)
    slow.run(60)
    for _ in range(15):
        slow.dc_w += 200.0
        slow.run(2)
    slow.run(60)
    gap = Desk()
    gap.run(60)
    gap.now += 120.0
    gap.charge(3850.0)
    gap.run(60)
    assert slow.found == gap.found == []
