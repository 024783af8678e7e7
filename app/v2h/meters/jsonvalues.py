"""Reads values from a meter's JSON by a layout that is data; pure.

A meter that says itself that it has no value (is_valid false, a list of errors) is believed in that: Shelly's first
generation reports 0 W with is_valid false for a clamp that it cannot read.
"""

import contextlib
import json
import re
from collections.abc import Iterable, Iterator

from v2h.bus.sentences import say
from v2h.checks import finite
from v2h.config.presets import JsonLayout
from v2h.config.terms import read_paths
from v2h.meters import Measurement, MeterError, NoMeasurementError
from v2h.meters.phases import combined

SHOWN = 120
"""Characters of a document that an error shows."""
NUMBER = re.compile(rb'\s*"?\s*([+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)\s*"?\s*')
"""A number as small devices write it, which JSON does not permit: +12.5, .5, 12."""
UNITS = {"W": 1.0, "kW": 1000.0, "MW": 1e6}
CHANNELS = ("first", "second", "third", "fourth")
HARMLESS = ("phase_sequence", "no_load")
"""Errors of a Shelly that say nothing against its power: phases connected in another order, and no load at all."""


def parse(payload: bytes) -> object:
    """The JSON document, or the bare number. Raises MeterError."""
    if number := NUMBER.fullmatch(payload):
        return float(number[1])
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        sent = repr(payload[:SHOWN].decode(errors="replace"))
        raise MeterError(say("meter.no_json", sent=sent)) from None


def pick(document: object, words: str) -> list[float]:
    """The numbers at a path, or the sums of several paths; null and absent values are left out. Raises
    NoMeasurementError for a value that is no number, and where the meter says that it is not valid."""
    terms = [(sign, list(_numbers(document, path, words))) for sign, path in read_paths(words)]
    counts = {len(numbers) for _, numbers in terms}
    if len(counts) > 1:
        raise NoMeasurementError(_missing(document, words))
    return [sum(sign * numbers[n] for sign, numbers in terms) for n in range(counts.pop())]


def _numbers(document: object, path: tuple[str, ...], words: str) -> Iterator[float]:
    for item in _found(document, path):
        if item is None:
            continue
        if isinstance(item, str):  # some meters publish numbers as text
            with contextlib.suppress(ValueError):
                item = float(item)
        if not finite(item):
            where = words or say("meter.whole_message")
            if isinstance(item, list) and item and all(finite(one) for one in item):
                raise NoMeasurementError(say("meter.several", where=where))
            raise NoMeasurementError(say("meter.no_number", where=where, value=repr(str(item)[:SHOWN])))
        yield float(item)


def _found(document: object, path: tuple[str, ...]) -> list[object]:
    found: list[tuple[object, str]] = [(document, "")]
    for step in path:
        for each, channel in found:
            _check_valid(each, channel)
        found = [(item, name or channel) for each, channel in found for item, name in _step(each, step)]
    return [item for item, _ in found]


def _check_valid(item: object, channel: str) -> None:
    """Raises NoMeasurementError where an object says that its own values are none."""
    if not isinstance(item, dict):
        return
    if item.get("is_valid") is False:
        raise NoMeasurementError(say("meter.not_valid", channel=f"{channel} " if channel else ""))
    for key, errors in item.items():
        if (key == "errors" or key.endswith("_errors")) and isinstance(errors, list):
            serious = [str(error)[:SHOWN] for error in errors if error not in HARMLESS]
            if serious:
                raise NoMeasurementError(say("meter.errors", errors=", ".join(serious)[:SHOWN]))


def _step(item: object, step: str) -> Iterable[tuple[object, str]]:
    """The items one step further, each with its place in a list as a word."""
    if isinstance(item, list):
        named = [(one, CHANNELS[n] if n < len(CHANNELS) else f"{n + 1}th") for n, one in enumerate(item)]
        if step == "*":
            return named
        return named[int(step) : int(step) + 1] if step.isascii() and step.isdigit() else []
    if isinstance(item, dict):
        if step == "*":
            return [(value, "") for value in item.values()]
        return [(item[step], "")] if step in item else []
    return []


def measurement(document: object, layout: JsonLayout, t: float) -> Measurement:
    """Everything the layout finds. Raises MeterError when there is no power, NoMeasurementError for one that is not
    used."""
    power = _all(document, layout.power)
    if not power:
        raise MeterError(_missing(document, ", ".join(layout.power)))
    scale = layout.scale * (_unit(document, layout.unit) if layout.unit else 1.0)
    unit_wh = layout.energy_scale
    return combined(
        t,
        [watts * scale for watts in (_all(document, layout.phases) or power)],
        _all(document, layout.voltage),
        _all(document, layout.current),
        pick(document, layout.frequency) if layout.frequency else [],
        [energy * unit_wh for energy in _all(document, layout.import_energy)],
        [energy * unit_wh for energy in _all(document, layout.export_energy)],
        total_w=sum(power) * scale,
    )


def _missing(document: object, wanted: str) -> str:
    dotted = [key for key in document if "." in key and key in wanted] if isinstance(document, dict) else []
    if dotted and f'"{dotted[0]}"' not in wanted:
        return say("meter.dotted", wanted=wanted, name=f'"{dotted[0]}"')
    return say("meter.no_power", wanted=wanted, answer=json.dumps(document)[:SHOWN])


def _unit(document: object, path: str) -> float:
    """W per unit. Raises NoMeasurementError for a unit that is not one of power."""
    found = [item for _, term in read_paths(path) for item in _found(document, term)]
    unit = str(found[0]) if found else ""
    if unit not in UNITS:
        raise NoMeasurementError(say("meter.no_unit", unit=repr(unit[:SHOWN])))
    return UNITS[unit]


def _all(document: object, paths: Iterable[str]) -> list[float]:
    return [number for path in paths for number in pick(document, path)]
