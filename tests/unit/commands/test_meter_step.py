"""`v2h meter step`: from the prompt to the line for v2h.toml, with readings that come over the bus' own messages."""

import argparse
import io
import json
import os
import time
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest

from tests.support.messages import charger
from v2h.bus.messages import ChargerState, MeterReading
from v2h.commands import CommandError
from v2h.commands.meter_step import run
from v2h.meters.step import AFTER_S

ARGS = argparse.Namespace(role="grid", json=False)


@pytest.fixture
def keyboard(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Types a text into standard input; "" ends it."""
    read_fd, write_fd = os.pipe()
    with os.fdopen(read_fd) as end, io.FileIO(write_fd, "w") as keys:
        monkeypatch.setattr("sys.stdin", end)
        yield lambda text: keys.close() if text == "" else keys.write(text.encode()) and None


class Bus:
    """What the bus tells: a meter with a value each 0.2 s, and the charger's state. The load comes on when Enter is
    pressed; press: what the person types."""

    def __init__(self, press: Callable[[], None], state: str = "idle", watts: float = 2000.0) -> None:
        self.press, self.state, self.watts = press, state, watts

    def listen(self, _: float, topics: dict[str, Any], watched: Mapping[int, Callable[[], float]]) -> None:
        self.press()
        ((_, pressed),) = watched.items()
        left_s = pressed()
        assert left_s == pytest.approx(AFTER_S, abs=1)
        now = time.monotonic()
        for n in range(-40, int(AFTER_S / 0.2)):
            t, power_w = now + n * 0.2 + 0.1, 300.0 + (self.watts if n * 0.2 + 0.1 >= 0.3 else 0.0)
            payload = MeterReading(t, power_w, 0.2, 0.3, "x").to_json()
            topics["v2h/meter/grid"]("v2h/meter/grid", payload)
        topics[ChargerState.TOPIC](ChargerState.TOPIC, charger(state=self.state).to_json())


def test_it_prints_what_was_measured_and_the_line(
    keyboard: Callable[[str], None], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(ARGS, Bus(lambda: keyboard("\n")).listen) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "# a step of 2000 W, a reading every 0.2 s, noise 0 W"
    assert lines[-2] == "[meter.grid]"
    assert float(lines[-1].removeprefix("lag_s = ")) == pytest.approx(0.2, abs=0.12)
    assert run(argparse.Namespace(role="grid", json=True), Bus(lambda: keyboard("\n")).listen) == 0
    assert json.loads(capsys.readouterr().out)["step_w"] == 2000.0


@pytest.mark.parametrize(
    ("text", "state", "watts", "says"),
    [
        ("\n", "energy", 2000.0, "the charger was in a session"),
        ("\n", "idle", 50.0, "the power changed by 50 W only"),
        ("", "idle", 2000.0, "standard input has ended"),
    ],
)
def test_no_result_says_why(keyboard: Callable[[str], None], text: str, state: str, watts: float, says: str) -> None:
    with pytest.raises(CommandError, match=says):
        run(ARGS, Bus(lambda: keyboard(text), state, watts).listen)


def test_a_meter_that_tells_nothing_and_a_person_who_does_not_press(keyboard: Callable[[str], None]) -> None:
    with pytest.raises(CommandError, match="the grid meter told nothing"):
        run(ARGS, lambda *_: None)

    def only_readings(_: float, topics: dict[str, Any], watched: object) -> None:
        topics["v2h/meter/grid"]("v2h/meter/grid", MeterReading(1.0, 5.0, 0.2, 0.3, "x").to_json())

    with pytest.raises(CommandError, match="Enter was not pressed within 120 s"):
        run(ARGS, only_readings)
