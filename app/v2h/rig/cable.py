"""The DC circuit between the PRE's output and the car's battery, and a record of every misuse of it. Pure.

    PRE output capacitor --- c1/c2 --- cable --- car's contactors --- battery

The voltages are those of the two capacitor nodes. Once PRE and battery are joined, the battery's low resistance sets
the voltage within microseconds, so that case is algebraic; without the battery a node integrates its current.
Capacitances and bleeders are ours: small enough that the vendor's -0.2 A empties the cable in the 0.1 to 0.3 s of
capture CAP1.
"""

from typing import NamedTuple

from v2h.rig.battery import RESISTANCE_OHM, Battery

PRE_FARAD = 60e-6
PRE_BLEED_SIEMENS = 1 / 47e3
CABLE_FARAD = 5e-6
CABLE_BLEED_SIEMENS = 1 / 1e6

HURRY = 5.0
"""Factor by which cable_v=0 speeds up the cable's bleeder: from 50 V to 10 V in 1.6 s. A fall in less than a second
would be that of a dead sensor."""

OPEN_LIMIT_A = 5.0
"""No contactor may open above this current (IEEE 2030.1.1 as quoted by open implementations)."""
CLOSE_LIMIT_V = 20.0
"""No contactor may close onto a larger voltage difference."""
UNLOCK_LIMIT_V = 10.0
"""The plug must be locked above this voltage."""


class Violation(NamedTuple):
    """One misuse. what: a description; value and limit in the unit that `what` names."""

    t: float
    what: str
    value: float
    limit: float


