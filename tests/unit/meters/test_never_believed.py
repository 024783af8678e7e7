"""Whatever stands in registers, documents and payloads: no power above 100 kW and no number that is not finite leaves
the program `meter`. The law, the log and the day's totals know a meter only by its messages on the bus."""

import itertools
import json
import math
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.meter_station import Scripted, World
from v2h.bus.messages import MeterReading
from v2h.config.meter_kinds import HttpMeter, RegisterTable
from v2h.config.presets import JsonLayout, find
from v2h.meters import Measurement
from v2h.meters.jsonvalues import measurement, parse
from v2h.meters.modbus import FORMATS, RegisterCache
from v2h.programs.meter import Station

MOST_W = 100e3
"""A second time, and not taken from the meters' code."""
EXAMPLES = settings(max_examples=150, deadline=None)
WORDS = st.sampled_from([0, 1, 0x7FFF, 0x8000, 0xFFFF, 0x7F80, 0xFF80, 0x4120]) | st.integers(0, 0xFFFF)
SCALES = st.sampled_from([1.0, -1.0, 0.1, 1000.0, 1e-3, 1e300])


def told(monkeypatch: pytest.MonkeyPatch, answer: Callable[[float], Measurement]) -> World:
    """What the program publishes of a meter that gives this answer again and again."""
    world = World()
    monkeypatch.setattr("v2h.meters.line.open_meter", lambda *_: Scripted("http", answer))
    Station("grid", HttpMeter(), world)  # type: ignore[arg-type]
    world.run(1.5)
    return world


def check(world: World) -> None:
    for reading in world.readings():
        powers = [reading.power_w, *(phase["power_w"] for phase in reading.phases if "power_w" in phase)]
        assert all(abs(power_w) <= MOST_W for power_w in powers), reading
        others = [reading.voltage_v, reading.current_a, reading.frequency_hz, reading.import_wh, reading.export_wh]
        others += [number for phase in reading.phases for number in phase.values()]
        assert all(math.isfinite(number) for number in others if number is not None), reading
        json.loads(reading.to_json(), parse_constant=lambda word: pytest.fail(f"{word} on the bus"))


@pytest.fixture(scope="module")
def patch() -> Any:
    with pytest.MonkeyPatch.context() as context:
        yield context


@pytest.mark.slow
@EXAMPLES
@given(
    st.sampled_from(sorted(FORMATS)),
    st.sampled_from(["big", "little"]),
    SCALES,
    st.lists(WORDS, min_size=40, max_size=40),
)
@example("float64", "big", 1e300, [0x7F6F] * 40)  # infinity minus infinity is not a number
@example("int32", "big", 1.0, [0xFF80, 0] * 20)  # -8388608 W
def test_registers(patch: pytest.MonkeyPatch, form: str, order: str, scale: float, words: list[int]) -> None:
    others = {"voltage": "12 16 20", "current": "12", "frequency": "24", "import_energy": "28 * 1000"}
    for power, more in itertools.product((f"0 4 8 * {scale!r}", f"0 - 4 * {scale!r}", "0 * 10^4"), ({}, others)):
        cache = RegisterCache(RegisterTable(format=form, words=order, power=power, **more))
        for block in (*cache.power_blocks, *cache.other_blocks):
            cache.put(block, words[block.address : block.address + block.count])
        check(told(patch, cache.measurement))


NUMBERS = (
    st.floats() | st.integers() | st.sampled_from([-8388.608, 1e5, 100_000.1, 10**400, "NaN", "1e999", None, True])
)
SMALL = st.floats(-1e5, 1e5) | NUMBERS
LAYOUTS = [
    JsonLayout(("",)),
    JsonLayout(("a - b",), 1000.0),
    JsonLayout(("a",), phases=("l.*",), voltage=("v.*",), current=("b",), frequency="b", import_energy=("b",)),
    JsonLayout(("l.*",), unit="u"),
]


@pytest.mark.slow
@EXAMPLES
@given(
    st.fixed_dictionaries(
        {},
        optional={
            "a": SMALL, "b": SMALL, "l": st.lists(SMALL, max_size=4), "v": st.lists(SMALL, max_size=3),
            "u": st.sampled_from(["W", "kW", "MW", "A"]), "is_valid": st.booleans(), "errors": st.lists(st.text()),
        },
    )
    | SMALL
)  # fmt: skip
def test_documents(patch: pytest.MonkeyPatch, document: object) -> None:
    for layout in LAYOUTS:
        text = json.dumps(document).encode()
        check(told(patch, lambda now, layout=layout, text=text: measurement(parse(text), layout, now)))


@EXAMPLES
@given(st.binary(max_size=60) | st.text("0123456789+-.eE \"NaInf'[]{}:,", max_size=40).map(str.encode))
@example(b"9" * 400)
@example(b"-" + b"9" * 5000)
@example(b"1e400")
@example(b"-8388608")
@example(b"100000.5")
@example("١٢٣".encode())
def test_payloads(patch: pytest.MonkeyPatch, payload: bytes) -> None:
    glow = find("mqtt", "glow", ()).layout
    for layout in (JsonLayout(("",)), glow):
        check(told(patch, lambda now, layout=layout: measurement(parse(payload), layout, now)))


def test_ordinary_values_pass_so_that_the_checks_see_something(patch: pytest.MonkeyPatch) -> None:
    assert len(told(patch, lambda now: Measurement(now, now)).readings()) >= 2
    world = told(patch, lambda now: Measurement(now, 2e5))
    assert (world.readings(), world.codes()[0]) == ([], "meter-value")
    with pytest.raises(AssertionError):
        check(_believing(2e5))


def _believing(power_w: float) -> World:
    world = World()
    world.sent.append(MeterReading(1.0, power_w, 1.0, 0.5, "http"))
    return world
