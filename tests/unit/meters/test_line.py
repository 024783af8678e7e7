"""One line to a meter against a real Modbus server: it comes back by itself, and waits longer each time."""

import time
from collections.abc import Callable

import pytest

from v2h.bus.sentences import Sentence
from v2h.config.meter_kinds import ModbusMeter
from v2h.config.site import Hardware
from v2h.meters.line import Line
from v2h.rig.desk import free_port
from v2h.rig.homemeters import Look, ModbusFace, sdm230
from v2h.runtime.pollable import HasFileno

LOOK = Look(-1234.5, 231.5, 49.98, 12_345.0, 678.0)


class Loop:
    """The part of Program that Line uses."""

    def __init__(self) -> None:
        self.watched: dict[int, Callable[[float], None]] = {}

    def watch(self, readable: HasFileno, action: Callable[[float], None]) -> None:
        self.watched[readable.fileno()] = action

    def unwatch(self, fileno: int) -> None:
        self.watched.pop(fileno, None)

    def turn(self, line: Line) -> None:
        line.tick(time.monotonic())
        for action in list(self.watched.values()):
            action(time.monotonic())
        time.sleep(0.01)


@pytest.mark.slow
def test_a_line_comes_back_by_itself_and_waits_longer_each_time() -> None:
    loop, heard, port = Loop(), list[float](), free_port()
    spec = ModbusMeter(host="127.0.0.1", port=port, interval_s=0.05)
    line = Line(spec, Hardware(), loop, lambda line, value, fresh: heard.append(value.t))  # type: ignore[arg-type]

    def until(done: Callable[[], bool], timeout_s: float = 10.0) -> float:
        began = time.monotonic()
        while not done():
            loop.turn(line)
            assert time.monotonic() - began < timeout_s
        return time.monotonic() - began

    until(lambda: "no connection" in line.failure)
    assert isinstance(line.failure, Sentence), "its id travels with it"
    line.failure = ""
    assert 0.8 < until(lambda: bool(line.failure)) < 3.0
    face = ModbusFace(lambda: sdm230(LOOK), port)
    until(lambda: len(heard) > 5)
    assert line.why() == ""
    face.close()
    until(lambda: bool(line.failure))
    face = ModbusFace(lambda: sdm230(LOOK), port)
    count = len(heard)
    until(lambda: len(heard) > count + 5)
    line.close()
    assert loop.watched == {}
    face.close()
