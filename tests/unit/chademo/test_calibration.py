"""The line of the cable's sensor: what is accepted, what is refused in words, and when a voltage counts as measured."""

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.chademo_inputs import NOW, UNKNOWN, at, following, leaf, look, report, telemetry
from v2h.bus.states import State
from v2h.chademo import limits
from v2h.chademo.calibration import LEVELS_V, Calibration, Line, Point, UnfitError, fit
from v2h.chademo.interface import Inputs
from v2h.chademo.session import Session
from v2h.chademo.states import TABLE
from v2h.safety.outputs import CONTACTORS, NONE, Output

Curve = Callable[[float], float]


def points(pin_v: Curve, spread_v: float = 0.0) -> list[Point]:
    return [Point(volts_v, pin_v(volts_v), spread_v) for volts_v in LEVELS_V]


@given(st.floats(51, 499), st.floats(-20, 20))
def test_the_line_of_a_straight_sensor_is_found(scale: float, offset_v: float) -> None:
    line = fit(points(lambda volts_v: (volts_v - offset_v) / scale))
    for volts_v in (0.0, 10.0, 410.0):
        assert line.cable_v((volts_v - offset_v) / scale) == pytest.approx(volts_v, abs=0.01)


@pytest.mark.parametrize(
    ("curve", "spread_v", "sentence"),
    [
        (lambda volts_v: 2.5, 0.0, "calibration.not_rising"),
        (lambda volts_v: -volts_v / 100, 0.0, "calibration.not_rising"),
        (lambda volts_v: {150.0: 2.0, 325.0: 1.9}.get(volts_v, 5.0), 0.0, "calibration.not_rising"),
        (lambda volts_v: volts_v / 510, 0.0, "calibration.not_rising"),
        (lambda volts_v: volts_v / 49, 0.0, "calibration.scale"),
        (lambda volts_v: volts_v / 100, 0.051, "calibration.noise"),
        (lambda volts_v: min(volts_v / 100, 4.8), 0.0, "calibration.bent"),
    ],
)
def test_a_sensor_that_cannot_be_one_is_refused(curve: Curve, spread_v: float, sentence: str) -> None:
    with pytest.raises(UnfitError) as refused:
        fit(points(curve, spread_v))
    assert refused.value.args[0].id == sentence


def feed(c: Calibration, volts: Curve, pin: Curve, seconds: float, *, least_poll_s: float = 0.1) -> tuple[bool, float]:
    """Steps of 0.05 s from 100.0 s on; volts and pin are those of the time since then. (whether it is over, when)"""
    polled_t = -1.0
    for step in range(round(seconds / 0.05)):
        now = NOW + step * 0.05
        if now - polled_t >= least_poll_s - 1e-9:
            polled_t = now
        pre = telemetry(volts_v=volts(polled_t - NOW), volts_t=polled_t)
        if c.take(now, look(pre=pre, pin=(pin(now - NOW), now))):
            return True, now - NOW
    return False, seconds


def test_a_voltage_is_measured_over_a_second_after_half_a_second() -> None:
    c = Calibration()
    assert c.level_v == LEVELS_V[0]
    feed(c, lambda t: 150.0, lambda t: 1.5, 1.5)
    assert c.level_v == LEVELS_V[0]
    feed(c, lambda t: 150.0, lambda t: 1.5, 1.6)
    assert c.level_v == LEVELS_V[1]


@pytest.mark.parametrize("volts", [lambda t: 139.0, lambda t: 161.0, lambda t: 150.0 + 3.1 * (int(t * 5) % 2)])
def test_a_converter_that_is_not_steady_is_waited_for(volts: Curve) -> None:
    c = Calibration()
    assert feed(c, volts, lambda t: 1.5, 5.0) == (False, 5.0)
    assert c.level_v == LEVELS_V[0] and c.text == ""


def test_a_converter_that_is_seldom_heard_is_waited_for() -> None:
    c = Calibration()
    assert not feed(c, lambda t: 150.0, lambda t: 1.5, 5.0, least_poll_s=0.6)[0]
    assert c.level_v == LEVELS_V[0]


def test_an_adc_that_gives_nothing_ends_it() -> None:
    c = Calibration()
    for step in range(40):
        over = c.take(NOW + step * 0.05, look(pre=telemetry(volts_v=150.0, volts_t=NOW + step * 0.05), pin=None))
        if over:
            break
    assert c.text.id == "calibration.no_adc" and not c.result("", good=True).line  # type: ignore[attr-defined]


LINE = Line(100.0, 0.0)


def measured(line: Line | None = LINE) -> Calibration:
    c = Calibration()
    c.line = line
    return c


def test_the_new_line_must_show_the_cable_empty_for_a_second() -> None:
    c = measured()
    shown = [c.shows_empty(NOW + n / 10, look(pin=(0.09, NOW + n / 10))) for n in range(11)]
    assert shown == [False] * 10 + [True]
    assert not c.shows_empty(NOW + 1.1, look(pin=(0.11, NOW + 1.1)))


