"""The preview is computed in slices: none is long, and together they give what the plain rule gives."""

import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from types import FrameType
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.clockchanges import ZONES, changes
from tests.support.fullschedule import full
from tests.support.plainplan import plain_parts, plain_prices, plain_targets
from v2h.config.site import Limits
from v2h.energy.planning import PLAN_AHEAD, active, plan
from v2h.energy.readyby import CarNow
from v2h.energy.schedule import Schedule
from v2h.energy.schedule_json import schedule_parts
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import Steps, result, sliced
from v2h.energy.walltime import DAYS, at_second, instant
from v2h.programs.manager import SLICE

NOW = datetime(2026, 11, 29, 11, 20, tzinfo=UTC)
MOST_INSTRUCTIONS = 270_000
"""Of Python in one turn: about 50 ms of the board, a fifth of the time between two setpoints."""
CARS = [CarNow(60.0, 22.4), CarNow(20.0, 80.0)]
CHANGES = [change for name in ZONES for change in changes(name)]


def instructions(do: Callable[[], object]) -> int:
    """How many instructions of Python it takes: the same on every machine."""
    count = 0

    def trace(frame: FrameType, event: str, arg: object) -> Any:
        nonlocal count
        frame.f_trace_opcodes, frame.f_trace_lines = True, False
        count += event == "opcode"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        do()
    finally:
        sys.settrace(before)
    return count


def fullest(*, priced: bool) -> Schedule:
    """priced: every price is another one, so that the charge for each target is cut into many pieces."""
    document = full("w")
    for n, price in enumerate(document["prices"]):
        price["import_price"] += (n % 2 * 0.1 + n / 1000) * priced
    return read_schedule(document, Limits(), "UTC")


def work(steps: Steps[Any]) -> list[int]:
    """The instructions of each slice that `manager` computes in one turn."""
    slices, found, ended = sliced(steps, SLICE), list[int](), False

    def one() -> None:
        nonlocal ended
        ended = next(slices, None) is None

    while not ended:
        found.append(instructions(one))
    return found


@pytest.mark.slow
@pytest.mark.parametrize("priced", [False, True])
@pytest.mark.parametrize("car", CARS, ids=str)
def test_no_turn_of_the_fullest_schedule_is_long(car: CarNow, priced: bool) -> None:
    schedule = fullest(priced=priced)
    slices = work(schedule_parts(schedule, NOW, car))
    assert max(slices) < MOST_INSTRUCTIONS
    assert len(slices) < 40, "and there are not many"
    assert instructions(lambda: active(schedule, NOW, car)) < MOST_INSTRUCTIONS, "what is wanted now is one slice"


def test_slices_give_the_result_and_the_last_one_ends() -> None:
    def steps() -> Steps[str]:
        yield from (1, 1, 3, 1)
        return "whole"

    assert list(sliced(steps(), 3)) == [5]
    assert list(sliced(steps(), 1)) == [1, 1, 3, 1]
    assert result(sliced(steps(), 3)) == result(steps()) == "whole"


def hhmm(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"


MINUTES = st.sampled_from(range(0, 24 * 60, 30)) | st.integers(0, 24 * 60 - 1)
ON = st.sampled_from(["daily", "weekdays", "weekends"]) | st.lists(st.sampled_from(DAYS), min_size=1, unique=True)


@st.composite
def times(draw: st.DrawFn, **more: st.SearchStrategy[Any]) -> dict[str, Any]:
    start = draw(MINUTES)
    end = draw(MINUTES.filter(lambda minute: minute != start))
    return {"start": hhmm(start), "end": hhmm(end), "days": draw(ON), **{key: draw(of) for key, of in more.items()}}


@st.composite
def one_offs(draw: st.DrawFn, now: datetime) -> dict[str, Any]:
    start = now + timedelta(minutes=draw(st.integers(-3000, 12_000)))
    end = start + timedelta(minutes=draw(st.integers(1, 3000)))
    return {"start": start.isoformat(), "end": end.isoformat(), "mode": "idle"}


@st.composite
def cases(draw: st.DrawFn) -> tuple[Schedule, datetime, CarNow]:
    """A schedule of every kind of entry, a moment near or far from a change of the clocks, and a car."""
    now = draw(st.sampled_from(CHANGES)) + timedelta(minutes=draw(st.integers(-8 * 1440, 1440)))
    targets = st.fixed_dictionaries(
        {
            "time": MINUTES.map(hhmm),
            "days": ON,
            "soc_pct": st.sampled_from([50, 80]),
            "amps": st.sampled_from([None, 5]),
            "max_price": st.sampled_from([None, 0.1]),
        }
    )
    ceilings = st.sampled_from([None, 0.0, 0.15])
    document = {
        "version": 1,
        "zone": draw(st.sampled_from(ZONES)),
        "otherwise": draw(st.sampled_from(["idle", "v2h"])),
        "weekly": [
            *draw(st.lists(times(mode=st.sampled_from(["v2h", "solar", "charge"])), max_size=3)),
            *draw(st.lists(times(mode=st.just("charge"), max_price=ceilings), max_size=3)),
        ],
        "prices": draw(st.lists(times(import_price=st.sampled_from([-0.1, 0.1, 0.2])), max_size=5)),
        "ready_by": draw(st.lists(targets, max_size=3)),
        "overrides": draw(st.lists(one_offs(now), max_size=3)),
        "trips": [
            {"at": (now + timedelta(minutes=minutes)).isoformat(), "soc_pct": 60}
            for minutes in draw(st.lists(st.integers(-3000, 9000), max_size=2))
        ],
    }
    car = CarNow(draw(st.sampled_from([None, 30.0, 79.0, 100.0])), draw(st.sampled_from([None, 22.0, 60.0])))
    return read_schedule(document, Limits(), "UTC"), now, car


@pytest.mark.slow
@settings(max_examples=60)
@given(cases(), st.booleans(), st.integers(1, 400))
def test_the_plan_is_that_of_the_plain_rule(case: tuple[Schedule, datetime, CarNow], busy: bool, most: int) -> None:
    schedule, now, car = case
    end = now + timedelta(days=3)
    coming = plain_targets(schedule, now, end, car)
    if busy and coming:
        car = CarNow(car.soc_pct, car.capacity_kwh, car.charge_a, coming[0][0])
    found = result(sliced(plan(schedule, now, end, car), most))
    parts = [(p.start, p.end, (p.want, p.key, p.target, p.keep_soc_pct)) for p in found.parts]
    assert parts == plain_parts(schedule, now, end, car)
    assert found.prices == plain_prices(schedule, now, end + PLAN_AHEAD)
    targets = [(target.at, target.entry, list(target.charge)) for target in found.targets]
    assert targets == plain_targets(schedule, now, end, car)


@given(st.sampled_from(ZONES), st.sampled_from(CHANGES), st.integers(-3, 1), st.integers(0, 2 * 86_400 - 1))
def test_a_second_of_the_days_after_is_the_wall_time_of_that_day(
    name: str, change: datetime, days: int, second: int
) -> None:
    tz = read_schedule({"version": 1, "zone": name}, Limits(), "UTC").zone
    day: date = (change.astimezone(tz) + timedelta(days=days)).date()
    assert at_second(day, second, tz) == instant(datetime(day.year, day.month, day.day) + timedelta(seconds=second), tz)
