"""The pilot box on its serial line: takes its lines, and repeats our order to it. The form of the lines, and what they
mean, stand in ccs/pilot.py."""

from v2h.ccs.pilot import BoxLine, Order, PilotError, PilotWatch, read_line, write_line
from v2h.ccs.record import Pilot
from v2h.ports.serialport import SerialPort, open_serial

BAUD = 115200
LONGEST_B = 256
"""A line without an end that is longer is noise, and is dropped."""


class PilotBox:
    """An open box. Raises OSError when the line is absent or breaks.

    last: its newest good line. bad: how many lines could not be read; why_bad: the last reason."""

    def __init__(self, url: str) -> None:
        self._port: SerialPort = open_serial(url, BAUD)
        self._watch = PilotWatch()
        self._buffer = bytearray()
        self._count = 0
        self.last: BoxLine | None = None
        self.bad, self.why_bad = 0, ""

    def read(self, now: float) -> None:
        """Take what has arrived. Raises OSError."""
        self._buffer += self._port.read()
        *lines, rest = self._buffer.split(b"\n")
        self._buffer = rest if len(rest) <= LONGEST_B else bytearray()
        for line in lines:
            try:
                self.last = read_line(bytes(line))
            except PilotError as error:
                self.bad, self.why_bad = self.bad + 1, str(error)
                continue
            self._watch.take(self.last, now)

    def send(self, order: Order) -> None:
        """Our line; the box makes `off` when none comes for 500 ms. Raises OSError."""
        self._count += 1
        self._port.write(write_line(self._count, order))

    def pilot(self, now: float) -> Pilot:
        """The state at `now`, UNKNOWN when the box is silent."""
        return self._watch.look(now)

    def fileno(self) -> int:
        return self._port.fileno()

    def close(self) -> None:
        self._port.close()
