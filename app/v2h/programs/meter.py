"""meter: polls the configured meters and publishes v2h/meter/NAME.

Owns the metering chip's SPI port. An old value is never published as a new one: a meter that does not answer is
silent on the bus. Each dead meter is opened anew every second, with one line in the log per change of state.
Dies or hangs: manager notices by the readings' age (3 measured intervals + 1 s) and orders 0 W until they come back.
"""

import sys

from v2h.busclient import BusClient
from v2h.config import Hardware, Meter
from v2h.meters import MeterSource, open_meter
from v2h.ports.url import PortUrlError
from v2h.program import Program

RETRY_S = 1.0


class Station:
    """One configured meter: open, read, publish, and start over when it dies."""

    def __init__(self, name: str, spec: Meter, hardware: Hardware, bus: BusClient) -> None:
        self._name, self._spec, self._hardware, self._bus = name, spec, hardware, bus
        self._source: MeterSource | None = None
        self._works: bool | None = None
        self._next_try = float("-inf")

    def tick(self, now: float) -> None:
        """Read once; call every interval."""
        if self._source is None and now < self._next_try:
            return
        try:
            if self._source is None:
                self._source = open_meter(self._name, self._spec, self._hardware)
            readings = self._source.read(now)
        except (OSError, PortUrlError) as error:
            self._next_try = now + RETRY_S
            self.close()
            self._note(False, f"meter {self._name}: {error}")
            return
        self._note(True, f"meter {self._name} answers")
        for reading in readings:
            self._bus.publish(reading, self._name)

    def close(self) -> None:
        if self._source is not None:
            self._source.close()
            self._source = None

    def _note(self, works: bool, text: str) -> None:
        if works is not self._works:
            self._works = works
            self._bus.event("info" if works else "warning", "meter-ok" if works else "meter-dead", text)


def main() -> int:
    program = Program("meter")
    stations = [
        Station(name, spec, program.config.hardware, program.bus) for name, spec in program.config.meter.items()
    ]

    def close_all() -> None:
        for station in stations:
            station.close()

    program.at_exit(close_all)
    for station, spec in zip(stations, program.config.meter.values(), strict=True):
        program.every(spec.interval_s, station.tick)
    return program.run()


if __name__ == "__main__":
    sys.exit(main())
