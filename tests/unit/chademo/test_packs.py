"""The tables of guessed battery voltages: at their points, between the points, and beyond both ends."""

import pytest

from v2h.chademo.packs import GUESS_WITHIN_V, PACKS, known_packs, pack

POINTS = {
    24: [(0, 336.0), (10, 353.3), (50, 368.6), (73, 374.0), (86, 384.0), (100, 394.6)],
    40: [
        *[(0, 324.0), (10, 336.0), (20, 341.0), (30, 343.0), (40, 345.0), (50, 356.0)],
        *[(60, 360.0), (70, 366.0), (80, 377.0), (90, 387.0), (100, 403.0)],
    ],
}
BETWEEN = {
    24: [(5, 344.65), (30, 360.95), (61.5, 371.3), (79.5, 379.0), (93, 389.3)],
    40: [(5, 330.0), (15, 338.5), (35, 344.0), (45, 350.5), (65, 363.0), (95, 395.0)],
}
BEYOND = {24: [(-1, 334.27), (107, 399.9)], 40: [(-5, 318.0), (105, 411.0)]}


@pytest.mark.parametrize(
    ("kwh", "soc_pct", "volts_v"),
    [(kwh, *point) for table in (POINTS, BETWEEN, BEYOND) for kwh, points in table.items() for point in points],
)
def test_the_voltage_at_rest(kwh: int, soc_pct: float, volts_v: float) -> None:
    found = pack(96, kwh)
    assert found is not None and found.rest_v(soc_pct) == pytest.approx(volts_v, abs=1e-6)


def test_only_the_exact_pair_is_known() -> None:
    assert [(one.cells_in_series, one.kwh) for one in PACKS] == [(96, 24), (96, 40)]
    for cells, kwh in ((96, 30), (96, 0), (24, 96), (95, 24), (97, 40), (100, 40)):
        assert pack(cells, kwh) is None
    assert known_packs() == ("96 cells and 24 kWh (Nissan Leaf 24 kWh), 96 cells and 40 kWh (Nissan Leaf 40 kWh)")


def test_what_each_may_tell_of_its_capacity() -> None:
    assert [one.told_kwh for one in PACKS] == [(12.0, 24.5), (25.0, 40.5)], "apart: no capacity fits both"
    assert GUESS_WITHIN_V == 10.0
