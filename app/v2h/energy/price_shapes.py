"""Reads pushed prices, and a forecast of the sun, in each shape that is accepted; pure.

    ours      {"import": {"start": "2026-11-30T00:00+00:00", "step_min": 30, "values": [0.1, null, 0.12]}, "export": ..}
    evcc      {"rates": [{"start": "...", "end": "...", "value": 0.1}]}, also with "price", or within "result"
    Octopus   {"results": [{"valid_from": "...", "valid_to": "...", "value_inc_vat": 24.5}]}, in pence
    a CSV     start,end,import,export,sun with a line of column names (rows_of_csv)

A shape without these names is for one series, which "direction" names; "import" without it. "unit" says "minor" for
pence or cents. "sun" has the same shapes, and its values are the mean power of the sun in W, as evcc's tariff "solar"
has it. A value whose time is over is left out; whatever else does not fit refuses the whole push.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from v2h.bus.sentences import say
from v2h.checks import Range, finite, one_of, shown
from v2h.energy.prices import AHEAD, KEPT, QUARTER_S, STEPS_S, Prices, of_quarters, quarter

SUN = "sun"
DIRECTIONS = ("import", "export", SUN)
UNITS = {"major": 1.0, "minor": 0.01}
PRICE = Range(-10, 10, "per kWh in your currency, 24.5 p is 0.245")
SUN_W = Range(0, 100_000, "W")
MOST_ROWS = 3000
"""17 days of quarter hours are 1,632 rows; a longer list is not a tariff."""
STARTS, ENDS, VALUES = ("start", "valid_from"), ("end", "valid_to"), ("value", "price", "value_inc_vat")
"""The names that a row's fields may have."""
STEPS_MIN = tuple(step_s // 60 for step_s in STEPS_S)
DIGITS = 6
COLUMNS = ("start", "end", *DIRECTIONS)


class PriceError(ValueError):
    """A push is not used. The text says which part is wrong, and what is allowed."""


def read(document: Mapping[str, Any], now: datetime) -> dict[str, Prices]:
    """Direction -> the prices that were pushed at `now`. Raises PriceError."""
    factor, given = _factor(document), [name for name in DIRECTIONS if document.get(name) is not None]
    if given:
        _only(document, (*DIRECTIONS, "unit"))
        return {name: _series(name, document[name], factor, now) for name in given}
    direction = document.get("direction", "import")
    if direction not in DIRECTIONS:
        raise PriceError(f"direction = {shown(direction)} is not {one_of(DIRECTIONS)}")
    return {direction: _series(direction, document, factor, now)}


def read_kept(direction: str, part: object) -> Prices:
    """Prices from Prices.as_json(). Raises PriceError."""
    pushed = _moment(direction, "pushed", part.get("pushed") if isinstance(part, Mapping) else None)
    return _series(direction, part, None, pushed)


def rows_of_csv(text: str) -> dict[str, list[dict[str, Any]]]:
    """Direction -> rows, from `start,end,import,export,sun` with a line of column names; the columns may have any
    order, some of the series may be left out, and an empty cell is no price. Raises PriceError with the line."""
    lines = [(n, line.strip()) for n, line in enumerate(text.splitlines(), 1) if line.strip()]
    names = [name.strip() for name in lines[0][1].split(",")] if lines else []
    if sorted({*names, *DIRECTIONS}) != sorted(COLUMNS) or len(set(names)) != len(names) or len(names) < 3:
        raise PriceError(say("prices.csv_columns", columns=",".join(COLUMNS)))
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in DIRECTIONS if name in names}
    for n, line in lines[1:]:
        cells = [cell.strip() for cell in line.split(",")]
        if len(cells) != len(names):
            raise PriceError(say("prices.csv_cells", line=n, count=len(cells), needed=len(names)))
        row = dict(zip(names, cells, strict=True))
        for direction, rows in found.items():
            if row[direction]:
                rows.append({"start": row["start"], "end": row["end"], "value": _cell(n, row[direction])})
    return {direction: rows for direction, rows in found.items() if rows}


