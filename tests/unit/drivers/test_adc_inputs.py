"""The ADC as `charger` uses it: a chip that fails is given up, its device is given back, and it is looked for again."""

from dataclasses import replace

import pytest

from v2h.config.site import Cable, Config
from v2h.drivers import adc_inputs
from v2h.drivers.adc_inputs import AdcInputs
from v2h.ports.spi import SpiPort
from v2h.rig.ad7327 import Ad7327 as Chip


class Device(SpiPort):
    """A port to the rig's chip that fails when the test says so."""

    def __init__(self) -> None:
        self.chip, self.fails, self.closed = Chip(lambda: [3.7] * 8), False, False

    def transfer(self, mosi: bytes) -> bytes:
        if self.fails:
            raise OSError("no such device")
        return self.chip.transfer(mosi)

    def close(self) -> None:
        self.closed = True


def test_a_device_that_fails_is_given_back_and_looked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    opened: list[Device] = []

    def open_device(url: str, mode: int) -> Device:
        opened.append(Device())
        return opened[-1]

    monkeypatch.setattr(adc_inputs, "open_spi", open_device)
    said: list[str] = []
    config = replace(Config(), cable=Cable(adc_channel=0, scale_v_per_v=100.0))
    inputs = AdcInputs(config, lambda about, level, text: said.append(f"{about} {level}"))
    inputs.open(0.0)
    assert inputs.cable_v(0.1) == pytest.approx(370.0, abs=1.0)
    opened[0].fails = True
    assert inputs.cable_v(0.2) is None
    assert opened[0].closed
    inputs.open(0.3)
    assert len(opened) == 2 and not opened[1].closed
    assert inputs.cable_v(0.4) == pytest.approx(370.0, abs=1.0)
    assert said == ["adc info", "adc warning", "adc info"]
