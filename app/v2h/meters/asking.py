"""A meter that is asked over the network in its own thread: the program's loop never waits for it."""

import threading
import time
from collections.abc import Callable
from typing import Protocol

from v2h.meters import Measurement, NoMeasurementError, Refusal
from v2h.meters.inbox import Inbox


class Conversation(Protocol):
    """An open connection to a meter; both methods may block as long as their own timeouts."""

    def ask(self) -> Measurement:
        """Raises NoMeasurementError for an answer that is not used, another OSError for a connection of no use."""

    def close(self) -> None: ...


class Asking:
    """Asks every interval_s. After an answer that comes later than the next request was due, it asks at once, and the
    times shift: missed requests are not made up for."""

    always_new = False
    note = ""

    def __init__(self, title: str, guess_s: float, interval_s: float, begin: Callable[[], Conversation]) -> None:
        self.title, self.guess_s = title, guess_s
        self.wakes = self._inbox = Inbox()
        self._interval_s, self._begin = interval_s, begin
        self._over = threading.Event()
        threading.Thread(target=self._run, name=title, daemon=True).start()

    def read(self, now: float) -> list[Measurement | Refusal]:
        return self._inbox.take()

    def close(self) -> None:
        self._over.set()
        self._inbox.close()

    def _run(self) -> None:
        try:
            conversation = self._begin()
            try:
                due = time.monotonic()
                while not self._over.wait(max(0.0, due - time.monotonic())):
                    try:
                        self._inbox.put(conversation.ask())
                    except NoMeasurementError as error:
                        self._inbox.put(Refusal(time.monotonic(), error.args[0]))
                    due = max(due + self._interval_s, time.monotonic())
            finally:
                conversation.close()
        except Exception as failure:  # noqa: BLE001 - the loop raises it again, where an unknown one ends the program
            self._inbox.fail(failure)