def _cell(line: int, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise PriceError(say("prices.csv_number", line=line, value=shown(text))) from None


def _factor(document: Mapping[str, Any]) -> float | None:
    """What makes a price of the document one in the currency; None when the document does not say it."""
    unit = document.get("unit")
    if unit is not None and (not isinstance(unit, str) or unit not in UNITS):
        raise PriceError(f"unit = {shown(unit)} is not {one_of(UNITS)}")
    return None if unit is None else UNITS[unit]


def _only(document: Mapping[str, Any], known: Iterable[str]) -> None:
    for key in document:
        if key not in known:
            raise PriceError(say("prices.unknown_field", key=repr(key), known=", ".join(known)))


def _series(where: str, part: object, factor: float | None, now: datetime) -> Prices:
    """The prices of one direction."""
    while isinstance(part, Mapping) and isinstance(part.get("result"), Mapping):
        part = part["result"]
    if isinstance(part, Mapping) and "values" in part:
        rows: object = _rows_of_values(where, part)
    elif isinstance(part, Mapping):
        rows = part.get("rates", part.get("results"))
    else:
        rows = part
    if not isinstance(rows, list):
        raise PriceError(say("prices.no_list", where=where))
    if len(rows) > MOST_ROWS:
        raise PriceError(say("prices.too_many", where=where, count=len(rows), most=MOST_ROWS))
    quarters: dict[int, float | None] = {}
    taken: dict[int, int] = {}
    for n, row in enumerate(rows, 1):
        name = f"{where} entry {n}"
        begin, end, price = _row(name, row, factor, now)
        for at in range(max(begin, quarter(now - KEPT)), end):
            if at in taken:
                raise PriceError(say("prices.overlap", entry=name, other=taken[at]))
            quarters[at], taken[at] = price, n
    if not quarters:
        raise PriceError(say("prices.none_left", where=where))
    return of_quarters(quarters, now)


def _rows_of_values(where: str, part: Mapping[str, Any]) -> list[dict[str, Any]]:
    start, minutes, values = _moment(where, "start", part.get("start")), part.get("step_min"), part["values"]
    if minutes not in STEPS_MIN or isinstance(minutes, bool):
        raise PriceError(f"{where}: step_min = {shown(minutes)} is not {one_of(str(n) for n in sorted(STEPS_MIN))}")
    if not isinstance(values, list):
        raise PriceError(f"{where}: values = {shown(values)} is not a list of prices")
    if len(values) > MOST_ROWS:
        raise PriceError(say("prices.too_many", where=where, count=len(values), most=MOST_ROWS))
    step = timedelta(minutes=minutes)
    try:
        return [{"start": start + n * step, "end": start + (n + 1) * step, "value": v} for n, v in enumerate(values)]
    except OverflowError:
        raise PriceError(say("prices.too_far", where=where, at=start.isoformat(), days=AHEAD.days - 1)) from None


def _row(name: str, row: object, factor: float | None, now: datetime) -> tuple[int, int, float | None]:
    """First quarter, the quarter after the last one, and the price."""
    if not isinstance(row, Mapping):
        raise PriceError(f"{name}: {shown(row)} is not an object with start, end and value")
    keys = [next((key for key in names if key in row), None) for names in (STARTS, ENDS, VALUES)]
    if keys[0] is None or keys[1] is None or keys[2] is None:
        raise PriceError(say("prices.row_fields", entry=name))
    start = _moment(name, keys[0], row[keys[0]])
    endless = row[keys[1]] is None and keys[1] == "valid_to"
    end = now + AHEAD if endless else _moment(name, keys[1], row[keys[1]])
    if not start < end:
        raise PriceError(say("prices.end_first", entry=name))
    if end - now > AHEAD:
        raise PriceError(say("prices.too_far", where=name, at=end.isoformat(), days=AHEAD.days - 1))
    for at in (start,) if endless else (start, end):
        if at.timestamp() % QUARTER_S:
            raise PriceError(say("prices.no_quarter", entry=name, at=at.isoformat()))
    pence = factor is None and keys[0] == "valid_from"
    if name.startswith(SUN):
        return quarter(start), quarter(end), _sun_w(name, row[keys[2]])
    return quarter(start), quarter(end), _price(name, row[keys[2]], UNITS["minor"] if pence else factor)


def _price(name: str, value: object, factor: float | None) -> float | None:
    """The price in the currency; None for null."""
    if value is None:
        return None
    price = value * (factor or 1.0) if finite(value) else None
    if not PRICE.fits(price) or price is None:
        raise PriceError(f"{name}: {shown(value)} is not {PRICE}" + ("" if factor else say("prices.unit_hint")))
    return round(price, DIGITS)


def _sun_w(name: str, value: object) -> float | None:
    if value is None:
        return None
    if not SUN_W.fits(value) or not finite(value):
        raise PriceError(f"{name}: {shown(value)} is not {SUN_W}")
    return round(value, 1)


def _moment(where: str, key: str, value: object) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)  # type: ignore[arg-type]
        if moment.tzinfo is not None:
            return moment.astimezone(UTC)
    except (TypeError, ValueError, OverflowError):
        pass
    raise PriceError(say("prices.no_moment", where=where, key=key, value=shown(value)))
