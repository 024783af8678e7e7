"""Two days of the month that `make bench` runs: the counters balance, and there are few sessions."""

import pytest

from tests.bench.month import month


@pytest.mark.slow
@pytest.mark.timeout(280)
def test_two_days_balance() -> None:
    seen = month(2)
    assert seen.grid_off <= 0.001
    assert seen.car_off <= 0.001
    assert len(seen.counters.days) == 2
    for total in seen.counters.days.values():
        assert min(total.charged_wh, total.discharged_wh, total.imported_wh) > 500
        assert total.grid_missed_s == total.charger_missed_s == 0
    assert 1 <= seen.sessions <= 2 * 12
