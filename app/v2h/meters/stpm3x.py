"""The charger's own STPM3x as a meter: one channel, calibrated by the LSBs of v2h.toml (`v2h meter calibrate`).

Power is read each time; voltage, current, frequency and energy once a second. Energy counts from the program's start.
"""

from v2h.config.meter_kinds import Meter, Stpm3xMeter
from v2h.config.site import Hardware
from v2h.drivers.stpm3x import SPI_MODE, Raw, Stpm3x, energy_delta
from v2h.drivers.stpm3x_map import ENERGY_LSB_PER_POWER_LSB
from v2h.meters import Measurement
from v2h.ports.spi import open_spi

GUESS_S = 0.05
SLOW_S = 1.0
"""Time between readings of all values. The energy counter's half range is 9.8 s at 7 kW in the finest usual design."""
MOST_W = 15_000.0
"""No single phase carries more: this bounds how far the energy counter can have run in a gap."""


class Stpm3xSource:
    """Measures whenever it is read. Raises OSError."""

    guess_s = GUESS_S
    always_new = True
    wakes = None
    note = ""

    def __init__(self, spec: Stpm3xMeter, chip: Stpm3x) -> None:
        self.title = f"stpm3x channel {spec.channel:g}"
        self._chip, self._spec = chip, spec
        self._energy_lsb_wh = spec.p_lsb_w * ENERGY_LSB_PER_POWER_LSB
        self._slow_t: float | None = None
        self._raw = Raw(0, 0, 0, 0, 0)
        self._import_wh = self._export_wh = 0.0

    def read(self, now: float) -> list[Measurement]:
        """Exactly one measurement, of `now`."""
        spec = self._spec
        if self._slow_t is None or now - self._slow_t >= SLOW_S:
            raw = self._chip.everything()
            self._count(now, raw)
            self._slow_t, self._raw = now, raw
            power = raw.power
        else:
            raw, power = self._raw, self._chip.power()
        return [
            Measurement(
                now, power * spec.p_lsb_w, raw.v_rms * spec.v_lsb_v, raw.i_rms * spec.i_lsb_a, raw.frequency_hz,
                self._import_wh, self._export_wh,
            )
        ]  # fmt: skip

    def close(self) -> None:
        self._chip.close()

    def _count(self, now: float, raw: Raw) -> None:
        if self._slow_t is None:
            return
        gap_s = now - self._slow_t
        most_wh = gap_s * MOST_W / 3600
        delta_wh = energy_delta(raw.energy, self._raw.energy) * self._energy_lsb_wh
        if most_wh >= self._energy_lsb_wh * 2**31 or abs(delta_wh) > most_wh:
            # The counter may have wrapped, or the chip restarted: the power at both ends is the better estimate.
            delta_wh = (self._raw.power + raw.power) / 2 * self._spec.p_lsb_w * gap_s / 3600
        if delta_wh > 0:
            self._import_wh += delta_wh
        else:
            self._export_wh -= delta_wh


def open_source(spec: Meter, hardware: Hardware) -> Stpm3xSource:
    """Open the chip of [hardware] stpm3x for one meter. Raises OSError, PortUrlError."""
    assert isinstance(spec, Stpm3xMeter)
    port = open_spi(hardware.stpm3x, mode=SPI_MODE)
    try:
        return Stpm3xSource(spec, Stpm3x(port, int(spec.channel), int(spec.gain)))
    except OSError:
        port.close()
        raise
