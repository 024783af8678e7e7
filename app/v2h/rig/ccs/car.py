"""A simulated CCS car at the plug, as the plant sees it: its pilot, its contactors and its battery. Pure.

It stands in the place of the CHAdeMO car (ev.py). Its messages are in evcc.py, and line.py carries them; or another
program speaks for it, and this car does with pilot and contactors what that program asks (carside.py).
"""

import math
from collections import deque
from collections.abc import Callable, Mapping
from enum import Enum, auto
from typing import Any

from v2h.ccs.messages import Dialect
from v2h.rig.cable import OPEN_LIMIT_A, Circuit
from v2h.rig.ccs.carside import CarSide
from v2h.rig.ccs.evcc import Evcc
from v2h.rig.ccs.insulationmeter import InsulationMeter
from v2h.rig.ccs.pilotbox import PilotBox
from v2h.rig.values import flag, number

FULL_PCT = 95.0
"""The car ends the charge by itself."""
OPEN_LATE_S = 1.0
"""After the pulse has gone the car opens its contactors, at the latest so much later at any current."""


REMEMBERED = 200


class Phase(Enum):
    """For `rig state`."""

    ASLEEP = auto()
    LOOKING = auto()
    TALKING = auto()
    CHARGING = auto()
    ENDED = auto()


class CcsCar:
    """A car with a pilot box and an insulation monitor beside the charger. dialect: None if another program speaks for
    it. evcc: the session that runs, None while the car does not speak; past: the names of the requests of the last
    one. demand_s: how long the last answers to CurrentDemandReq took."""

    next_frame = math.inf
    """It has no CAN."""
    discharge_a = 0.0

    def __init__(self, circuit: Circuit, dialect: Dialect | None) -> None:
        self.circuit, self.dialect = circuit, dialect
        circuit.precharged = True
        self.box, self.monitor = PilotBox(), InsulationMeter()
        self.evcc: CarSide | None = None
        self.past: list[str] = []
        self.demand_s: deque[float] = deque(maxlen=REMEMBERED)
        self.failed = ""
        self.ended = False
        self._pulse_lost_t = math.inf

    @property
    def k_on(self) -> bool:
        """The outside chain: the box's relay and that of the insulation monitor."""
        return self.box.relay and self.monitor.good

    @property
    def faults(self) -> dict[str, bool]:
        return {self.failed: True} if self.failed else {}

    @property
    def request_a(self) -> float:
        return 0.0 if self.evcc is None else self.evcc.wants_a

    @property
    def phase(self) -> Phase:
        if not self.box.pulsed or not self.circuit.plugged:
            return Phase.ASLEEP
        if self.evcc is None:
            return Phase.ENDED if self.ended else Phase.LOOKING
        return Phase.CHARGING if self.evcc.closed else Phase.TALKING

    def shown(self) -> dict[str, Any]:
        """The boxes, and the requests of the session that runs, or of the last one.

        joined: a session runs. measured: what the car knows of itself. stops: the driver has ended the charge.
        """
        side = self.evcc
        asked = self.past if side is None else side.asked
        boxes = {"pilot": self.box.state, "relay": self.box.relay, "ohm": self.monitor.ohm, "asked": asked}
        boxes["demand_ms"] = [round(seconds * 1000, 2) for seconds in self.demand_s]
        if side is None:
            return {"ccs": boxes | {"joined": False}}
        measured = {"battery_v": side.battery_v, "inlet_v": side.inlet_v, "soc_pct": side.soc_pct}
        return {"ccs": boxes | {"joined": True, "measured": measured, "stops": side.stops}}

    @property
    def knobs(self) -> Mapping[str, Callable[[str, str], None]]:
        acts = ("ccs_wants_energy", "ccs_closed", "ccs_over")
        return {
            "ccs_ohm": self._set_ohm,
            "ccs_box_silent": self._silence_box,
            **dict.fromkeys(acts, self._act),
            "ccs_rhythm_s": self._set_rhythm,
        }

    def _set_ohm(self, key: str, value: str) -> None:
        self.monitor.ohm = number(key, value, 0, 1e8)

    def _silence_box(self, key: str, value: str) -> None:
        self.box.silent = flag(key, value)

    def _act(self, key: str, value: str) -> None:
        """What a program that speaks for the car does: pilot C, contactors, the end of the session."""
        if self.dialect is not None or self.evcc is None:
            raise ValueError(f"{key}: no session of another program runs (python -m v2h.rig.ccs --car outside)")
        setattr(self.evcc, key.removeprefix("ccs_"), flag(key, value))

    def _set_rhythm(self, key: str, value: str) -> None:
        """Of the session that runs: how often the car asks."""
        if not isinstance(self.evcc, Evcc):
            raise ValueError(f"{key}: no session of this car runs (python -m v2h.rig.ccs --car din)")
        self.evcc.rhythm_s = number(key, value, 0, 2)

    def connect(self) -> None:
        """The car is connected, or matched if another program speaks for it: a session begins."""
        self.evcc, self.failed = CarSide() if self.dialect is None else Evcc(self.dialect), ""

    def disconnect(self, why: str) -> None:
        """The connection is closed. The car begins again when the pulse has gone and come back."""
        if self.evcc is None:
            return
        if not self.evcc.over:
            self.evcc.fail(why)
        self.past, self.failed, self.ended = self.evcc.asked, self.evcc.failed, True
        self.box.wants_energy = self.evcc.wants_energy = False

    def end_session(self, now: float) -> None:
        """The driver stops at the car."""
        if self.evcc is not None:
            self.evcc.stops = True

    def set_lines(self, now: float, d1: bool, d2: bool) -> None:
        """A CCS car has no such lines."""

    def set_plugged(self, now: float, plugged: bool) -> None:
        self.box.plugged = plugged

    def evse_frame(self, now: float, can_id: int, data: bytes) -> None:
        """It has no CAN."""

    def frames_due(self, now: float) -> list[tuple[int, bytes]]:
        return []

    def step(self, now: float) -> None:
        """Advance pilot and contactors to `now`."""
        evcc, circuit = self.evcc, self.circuit
        self.monitor.volts_v = circuit.cable_v
        if evcc is not None:
            evcc.inlet_v, evcc.battery_v = circuit.cable_v, circuit.battery.ocv_v()
            evcc.soc_pct = circuit.battery.soc_pct
            evcc.stops = evcc.stops or evcc.soc_pct >= FULL_PCT
            self.box.wants_energy = evcc.wants_energy
            if evcc.over and self.dialect is None:  # no connection of ours closes
                self.disconnect("")
        self._pulse_lost_t = math.inf if self.box.pulsed else min(self._pulse_lost_t, now)
        if not self.box.pulsed:
            self.disconnect("the pilot's pulse has gone")
        wanted = evcc is not None and evcc.closed and self.box.pulsed and not self.ended
        small = abs(circuit.battery_a) <= OPEN_LIMIT_A
        late = now - self._pulse_lost_t > OPEN_LATE_S
        if wanted or small or late:
            circuit.set_car_contactors(now, wanted)
        if self.ended and not circuit.car_closed:
            self.evcc = None
        if self.evcc is None and not self.box.pulsed:
            self.ended = False
