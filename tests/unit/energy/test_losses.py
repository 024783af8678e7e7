"""The converter's losses: from the battery's side to the mains' side and back."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.energy.losses import Losses, usual

USUAL = usual()


@pytest.mark.parametrize(
    ("dc_w", "ac_w"),
    [(0.0, 0.0), (6000.0, 6400.0), (-6000.0, -5600.0), (3000.0, 3175.0), (-3000.0, -2825.0), (-20.0, 20.7)],
)
def test_the_usual_converter_loses_40_w_and_3_pct_and_3_pct_at_full_load(dc_w: float, ac_w: float) -> None:
    assert USUAL.ac_w(dc_w) == pytest.approx(ac_w)


def test_the_curve_of_straight_lines_is_at_most_2_w_above_the_formula() -> None:
    for dc_w in range(1, 6000, 37):
        formula_w = 40 + 0.03 * dc_w + 0.03 * dc_w * dc_w / 6000
        assert 0 <= USUAL.loss_w(dc_w) - formula_w < 1.4


@given(st.floats(1, 9000), st.sampled_from((1, -1)))
def test_there_and_back(dc_w: float, sign: int) -> None:
    dc_w *= sign
    ac_w = USUAL.ac_w(dc_w)
    if ac_w * sign > 0:
        assert USUAL.dc_w(ac_w) == pytest.approx(dc_w, abs=1e-6)


def test_less_than_the_own_use_charges_nothing() -> None:
    assert USUAL.dc_w(30.0) == 0.0
    assert USUAL.dc_w(0.0) == 0.0


def test_beyond_the_last_point_the_last_slope_goes_on() -> None:
    assert Losses(((0.0, 10.0), (1000.0, 60.0))).loss_w(2000.0) == pytest.approx(110.0)
