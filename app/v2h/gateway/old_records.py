"""GetRecords of the predecessor's WebSocket: rows of the log of the time in which energy could flow.

Asked as {"GetRecords": ...} with "GetAllRecords", {"GetLastNRecords": n}, {"GetRecordsFromHours": h} or
{"GetRecordsBetween": [from, to]} (ISO times); answered by {"Records": [...]}. The newest come first after
GetLastNRecords, the oldest after the others. dc_kw and meter_kw are really kW there, unlike in GetData.

Its server sent the whole log at once. Ours sends at most MOST rows of at most one day, as means where there are more.
"""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from v2h.checks import finite

MOST = 300
"""Rows of one answer: 50 kB, less than what may wait for a slow reader."""
DAY_H = 24.0


class Wanted(NamedTuple):
    """newest: so many rows; or those of the last `hours`; or those between two times, s since 1970."""

    newest: int = 0
    hours: float = 0.0
    between: tuple[float, float] | None = None


def wanted(asked: Any) -> Wanted | None:
    """What a client asks for; None when it cannot be read."""
    if asked == "GetAllRecords":
        return Wanted(hours=DAY_H)
    if not (isinstance(asked, Mapping) and len(asked) == 1):
        return None
    ((name, value),) = asked.items()
    if name == "GetRecordsBetween":
        return _between(value)
    if not finite(value) or value <= 0:
        return None
    if name == "GetLastNRecords":
        return Wanted(newest=min(int(value), MOST)) if value >= 1 else None
    return Wanted(hours=min(float(value), DAY_H)) if name == "GetRecordsFromHours" else None


def _between(value: Any) -> Wanted | None:
    try:
        begin, end = (datetime.fromisoformat(text).timestamp() for text in value)
    except (TypeError, ValueError, OverflowError, OSError):
        return None
    return Wanted(between=(begin, end)) if begin <= end else None


def records(rows: Sequence[Mapping[str, Any]]) -> str:
    """The answer. rows: of the log, with t (s since 1970), soc_pct, volts_v, amps_a, power_w, setpoint_a, temperature_c
    and grid_w. The fan is not in the log: null."""
    found = [
        {
            "id": n,
            "timestamp": datetime.fromtimestamp(row["t"], UTC)
            .isoformat(timespec="milliseconds")
            .replace("+00:00", "Z"),
            "dc_kw": _rounded(row["power_w"], 3, 0.001),
            "soc": _rounded(row["soc_pct"]),
            "volts": _rounded(row["volts_v"]),
            "temp": _rounded(row["temperature_c"], 1),
            "amps": _rounded(row["amps_a"], 1),
            "requested_amps": _rounded(row["setpoint_a"]),
            "fan": None,
            "meter_kw": _rounded(row["grid_w"], 3, 0.001),
        }
        for n, row in enumerate(rows, 1)
    ]
    return json.dumps({"Records": found}, separators=(",", ":"))


def _rounded(value: float | None, digits: int | None = None, factor: float = 1.0) -> float | None:
    return None if value is None else round(value * factor, digits)
