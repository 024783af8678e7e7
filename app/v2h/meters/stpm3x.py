"""The charger's own STPM3x as a meter: calibrated by the LSBs of v2h.toml.

Power is read each time; voltage, current, frequency and energy once a second. Energy counts from the program's start.
"""

from dataclasses import replace

from v2h.bus import MeterReading
from v2h.config import Hardware, Meter
from v2h.drivers.stpm3x import SPI_MODE, Raw, Stpm3x, energy_delta
from v2h.meters.pace import Pace
from v2h.ports.spi import open_spi

SLOW_S = 1.0
"""Between readings of everything. The energy counter's half range is 9.8 s at 7 kW in the finest usual design."""
ENERGY_LSB_PER_POWER_LSB = 2048 / (7812.5 * 3600)
"""Wh per W: data sheet, from the two conversion formulas (f_DSP = 7812.5 Hz)."""
MOST_W = 15_000.0
"""No single phase carries more: bounds how far the energy counter can have run in a gap."""


class Stpm3xMeter:
    """One channel of the chip. Raises OSError."""

    def __init__(self, name: str, spec: Meter, chip: Stpm3x) -> None:
        self._chip, self._spec, self._channel = chip, spec, int(spec.channel)
        self._sign = -1.0 if spec.sign < 0 else 1.0
        self._energy_lsb_wh = spec.p_lsb_w * ENERGY_LSB_PER_POWER_LSB
        self._pace = Pace(spec.interval_s)
        self._slow_t: float | None = None
        self._energy: int | None = None
        self._last = MeterReading(0.0, 0.0, spec.interval_s, spec.lag_s, f"stpm3x {name}", import_wh=0.0, export_wh=0.0)

    def read(self, now: float) -> list[MeterReading]:
        """Exactly one reading, of `now`."""
        if self._slow_t is None or now - self._slow_t >= SLOW_S:
            raw = self._chip.everything(self._channel)
            self._slow(now, raw)
            power = raw.power
        else:
            power = self._chip.power(self._channel)
        power_w = self._sign * power * self._spec.p_lsb_w
        self._last = replace(self._last, t=now, power_w=power_w, interval_s=self._pace.reading(now))
        return [self._last]

    def close(self) -> None:
        self._chip.close()

    def _slow(self, now: float, raw: Raw) -> None:
        gap_s = now - self._slow_t if self._slow_t is not None else 0.0
        if self._energy is None:
            delta_wh = 0.0
        elif gap_s * MOST_W / 3600 < self._energy_lsb_wh * 2**31:
            delta_wh = self._sign * energy_delta(raw.energy, self._energy) * self._energy_lsb_wh
        else:  # the counter may have wrapped: the power of both ends of the gap is the better witness
            delta_wh = (self._last.power_w + self._sign * raw.power * self._spec.p_lsb_w) / 2 * gap_s / 3600
        self._slow_t, self._energy = now, raw.energy
        self._last = replace(
            self._last,
            voltage_v=raw.v_rms * self._spec.v_lsb_v,
            current_a=raw.i_rms * self._spec.i_lsb_a,
            frequency_hz=raw.frequency_hz,
            import_wh=(self._last.import_wh or 0.0) + max(0.0, delta_wh),
            export_wh=(self._last.export_wh or 0.0) + max(0.0, -delta_wh),
        )


def open_source(name: str, spec: Meter, hardware: Hardware) -> Stpm3xMeter:
    """Open the chip of [hardware] stpm3x for [meter.NAME]. Raises OSError, PortUrlError."""
    port = open_spi(hardware.stpm3x, mode=SPI_MODE)
    try:
        return Stpm3xMeter(name, spec, Stpm3x(port))
    except OSError:
        port.close()
        raise
