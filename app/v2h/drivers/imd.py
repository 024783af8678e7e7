"""The insulation monitor on its serial line (Modbus RTU): writes its settings, then reads the resistance once a second.

The registers, and what a reading means, stand in ccs/insulation.py. Nothing here waits: the caller calls poll() often.
A device that does not answer, or not as asked, gets its settings again before the next reading.
"""

from collections.abc import Sequence

from v2h.ccs import insulation
from v2h.ccs.insulation import InsulationError, Monitor, judge, read_channel
from v2h.ccs.record import Isolation
from v2h.drivers.modbusrtu import ModbusError, answer_length, read_answer, read_request, write_request
from v2h.ports.serialport import SerialPort, open_serial, unit_of

READ_S = 1.0
ANSWER_S = 0.3
"""The device answers within 0.1 s; a request and an answer take 20 ms at 19200 baud."""
AGAIN_S = 1.0
"""After an answer that did not come or was wrong."""


class InsulationMonitor:
    """An open device. Raises OSError when the line is absent or breaks.

    trouble: why the last answer is missing, "" when it came."""

    def __init__(self, url: str) -> None:
        self._unit = unit_of(url, insulation.ADDRESS)
        self._port: SerialPort = open_serial(url, insulation.BAUD, even=True)
        self._monitor = Monitor()
        self._settings = list(insulation.SETTINGS)
        self._request, self._buffer = b"", bytearray()
        self._asked_t = self._due_t = float("-inf")
        self.trouble = ""

    def poll(self, now: float) -> None:
        """Take an answer, and send the next request when it is due. Raises OSError."""
        self._buffer += self._port.read()
        if self._request and len(self._buffer) >= answer_length(self._request, bytes(self._buffer)):
            self._take(now)
        elif self._request and now - self._asked_t > ANSWER_S:
            self._fail(now, "it does not answer")
        if not self._request and now >= self._due_t:
            self._ask(now)

    def look(self, now: float) -> tuple[Isolation, float]:
        """(word, when it was last measured); INVALID when nothing was measured."""
        return self._monitor.look(now)

    def close(self) -> None:
        self._port.close()

    def _ask(self, now: float) -> None:
        if self._settings:
            register, value, _ = self._settings[0]
            self._request = write_request(self._unit, register, value)
        else:
            self._request = read_request(self._unit, insulation.INSULATION_AT, insulation.CHANNEL_WORDS)
        self._buffer.clear()
        self._asked_t = now
        self._port.write(self._request)

    def _take(self, now: float) -> None:
        try:
            words: Sequence[int] = read_answer(self._request, bytes(self._buffer))
            if words:
                self._monitor.take(judge(read_channel(words)), self._asked_t)
        except (ModbusError, InsulationError) as error:
            self._fail(now, str(error))
            return
        self.trouble = ""
        self._due_t = now if self._settings else self._asked_t + READ_S
        self._settings = self._settings[1:]
        self._request = b""

    def _fail(self, now: float, why: str) -> None:
        self.trouble, self._request = why, b""
        self._due_t = now + AGAIN_S
        self._settings = list(insulation.SETTINGS)
