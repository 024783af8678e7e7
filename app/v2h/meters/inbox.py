"""Passes answers, and the failure that ended the thread, from a meter's own thread to the program's loop."""

import os
import threading
from collections import deque

from v2h.meters import Measurement, Refusal

KEPT = 20
"""Values that wait while the loop is busy; when there are more, the oldest are lost."""


class Inbox:
    """The thread calls put() and fail(), the loop the rest. Readable (fileno) when there is something to take."""

    def __init__(self) -> None:
        self._values: deque[Measurement | Refusal] = deque(maxlen=KEPT)
        self._failure: Exception | None = None
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._open = True

    def put(self, value: Measurement | Refusal) -> None:
        """Add an answer."""
        with self._lock:
            self._values.append(value)
            self._ring()

    def fail(self, failure: Exception) -> None:
        """The failure that ends the thread; an OSError is a dead meter, any other exception a defect of this code."""
        with self._lock:
            self._failure = failure
            self._ring()

    def take(self) -> list[Measurement | Refusal]:
        """The answers since the last call; raises the failure once everything before it is taken."""
        with self._lock:
            if not self._open:
                return []
            try:
                os.eventfd_read(self._bell)
            except BlockingIOError:
                return []
            values = list(self._values)
            self._values.clear()
            if self._failure is not None:
                if not values:
                    raise self._failure
                self._ring()
            return values

    def fileno(self) -> int:
        return self._bell

    def close(self) -> None:
        """The thread may still call put(), without effect on the loop."""
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._bell)

    def _ring(self) -> None:
        if self._open:
            os.eventfd_write(self._bell, 1)
