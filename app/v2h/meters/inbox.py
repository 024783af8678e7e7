"""From a meter's own thread to the program's loop: values and the failure that ended the thread."""

import os
import threading
from collections import deque

from v2h.meters import Measurement

KEPT = 20
"""Values a busy loop may leave lying; of more the oldest are lost."""


class Inbox:
    """put() and fail() in the thread, the rest in the loop. Readable (fileno) when there is something to take."""

    def __init__(self) -> None:
        self._values: deque[Measurement] = deque(maxlen=KEPT)
        self._failure: Exception | None = None
        self._bell = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_CLOEXEC)
        self._lock = threading.Lock()
        self._open = True

    def put(self, value: Measurement) -> None:
        """One more value."""
        with self._lock:
            self._values.append(value)
            self._ring()

    def fail(self, failure: Exception) -> None:
        """The thread's last word; an OSError is a dead meter, anything else a mistake of ours."""
        with self._lock:
            self._failure = failure
            self._ring()

    def take(self) -> list[Measurement]:
        """What came since the last call; raises the failure once everything before it is taken."""
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
        """The thread may go on putting; nobody takes any more."""
        with self._lock:
            if self._open:
                self._open = False
                os.close(self._bell)

    def _ring(self) -> None:
        if self._open:
            os.eventfd_write(self._bell, 1)
