"""Under full load our frames to the car come as evenly as real-time scheduling can send them."""

import json
from collections.abc import Iterator

import pytest
from guest import Guest
from owner import Owner

MEASURED_S = 40
SPINNERS = 4
MEASURE = f"""
import dataclasses, json
from v2h.canjitter import compare
told = compare("can1", "vcanjitter", {MEASURED_S})
print(json.dumps({{name: value and dataclasses.asdict(value) for name, value in told.items()}}))
"""


@pytest.fixture
def loaded(guest: Guest) -> Iterator[None]:
    guest.out("ip link add vcanjitter type vcan && ip link set vcanjitter up")
    spin = "(while :; do :; done) >/dev/null 2>&1 & echo $!"
    pids = guest.out(f"for n in $(seq {SPINNERS}); do {spin}; done").split()
    assert len(pids) == SPINNERS
    yield
    guest.out(f"kill {' '.join(pids)}; ip link del vcanjitter")


def test_even_under_full_load(guest: Guest, loaded: None) -> None:
    owner = Owner(guest)
    owner.press("mode", mode="charge", amps=5)
    told = json.loads(guest.out(f"python3 -c '{MEASURE}'", timeout_s=MEASURED_S + 120))
    owner.to_idle()
    for name, value in told.items():
        print(f"\n{name}: {value}", end="")
    ours, plain, fifo = told["ours"], told["plain"], told["fifo"]
    assert ours["frames"] > 0.6 * MEASURED_S * 10, "we were silent"
    assert ours["sd_ms"] <= plain["sd_ms"] / 2
    assert ours["inside_pct"] >= fifo["inside_pct"] - 1
