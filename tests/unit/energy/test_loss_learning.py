"""The converter's losses from steps: near the truth with noise and outliers, within their range whatever comes."""

from random import Random

import pytest

from v2h.energy.loss_learning import ENOUGH, KEPT, RANGES, USUAL, Figures, LossLearner
from v2h.energy.loss_steps import LossStep
from v2h.energy.losses import FULL_W


def steps(real: Figures, count: int, seed: int = 1, noise_w: float = 12.0) -> list[LossStep]:
    """Of a converter with these losses: switched on and off, and moved while it is on. One of ten is off by more."""
    chance, found = Random(seed), []
    for n in range(count):
        on = (1, -1, 0, 0)[n % 4]
        before_w = 0.0 if on == 1 else chance.uniform(500, 5500)
        after_w = 0.0 if on == -1 else chance.uniform(500, 5500)
        square_w = (after_w**2 - before_w**2) / FULL_W
        power_w = after_w - before_w
        wrong_w = chance.uniform(-200, 200) if n % 10 == 9 else chance.gauss(0.0, noise_w)
        loss_w = real.own_w * on + real.share * power_w + real.full_share * square_w + wrong_w
        found.append(LossStep(on, power_w, square_w, loss_w))
    return found


@pytest.mark.parametrize("real", [Figures(60, 0.05, 0.02), Figures(20, 0.02, 0.05), Figures(90, 0.06, 0.0), USUAL])
def test_twenty_steps_show_the_losses(real: Figures) -> None:
    found = LossLearner(steps(real, 20)).figures
    assert found.steps == 20
    for dc_w in (500.0, 1500.0, 4000.0):
        assert found.losses.loss_w(dc_w) == pytest.approx(real.losses.loss_w(dc_w), abs=15.0 + 0.003 * dc_w)
    assert found.efficiency_pct(3000.0) == pytest.approx(real.efficiency_pct(3000.0), abs=0.6)


def test_a_house_that_moves_at_each_fourth_switch_off_hardly_changes_the_own_use() -> None:
    """As in the month of `make bench`: at the end of a charge the kitchen is switched on."""
    real = Figures(60, 0.05, 0.02)
    good, bad = steps(real, 48, noise_w=6.0), LossStep(-1, 0.0, 0.0, real.own_w * -1 + 77.0)
    found = LossLearner([bad if n % 16 == 1 else step for n, step in enumerate(good)]).figures
    assert found.own_w == pytest.approx(60.0, abs=6.0)


def test_with_few_steps_a_usual_converter_counts() -> None:
    learner = LossLearner(steps(Figures(60, 0.05, 0.02), ENOUGH - 1))
    assert learner.figures == USUAL
    learner.add(steps(Figures(60, 0.05, 0.02), ENOUGH)[-1])
    assert learner.figures.steps == ENOUGH


def test_without_switching_the_own_use_stays_that_of_a_usual_converter() -> None:
    moved = [step for step in steps(Figures(100, 0.05, 0.02), 40) if step.on == 0]
    assert LossLearner(moved).figures.own_w == pytest.approx(USUAL.own_w)


def test_losses_that_no_converter_has_are_not_learned() -> None:
    for real in (Figures(400, 0.4, 0.3), Figures(-100, -0.1, -0.1)):
        found = LossLearner(steps(real, 30)).figures
        for figure, each in zip(found[:3], RANGES, strict=True):
            assert each.low <= figure <= each.high


def test_a_converter_that_moves_nothing_draws_its_own_use_while_it_is_on() -> None:
    figures = Figures(60, 0.05, 0.02)
    assert [figures.mains_w(0.0, on=on) for on in (True, False)] == [60.0, 0.0]
    assert figures.mains_w(-1000.0, on=True) == pytest.approx(-1000 + 60 + 50 + 3.3, abs=3)


def test_it_goes_on_after_a_restart_with_the_newest_steps() -> None:
    learner = LossLearner(steps(Figures(60, 0.05, 0.02), KEPT + 10))
    again = LossLearner.from_json(learner.as_json())
    assert again.figures.steps == KEPT
    assert again.figures == pytest.approx(learner.figures, abs=0.1)
    assert LossLearner.from_json({}).figures == USUAL


@pytest.mark.parametrize(
    "stored",
    [
        {"version": 2, "steps": []},
        {"version": 1, "steps": 5},
        {"version": 1, "steps": [[1, 2.0, 3.0]]},
        {"version": 1, "steps": [[2, 1.0, 1.0, 1.0]]},
        {"version": 1, "steps": [[0, float("nan"), 1.0, 1.0]]},
        {"version": 1, "steps": [[0, "1", 1.0, 1.0]]},
    ],
)
def test_a_file_that_is_none_is_refused(stored: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="version 1"):
        LossLearner.from_json(stored)
