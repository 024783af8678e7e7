"""Load traces as CSV: `t_s,watts` or `t_s,load_w,pv_w`, '#' comments, an optional line of column names; pure."""

from collections.abc import Iterable
from math import isfinite

COLUMNS = (("t_s", "watts"), ("t_s", "load_w", "pv_w"))
SHAPES = " or ".join(",".join(names) for names in COLUMNS)


class TraceError(ValueError):
    """The trace cannot be used. The text names the line, its content and what is allowed."""


def read_trace(lines: Iterable[str]) -> list[tuple[float, float]]:
    """(t_s, W) in order of time: the load, minus the sun where the trace has it. Each value holds until the next.

    Raises TraceError for a line that is not a row of numbers, a time that does not rise, a change of shape, or fewer
    than two rows.
    """
    rows: list[tuple[float, float]] = []
    width = 0
    for number, line in enumerate(lines, 1):
        text = line.partition("#")[0].strip()
        if not text:
            continue
        cells = [cell.strip() for cell in text.split(",")]
        if not rows and not width and tuple(cells) in COLUMNS:
            width = len(cells)
            continue
        values = [_number(cell) for cell in cells]
        width = width or len(cells)
        if len(cells) not in (2, 3) or len(cells) != width or None in values:
            raise TraceError(f"line {number}: {text[:60]!r} is not {SHAPES}")
        t, load_w, *sun_w = (value for value in values if value is not None)
        if rows and t <= rows[-1][0]:
            raise TraceError(f"line {number}: time {t:g} s does not come after {rows[-1][0]:g} s")
        rows.append((t, load_w - sum(sun_w)))
    if len(rows) < 2:
        raise TraceError(f"{len(rows)} rows of {SHAPES}; at least 2 are needed")
    return rows


def cut(trace: list[tuple[float, float]], from_s: float, for_s: float | None) -> list[tuple[float, float]]:
    """The part from from_s seconds after the trace's start, for_s long (None: to the end). Raises TraceError."""
    begin = trace[0][0] + from_s
    end = trace[-1][0] if for_s is None else min(trace[-1][0], begin + for_s)
    if begin >= end:
        raise TraceError(f"the trace lasts {trace[-1][0] - trace[0][0]:g} s; nothing is left after {from_s:g} s")
    before = [watts for t, watts in trace if t <= begin][-1]
    inside = [(t, watts) for t, watts in trace if begin < t < end]
    last = inside[-1][1] if inside else before
    return [(begin, before), *inside, (end, last)]


def _number(cell: str) -> float | None:
    try:
        value = float(cell)
    except ValueError:
        return None
    return value if isfinite(value) else None
