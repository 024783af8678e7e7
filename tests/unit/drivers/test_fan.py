"""The fan: the curve, its hysteresis, and its speed when the temperature is not known."""

import pytest

from v2h.drivers.fan import HYSTERESIS_C, LEAST, OVERRUN_S, Fan, duty


class Pwm:
    """Records what was written; broken: the port is gone."""

    def __init__(self) -> None:
        self.written: list[float] = []
        self.broken = False

    def write_duty(self, fraction: float) -> None:
        if self.broken:
            raise OSError("no such device")
        self.written.append(fraction)


@pytest.mark.parametrize(
    ("temperature_c", "expected"), [(20.0, 0.0), (50.0, 0.0), (50.1, 0.204), (60.0, 0.6), (70.0, 1.0), (90.0, 1.0)]
)
def test_the_curve(temperature_c: float, expected: float) -> None:
    assert duty(temperature_c, 0.0) == pytest.approx(expected)


def test_unknown_is_full_speed() -> None:
    assert duty(None, 0.0) == 1.0


def test_cooling_down_is_slower_than_warming_up() -> None:
    at_60 = duty(60.0, 0.0)
    assert duty(60.0 - HYSTERESIS_C + 0.1, at_60) == at_60
    assert duty(60.0 - HYSTERESIS_C - 2.0, at_60) < at_60
    assert duty(50.0 - HYSTERESIS_C + 0.1, LEAST) > 0.0, "still turning just below the start"
    assert duty(50.0 - HYSTERESIS_C, LEAST) == 0.0


def test_a_temperature_at_rest_is_written_once() -> None:
    pwm = Pwm()
    fan = Fan(pwm)
    for second in range(60):
        fan.care(float(second), True, 60.0 + 0.1 * (second % 2))
    assert len(pwm.written) == 1


def test_it_goes_on_after_the_converter_went_off_and_then_stops() -> None:
    pwm = Pwm()
    fan = Fan(pwm)
    fan.care(0.0, True, 65.0)
    fan.care(OVERRUN_S - 1, False, None)
    assert fan.duty == pytest.approx(0.8)
    fan.care(OVERRUN_S + 1, False, None)
    assert pwm.written[-1] == 0.0


def test_a_converter_with_mains_that_says_nothing_is_cooled_fully() -> None:
    pwm = Pwm()
    Fan(pwm).care(0.0, True, None)
    assert pwm.written == [1.0]


def test_a_lost_port_is_told_and_what_was_not_written_is_written_later() -> None:
    pwm = Pwm()
    fan = Fan(pwm)
    pwm.broken = True
    with pytest.raises(OSError, match="no such device"):
        fan.care(0.0, True, 60.0)
    pwm.broken = False
    fan.care(1.0, True, 60.0)
    assert pwm.written == [pytest.approx(0.6)]
