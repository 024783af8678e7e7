"""One meter source per file behind one interface; a kind's code is imported only when that kind is configured."""

from dataclasses import dataclass
from importlib import import_module
from typing import Protocol

from v2h.config import Hardware
from v2h.meterconfig import Meter
from v2h.program import HasFileno


class MeterError(OSError):
    """A meter cannot be reached, or what it says is no measurement. The words are for the owner."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What a meter told at monotonic `t`, signs as it gives them; power_w is the sum of the phases.

    phases: one dict a phase with those of power_w, voltage_v and current_a that it tells. Voltage, current and
    frequency are None where it does not tell them, voltage and current also where there are several phases.
    """

    t: float
    power_w: float
    voltage_v: float | None = None
    current_a: float | None = None
    frequency_hz: float | None = None
    import_wh: float | None = None
    export_wh: float | None = None
    phases: tuple[dict[str, float], ...] = ()


class MeterSource(Protocol):
    """One open meter. It lives until its first failure: then it is closed and another opened."""

    title: str
    """Kind and place, for people: "modbus 192.168.1.20:502"."""
    guess_s: float
    """The usual lag of such a meter, s."""
    always_new: bool
    """Each value is measured for us, so that the same value again is news."""
    wakes: HasFileno | None
    """Readable when read() has something; None: ask every interval_s."""
    note: str
    """Why there is no value although nothing failed ("": no reason known)."""

    def read(self, now: float) -> list[Measurement]:
        """New measurements since the last call, oldest first; never blocks on a network. Raises OSError when the
        meter is dead."""

    def close(self) -> None:
        """Never blocks."""


MODULES = {
    "stpm3x": "v2h.meters.stpm3x",
    "modbus": "v2h.meters.modbus",
    "mqtt": "v2h.meters.mqtt",
    "http": "v2h.meters.http",
}
"""Kind of v2h.toml -> module with `open_source(spec, hardware) -> MeterSource`."""


def open_meter(spec: Meter, hardware: Hardware) -> MeterSource:
    """Open one meter. Raises OSError (chip or wire) and PortUrlError."""
    source: MeterSource = import_module(MODULES[spec.kind]).open_source(spec, hardware)
    return source
