"""What is around our session in a replay: the rig's battery, circuit and converter, and the car of a capture. Pure."""

from abc import ABC, abstractmethod

from v2h.canframe import Frame
from v2h.rig.battery import Battery
from v2h.rig.cable import Circuit
from v2h.rig.pre import Pre
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Trip

STEP_S = 0.01


class Surroundings(ABC):
    """The models, and the outputs that our session has asked for. k_on: the line K. over: the capture does not contain
    what the car would do next. end_s: a replay lasts no longer."""

    def __init__(self, battery: Battery, end_s: float) -> None:
        self.circuit = Circuit(battery)
        self.pre = Pre()
        self.outputs = NONE
        self.k_on = False
        self.over = False
        self.end_s = end_s

    @abstractmethod
    def step(self, now: float) -> list[Frame]:
        """Let STEP_S pass; the car's frames that are due."""

    @abstractmethod
    def cable_v(self, now: float) -> float:
        """What the cable's sensor measures, V."""

    @abstractmethod
    def hear(self, can_id: int, data: bytes) -> None:
        """Take a frame that our side sends to the car."""

    def obey(self, wanted: Output, now: float) -> None:
        """Switch the outputs as guard would."""
        changed, self.outputs = self.outputs ^ wanted, wanted
        if changed & CONTACTORS:
            self.circuit.set_contactors(now, Output.C1 in wanted, Output.C2 in wanted)
        if Output.PLUG_LOCK in changed:
            self.circuit.set_lock(now, Output.PLUG_LOCK in wanted)
        if Output.PRE_AC in changed:
            self.pre.set_ac(now, Output.PRE_AC in wanted)

    def report(self, session: int) -> Report:
        """What guard reports."""
        return Report(self.outputs, GuardState.READY, Trip.NONE, session, 0, self.k_on, True)

    def flow(self, now: float) -> None:
        """Let the converter drive the circuit for STEP_S."""
        self.pre.step(now, STEP_S)
        self.circuit.step(now, STEP_S, self.pre.demand_a, self.pre.ceiling_v)
        self.pre.out_v, self.pre.out_a = self.circuit.pre_v, self.circuit.pre_a
