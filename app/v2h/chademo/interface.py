"""The inputs of the session at each step, and its requests. Only values: the `charger` program fills the inputs and
carries out the requests."""

from dataclasses import dataclass

from v2h.bus.faults import FAULTS
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.frames import EvseFrame
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, Output
from v2h.safety.wire import Report


@dataclass(frozen=True, slots=True)
class Inputs:
    """All inputs at one time.

    guard: its latest report if younger than GUARD_LOST, else None. cable: the voltage on the cable side of c1/c2, how
    it is known, and how far it can be trusted. wanted: a session is to run; order: number of the order behind it (a
    session that has ended starts again only for a new number); order_live: manager's setpoint has not expired, so a
    session may begin. setpoint_w: + charging, already 0 when expired. max_charge_a, max_discharge_a: the installation's
    limits, positive. unlock_word: a person has just confirmed at the panel that the plug may be unlocked. protocol: the
    control protocol number that we announce. may_assume: the owner has named the car's battery, so a session may start
    without a calibrated ADC; assumed_battery_v: the battery's voltage guessed from its SOC, None where a guess is not
    permitted or not possible; pack_unlike: why the car's battery is not the named one. by_converter: the ADC was
    calibrated against the converter. calibrate: the owner has just
    ordered a session that calibrates the cable; such a session may run without a calibrated ADC (may_assume), and its
    `wanted` is that of the owner alone. pin: (volts, time) of the last reading of the cable's channel at the ADC's pin
    in such a session.
    """

    car: Car
    guard: Report | None
    pre: PreTelemetry
    cable: CableVoltage
    wanted: bool
    order: int
    setpoint_w: float
    max_charge_a: float
    max_discharge_a: float
    clear_fault: bool = False
    unlock_word: bool = False
    order_live: bool = True
    may_assume: bool = False
    protocol: int = 2
    assumed_battery_v: float | None = None
    pack_unlike: str = ""
    by_converter: bool = False
    calibrate: bool = False
    pin: tuple[float, float] | None = None

    @property
    def cable_v(self) -> float | None:
        """The newest reading of the cable's voltage, V: for supervision and display, not for decisions."""
        return self.cable.volts_v

    @property
    def cable_source(self) -> Source:
        return self.cable.source

    @property
    def joined(self) -> bool:
        """Both c1 and c2 read back as closed."""
        return self.guard is not None and CONTACTORS in self.guard.outputs

    @property
    def flagged(self) -> bool:
        """The car reports its contactors in 102.5.3 (control protocol number 2 and above)."""
        return self.car.x102 is not None and min(self.car.x102.protocol, self.protocol) >= 2

    @property
    def battery_v(self) -> float | None:
        """The voltage to which the converter is matched before c1/c2 close: the known cable voltage, otherwise the
        assumed voltage of the battery."""
        return self.cable_v if self.cable_v is not None else self.assumed_battery_v


@dataclass(frozen=True, slots=True)
class Actions:
    """What the session asks for until the next step.

    outputs: for guard. frames: to send every 100 ms, 108 before 109, empty when we send nothing. pre_enable,
    pre_volts_v, pre_amps_a: for the converter (+ charging).
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
    cable_doubted: bool = False


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a session ended in error. name: an id of bus/faults.py; another raises KeyError. text: what was seen."""

    name: str
    text: str

    def __post_init__(self) -> None:
        FAULTS[self.name]

    @property
    def bit(self) -> str:
        """The name of the bit of 109.5 that reports this fault to the car."""
        return FAULTS[self.name].car_bit
