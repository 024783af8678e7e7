"""Messages as charger and manager send them, for tests of the page and the panel."""

import time
from dataclasses import replace
from typing import Any

from v2h.bus.messages import ChargerState, ManagerState

FRESH_S = 300.0
"""A message is from so far in the future that it stays fresh on a busy machine, too. A test of its age passes `t`."""


def charger(**changes: Any) -> ChargerState:
    """A Leaf that charges with 10 A; `changes` replace fields."""
    now = time.monotonic()
    return replace(
        ChargerState(
            t=now + FRESH_S, state="energy", since_t=now - 40, reason="", soc_pct=62.0, volts_v=384.6, amps_a=9.9,
            power_w=3807.0, t_power=now, setpoint_a=10.0, max_charge_a=15.0, max_discharge_a=14.0, k_on=True,
            outputs=["d1", "d2", "c1", "c2", "plug-lock", "pre-ac", "master"], faults=[], guard="armed",
            status_109_5="05", cable_v=384.0, temperature_c=31.0, session=1,
            ages_s={"car": 0.04, "converter": 0.08},
            checks={"insulation": "verified", "lock": "assumed", "cable_v": "not fitted"}, capacity_kwh=24.0,
        ),
        **changes,
    )  # fmt: skip


def manager(**changes: Any) -> ManagerState:
    """Manager in mode charge; `changes` replace fields."""
    return replace(
        ManagerState(
            t=time.monotonic() + FRESH_S, mode="charge", why="Charging with 10 A as asked, up to 80 %",
            setpoint_w=3846.0, grid_w=4215.0, grid_age_s=0.1, limits={"max_charge_a": 15.0}, config_errors=[],
            clock={"trusted": True, "source": "ntp", "age_s": 1.0, "zone": "UTC", "local": "2026-11-22T12:00:00+00:00"},
        ),
        **changes,
    )  # fmt: skip
