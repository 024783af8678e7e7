"""Reads values from a meter's JSON by a layout that is data; pure."""

import contextlib
import json
from collections.abc import Iterable

from v2h.bus.sentences import say
from v2h.checks import finite
from v2h.config.meter_kinds import read_json_path
from v2h.config.presets import JsonLayout
from v2h.meters import Measurement, MeterError
from v2h.meters.phases import combined

SHOWN = 120
"""Characters of a document that an error shows."""


def parse(payload: bytes) -> object:
    """The JSON document, or the bare number. Raises MeterError."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        sent = repr(payload[:SHOWN].decode(errors="replace"))
        raise MeterError(say("meter.no_json", sent=sent)) from None


def pick(document: object, path: str) -> list[float]:
    """The numbers at `path`; null and absent values are left out. Raises MeterError for a value that is no number."""
    found = [document]
    for step in read_json_path(path):
        found = [item for each in found for item in _step(each, step)]
    numbers = []
    for item in found:
        if item is None:
            continue
        if isinstance(item, str):  # some meters publish numbers as text
            with contextlib.suppress(ValueError):
                item = float(item)
        if not finite(item):
            where = path or say("meter.whole_message")
            raise MeterError(say("meter.no_number", where=where, value=repr(str(item)[:SHOWN])))
        numbers.append(float(item))
    return numbers


def _step(item: object, step: str) -> Iterable[object]:
    if isinstance(item, list):
        if step == "*":
            return item
        return item[int(step) : int(step) + 1] if step.isdigit() else []
    if isinstance(item, dict):
        if step == "*":
            return item.values()
        return [item[step]] if step in item else []
    return []


def measurement(document: object, layout: JsonLayout, t: float) -> Measurement:
    """Everything the layout finds. Raises MeterError when there is no power."""
    power = _all(document, layout.power)
    if not power:
        wanted = ", ".join(layout.power)
        raise MeterError(say("meter.no_power", wanted=wanted, answer=json.dumps(document)[:SHOWN]))
    unit_wh = layout.energy_scale
    return combined(
        t,
        [watts * layout.scale for watts in (_all(document, layout.phases) or power)],
        _all(document, layout.voltage),
        _all(document, layout.current),
        pick(document, layout.frequency) if layout.frequency else [],
        [energy * unit_wh for energy in _all(document, layout.import_energy)],
        [energy * unit_wh for energy in _all(document, layout.export_energy)],
        total_w=sum(power) * layout.scale,
    )


def _all(document: object, paths: Iterable[str]) -> list[float]:
    return [number for path in paths for number in pick(document, path)]