class Circuit:
    """Node voltages, currents and contactors. Currents + charge the car."""

    __slots__ = (
        "_loose",
        "battery",
        "battery_a",
        "c1",
        "c2",
        "cable_v",
        "car_closed",
        "holds",
        "hurried",
        "locked",
        "plugged",
        "pre_a",
        "pre_v",
        "precharged",
        "violations",
    )  # fmt: skip

    def __init__(self, battery: Battery) -> None:
        self.battery = battery
        self.c1 = self.c2 = self.car_closed = self.locked = self._loose = False
        self.hurried = self.holds = False
        """hurried: the cable bleeds faster than normal. holds: it does not bleed at all."""
        self.precharged = False
        """The car closes its contactors onto its own voltage (CCS), and not onto a dead cable (CHAdeMO)."""
        self.plugged = True
        self.pre_v = self.cable_v = 0.0
        self.pre_a = self.battery_a = 0.0
        self.violations: list[Violation] = []

    @property
    def joined(self) -> bool:
        """c1 and c2 are both closed."""
        return self.c1 and self.c2

    def quiet(self) -> bool:
        """True when nothing is charged and no current flows: a step changes nothing."""
        return not self.car_closed and self.pre_v < 0.01 and self.cable_v < 0.01

    def set_contactors(self, now: float, c1: bool, c2: bool) -> None:
        """Switch c1 and c2; both closed join the nodes."""
        was, will = self.joined, c1 and c2
        self.c1, self.c2 = c1, c2
        if was and not will:
            self._check(now, "c1/c2 opened under current, A", abs(self.pre_a), OPEN_LIMIT_A)
            self.pre_a = self.battery_a = 0.0
        elif will and not was:
            self._check(now, "c1/c2 closed onto a voltage difference, V", abs(self.pre_v - self.cable_v), CLOSE_LIMIT_V)
            if self.car_closed:
                self.pre_v = self.cable_v
            else:
                charge = self.pre_v * PRE_FARAD + self.cable_v * CABLE_FARAD
                self.pre_v = self.cable_v = charge / (PRE_FARAD + CABLE_FARAD)

    def set_lock(self, now: float, locked: bool) -> None:
        """Lock or unlock the plug."""
        if self.locked and not locked:
            self._check(now, "plug unlocked on a live cable, V", self.cable_v, UNLOCK_LIMIT_V)
            self._loose = self.cable_v > UNLOCK_LIMIT_V
        self.locked = locked

    def set_car_contactors(self, now: float, closed: bool) -> None:
        """Switch the car's contactors."""
        if closed == self.car_closed:
            return
        self.car_closed = closed
        if not closed:
            self._check(now, "car's contactors opened under current, A", abs(self.battery_a), OPEN_LIMIT_A)
            self.battery_a = 0.0
            return
        if self.precharged:
            apart_v = abs(self.cable_v - self.battery.ocv_v())
            self._check(now, "car's contactors closed onto another voltage, V", apart_v, CLOSE_LIMIT_V)
        else:
            self._check(now, "car's contactors closed onto a live cable, V", self.cable_v, CLOSE_LIMIT_V)
        self.cable_v = self.battery.ocv_v()
        if self.joined:
            self._check(now, "car's contactors closed onto the PRE, V", self.cable_v - self.pre_v, CLOSE_LIMIT_V)
            self.pre_v = self.cable_v

    def set_plugged(self, now: float, plugged: bool) -> None:
        """Put the plug in or pull it out. Raises ValueError while the lock holds it."""
        if self.plugged and not plugged:
            if self.locked:
                raise ValueError("the plug is locked and cannot be pulled out")
            self._check(now, "plug pulled on a live cable, V", self.cable_v, UNLOCK_LIMIT_V)
            self.set_car_contactors(now, False)
        self.plugged = plugged

    def discharge(self) -> None:
        """Discharge the cable in a second or two, for which its bleeder takes half a minute. Raises ValueError while
        something holds the voltage up. Not at once: `charger` takes a sensor that shows such a jump for dead."""
        if self.car_closed or self.joined:
            raise ValueError("the cable is connected: its voltage is not its own")
        self.hurried, self.holds = True, False

    def step(self, now: float, dt_s: float, demand_a: float, ceiling_v: float) -> None:
        """Let the PRE drive demand_a (up to ceiling_v) for dt_s."""
        joined = self.c1 and self.c2
        if self.car_closed:
            ocv_v = self.battery.ocv_v()
            if joined:
                current_a = demand_a
                if demand_a > 0.0:
                    current_a = min(demand_a, max(0.0, (ceiling_v - ocv_v) / RESISTANCE_OHM))
                self.pre_a = self.battery_a = current_a
                self.pre_v = self.cable_v = volts_v = ocv_v + current_a * RESISTANCE_OHM
                if current_a:
                    self.battery.flow(current_a, volts_v, dt_s)
            else:
                self.battery_a = 0.0
                self.cable_v = ocv_v
                self._node(PRE_FARAD, PRE_BLEED_SIEMENS, dt_s, demand_a, ceiling_v)
        elif joined:
            siemens = PRE_BLEED_SIEMENS + CABLE_BLEED_SIEMENS
            self.cable_v = self._node(PRE_FARAD + CABLE_FARAD, siemens, dt_s, demand_a, ceiling_v)
        else:
            self._node(PRE_FARAD, PRE_BLEED_SIEMENS, dt_s, demand_a, ceiling_v)
            pace = HURRY if self.hurried else 0.0 if self.holds else 1.0
            self.cable_v *= 1.0 - pace * CABLE_BLEED_SIEMENS * dt_s / CABLE_FARAD
            self.hurried = self.hurried and self.cable_v > 0.01
        if not self.locked and self.cable_v > UNLOCK_LIMIT_V:
            if not self._loose and self.plugged:
                self._check(now, "cable live while the plug is not locked, V", self.cable_v, UNLOCK_LIMIT_V)
            self._loose = True
        else:
            self._loose = False

    def _node(self, farad: float, siemens: float, dt_s: float, demand_a: float, ceiling_v: float) -> float:
        """Apply the PRE's current to a capacitor: bleed, then charge towards the ceiling or discharge towards zero."""
        volts_v = self.pre_v * (1.0 - siemens * dt_s / farad)
        after_v = volts_v
        if demand_a > 0.0 and ceiling_v > volts_v:
            after_v = min(ceiling_v, volts_v + demand_a * dt_s / farad)
        elif demand_a < 0.0:
            after_v = max(0.0, volts_v + demand_a * dt_s / farad)
        self.pre_a = (after_v - volts_v) * farad / dt_s
        self.pre_v = after_v
        return after_v

    def _check(self, now: float, what: str, value: float, limit: float) -> None:
        if value > limit:
            self.violations.append(Violation(round(now, 3), what, round(value, 1), limit))
