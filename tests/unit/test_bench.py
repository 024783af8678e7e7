"""Three days of the month that `make bench` runs: its counters balance, its sessions are few."""

import pytest

from bench.month import month


@pytest.mark.timeout(280)
def test_three_days_balance() -> None:
    seen = month(3)
    assert seen.grid_off <= 0.001
    assert seen.car_off <= 0.001
    assert len(seen.counters.days) == 3
    for total in seen.counters.days.values():
        assert min(total.charged_wh, total.discharged_wh, total.imported_wh) > 500
        assert total.grid_missed_s == total.charger_missed_s == 0
    assert 1 <= seen.sessions <= 3 * 12
