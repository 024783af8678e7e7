"""Turns a measurement into the message for the bus: corrects the sign, adds interval, lag and source; pure."""

from collections.abc import Iterator, Mapping
from itertools import zip_longest
from math import inf

from v2h.bus.messages import QUIET_S, MeterReading
from v2h.bus.sentences import say
from v2h.meters import Measurement

NEWS_W = 10.0
"""Less than half of what moves an order (0.06 A at 385 V)."""
MOST_W = 100e3
"""More is no power of a house, in either direction: three phases of 145 A. The error values of the usual registers are
far above."""
MOST: Mapping[str, tuple[float, str]] = {
    "voltage_v": (1000.0, "V"),
    "current_a": (1000.0, "A"),
    "frequency_hz": (100.0, "Hz"),
    "import_wh": (1e10, "Wh"),
    "export_wh": (1e10, "Wh"),
}
"""Bounds of the other values, in both directions. A meter that exceeds one of them is read wrongly (another register,
swapped words), so its power is not used either. 1e10 Wh are 10 GWh; a house uses that in 500 years."""
SIGNED = ("power_w",)
"""The values of a phase that have a sign; RMS values have none."""


def reading(
    value: Measurement,
    *,
    sign: float,
    interval_s: float,
    lag_s: float,
    lag_known: bool,
    source: str,
    fresh: bool,
    silence_s: float = 0.0,
) -> MeterReading:
    """sign < 0: the meter is installed the wrong way round, so its import is an export."""
    if sign < 0:
        power_w, bought, sold = -value.power_w, value.export_wh, value.import_wh
        phases = [{key: -v if key in SIGNED else v for key, v in phase.items()} for phase in value.phases]
    else:
        power_w, bought, sold, phases = value.power_w, value.import_wh, value.export_wh, list(value.phases)
    return MeterReading(
        value.t, power_w, interval_s, lag_s, source, value.voltage_v, value.current_a, value.frequency_hz,
        bought, sold, lag_known, fresh, phases, silence_s,
    )  # fmt: skip


def implausible(value: Measurement) -> str:
    """Why a measurement is not used, "" for a plausible one: a lost byte in a float32 register makes 3e38 W."""
    for name, number in _numbers(value):
        most, unit = MOST.get(name, (MOST_W, "W"))
        if abs(number) <= most:  # NaN is wrong as well
            continue
        if name == "power_w":
            return say("meter.implausible", power=f"{number:.10g}", most_kw=MOST_W / 1000)
        return say("meter.implausible_value", value=f"{number:.10g}", unit=unit)
    return ""


def _numbers(value: Measurement) -> Iterator[tuple[str, float]]:
    yield "power_w", value.power_w
    for phase in value.phases:
        yield from phase.items()
    for name in MOST:
        if (number := getattr(value, name)) is not None:
            yield name, number


def is_news(message: MeterReading, published: MeterReading | None) -> bool:
    """Whether `message` contains something new for a subscriber that has received `published`."""
    if published is None or (message.source, message.fresh) != (published.source, published.fresh):
        return True
    return message.t - published.t >= QUIET_S or any(
        abs(now_w - before_w) >= NEWS_W
        for now_w, before_w in zip_longest(_powers(message), _powers(published), fillvalue=inf)
    )


def _powers(message: MeterReading) -> list[float]:
    return [message.power_w, *(phase.get("power_w", 0.0) for phase in message.phases)]
