"""Under full load our frames to the car are as evenly spaced as real-time scheduling allows.

This is a measurement for a machine with no other load: `JITTER=1 pytest -s tests/image/test_guest_jitter.py`. Measured
once: plain loop sd 24.0 ms, 18.1 % inside the vendor's spread; SCHED_FIFO loop 1.1 ms, 98.4 %; broadcast manager
0.9 ms, 98.0 %, but 100.6 ms apart in the mean (it re-arms from the moment of sending); ours 1.6 ms, 96.5 %.
"""

import json
import os
from collections.abc import Iterator

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import Owner

MEASURED_S = 40
SPINNERS = 4

pytestmark = pytest.mark.skipif("JITTER" not in os.environ, reason="a measurement by hand: set JITTER=1")


@pytest.fixture
def loaded(remade: Guest) -> Iterator[None]:
    spin = "(while :; do :; done) >/dev/null 2>&1 & echo $!"
    pids = remade.out(f"for n in $(seq {SPINNERS}); do {spin}; done").split()
    assert len(pids) == SPINNERS
    yield
    remade.out(f"kill {' '.join(pids)}")


def test_even_under_full_load(remade: Guest, loaded: None) -> None:
    owner = Owner(remade)
    owner.press("mode", mode="charge", amps=5)
    owner.wait_for_session("energy", 120)
    _, said = remade.sh(f"v2h selftest --can-jitter --json --seconds {MEASURED_S}", MEASURED_S + 120)
    told = json.loads(said)
    owner.to_idle()
    for name, value in told.items():
        print(f"\n{name}: {value}", end="")
    ours, plain, fifo = told["ours"], told["plain"], told["fifo"]
    assert ours["frames"] > 0.6 * MEASURED_S * 10, "we were silent"
    assert ours["sd_ms"] <= plain["sd_ms"] / 2
    assert ours["inside_pct"] >= fifo["inside_pct"] - 1
