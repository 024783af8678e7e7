"""What the session is given at each step, and what it asks for. Values only; the charger program fills and obeys."""

from dataclasses import dataclass

from v2h.chademo.cable import Source
from v2h.chademo.car import Car
from v2h.chademo.frames import EvseFrame
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import Output
from v2h.safety.wire import Report


@dataclass(frozen=True, slots=True)
class Inputs:
    """One look at the world.

    guard: its latest report if younger than GUARD_LOST, else None. cable_v: voltage on the cable side of c1/c2, None
    where it is not known; cable_source: how it is. wanted: a session shall run; order: number of the order behind it
    (a session that has ended starts again only for a new one). setpoint_w: + charging, already 0 when expired.
    max_charge_a, max_discharge_a: the installation's limits, positive. converter_answered_t: last SDO answer.
    may_assume: the owner has named the car's battery, so that a session may start without a calibrated ADC;
    assumed_battery_v: the battery's voltage guessed from its SOC, None where it may or can not be.
    """

    car: Car
    guard: Report | None
    pre: PreTelemetry
    converter_answered_t: float
    cable_v: float | None
    wanted: bool
    order: int
    setpoint_w: float
    max_charge_a: float
    max_discharge_a: float
    clear_fault: bool = False
    unlock_confirmed: bool = False
    cable_source: Source = Source.VERIFIED
    may_assume: bool = False
    assumed_battery_v: float | None = None

    @property
    def battery_v(self) -> float | None:
        """What the converter is matched to before c1/c2 close: the cable as measured, else the battery as assumed."""
        return self.cable_v if self.cable_v is not None else self.assumed_battery_v


@dataclass(frozen=True, slots=True)
class Actions:
    """What the session asks for until the next step.

    outputs for guard; frames to send every 100 ms, 108 before 109, empty when silent; converter: enable, volts, amps
    (+ charging).
    """

    outputs: Output
    frames: tuple[EvseFrame, ...]
    pre_enable: bool
    pre_volts_v: float
    pre_amps_a: float
    k_expected: bool
    trip_wanted: bool
    session: int
    unlock_by_person: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a session ended in error. bit: the 109.5 bit that tells the car ("malfunction", "incompatible", "system"
    or "" when the car itself is the cause)."""

    name: str
    text: str
    bit: str = "system"
