"""Rows as dictionaries: into SQL, out of a cursor, and two days as one. Pure."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from v2h.storeschema import DAYS

TOTALS = ("charged_wh", "discharged_wh", "imported_wh", "exported_wh", "grid_missed_s", "charger_missed_s", "energy_s")


def insert(table: str, row: Mapping[str, Any], verb: str = "insert") -> tuple[str, list[Any]]:
    names = ", ".join(f'"{name}"' for name in row)
    return f"{verb} into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values())


def replace(table: str, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return insert(table, row, "insert or replace")


def text(value: object) -> str:
    """What a text column takes, whatever a message brought."""
    return str(value).encode("utf-8", "replace").decode()


def dicts(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two rows of days as one."""
    both = {name: (one.get(name), other.get(name)) for name in DAYS}
    total: dict[str, Any] = {name: (both[name][0] or 0.0) + (both[name][1] or 0.0) for name in TOTALS}
    for name, pick in (("saved", sum), ("soc_min_pct", min), ("soc_max_pct", max)):
        known = [value for value in both[name] if value is not None]
        total[name] = pick(known) if known else None
    return total
