"""Numbers as people read them: a dash for an unknown value, a true minus sign, two or three significant digits.

They are sentences, because a number with a fraction is written differently in another language.
"""

from datetime import datetime

from v2h.bus.sentences import say

NONE = "–"
MOST = 1e7
"""A larger number is written with an exponent: the value is wrong, and its digits would break the page's layout."""


def watts(power_w: float | None) -> str:
    """'–', '385 W', '−1.52 kW'."""
    if power_w is None:
        return NONE
    if abs(power_w) >= MOST:
        return number(f"{power_w:.1e} W".replace("-", "−"))
    shown = f"{power_w / 1000:.2f} kW" if abs(power_w) >= 999.5 else f"{power_w:.0f} W"
    return number("0 W" if shown == "-0 W" else shown.replace("-", "−"))


def number(text: str) -> str:
    """A number that is a text already, for in_language(); one without a fraction is the same in each language."""
    return say("page.number", text=text) if "." in text else text


def money(value: float | None, currency: str) -> str:
    """'−0.35 GBP'; without a currency the number alone."""
    return NONE if value is None else number(f"{value:.2f} {currency}".replace("-", "−").strip())


def unit(value: float | None, name: str, digits: int) -> str:
    if value is None:
        return NONE
    shown = f"{value:.{digits}f}" if abs(value) < MOST else f"{value:.1e}"
    return number(f"{shown.lstrip('-') if float(shown) == 0 else shown.replace('-', '−')} {name}")


def percent(value: float | None) -> str:
    return NONE if value is None else f"{value:.0f} %"


def kwh(energy_wh: float | None) -> str:
    """'–', '0.4 kWh', '12.3 kWh'."""
    return unit(None if energy_wh is None else energy_wh / 1000, "kWh", 1)


def duration(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s"
    if seconds < 3600:
        return f"{seconds / 60:.0f} min"
    return f"{seconds / 3600:.0f} h" if seconds < 172800 else say("page.days", count=round(seconds / 86400))


def span(seconds: float) -> str:
    """'45 s', '25 min', '2 h 05 min': a time to wait, or how long something lasted."""
    minutes = round(seconds / 60)
    if seconds < 60 or minutes < 60:
        return f"{seconds:.0f} s" if seconds < 60 else f"{minutes} min"
    return f"{minutes // 60} h {minutes % 60:02d} min"


def age(seconds: float) -> str:
    """The age of a value: to a tenth of a second below a minute, where that precision is useful."""
    return number(f"{max(seconds, 0.0):.1f} s") if seconds < 60 else duration(seconds)


def ago(seconds: float) -> str:
    return say("page.now") if seconds < 60 else say("page.ago", lasted=duration(seconds))


def moment(at: datetime, now: datetime) -> str:
    """'18:30' of the same day, 'Tue 18:30' within six days, else '24 Nov 18:30'; both in the same zone. It is for a
    value with the format "when"."""
    days = (at.date() - now.date()).days
    if days == 0:
        return at.strftime("%H:%M")
    return at.strftime("%a %H:%M") if 0 < days < 7 else f"{at.day} {at:%b %H:%M}"
