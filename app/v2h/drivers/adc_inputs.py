"""Reads the ADC for `charger`: the cable's voltage and the other inputs that the configuration names.

An odd answer costs one reading, because the driver configures the chip again with the next one. A chip that gives no
good answer for ODD_S, or a device that fails, is given up and looked for again.
"""

from collections.abc import Callable

from v2h.config.site import Config
from v2h.drivers.ad7327 import SPI_MODE, Ad7327, AdcError
from v2h.ports.spi import open_spi

ODD_S = 1.0
Say = Callable[[str, str, str], None]


class AdcInputs:
    """All `now` are monotonic seconds. say(about, level, text): sends an event when it differs from the last one.

    inputs_v: the inputs of [adc.NAME] as care() has read them last, without those that could not be read."""

    def __init__(self, config: Config, say: Say) -> None:
        self._url, self._cable, self._named = config.hardware.ad7327, config.cable, config.adc
        self._say = say
        self._adc: Ad7327 | None = None
        self._good_t = float("-inf")
        self._odd_said = False
        self.inputs_v: dict[str, float] = {}

    def open(self, now: float, *, wanted: bool = False) -> None:
        """Look for the chip when the configuration needs it (or a calibration: `wanted`) and it is not open."""
        if self._adc is not None or not (self._cable.scale_v_per_v or self._named or wanted):
            return
        try:
            adc = Ad7327(open_spi(self._url, mode=SPI_MODE))
            adc.configure()
        except OSError as error:
            self._say("adc", "warning", f"the cable voltage cannot be measured: {error}")
            return
        self._adc, self._good_t = adc, now
        measured = "is measured" if self._cable.scale_v_per_v else "is not measured: not calibrated"
        self._say("adc", "info", f"the ADC answers; the cable voltage {measured}")

    def cable_v(self, now: float) -> float | None:
        """The cable's voltage by the calibrated channel. None: not calibrated, or no reading."""
        if not self._cable.scale_v_per_v:
            return None
        pin_v = self._read_v(int(self._cable.adc_channel), now)
        return None if pin_v is None else pin_v * self._cable.scale_v_per_v + self._cable.offset_v

    def pin_v(self, now: float) -> float | None:
        """The cable's channel as volts at the chip's pin, for a calibration. None: no reading."""
        return self._read_v(int(self._cable.adc_channel), now)

    def care(self, now: float) -> None:
        """Read the named inputs."""
        for name, one in self._named.items():
            self.inputs_v.pop(name, None)
            pin_v = self._read_v(int(one.channel), now)
            if pin_v is not None:
                self.inputs_v[name] = round(pin_v * one.scale_v_per_v + one.offset_v, 3)

    def _read_v(self, channel: int, now: float) -> float | None:
        """Volts at the chip's pin. None: no reading."""
        if self._adc is None:
            return None
        try:
            pin_v = self._adc.read_v(channel)
        except AdcError as error:
            if not self._odd_said:
                self._odd_said = True
                self._say("odd", "warning", f"a reading of the ADC is missing, and perhaps not the last one: {error}")
            if now - self._good_t >= ODD_S:
                self._lose(error)
            return None
        except OSError as error:
            self._lose(error)
            return None
        self._good_t = now
        return pin_v

    def _lose(self, error: OSError) -> None:
        self._say("adc", "warning", f"the cable voltage cannot be measured: {error}")
        if self._adc is not None:
            self._adc.close()
        self._adc = None
        self.inputs_v.clear()
