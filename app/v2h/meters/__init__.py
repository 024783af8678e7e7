"""One meter source per file behind one interface; a kind's code is imported only when that kind is configured."""

from importlib import import_module
from typing import Protocol

from v2h.bus import MeterReading
from v2h.config import Hardware, Meter


class MeterSource(Protocol):
    """One open meter. It may be asked at any pace; what it tells carries its own time and lag."""

    def read(self, now: float) -> list[MeterReading]:
        """New readings since the last call, oldest first; [] when there is none yet. Raises OSError when it is dead:
        close it and open another."""

    def close(self) -> None: ...


KINDS = {"stpm3x": "v2h.meters.stpm3x"}
"""Kind of v2h.toml -> module with `open_source(name, spec, hardware) -> MeterSource`."""


def open_meter(name: str, spec: Meter, hardware: Hardware) -> MeterSource:
    """Open the meter [meter.NAME]. Raises OSError (chip or wire) and PortUrlError."""
    source: MeterSource = import_module(KINDS[spec.kind]).open_source(name, spec, hardware)
    return source
