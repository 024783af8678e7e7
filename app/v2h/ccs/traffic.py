"""Collects the messages of a car and of ours until `ccs` sends them to datalog (bus.messages.CcsTraffic). Pure."""

MOST_B = 60_000
"""Of one second: a car in the charging loop says 2 kB, a matching 5 kB. What a car sends beyond it is left out, because
no message of the bus may be larger than 260 kB."""
FRAME, BEGIN, CAR, CHARGER = "frame", "begin", "car", "charger"
PACKET_B = 40
"""What the time, the kind and the marks of a packet take in the message, as bytes of a packet."""


class Traffic:
    """lost: how many packets were left out since the last take()."""

    def __init__(self) -> None:
        self._packets: list[list[object]] = []
        self._size_b = self.lost = 0

    def note(self, now: float, kind: str, data: bytes = b"") -> None:
        """Something was said. kind: FRAME, with the whole frame; BEGIN, a car has connected; CAR or CHARGER, with the
        EXI of a message of this sender."""
        self._size_b += len(data) + PACKET_B
        if self._size_b > MOST_B:
            self.lost += 1
            return
        self._packets.append([round(now, 6), kind, data.hex()])

    def take(self) -> list[list[object]]:
        """All since the last call, oldest first: [t, kind, hexadecimal digits]."""
        packets, self._packets = self._packets, []
        self._size_b = self.lost = 0
        return packets
