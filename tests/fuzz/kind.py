"""A kind of trouble: how one begins and ends, how often it is drawn, and how long it lasts."""

import random
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from tests.fuzz.world import World

_T = TypeVar("_T")
Undo = Callable[[], None] | None
Begin = Callable[[World, random.Random], Undo]
"""Starts a trouble, and returns the function that ends it, or None."""


@dataclass(frozen=True, slots=True)
class Kind:
    """weight: how often it is drawn. lasts_s: from, to; 0 is over at once. sick: the converter does not obey.
    needs: "measured" where it makes sense only with an ADC, "assumed" only without one."""

    begin: Begin
    weight: float = 1.0
    lasts_s: tuple[float, float] = (0.2, 6.0)
    sick: bool = False
    needs: str = ""


def put(filters: list[_T], one: _T) -> Callable[[], None]:
    """Add a filter; the undo removes it."""
    filters.append(one)
    return lambda: filters.remove(one)
