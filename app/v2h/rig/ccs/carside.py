"""What a CCS car's messages and its body have in common: what it measures, and what it does with pilot and contactors.
Pure.

The messages are those of our own simulated car (evcc.py), or of another program, which sets the same fields by the
rig's knobs (control.py).
"""

from dataclasses import dataclass, field


@dataclass(slots=True, kw_only=True)
class CarSide:
    """One session of one car. wants_a: the current that it asks for at most. max_v: its limit.

    soc_pct, battery_v, inlet_v: what the car measures; set by the rig. wants_energy: the car shows pilot C. closed: its
    contactors. over: it asks nothing more. failed: why it ended early, "" else. stops: the driver or the full battery
    ends the charge; the car obeys at its next request."""

    wants_a: float = 16.0
    max_v: float = 410.0
    soc_pct: float = 50.0
    battery_v: float = 380.0
    inlet_v: float = 0.0
    wants_energy: bool = False
    closed: bool = False
    stops: bool = False
    over: bool = False
    failed: str = ""
    asked: list[str] = field(default_factory=list)
    """The names of its requests, each once in a row."""

    def fail(self, why: str) -> None:
        """Everything ends: the pilot goes to B, the contactors open."""
        self.failed, self.over, self.wants_energy, self.closed = self.failed or why, True, False, False
