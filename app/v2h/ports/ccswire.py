"""The end of `ccs` of its wire to `charger` (ccs/record.py). It never blocks, and never raises when charger is gone.

`charger` answers each record with the sequence number of that record, and its answer is as old as the record: a program
that was stopped and goes on finds old answers in its socket, and must not take them for new ones.
"""

import socket
from collections import OrderedDict
from collections.abc import Callable
from pathlib import Path

from v2h.ccs.record import CarRecord, ChargerRecord, Heard, RecordError, pack_car, unpack_charger

RETRY_S = 0.1
REMEMBERED = 16
LONGEST_B = 128
"""Longer than any record."""


class ChargerWire:
    """watch, unwatch: of the program's loop. latest(now) is what `charger` says, None when it is silent. refused: why
    its last packet could not be read, "" if it could."""

    def __init__(
        self,
        path: Path,
        watch: Callable[[socket.socket, Callable[[float], None]], None],
        unwatch: Callable[[int], None],
        on_answer: Callable[[float], None],
    ) -> None:
        self._path, self._watch, self._unwatch, self._on_answer = path, watch, unwatch, on_answer
        self._socket: socket.socket | None = None
        self._next_try = float("-inf")
        self._sent: OrderedDict[int, float] = OrderedDict()
        self._heard: Heard[ChargerRecord] = Heard()
        self.sequence = 0
        self.refused = ""

    def latest(self, now: float) -> ChargerRecord | None:
        return self._heard.fresh(now)

    def send(self, now: float, record: CarRecord) -> None:
        """Send a record, whose sequence number must be self.sequence; connects first if it must."""
        if self._socket is None and now >= self._next_try:
            self._connect(now)
        if self._socket is None:
            return
        try:
            self._socket.send(pack_car(record))
        except BlockingIOError:
            return  # charger does not read: its answers grow old
        except OSError:
            self._drop(now)
            return
        self._sent[record.sequence] = now
        if len(self._sent) > REMEMBERED:
            self._sent.popitem(last=False)

    def next_sequence(self) -> int:
        self.sequence = (self.sequence + 1) & 0xFFFFFFFF
        return self.sequence

    def close(self) -> None:
        self._drop(float("inf"))

    def _connect(self, now: float) -> None:
        self._next_try = now + RETRY_S
        link = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET | socket.SOCK_NONBLOCK)
        try:
            link.connect(str(self._path))
        except OSError:
            link.close()
            return
        self._socket = link
        self._watch(link, self._read)

    def _read(self, now: float) -> None:
        news = False
        while self._socket is not None:
            try:
                packet = self._socket.recv(LONGEST_B)
            except BlockingIOError:
                break
            except OSError:
                packet = b""
            if not packet:
                self._drop(now)
                break
            try:
                record = unpack_charger(packet)
            except RecordError as error:
                self.refused = str(error)
                continue
            self.refused = ""
            sent_t = self._sent.pop(record.sequence, None)
            if sent_t is not None:
                self._heard.take(record, sent_t)
                news = True
        if news:
            self._on_answer(now)

    def _drop(self, now: float) -> None:
        if self._socket is not None:
            self._unwatch(self._socket.fileno())
            self._socket.close()
        self._socket, self._next_try = None, now + RETRY_S
        self._heard.forget()
        self._sent.clear()
