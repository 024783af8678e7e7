"""Modbus RTU frames of the two requests that a driver here uses: read holding registers, write one. Pure.

unit, function, content, and a checksum (CRC-16, low byte first), by "MODBUS over serial line" V1.02.
"""

import struct
from collections.abc import Sequence

READ, WRITE = 3, 6
EXCEPTION = 0x80
_CRC_B = 2


class ModbusError(ValueError):
    """An answer with a wrong sum, of another unit or to another question, or the device's refusal."""


def crc(body: bytes) -> bytes:
    """The checksum of a frame, two bytes."""
    value = 0xFFFF
    for byte in body:
        value ^= byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
    return struct.pack("<H", value)


def framed(body: bytes) -> bytes:
    """The body with its checksum."""
    return body + crc(body)


def read_request(unit: int, address: int, count: int) -> bytes:
    return framed(struct.pack(">BBHH", unit, READ, address, count))


def write_request(unit: int, address: int, value: int) -> bytes:
    return framed(struct.pack(">BBHH", unit, WRITE, address, value))


def answer_length(request: bytes, begun: bytes) -> int:
    """How many bytes the answer has, as far as its first bytes show it; a refusal is shorter."""
    if len(begun) > 1 and begun[1] & EXCEPTION:
        return 3 + _CRC_B
    count = struct.unpack(">H", request[4:6])[0]
    return len(request) if request[1] == WRITE else 3 + 2 * int(count) + _CRC_B


def read_answer(request: bytes, answer: bytes) -> Sequence[int]:
    """The words of an answer to a read, () for a write. Raises ModbusError."""
    body = answer[:-_CRC_B]
    if len(answer) != answer_length(request, answer) or crc(body) != answer[-_CRC_B:]:
        raise ModbusError(f"{answer.hex()} is no whole Modbus answer: its length or its checksum is wrong")
    if body[0] != request[0] or body[1] & ~EXCEPTION != request[1]:
        raise ModbusError(f"{answer.hex()} answers another question than {request.hex()}")
    if body[1] & EXCEPTION:
        raise ModbusError(f"the device refuses {request.hex()} with exception {body[2]}")
    if body[1] == WRITE:
        if body != request[:-_CRC_B]:
            raise ModbusError(f"{answer.hex()} confirms another value than {request.hex()}")
        return ()
    if body[2] != len(body) - 3:
        raise ModbusError(f"{answer.hex()} announces {body[2]} bytes")
    return struct.unpack(f">{body[2] // 2}H", body[3:])
