"""The calibration of the cable's ADC channel against the converter's own voltage (2107). Pure.

With c1 and c2 closed and the car's contactors open, ADC and converter are on the same wire. The converter holds three
voltages, one after another. At each, when 2107 is steady, several readings of both are taken, and a straight line is
laid through the three medians. The line is good only if a sensor could be like that, and if it also shows the empty
cable afterwards. A wrong 2107 makes a wrong line that nothing here can notice: sensor and converter are not independent
after such a calibration.
"""

from dataclasses import dataclass
from statistics import linear_regression, median

from v2h.bus.sentences import say
from v2h.chademo import limits
from v2h.chademo.interface import Inputs
from v2h.safety.readings import Readings

LEVELS_V = (limits.CALIBRATION_LOW_V.value, limits.CALIBRATION_MID_V.value, limits.TEST_V.value)
LEAST_POLLS, LEAST_PINS = 5, 10
"""Readings of the converter and of the ADC at each voltage: half of what usually comes in CALIBRATION_HOLD."""


class UnfitError(ValueError):
    """The points make no line that a sensor of the cable can have. The text says what was measured."""


@dataclass(frozen=True, slots=True)
class Point:
    """One voltage: the medians of the converter's and of the ADC's readings, V, and the spread of the latter, V at the
    pin."""

    converter_v: float
    pin_v: float
    spread_v: float


@dataclass(frozen=True, slots=True)
class Line:
    """The keys of [cable]: V on the cable for 1 V at the pin, and V added after that."""

    scale_v_per_v: float
    offset_v: float

    def cable_v(self, pin_v: float) -> float:
        return pin_v * self.scale_v_per_v + self.offset_v


@dataclass(frozen=True, slots=True)
class Result:
    """What came out. line: None when it failed, and text says why."""

    line: Line | None
    text: str


def fit(points: list[Point]) -> Line:
    """The line through the points, which are in the order of rising voltages. Raises UnfitError."""
    pins_v = [point.pin_v for point in points]
    least_v = (points[-1].converter_v - points[0].converter_v) / limits.CALIBRATION_MOST_V_PER_V.value
    if sorted(pins_v) != pins_v or pins_v[-1] - pins_v[0] < least_v:
        raise UnfitError(say("calibration.not_rising", pins_v=", ".join(f"{pin_v:.3f}" for pin_v in pins_v)))
    scale, offset_v = linear_regression(pins_v, [point.converter_v for point in points])
    line = Line(round(scale, 4), round(offset_v, 3))
    if not limits.CALIBRATION_LEAST_V_PER_V.value <= line.scale_v_per_v <= limits.CALIBRATION_MOST_V_PER_V.value:
        raise UnfitError(say("calibration.scale", scale=line.scale_v_per_v))
    noise_v = max(point.spread_v for point in points) * line.scale_v_per_v
    if noise_v > limits.CALIBRATION_NOISE_V.value:
        raise UnfitError(say("calibration.noise", noise_v=noise_v))
    bent_v = max(abs(line.cable_v(point.pin_v) - point.converter_v) for point in points)
    if bent_v > limits.CALIBRATION_BENT_V.value:
        raise UnfitError(say("calibration.bent", bent_v=bent_v))
    return line


