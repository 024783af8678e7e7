"""Values out of a meter's JSON by a layout that is data; pure."""

import contextlib
import json
from collections.abc import Iterable
from math import isfinite

from v2h.meterconfig import JsonLayout, read_json_path
from v2h.meters import Measurement, MeterError
from v2h.meters.phases import combined

SHOWN = 120
"""Characters of a document that an error shows."""


def parse(payload: bytes) -> object:
    """The JSON document, or the bare number. Raises MeterError."""
    try:
        return json.loads(payload)
    except (ValueError, RecursionError):
        raise MeterError(
            f"it said {payload[:SHOWN].decode(errors='replace')!r}, which is no JSON and no number"
        ) from None


def pick(document: object, path: str) -> list[float]:
    """The numbers at `path`; null and what is absent are left out. Raises MeterError for what is no number."""
    found = [document]
    for step in read_json_path(path):
        found = [item for each in found for item in _step(each, step)]
    numbers = []
    for item in found:
        if item is None:
            continue
        if isinstance(item, str):  # some publish numbers as text
            with contextlib.suppress(ValueError):
                item = float(item)
        if isinstance(item, bool) or not isinstance(item, int | float) or not isfinite(item):
            raise MeterError(f"{path or 'the message'} is {str(item)[:SHOWN]!r} and not a number")
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
    """Everything the layout finds. Raises MeterError without a power."""
    power = _all(document, layout.power)
    if not power:
        wanted = ", ".join(layout.power)
        raise MeterError(f"there is no {wanted} in its answer {json.dumps(document)[:SHOWN]}")
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
