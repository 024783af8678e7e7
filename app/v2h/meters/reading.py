"""Turns a measurement into the message for the bus: corrects the sign, adds interval, lag and source; pure."""

from itertools import zip_longest
from math import inf

from v2h.bus.messages import MeterReading
from v2h.bus.sentences import say
from v2h.meters import Measurement

NEWS_W = 10.0
"""Less than half of what moves an order (0.06 A at 385 V)."""
QUIET_S = 0.45
"""Every value of a meter with one value each half second is published; of a faster meter those that differ, and two a
second in any case."""
MOST_W = 150e3
"""More is no power of a house: three phases at the largest fuse that the settings take, 200 A, are 138 kW."""
SIGNED = ("power_w",)
"""The values of a phase that have a sign; RMS values have none."""


def reading(
    value: Measurement, *, sign: float, interval_s: float, lag_s: float, lag_known: bool, source: str, fresh: bool
) -> MeterReading:
    """sign < 0: the meter is installed the wrong way round, so its import is an export."""
    if sign < 0:
        power_w, bought, sold = -value.power_w, value.export_wh, value.import_wh
        phases = [{key: -v if key in SIGNED else v for key, v in phase.items()} for phase in value.phases]
    else:
        power_w, bought, sold, phases = value.power_w, value.import_wh, value.export_wh, list(value.phases)
    return MeterReading(
        value.t, power_w, interval_s, lag_s, source, value.voltage_v, value.current_a, value.frequency_hz,
        bought, sold, lag_known, fresh, phases,
    )  # fmt: skip


def implausible(value: Measurement) -> str:
    """Why a measurement is not used, "" for a plausible one: a lost byte in a float32 register makes 3e38 W."""
    powers_w = [value.power_w, *(phase.get("power_w", 0.0) for phase in value.phases)]
    wrong_w = [power_w for power_w in powers_w if not abs(power_w) <= MOST_W]  # NaN is wrong as well
    return say("meter.implausible", power=f"{wrong_w[0]:.3g}", most_kw=MOST_W / 1000) if wrong_w else ""


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