class Calibration:
    """One calibration: its voltages, readings and result. All times are monotonic seconds.

    line: set when all voltages have been measured and fit. text: the sentence about the result, "" until there is one.
    """

    def __init__(self) -> None:
        self.line: Line | None = None
        self.text = ""
        self._concluded = False
        self._points: list[Point] = []
        self._held_t: float | None = None
        self._polls: dict[float, float] = {}
        self._pins: dict[float, float] = {}
        """Readings at the present voltage, by their time."""
        self._rest_pin_v: float | None = None
        """The pin when the voltages began: the converter had shown an empty cable."""
        self._followed = (0.0, 0.0)
        """The pin's farthest way from there, V, and the converter's voltage then."""
        self._after = Readings()
        """The cable by the new line, or by a rough one, while it is emptied."""
        self._after_t = float("-inf")

    @property
    def level_v(self) -> float:
        """The voltage that the converter shall hold now."""
        return LEVELS_V[min(len(self._points), len(LEVELS_V) - 1)]

    def take(self, now: float, inputs: Inputs) -> bool:
        """Take the readings of this step. Returns whether the measurement is over: by a line, or because none comes
        out. The converter is waited for; the ADC is not."""
        if self.text:
            return True
        self._follow(now, inputs)
        if not self._is_steady(now, inputs):
            self._held_t = None
            self._polls.clear()
            self._pins.clear()
            return False
        assert self._held_t is not None
        begin_t = self._held_t + limits.CALIBRATION_SETTLE.value
        if inputs.pin is not None and inputs.pin[1] >= begin_t:
            self._pins[inputs.pin[1]] = inputs.pin[0]
        if now < begin_t + limits.CALIBRATION_HOLD.value:
            return False
        polls_v = [volts_v for t, volts_v in self._polls.items() if t >= begin_t]
        if len(polls_v) < LEAST_POLLS:
            return False
        self._measured(polls_v, list(self._pins.values()))
        self._held_t = None
        self._polls.clear()
        self._pins.clear()
        return bool(self.text)

    def _follow(self, now: float, inputs: Inputs) -> None:
        """Note how far the pin has followed the converter since the voltages began."""
        pin, converter_v = inputs.pin, inputs.pre.volts_v
        if pin is None or converter_v is None or now - min(pin[1], inputs.pre.volts_t) > limits.PRE_QUIET.value:
            return
        if self._rest_pin_v is None:
            self._rest_pin_v = pin[0]
        rise_v = pin[0] - self._rest_pin_v
        if abs(rise_v) > abs(self._followed[0]):
            self._followed = (rise_v, converter_v)

    def _rough(self) -> Line | None:
        """Before there is a line: the one through the pin's first and farthest reading. It only tells a live cable from
        an empty one. None while the pin has not followed the converter: such a channel says nothing."""
        rise_v, converter_v = self._followed
        least_v = limits.CALIBRATION_LOW_V.value / limits.CALIBRATION_MOST_V_PER_V.value
        if self._rest_pin_v is None or abs(rise_v) < least_v:
            return None
        scale = converter_v / rise_v
        return Line(scale, -scale * self._rest_pin_v)

    def _is_steady(self, now: float, inputs: Inputs) -> bool:
        """The converter is at its voltage, and its readings since then agree."""
        pre = inputs.pre
        if pre.volts_v is None or now - pre.volts_t > limits.PRE_QUIET.value:
            return False
        if abs(pre.volts_v - self.level_v) > limits.MATCH_WITHIN_V.value:
            return False
        self._held_t = now if self._held_t is None else self._held_t
        self._polls[pre.volts_t] = pre.volts_v
        return max(self._polls.values()) - min(self._polls.values()) <= limits.CALIBRATION_STEADY_V.value

    def _measured(self, polls_v: list[float], pins_v: list[float]) -> None:
        if len(pins_v) < LEAST_PINS:
            self.text = say("calibration.no_adc", count=len(pins_v))
            return
        self._points.append(Point(median(polls_v), median(pins_v), max(pins_v) - min(pins_v)))
        if len(self._points) < len(LEVELS_V):
            return
        try:
            self.line = fit(self._points)
            self.text = say("calibration.empties", scale=self.line.scale_v_per_v, offset_v=self.line.offset_v)
        except UnfitError as error:
            self.text = error.args[0]

    def shows_empty(self, now: float, inputs: Inputs) -> bool:
        """While the cable is emptied: whether all readings of the last second are at 10 V or less by the new line, or,
        before there is one, by a rough line: c1 or c2 may have dropped out, and then the converter empties itself
        alone. With a pin that says nothing the converter alone decides, as on a cable without an ADC."""
        if self.line is not None and (inputs.pin is None or now - inputs.pin[1] > limits.CABLE_LOST_FOR.value):
            self.line, self.text = None, say("calibration.no_adc", count=0)
        line = self.line or self._rough()
        if line is None or inputs.pin is None or now - inputs.pin[1] > limits.CABLE_LOST_FOR.value:
            return True
        if inputs.pin[1] > self._after_t:
            self._after_t = inputs.pin[1]
            self._after.add(line.cable_v(inputs.pin[0]), self._after_t)
        highest_v = self._after.largest(now)
        return highest_v is not None and highest_v <= limits.CABLE_UNLOCK_V.value

    def conclude(self, inputs: Inputs) -> None:
        """The cable is empty: the line must show it as the converter does."""
        if self.line is None or inputs.pin is None:
            return
        empty_v, converter_v = self.line.cable_v(inputs.pin[0]), inputs.pre.volts_v or 0.0
        self._concluded = abs(empty_v - converter_v) <= limits.CALIBRATION_ZERO_V.value
        if self._concluded:
            self.text = say("calibration.done", scale=self.line.scale_v_per_v, offset_v=self.line.offset_v)
        else:
            self.text = say("calibration.zero", empty_v=empty_v, converter_v=converter_v)

    def result(self, reason: str, *, good: bool) -> Result:
        """The result when the session has ended. reason: why it ended; good: without a fault."""
        if good and self._concluded:
            return Result(self.line, self.text)
        failed = "" if self.line is not None and not good else self.text
        return Result(None, say("calibration.failed", why=failed or reason))
