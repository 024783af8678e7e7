"""Checks that every page of the log is whole. A card can lose a page that is not written any more, and only a reader of
that page notices it.

A reader that finds a damaged page reports it (datalog/reader.py). Then the whole file is checked, because the reader
may be wrong. The check does not run at every start or periodically, because it reads 100 MB and more from the card.
"""

import os
import sqlite3
import threading
from pathlib import Path

from v2h.datalog.readonly import is_damage, quick_check

NICER = 10
"""On Linux each thread has its own niceness."""


class StoreCheck:
    """One check of the whole file. It runs in its own thread, because the writer's loop must go on.

    found: None while the check runs, "" when the file is whole or cannot be checked now, else what is wrong.
    """

    def __init__(self, path: Path) -> None:
        self.found: str | None = None
        threading.Thread(target=self._look, args=(path,), name="check", daemon=True).start()

    def _look(self, path: Path) -> None:
        os.nice(NICER)
        try:
            self.found = quick_check(path)
        except sqlite3.Error as error:
            self.found = str(error) if is_damage(error) else ""
