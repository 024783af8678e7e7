"""Is every page of the log whole? A card may lose one that is not written any more: only who reads it notices.

Whoever meets one tells (v2h.store); then the whole file is looked through, for a reader may be wrong. That is not done
at every start, nor from time to time: it reads a hundred megabytes and more from the card.
"""

import os
import sqlite3
import threading
from pathlib import Path

from v2h.storefile import is_damage, quick_check

NICER = 10
"""On Linux a thread has a niceness of its own."""


class StoreCheck:
    """One look through the file, in a thread beside the writer's loop, which must go on.

    found: None while it lasts, "" when all is whole or nobody can tell now, else what is wrong.
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
