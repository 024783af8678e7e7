"""What `charger` needs of a session: CHAdeMO (session.py) and CCS (ccs/power_session.py) both give it. Pure."""

from abc import ABC, abstractmethod
from typing import Generic, TypeVar

from v2h.chademo.interface import Actions, Inputs
from v2h.chademo.progress import Progress

Seen = TypeVar("Seen", bound=Inputs)


class AnySession(Progress, ABC, Generic[Seen]):
    """The sessions of one charger, one after another. commanded_a: the current that the converter is to give now."""

    commanded_a: float

    @abstractmethod
    def step(self, now: float, inputs: Seen) -> Actions:
        """Process the inputs of `now` and return the requests. Call at least every 0.1 s during a session."""

    @abstractmethod
    def checks(self, inputs: Seen) -> dict[str, str]:
        """What of insulation, lock and cable voltage is verified, assumed or not fitted."""

    @abstractmethod
    def limits_a(self, inputs: Seen, now: float) -> tuple[float, float]:
        """(charge, discharge) amps that this session would accept, both positive."""
