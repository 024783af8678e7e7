"""Rows of a store, read by SQLite itself, and the writer's reports of files that it moved aside."""

import sqlite3
from pathlib import Path

from v2h.bus.messages import Event
from v2h.datalog.schema import FILE_NAME

EVENT = Event(12.5, "warning", "k_off", "the car took its permission away", "charger", {"amps": 9.5})


class Moved(list[tuple[Path, str]]):
    """The files that the writer reported as moved aside."""

    def __call__(self, aside: Path, why: str) -> None:
        self.append((aside, why))


def rows(folder: Path, sql: str) -> list[tuple[object, ...]]:
    with sqlite3.connect(folder / FILE_NAME) as connection:
        return list(connection.execute(sql))
