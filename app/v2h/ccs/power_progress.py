"""The state of a CCS session: what its transitions may read and change. power_session.py runs it."""

import math

from v2h.bus.states import State
from v2h.ccs.power_interface import PowerInputs
from v2h.ccs.power_states import TABLE
from v2h.ccs.record import CHARGING_PILOT, Phase, Pilot
from v2h.chademo.progress import Progress

GONE = (Phase.NONE, Phase.LINK, Phase.END, Phase.FAILED)
"""Phases in which no car speaks any more, once a session has begun."""


class PowerProgress(Progress):
    """As Progress, with the table of CCS.

    car_session: number of the session at `ccs` that this one belongs to, None before the car speaks. lock_ready: the
    plug is locked, cable and converter are empty: the cable check may begin. matched: the precharge has reached its
    target. isolated: the isolation was measured at the test voltage in this session. cut: the pilot goes off, because
    the car did not stop by itself. zero_t: since when 0 A has been ordered, infinity while a current is.
    """

    table = TABLE

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.car_session: int | None = None
        self.lock_ready = self.matched = self.isolated = self.cut = False
        self.zero_t = math.inf

    def meet_car(self) -> None:
        """Forget the car of the session before."""
        self.car_session = None
        self.lock_ready = self.matched = self.isolated = self.cut = False

    def deserted(self, inputs: PowerInputs) -> bool:
        """No car can be waited for in a stop: it is gone, or the pilot has told it an emergency. Once the current has
        ended, pilot B is in order: the car tests its contactors and ends the session in it."""
        there = CHARGING_PILOT if self.state is State.STOP_CURRENT else (Pilot.B, *CHARGING_PILOT)
        return self.fault is not None or self.cut or inputs.phase in GONE or inputs.pilot not in there
