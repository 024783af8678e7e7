"""The whole way from the values of a meter to the setpoint, as a law that the bench can judge: Health and the readings
of `meter`, and the EnergyController of `manager`."""

from datetime import UTC, datetime
from typing import Any

from tests.support.charging import CAR
from v2h.bus.messages import ChargerState
from v2h.config.site import Limits
from v2h.energy.clock_trust import Trust
from v2h.energy.controller import EnergyController
from v2h.energy.matching import NOMINAL_V
from v2h.energy.orders import ModeRequest
from v2h.energy.owner_settings import check
from v2h.energy.schedulefile import read_schedule
from v2h.meters import Measurement
from v2h.meters.health import USABLE, Health
from v2h.meters.reading import reading

WALL = datetime(2026, 11, 22, 12, tzinfo=UTC)
DECIDE_S = 0.25


class WholeWay:
    """silence_s: what the owner tells of the meter. chosen: settings. dead_t: from then on the meter is dead.
    lag_known: the meter's lag is configured."""

    def __init__(
        self, silence_s: float | None = None, *, dead_t: float = float("inf"), lag_known: bool = True, **chosen: Any
    ) -> None:
        schedule = read_schedule({"version": 1}, Limits(), "UTC")
        settings = check(chosen, Limits(), "UTC")
        self.controller = EnergyController((), settings, schedule, False, lambda *_, **__: None)
        self.health, self.dead_t = Health(1.0, silence_s=silence_s, learns=True), dead_t
        self._lag_known = lag_known
        self.discharge_a = 15.0
        """What the car allows now."""
        self.orders: list[tuple[float, float, str]] = []
        """(time, W, reason) of every decision."""
        self._own_w, self._due, self._state_due = 0.0, 0.0, 0.0
        self._ordered = False

    def limit(self, low_w: float, high_w: float) -> None: ...

    def power(self, now: float, t: float, power_w: float) -> float:
        self._own_w = power_w
        if not self._ordered:
            self._ordered = True
            self.controller.plan(now, WALL, Trust(True, "ntp", 1.0))
            self.controller.take(now, ModeRequest("v2h", by="owner"))
        if now >= self._state_due:
            self._state_due = now + 1.0
            self.controller.on_charger(now, self._state(now, t))
        if self.controller.on_power(now, t, power_w, NOMINAL_V) or now >= self._due:
            self._decide(now)
        return self.orders[-1][1]

    def meter(self, now: float, lag_s: float | None, grid_w: float) -> float:
        if now < self.dead_t:
            value = Measurement(now, grid_w)
            fresh = self.health.measured(value)
            if self.health.word(now) in USABLE:
                said = {"interval_s": self.health.interval_s, "silence_s": self.health.silence_s, "fresh": fresh}
                said |= {"lag_s": lag_s or 0.0, "lag_known": self._lag_known}
                told = reading(value, sign=1, source="test", **said)  # type: ignore[arg-type]
                if self.controller.on_meter(now, told):
                    self._decide(now)
        return self.orders[-1][1] if self.orders else 0.0

    def _decide(self, now: float) -> None:
        self._due = now + DECIDE_S
        setpoint = self.controller.decide(now)
        self.orders.append((now, setpoint.power_w if setpoint.wanted else 0.0, setpoint.reason))

    def _state(self, now: float, t: float) -> ChargerState:
        from dataclasses import replace

        return replace(
            CAR, t=now, state="energy", volts_v=NOMINAL_V, power_w=self._own_w, t_power=t, max_charge_a=15.0,
            max_discharge_a=self.discharge_a, soc_pct=60.0, faults=[],
        )  # fmt: skip
