"""The whole simulated charger except its chips: car, converter, circuit and house on one clock. Pure.

Every method takes `now` in monotonic seconds; the same Plant serves the rig's server in real time and tests in virtual
time. It can be deep-copied (a snapshot), draws no random numbers and reads no clock.
"""

import math
from collections.abc import Callable, Mapping
from enum import Enum
from typing import Any, Protocol

from v2h.rig.battery import LEAF_24, Battery, Pack
from v2h.rig.cable import Circuit, Violation
from v2h.rig.ev import Car
from v2h.rig.habits import LEAF, Habits
from v2h.rig.house import House
from v2h.rig.pre import Pre
from v2h.safety.outputs import NONE, Output

STEP_S = 0.02
"""Longest inner step."""
SENSE_S = 0.055
"""Time constant of the cable voltage's sense path (CAP1's steps arrive as 21, 84, 98, 100 % at 100 ms spacing)."""


class PluggedCar(Protocol):
    """What the plant asks of any car at its plug: ev.Car speaks CHAdeMO, ccs.car.CcsCar speaks CCS."""

    @property
    def next_frame(self) -> float:
        """When its next CAN frame is due."""
        ...

    @property
    def discharge_a(self) -> float: ...
    @property
    def faults(self) -> Mapping[str, bool]: ...
    @property
    def k_on(self) -> bool: ...
    @property
    def request_a(self) -> float: ...
    @property
    def phase(self) -> Enum: ...
    @property
    def knobs(self) -> Mapping[str, Callable[[str, str], None]]:
        """More knobs for control.apply: each takes its own name and a value."""
        ...

    def shown(self) -> dict[str, Any]:
        """More for control.state."""
        ...

    def set_lines(self, now: float, d1: bool, d2: bool) -> None: ...
    def set_plugged(self, now: float, plugged: bool) -> None: ...
    def evse_frame(self, now: float, can_id: int, data: bytes) -> None: ...
    def frames_due(self, now: float) -> list[tuple[int, bytes]]: ...
    def end_session(self, now: float) -> None: ...
    def step(self, now: float) -> None: ...


class Plant:
    """Everything behind the charger's connectors.

    The caller advances the time with step() and passes each frame and each output change at its time; the caller also
    chooses the order within one time. outputs: what the board drives now. car: makes another car than a CHAdeMO one.
    """

    def __init__(
        self,
        house: House | None = None,
        *,
        soc_pct: float = 60.0,
        now: float = 0.0,
        habits: Habits = LEAF,
        pack: Pack = LEAF_24,
        car: Callable[[Circuit], PluggedCar] | None = None,
    ) -> None:
        self.now = now
        self.start = now
        self.house = house if house is not None else House.constant(300.0)
        self.battery = Battery(soc_pct, pack)
        self.circuit = Circuit(self.battery)
        self.car: PluggedCar = Car(self.circuit, habits) if car is None else car(self.circuit)
        self.pre = Pre()
        self.outputs = NONE
        self.charger_wh = self.grid_wh = self.grid_abs_wh = 0.0
        self.score_s = 0.0
        self.sensed_v = 0.0
        """Cable voltage behind the sense path, as the ADC's pin sees it (before its divider)."""
        self.k_cut = False
        """Knob: the K wire is broken."""

    @property
    def k_on(self) -> bool:
        """The car's charge permission at the K input (always False while unplugged)."""
        return self.car.k_on and not self.k_cut

    @property
    def cable_v(self) -> float:
        """True voltage of the cable, at the plug."""
        return self.circuit.cable_v

    @property
    def violations(self) -> list[Violation]:
        """Every misuse so far, oldest first; a correct charger leaves the list empty."""
        return self.circuit.violations

    @property
    def load_w(self) -> float:
        """The house's own load minus its sun."""
        return self.house.net_w(self.now - self.start)

    @property
    def charger_w(self) -> float:
        """AC power of the charger; + is drawn."""
        return self.pre.ac_w()

    @property
    def grid_w(self) -> float:
        """Power at the grid connection; + is import."""
        return self.load_w + self.charger_w

    def set_output(self, output: Output, on: bool) -> None:
        """Drive one output (or several of them) at the time of the last step."""
        before = self.outputs
        self.outputs = before | output if on else before & ~output
        changed = self.outputs ^ before
        if not changed:
            return
        now = self.now
        if changed & (Output.C1 | Output.C2):
            self.circuit.set_contactors(now, Output.C1 in self.outputs, Output.C2 in self.outputs)
        if Output.PLUG_LOCK in changed:
            self.circuit.set_lock(now, on)
        if Output.PRE_AC in changed:
            self.pre.set_ac(now, on)
        if changed & (Output.D1 | Output.D2):
            self.car.set_lines(now, Output.D1 in self.outputs, Output.D2 in self.outputs)

    def set_plugged(self, plugged: bool) -> None:
        """Put the plug in or pull it out. Raises ValueError while the plug is locked."""
        self.circuit.set_plugged(self.now, plugged)
        self.car.set_plugged(self.now, plugged)
        self.car.set_lines(self.now, Output.D1 in self.outputs, Output.D2 in self.outputs)

    def step(self, now: float) -> None:
        """Advance to `now` in inner steps of at most 20 ms; time never goes back."""
        left_s = now - self.now
        if left_s <= 0.0:
            return
        self._measure(left_s)
        if self.quiet():
            self.now = now
            self.car.step(now)
            return
        count = max(1, math.ceil(left_s / STEP_S - 1e-9))
        dt_s = left_s / count
        pre, circuit, car = self.pre, self.circuit, self.car
        settle = dt_s / (SENSE_S + dt_s)
        at = self.now
        for _ in range(count):
            at += dt_s
            pre.step(at, dt_s)
            circuit.step(at, dt_s, pre.demand_a, pre.ceiling_v)
            pre.out_v, pre.out_a = circuit.pre_v, circuit.pre_a
            self.sensed_v += (circuit.cable_v - self.sensed_v) * settle
            car.step(at)
        self.now = now

    def quiet(self) -> bool:
        """True when the converter has no AC and the circuit is dead: only the car and the house need steps."""
        return self.pre.ac_on_t is None and self.circuit.quiet() and self.sensed_v < 0.01

    def car_frames_due(self, now: float) -> list[tuple[int, bytes]]:
        """The car's CAN frames that are due, in order."""
        return self.car.frames_due(now)

    def next_car_frame(self) -> float:
        """Time of the car's next frame; infinity while it is silent."""
        return self.car.next_frame

    def evse_frame(self, now: float, can_id: int, data: bytes) -> None:
        """A CAN frame from the charger to the car."""
        self.car.evse_frame(now, can_id, data)

    def pre_request(self, now: float, data: bytes) -> bytes | None:
        """An SDO request (0x630); returns the answer for 0x5B0, or None when the converter is silent."""
        return self.pre.request(now, data)

    def reset_score(self) -> None:
        """Restart the mean of |grid|."""
        self.grid_abs_wh = self.score_s = 0.0

    @property
    def mean_abs_grid_w(self) -> float:
        """Mean of |grid| since the last reset."""
        return self.grid_abs_wh * 3600.0 / self.score_s if self.score_s else 0.0

    def _measure(self, dt_s: float) -> None:
        charger_w = self.pre.ac_w()
        grid_w = self.load_w + charger_w
        hours = dt_s / 3600.0
        self.charger_wh += charger_w * hours
        self.grid_wh += grid_w * hours
        self.grid_abs_wh += abs(grid_w) * hours
        self.score_s += dt_s
        self.pre.warm(dt_s)
