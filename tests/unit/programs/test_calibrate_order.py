"""The order to calibrate the cable, through charger's shell: when it is refused, and that its result is told once."""

from dataclasses import replace

import pytest
from paho.mqtt.client import topic_matches_sub

import v2h.drivers.adc_inputs
import v2h.programs.charger
from tests.support.standin import StandIn
from v2h.bus.messages import MAY_PUBLISH, CableCalibration, Command, Event, Reply
from v2h.bus.states import State
from v2h.chademo.calibration import Calibration, Line, Result
from v2h.ports.spi import SpiPort
from v2h.programs.charger import ChargerShell
from v2h.rig.ad7327 import Ad7327 as Chip


class Wire(SpiPort):
    """A chip whose channel 0 has 1.5 V."""

    def __init__(self) -> None:
        self.chip = Chip(lambda: [1.5, *[0.0] * 7])

    def transfer(self, mosi: bytes) -> bytes:
        return self.chip.transfer(mosi)

    def close(self) -> None: ...


class Bench:
    """charger's shell at rest, with an ADC that is not calibrated."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, *, scale: float = 0.0, answers: bool = True) -> None:
        self.program = StandIn("charger", monkeypatch, v2h.programs.charger)
        config = self.program.config
        self.program.config = replace(config, cable=replace(config.cable, scale_v_per_v=scale))

        def open_spi(url: str, *, mode: int) -> Wire:
            if not answers:
                raise OSError(6, "No such device or address")
            return Wire()

        monkeypatch.setattr(v2h.drivers.adc_inputs, "open_spi", open_spi)
        self.shell = ChargerShell(self.program)  # type: ignore[arg-type]
        self.core = self.shell._charger
        self.program.run(1.0, step_s=0.05)

    def order(self) -> Reply:
        self.program.published.clear()
        self.program.hear(Command("7", "test"), "calibrate")
        (reply,) = [message for _, message in self.program.published if isinstance(message, Reply)]
        return reply

    def told(self) -> list[CableCalibration]:
        return [message for _, message in self.program.published if isinstance(message, CableCalibration)]


@pytest.mark.parametrize(
    ("bench", "why"),
    [
        ({"scale": 100.0}, "the cable has a calibration"),
        ({"answers": False}, "the ADC does not answer"),
        ({}, "guard"),
    ],
)
def test_it_is_refused_with_what_to_do(monkeypatch: pytest.MonkeyPatch, bench: dict[str, float], why: str) -> None:
    b = Bench(monkeypatch, **bench)  # type: ignore[arg-type]
    reply = b.order()
    assert not reply.ok and reply.text.startswith("The cable is not calibrated: ") and why in reply.text
    assert not b.core.calibrates and b.core.session.state is State.IDLE


def begun(b: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the core take the order as if guard were ready."""

    def calibrate(now: float) -> str:
        b.core.session.calibration = Calibration()
        return ""

    monkeypatch.setattr(b.core, "calibrate", calibrate)


def test_the_reply_says_that_it_begins_and_what_to_leave_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Bench(monkeypatch)
    begun(b, monkeypatch)
    reply = b.order()
    assert reply.ok and "leave the plug alone" in reply.text


@pytest.mark.parametrize("line", [Line(102.4, 1.5), None])
def test_the_result_is_published_once_and_is_an_event(monkeypatch: pytest.MonkeyPatch, line: Line | None) -> None:
    b = Bench(monkeypatch)
    results = [Result(line, "so it is"), None]
    monkeypatch.setattr(b.core, "calibrated", lambda: results.pop(0) if results else None)
    b.program.run(1.0, step_s=0.05)
    scale, offset_v = (102.4, 1.5) if line else (None, None)
    ((said),) = b.told()
    assert (said.adc_channel, said.scale_v_per_v, said.offset_v, said.text) == (0, scale, offset_v, "so it is")
    assert not said.RETAIN
    events = [message for _, message in b.program.published if isinstance(message, Event)]
    assert [event.level for event in events if event.code == "calibration"] == ["info" if line else "warning"]


def test_the_pin_is_read_only_in_a_calibration(monkeypatch: pytest.MonkeyPatch) -> None:
    b = Bench(monkeypatch)
    read: list[float] = []
    monkeypatch.setattr(b.core, "pin_sample", lambda volts_v, now: read.append(volts_v))
    b.shell._adc.open(b.program.now, wanted=True)
    b.program.run(1.0, step_s=0.05)
    assert read == []
    monkeypatch.setattr(type(b.core), "calibrates", True)
    b.program.run(1.0, step_s=0.05)
    assert read and all(volts_v == pytest.approx(1.5, abs=0.005) for volts_v in read)


def test_only_charger_may_publish_a_result() -> None:
    able = [name for name, may in MAY_PUBLISH.items() if any(topic_matches_sub(t, CableCalibration.TOPIC) for t in may)]
    assert able == ["charger"]
