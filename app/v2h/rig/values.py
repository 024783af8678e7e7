"""Read the value of a knob. Pure."""

from v2h.checks import Range


def number(key: str, value: str, low: float, high: float) -> float:
    """Return the number. Raises ValueError with key, value and what is allowed."""
    try:
        return Range(low, high).read(value)
    except ValueError as expected:
        raise ValueError(f"{key}={value} is not {expected}") from None


def flag(key: str, value: str) -> bool:
    """Return the truth of 1, 0, true or false. Raises ValueError with key, value and what is allowed."""
    flags = {"true": True, "1": True, "false": False, "0": False}
    if value.lower() not in flags:
        raise ValueError(f"{key}={value} is not true or false")
    return flags[value.lower()]
