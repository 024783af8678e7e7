"""Rows as dictionaries: to SQL, from a cursor, and the sum of two days. Pure."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from v2h.datalog.schema import DAYS

TOTALS = (
    *("charged_wh", "discharged_wh", "imported_wh", "exported_wh", "grid_missed_s", "charger_missed_s", "energy_s"),
    *("battery_in_wh", "battery_out_wh", "estimated_s"),
)


def insert(table: str, row: Mapping[str, Any], verb: str = "insert") -> tuple[str, list[Any]]:
    names = ", ".join(f'"{name}"' for name in row)
    return f"{verb} into {table} ({names}) values ({', '.join('?' * len(row))})", list(row.values())


def replace(table: str, row: Mapping[str, Any]) -> tuple[str, list[Any]]:
    return insert(table, row, "insert or replace")


def text(value: object) -> str:
    """The value as a string that a text column accepts, whatever a message contained."""
    return str(value).encode("utf-8", "replace").decode()


def dicts(cursor: sqlite3.Cursor) -> list[dict[str, Any]]:
    names = [column[0] for column in cursor.description]
    return [dict(zip(names, row, strict=True)) for row in cursor]


def added(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, Any]:
    """Two rows of the table days added up to one."""
    both = {name: (one.get(name), other.get(name)) for name in DAYS}
    total: dict[str, Any] = {name: (both[name][0] or 0.0) + (both[name][1] or 0.0) for name in TOTALS}
    for name, pick in (("saved", sum), ("cost", sum), ("soc_min_pct", min), ("soc_max_pct", max)):
        known = [value for value in both[name] if value is not None]
        total[name] = pick(known) if known else None
    return total