def test_a_sensor_that_stays_live_never_shows_it() -> None:
    c = measured()
    assert not any(c.shows_empty(NOW + n / 10, look(pin=(5.0, NOW + n / 10))) for n in range(50))


def test_a_sensor_that_gives_nothing_any_more_is_no_line() -> None:
    c = measured()
    assert c.shows_empty(NOW, look(pin=(5.0, NOW - 1.01)))
    assert c.line is None and c.text.id == "calibration.no_adc"  # type: ignore[attr-defined]


@pytest.mark.parametrize(("pin_v", "good"), [(0.05, True), (0.051, False), (-0.051, False)])
def test_the_empty_cable_is_the_fourth_point(pin_v: float, good: bool) -> None:
    c = measured()
    c.conclude(look(pre=telemetry(volts_v=0.0), pin=(pin_v, NOW)))
    assert (c.result("", good=True).line is LINE) is good


def test_nothing_comes_out_of_a_session_that_ended_in_a_fault() -> None:
    c = measured()
    c.conclude(look(pre=telemetry(volts_v=0.0), pin=(0.0, NOW)))
    result = c.result("the plug stays locked", good=False)
    assert result.line is None and "the plug stays locked" in result.text


# The rows of the session.

EMPTY = replace(UNKNOWN, volts_v=0.0, highest_v=0.0)
STANDS: dict[str, object] = {
    "guard": report(CONTACTORS | Output.D1 | Output.PLUG_LOCK),
    "car": leaf(contactors_open=True),
    "cable": EMPTY,
    "may_assume": True,
}


def stands(**values: object) -> Inputs:
    return look(**{**STANDS, **values})


def test_only_an_order_makes_a_calibration_of_a_session() -> None:
    rest = {"guard": report(NONE, k_on=False), "wanted": False, "may_assume": True, "cable": UNKNOWN}
    for ordered in (True, False):
        s = at(State.IDLE)
        assert following(s, look(**rest, calibrate=ordered)) is (State.WAKE if ordered else None)
        assert (s.calibration is not None) is ordered


@pytest.mark.parametrize("calibrates", [True, False])
def test_it_takes_the_place_of_the_insulation_test(calibrates: bool) -> None:
    s = at(State.LOCK, calibration=Calibration() if calibrates else None)
    seen = stands(guard=report(Output.D1 | Output.PLUG_LOCK), pre=telemetry(volts_v=0.0), cable=UNKNOWN)
    assert following(s, seen) is (State.CALIBRATE if calibrates else State.INSULATION)


def calibrating(permitted_s: float = 0.0) -> Session:
    """A session that has just entered CALIBRATE, permitted_s after the car's permission."""
    s = Session(1)
    s.step(NOW, look(guard=report(NONE, k_on=False), wanted=False))
    s.state, s.since_t, s.calibration, s.permitted_t = State.CALIBRATE, NOW, Calibration(), NOW - permitted_s
    return s


def test_no_voltage_is_ordered_before_the_cable_was_seen_empty() -> None:
    s = calibrating()
    live = replace(EMPTY, highest_v=10.1)
    assert s.step(NOW, stands(cable=live)).pre_volts_v == 0.0
    assert s.step(NOW + 0.05, stands(cable=EMPTY)).pre_volts_v == LEVELS_V[0]


def test_no_d2_follows_whatever_the_cable_shows() -> None:
    s = at(State.TEST_OPEN, calibration=Calibration())
    assert following(s, stands(guard=report(Output.D1 | Output.PLUG_LOCK))) is State.D2_OFF


def test_the_bleed_waits_for_the_new_line_too() -> None:
    s = at(State.BLEED, calibration=measured())
    assert following(s, stands(pin=(5.0, NOW))) is None
    assert following(at(State.BLEED, calibration=measured(None)), stands(pin=(5.0, NOW))) is State.TEST_OPEN


def test_a_car_whose_contactors_are_closed_ends_it() -> None:
    s = calibrating()
    s.step(NOW, stands(car=leaf(contactors_open=False)))
    assert s.state is State.BLEED and s.fault is None and s.reason.id == "watch.car_closed"  # type: ignore[attr-defined]


def test_it_ends_in_order_when_the_car_waits_no_longer() -> None:
    for permitted_s, state in ((20.0, State.CALIBRATE), (20.1, State.BLEED)):
        s = calibrating(permitted_s)
        s.step(NOW, stands())
        assert s.state is state and s.fault is None


def test_its_row_has_no_d2_and_bleeds_at_a_stop() -> None:
    row, test = TABLE[State.CALIBRATE], TABLE[State.INSULATION]
    assert row.outputs == test.outputs and row.stop is State.BLEED and row.k
    assert max(LEVELS_V) == limits.TEST_V.value
