"""The limits of SAFETY.md, read from its table: a test asserts what the page promises, and no number stands twice."""

import re
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
PAGE = ROOT / "docs" / "SAFETY.md"
_ROW = re.compile(r"^\| `([a-z0-9-]+)` \|")
_LIMIT = re.compile(r"([^:;|]+): ([0-9.]+) (?:s|A|V)\b")


@cache
def rows() -> dict[str, list[str]]:
    """Name of a hazard -> the cells of its row: name, hazard, cause, detection, action, within, proof."""
    found = {}
    for line in PAGE.read_text(encoding="utf-8").splitlines():
        if _ROW.match(line):
            cells = [cell.strip() for cell in line.strip().strip("|").split(" | ")]
            assert len(cells) == 7, f"{len(cells)} cells instead of 7: {line[:80]}"
            found[cells[0].strip("`")] = cells
    return found


def limits(row: str) -> dict[str, float]:
    """The limits in the row's cell "within": name -> seconds, amps or volts."""
    return {name.strip(): float(value) for name, value in _LIMIT.findall(rows()[row][5])}


def limit(row: str, name: str) -> float:
    """One limit. Raises KeyError when the page does not state it."""
    return limits(row)[name]
