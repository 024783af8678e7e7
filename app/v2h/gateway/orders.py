"""What another controller wants, as a command of the bus; an unreadable wish is an error in words."""

import json
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from v2h.bus.states import MODES
from v2h.checks import check_texts, finite, shown
from v2h.gateway.values import SETTING_KEYS

MOST_B = 60_000
"""A schedule or a day of prices is smaller."""
FOR_A_TIME = ("mode", "slot", "setpoint")
"""Commands that may carry a lifetime and a name."""


class Order(NamedTuple):
    """A command on v2h/command/NAME."""

    name: str
    values: dict[str, Any]


class BadOrderError(ValueError):
    """A wish that cannot be read. The text says what came and what is allowed."""


def _object(text: str) -> dict[str, Any]:
    try:
        made = json.loads(text, parse_constant=_no_number)
        check_texts(made)
    except (ValueError, RecursionError) as error:
        raise BadOrderError(f"{shown(text)} is no JSON: {error}") from error
    if not isinstance(made, dict):
        raise BadOrderError(f"{shown(text)} is no JSON object")
    return made


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def _named(name: str, key: str, words: tuple[str, ...]) -> Callable[[str], Order]:
    """Reads a word alone, or an object with all values of the command."""

    def read(text: str) -> Order:
        return Order(name, {key: text.strip()} if text.strip() in words else _object(text))

    return read


def _press(name: str) -> Callable[[str], Order]:
    """Reads any message of a button."""
    return lambda text: Order(name, {})


def _whole(name: str) -> Callable[[str], Order]:
    return lambda text: Order(name, _object(text))


def number(text: str) -> float:
    """Raises BadOrderError."""
    try:
        value = float(text)
    except ValueError:
        raise BadOrderError(f"{shown(text)} is not a number") from None
    if not finite(value):
        raise BadOrderError(f"{shown(text)} is not a finite number")
    return value


def _setpoint(text: str) -> Order:
    """Watts at the battery, + charging; "none" ends it; or an object with all values."""
    word = text.strip()
    if word == "none":
        return Order("setpoint", {"power_w": None})
    return Order("setpoint", _object(word) if word.startswith("{") else {"power_w": number(word)})


def _setting(key: str) -> Callable[[str], Order]:
    return lambda text: Order("settings", {key: number(text)})


WISHES: dict[str, Callable[[str], Order]] = {
    "mode": _named("mode", "mode", MODES),
    "slot": _named("slot", "slot", ("none",)),
    "setpoint": _setpoint,
    "stop": _press("stop"),
    "resume": _press("resume"),
    "clear-fault": _press("clear-fault"),
    "settings": _whole("settings"),
    "schedule": _whole("schedule"),
    "prices": _whole("prices"),
    **{key: _setting(key) for key in SETTING_KEYS},
}
"""Name of a wish -> how its text becomes an order."""


def read_wish(name: str, payload: bytes, *, by: str, lifetime_s: float | None = None) -> Order:
    """The order in a message. by: the controller, unless the message names one. lifetime_s: how long the message itself
    lives, for an order that says nothing of its end. Raises BadOrderError; an unknown name is one as well."""
    if name not in WISHES:
        raise BadOrderError(f"{shown(name)} is no command; known: {', '.join(WISHES)}")
    if len(payload) > MOST_B:
        raise BadOrderError(f"{len(payload)} bytes are too long; at most {MOST_B}")
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        raise BadOrderError(f"{shown(payload)} is no UTF-8") from None
    order = WISHES[name](text)
    return with_name(order, by, lifetime_s)


def with_name(order: Order, by: str, lifetime_s: float | None = None) -> Order:
    """The order with the name of its controller, and an end where it has none and may have one."""
    if order.name not in FOR_A_TIME:
        return order
    values: Mapping[str, Any] = {"by": by, **order.values}
    ends = values.get("power_w", "") is None or values.get(order.name) in ("idle", "none")
    endless = not ends and not {"until", "lifetime_s"} & values.keys()
    if lifetime_s is not None and endless:
        values = {**values, "lifetime_s": lifetime_s}
    return Order(order.name, dict(values))
