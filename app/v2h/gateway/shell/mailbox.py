"""Passes what a thread has heard to the program's loop."""

import os
import threading
from collections import deque
from typing import Generic, TypeVar

Item = TypeVar("Item")
KEPT = 200
"""Items that wait while the loop is busy; when there are more, the oldest are lost."""


class Mailbox(Generic[Item]):
    """A thread calls put(), the loop the rest. Readable (fileno) when there is something to take."""

    def __init__(self) -> None:
        self._items: deque[Item] = deque(maxlen=KEPT)
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._open = True

    def put(self, item: Item) -> None:
        with self._lock:
            if self._open:
                self._items.append(item)
                os.eventfd_write(self._bell, 1)

    def take(self) -> list[Item]:
        with self._lock:
            items = list(self._items)
            self._items.clear()
            if items:
                os.eventfd_read(self._bell)
        return items

    def fileno(self) -> int:
        return self._bell

    def close(self) -> None:
        """What is put from now on is lost."""
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._bell)
