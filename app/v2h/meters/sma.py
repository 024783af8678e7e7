"""An SMA Energy Meter, a Sunny Home Manager 2.0 or a TQ meter, which send their values to the home network unasked.

UDP to the multicast group below, once to five times a second; SMA's "EMETER-Protokoll" describes the datagram. A loop
that was busy takes only the newest datagram.
"""

import socket
import struct
from collections.abc import Mapping

from v2h.bus.sentences import say
from v2h.config.meter_kinds import Meter, SmaMeter
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError
from v2h.meters.phases import combined

GROUP, PORT = "239.12.255.254", 9522
GUESS_S = 0.5
MOST_BYTES = 2048
MOST_WAITING = 64
HEAD = struct.Struct(">4sHHIHHHHII")
"""Signature, length and tag of the first tag, group, length of the data, tag of the protocol, protocol, SUSy-ID,
serial number, clock in ms."""
SIGNATURE, FIRST, SMA_NET_2, EMETER = b"SMA\0", (4, 0x02A0), 0x0010, 0x6069
CURRENT, COUNTER, OTHER = 4, 8, 0
"""Kinds of a value: of now (4 bytes), a counter (8 bytes), the version (4 bytes)."""
PER_W, PER_V, PER_A, PER_HZ, PER_WH = 10, 1000, 1000, 1000, 3600
"""Counts: 0.1 W, mV, mA, mHz, Ws."""
TAKEN, GIVEN, FREQUENCY = 1, 2, 14
PHASES = ((21, 22, 31, 32), (41, 42, 51, 52), (61, 62, 71, 72))
"""Channels of each phase: power taken and given, current, voltage."""


def read_datagram(datagram: bytes) -> tuple[int, Mapping[tuple[int, int], int]] | None:
    """(serial number, value by (channel, kind)), None for what is no datagram of such a meter."""
    if len(datagram) < HEAD.size:
        return None
    signature, length, tag, _, _, net, protocol, _, serial, _ = HEAD.unpack_from(datagram)
    if (signature, (length, tag), net, protocol) != (SIGNATURE, FIRST, SMA_NET_2, EMETER):
        return None
    values: dict[tuple[int, int], int] = {}
    at = HEAD.size
    while at + 8 <= len(datagram):
        _, channel, kind, _ = datagram[at : at + 4]
        width = 8 if kind == COUNTER else 4
        if kind not in (CURRENT, COUNTER, OTHER) or at + 4 + width > len(datagram):
            break
        values[channel, kind] = int.from_bytes(datagram[at + 4 : at + 4 + width], "big")
        at += 4 + width
    return serial, values


def measurement(values: Mapping[tuple[int, int], int], t: float) -> Measurement | None:
    """None when import and export are not both there."""
    if not {(TAKEN, CURRENT), (GIVEN, CURRENT)} <= values.keys():
        return None

    def now(channel: int) -> float:
        return values.get((channel, CURRENT), 0)

    phases = [row for row in PHASES if values.keys() >= {(channel, CURRENT) for channel in row}]
    frequency = values.get((FREQUENCY, CURRENT))
    return combined(
        t,
        [(now(taken) - now(given)) / PER_W for taken, given, _, _ in phases],
        [now(voltage) / PER_V for _, _, _, voltage in phases],
        [now(current) / PER_A for _, _, current, _ in phases],
        [] if frequency is None else [frequency / PER_HZ],
        [values[TAKEN, COUNTER] / PER_WH] if (TAKEN, COUNTER) in values else [],
        [values[GIVEN, COUNTER] / PER_WH] if (GIVEN, COUNTER) in values else [],
        total_w=(now(TAKEN) - now(GIVEN)) / PER_W,
    )


class SmaSource:
    """One socket that has joined the group. Raises MeterError when the network refuses it."""

    guess_s = GUESS_S
    always_new = False

    def __init__(self, spec: SmaMeter) -> None:
        self.title = f"sma {spec.serial:.0f}" if spec.serial else "sma"
        self.note: str = say("meter.sma_nothing")
        self._serial = int(spec.serial)
        self._heard: set[int] = set()
        self.wakes = self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        try:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            self._socket.bind(("", PORT))
            member = socket.inet_aton(GROUP) + socket.inet_aton(spec.interface or "0.0.0.0")
            self._socket.setsockopt(socket.IPPROTO_IP, socket.IP_ADD_MEMBERSHIP, member)
        except OSError as error:
            self._socket.close()
            raise MeterError(say("meter.sma_no_network", error=str(error))) from error

    def read(self, now: float) -> list[Measurement]:
        found: Measurement | None = None
        for _ in range(MOST_WAITING):
            try:
                datagram = self._socket.recv(MOST_BYTES)
            except BlockingIOError:
                break
            found = self._take(datagram, now) or found
        return [] if found is None else [found]

    def close(self) -> None:
        self._socket.close()

    def _take(self, datagram: bytes, now: float) -> Measurement | None:
        read = read_datagram(datagram)
        value = None if read is None else measurement(read[1], now)
        if read is None or value is None:
            return None
        serial = read[0]
        if self._serial and serial != self._serial:
            self._heard.add(serial)
            others = ", ".join(map(str, sorted(self._heard)))
            self.note = say("meter.sma_serial", serial=self._serial, others=others)
            return None
        if not self._serial:
            self._heard.add(serial)
            if len(self._heard) > 1:
                raise MeterError(say("meter.sma_several", serials=" and ".join(map(str, sorted(self._heard)))))
        return value


def open_source(spec: Meter, hardware: Hardware) -> SmaSource:
    """Join the group."""
    assert isinstance(spec, SmaMeter)
    return SmaSource(spec)
