"""The simulated insulation monitor: its registers on Modbus RTU (v2h.ccs.insulation), and its alarm relay. Pure."""

import struct
from dataclasses import dataclass, field

from v2h.ccs import limits
from v2h.ccs.insulation import ADDRESS, CHANNEL_WORDS, INSULATION_AT, VOLTAGE_AT, Alarm
from v2h.drivers.modbusrtu import READ, WRITE, crc, framed

REQUEST_B = 8
_OHM, _VOLT = 2, 1


@dataclass(slots=True)
class InsulationMeter:
    """One device. ohm: between the conductors and earth. volts_v: between the conductors. silent: knob."""

    ohm: float = 2_000_000.0
    volts_v: float = 0.0
    silent: bool = False
    written: dict[int, int] = field(default_factory=dict)
    _buffer: bytes = b""

    @property
    def good(self) -> bool:
        """The alarm relay is closed, so the outside chain may be."""
        return self.ohm >= limits.FAULT_OHM.value

    def take(self, data: bytes) -> bytes:
        """Bytes of the master; returns the answer to a whole request, else b""."""
        self._buffer = (self._buffer + data)[-REQUEST_B:]
        request = self._buffer
        if len(request) < REQUEST_B or crc(request[:-2]) != request[-2:] or request[0] != ADDRESS or self.silent:
            return b""
        self._buffer = b""
        _, function, address, value = struct.unpack(">BBHH", request[:-2])
        if function == WRITE:
            self.written[address] = value
            return request
        channels = {INSULATION_AT: (self.ohm, _OHM), VOLTAGE_AT: (self.volts_v, _VOLT)}
        if function != READ or value != CHANNEL_WORDS or address not in channels:
            return framed(bytes([ADDRESS, function | 0x80, 2]))
        number, unit = channels[address]
        alarm = Alarm.NONE if address != INSULATION_AT or self.good else Alarm.ALARM
        return framed(bytes([ADDRESS, READ, 2 * CHANNEL_WORDS]) + struct.pack(">fBBH", number, alarm, unit, 0))
