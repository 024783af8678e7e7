"""charger and the cable's ADC: an odd answer is a missing reading, never 0 V, and the readings never stop for a
second."""

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise

import pytest

import v2h.drivers.adc_inputs
import v2h.programs.charger
from tests.support.standin import StandIn
from v2h.config.site import AdcInput
from v2h.ports.spi import SpiPort
from v2h.programs.charger import ChargerShell
from v2h.rig.ad7327 import CABLE_DIVIDER
from v2h.rig.ad7327 import Ad7327 as Chip

CABLE_V = 371.0
REST_S = 0.2
"""The interval at which charger reads the cable while it rests."""


class Wire(SpiPort):
    """A chip that a test resets. spoil(word) changes the answer; broken: the device itself fails."""

    def __init__(self) -> None:
        self.spoil: Callable[[int], int] = lambda word: word
        self.broken = False
        self.reset()

    def reset(self) -> None:
        self.chip = Chip(lambda: [CABLE_V / CABLE_DIVIDER, 0.0, 0.0, 3.0, 0.0, 0.0, 0.0, 0.0])

    def transfer(self, mosi: bytes) -> bytes:
        if self.broken:
            raise OSError(5, "Input/output error")
        return self.spoil(int.from_bytes(self.chip.transfer(mosi), "big")).to_bytes(2, "big")

    def close(self) -> None:
        pass


class Bench:
    """charger at rest on a live cable. readings: (time, V) of each reading that reached its core."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.program, self.wire, self.opened = StandIn("charger", monkeypatch, v2h.programs.charger), Wire(), 0
        config = self.program.config
        cable, adc = replace(config.cable, scale_v_per_v=CABLE_DIVIDER), {"spare": AdcInput(channel=3)}
        self.program.config = replace(config, cable=cable, adc=adc)
        monkeypatch.setattr(v2h.drivers.adc_inputs, "open_spi", self._open)
        self.shell = ChargerShell(self.program)  # type: ignore[arg-type]
        self.readings: list[tuple[float, float]] = []
        monkeypatch.setattr(
            self.shell._charger, "cable_sample", lambda volts_v, now: self.readings.append((now, volts_v))
        )
        self.run(3.0)
        self.readings.clear()

    def _open(self, url: str, *, mode: int) -> Wire:
        if self.wire.broken:
            raise OSError(6, "No such device or address")
        self.opened += 1
        return self.wire

    def run(self, seconds: float) -> None:
        self.program.run(seconds, step_s=0.05)

    def gap_s(self) -> float:
        """The longest time without a reading."""
        times = [t for t, _ in self.readings]
        return max(later - earlier for earlier, later in pairwise(times))

    def said(self) -> list[str]:
        return [text for code, text in self.program.events() if code == "port" and "AD" in text]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def only_the_cable(bench: Bench) -> bool:
    return all(volts_v == pytest.approx(CABLE_V, abs=0.2) for _, volts_v in bench.readings)


def test_one_odd_answer_costs_one_reading(bench: Bench) -> None:
    bench.run(1.0)
    bench.wire.spoil = lambda word: 0
    bench.run(REST_S)
    bench.wire.spoil = lambda word: word
    bench.run(1.0)
    assert only_the_cable(bench)
    assert bench.gap_s() == pytest.approx(2 * REST_S)
    assert bench.opened == 1


def test_a_chip_that_was_reset_costs_one_reading_at_most(bench: Bench) -> None:
    bench.run(1.0)
    bench.wire.reset()
    bench.run(1.0)
    assert only_the_cable(bench)
    assert bench.gap_s() <= 2 * REST_S + 0.01


@pytest.mark.parametrize("word", [0x0000, 0xFFFF])
def test_a_dead_line_is_no_reading_and_said_once(bench: Bench, word: int) -> None:
    before = len(bench.said())
    bench.wire.spoil = lambda _: word
    bench.run(10.0)
    assert bench.readings == []
    assert bench.shell._adc.inputs_v == {}
    missing, lost = bench.said()[before:]
    assert "a reading of the ADC is missing" in missing and "the cable voltage cannot be measured" in lost
    bench.wire.spoil = lambda answer: answer
    bench.run(2.5)
    assert bench.readings and only_the_cable(bench)
    assert bench.shell._adc.inputs_v == {"spare": pytest.approx(3.0, abs=0.01)}


def test_now_and_then_an_odd_answer_is_said_once_and_closes_nothing(bench: Bench) -> None:
    before = len(bench.said())
    for n in range(20):
        bench.wire.spoil = (lambda word: 0) if n % 2 else (lambda word: word)
        bench.run(2 * REST_S)
    assert bench.opened == 1
    assert len(bench.said()) == before + 1
    assert len(bench.readings) == 20 and only_the_cable(bench)


def test_a_device_that_fails_is_closed_at_once_and_looked_for_again(bench: Bench) -> None:
    bench.wire.broken = True
    bench.run(REST_S)
    assert bench.shell._adc._adc is None
    bench.run(3.0)
    bench.wire.broken = False
    bench.run(2.0)
    assert bench.opened == 2 and bench.readings
