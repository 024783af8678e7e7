"""A house with sun, a car and an obedient charger around an EnergyController, in virtual time; for tests."""

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from tests.support.charging import CAR
from v2h.bus.messages import MeterReading, Setpoint
from v2h.config.site import Limits
from v2h.energy.clock_trust import Trust
from v2h.energy.controller import EnergyController
from v2h.energy.owner_settings import check
from v2h.energy.schedulefile import read_schedule

VOLTS_V = 385.0
TELL_S = 2.0
"""The charger reports its state at each change, and at this interval: the longest that is not yet silence."""
FAR_S, NEAR_MIN = 10.0, 5
"""A meter that speaks every 10 s is an ordinary one. The steps are short in the last minutes before the time that a
test wants to look at."""
TRUSTED = Trust(True, "ntp", 1.0)


class Home:
    """load_w(local time of day as hours) is the house without the car; others_w is the power of the other phases of a
    three-phase house, whose meter reports all phases; a test may change everything else between runs."""

    def __init__(
        self,
        start: datetime,
        document: dict[str, Any],
        *,
        soc_pct: float = 60.0,
        load_w: Callable[[float], float] = lambda hour: 400.0,
        stopped: bool = False,
        **chosen: Any,
    ) -> None:
        settings = check(chosen, Limits(), "Europe/London")
        schedule = read_schedule(document, Limits(), settings.time_zone)
        self.events: list[str] = []
        self.controller = EnergyController((), settings, schedule, stopped, self._event)
        self.wall, self.now, self.step_s = start, 1000.0, 2.0
        self.soc_pct, self.capacity_kwh, self.load_w = soc_pct, 40.0, load_w
        self.trust, self.meter_works, self.car_works = TRUSTED, True, True
        self.state, self.faults, self.own_w, self.number, self.sessions = "idle", list[str](), 0.0, 0, 0
        self.setpoint = Setpoint(0.0, False, 0.0, 0.0, "")
        self._told: tuple[object, ...] = ()
        self._told_t = 0.0
        self.grid: list[float] = []
        self.others_w: tuple[float, ...] = ()
        self.phase_w = 0.0
        """Power of the phase that the charger is on."""
        self.mains_w: Callable[[float, bool], float] = lambda dc_w, on: dc_w
        """The charger's power at the mains for one at the battery, and whether the converter is on: without losses."""
        self.imported_wh = self.exported_wh = 0.0

    @property
    def why(self) -> str:
        return self.setpoint.reason

    @property
    def local(self) -> datetime:
        return self.wall.astimezone(self.controller.schedule.zone)

    def time_after(self, seconds: float) -> str:
        """The local time in so many seconds, as an order has it."""
        return (self.local + timedelta(seconds=seconds)).isoformat()

    def run(self, hours: float = 0.0, seconds: float = 0.0) -> None:
        """Run for this time; in long steps in the hours, but not in their last minutes."""
        end = self.now + hours * 3600 + seconds
        near = end - seconds - NEAR_MIN * 60
        while self.now < end:
            self._step(far=self.now < near)

    def run_to(self, clock: str) -> None:
        """Run until the wall clock shows that time of day; in long steps while it is far."""
        at = int(clock[:2]) * 60 + int(clock[3:])
        while True:
            left_min = (at - self.local.hour * 60 - self.local.minute) % (24 * 60)
            self._step(far=left_min > NEAR_MIN)
            if (self.local.hour, self.local.minute) == divmod(at, 60):
                return

    def _step(self, far: bool) -> None:
        short_s = self.step_s
        if far:
            self.step_s = max(FAR_S, short_s)
        self.step()
        self.step_s = short_s

    def step(self) -> None:
        self.now += self.step_s
        self.wall += timedelta(seconds=self.step_s)
        local = self.local
        ac_w = self.mains_w(self.own_w, self.state != "idle")
        self.phase_w = self.load_w(local.hour + local.minute / 60) + ac_w
        phases = [{"power_w": watts} for watts in (self.phase_w, *self.others_w)]
        grid_w = self.phase_w + sum(self.others_w)
        self.grid.append(grid_w)
        self.imported_wh += max(0.0, grid_w) * self.step_s / 3600
        self.exported_wh += max(0.0, -grid_w) * self.step_s / 3600
        self.soc_pct += self.own_w * self.step_s / 3600 / self.capacity_kwh / 10
        controller, now = self.controller, self.now
        if self.state == "energy":
            controller.on_power(now, now, self.own_w, VOLTS_V)
        if (self.state, self.faults, self.car_works) != self._told or now - self._told_t >= TELL_S:
            self._told, self._told_t = (self.state, self.faults, self.car_works), now
            self._tell(now)
        if self.meter_works:
            controller.on_meter(now, MeterReading(now, grid_w, self.step_s, 0.0, "test", phases=phases))
        controller.plan(now, self.wall, self.trust)
        self.setpoint = controller.decide(now)
        self._charger()

    def _tell(self, now: float) -> None:
        """Send the charger's state."""
        energy = self.state == "energy"
        self.controller.on_charger(
            now,
            replace(
                CAR, t=now, state=self.state, reason="as the car wishes", volts_v=VOLTS_V, power_w=self.own_w,
                t_power=now, max_charge_a=15.0 if energy else 0.0,
                max_discharge_a=15.0 if energy else 0.0, capacity_kwh=40.0 if energy else None,
                soc_pct=round(self.soc_pct) if energy else None, faults=self.faults,
            ),
        )  # fmt: skip

    def _charger(self) -> None:
        wanted, number = self.setpoint.wanted, self.setpoint.order
        if self.state == "idle" and wanted and number != self.number and not self.faults:
            self.number, self.state, self.sessions = number, "wake", self.sessions + 1
        elif self.state == "wake":
            self.state = "energy" if self.car_works else "idle"
        elif self.state == "energy" and (not wanted or not self.car_works):
            self.state = "idle"
        flows = self.state == "energy" and wanted
        self.own_w = round(self.setpoint.power_w / VOLTS_V, 1) * VOLTS_V if flows else 0.0

    def _event(self, level: str, code: str, text: str, **values: Any) -> None:
        self.events.append(f"{code}: {text}")
