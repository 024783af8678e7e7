"""The inputs of a CCS session at each step: those of any session of the charger, and what CCS adds. Only values."""

from dataclasses import dataclass

from v2h.ccs.record import CHARGING_PILOT, CarRecord, Isolation, Phase, Pilot
from v2h.chademo.interface import Inputs


@dataclass(frozen=True, slots=True)
class PowerInputs(Inputs):
    """Inputs.car stays an empty Car: no CHAdeMO frame is heard.

    ccs: the car's last record from `ccs` if it is fresh, else None. isolation: by the insulation monitor, INVALID while
    it measures nothing or is silent; isolation_t: when the last measurement behind it was made, monotonic seconds.
    """

    ccs: CarRecord | None = None
    isolation: Isolation = Isolation.INVALID
    isolation_t: float = float("-inf")

    @property
    def phase(self) -> Phase:
        """Of the car; NONE while `ccs` is silent."""
        return Phase.NONE if self.ccs is None else self.ccs.phase

    @property
    def pilot(self) -> Pilot:
        return Pilot.UNKNOWN if self.ccs is None else self.ccs.pilot

    @property
    def pilot_permits(self) -> bool:
        """Pilot C or D, and K on: the outside chain of relays is closed."""
        return self.pilot in CHARGING_PILOT and self.guard is not None and self.guard.k_on

    @property
    def car_max_v(self) -> float:
        """The car's highest voltage, V; 0 before it has told it."""
        return 0.0 if self.ccs is None or self.ccs.max_v is None else self.ccs.max_v
