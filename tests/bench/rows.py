"""A measurement as `make bench` prints and stores it."""

from typing import Any


def row(name: str, value: float, unit: str, against: float) -> dict[str, Any]:
    """The measured value, the value that it is compared with, and their ratio."""
    return {
        "name": name,
        "value": round(value, 3),
        "unit": unit,
        "against": round(against, 3),
        "ratio": round(value / against, 4),
    }
