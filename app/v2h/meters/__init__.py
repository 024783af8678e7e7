"""One meter source per file behind one interface; a kind's code is imported only when that kind is configured."""

from collections.abc import Sequence
from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from v2h.config.meter_kinds import Meter
from v2h.config.site import Hardware
from v2h.runtime.pollable import HasFileno


class MeterError(OSError):
    """A meter cannot be reached, or its answer is not a measurement. args[0] is the sentence for the owner."""


class NoMeasurementError(MeterError):
    """The meter has answered, but its answer is not a measurement, so the connection stays open."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer at monotonic `t` that is not used. why: the sentence for the owner."""

    t: float
    why: str


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a meter reported at monotonic `t`, with the meter's own signs; power_w is the sum of the phases.

    phases: one dict a phase with those of power_w, voltage_v and current_a that the meter reports. Voltage, current and
    frequency are None where it does not report them, voltage and current also where there are several phases. remark:
    a sentence for the owner about a part of the answer that is not used.
    """

    t: float
    power_w: float
    voltage_v: float | None = None
    current_a: float | None = None
    frequency_hz: float | None = None
    import_wh: float | None = None
    export_wh: float | None = None
    phases: tuple[dict[str, float], ...] = ()
    remark: str = ""


class MeterSource(Protocol):
    """One open meter. After its first failure it is closed, and a new one is opened."""

    title: str
    """Kind and place, for people: "modbus 192.168.1.20:502"."""
    guess_s: float
    """The usual lag of such a meter, s."""
    always_new: bool
    """Each read() measures, so a repeated value is a new measurement too."""
    wakes: HasFileno | None
    """Readable when read() has something; None: call read() every interval_s."""
    note: str
    """Why there is no value although nothing failed ("": no reason known)."""

    def read(self, now: float) -> Sequence[Measurement | Refusal]:
        """New answers since the last call, oldest first; never blocks on a network. Raises OSError when the meter is
        dead."""

    def close(self) -> None:
        """Never blocks."""


def open_meter(spec: Meter, hardware: Hardware) -> MeterSource:
    """Open one meter: the module with the name of its kind has open_source(spec, hardware) -> MeterSource. Raises
    OSError (chip or wire) and PortUrlError."""
    source: MeterSource = import_module(f"v2h.meters.{spec.kind}").open_source(spec, hardware)
    return source
