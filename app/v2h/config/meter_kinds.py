"""[meter.ROLE] of v2h.toml: one table per meter, one set of keys per kind.

Roles: grid (what the house takes from the grid; matched to the target), charger (AC side of the charger), solar. A
second table [meter.ROLE.fallback], of any kind, is used while the first meter is silent. Importing this file imports
no meter's code.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple
from urllib.parse import urlsplit

from v2h.config.fields import choice, number, secret, text, whole

ROLES = ("grid", "charger", "solar")


class Registers(NamedTuple):
    """Modbus addresses of one quantity, one per phase, and the value of one count."""

    addresses: tuple[int, ...]
    scale: float


def read_registers(words: str) -> Registers:
    """'0x0C 0x0E 0x10 * 0.1' -> Registers((12, 14, 16), 0.1). Raises ValueError."""
    head, star, tail = words.partition("*")
    try:
        addresses = tuple(int(word, 0) for word in head.replace(",", " ").split())
        scale = float(tail) if star else 1.0
    except ValueError:
        addresses, scale = (), 0.0
    if not 1 <= len(addresses) <= 3 or not all(0 <= address <= 0xFFFF for address in addresses) or scale == 0:
        raise ValueError(
            'one to three register addresses (one a phase) and, if need be, a scale: "0x0C 0x0E 0x10 * 0.1"'
        )
    return Registers(addresses, scale)


def read_topic(words: str) -> str:
    """A topic without wildcards, because two topics would be two meters. Raises ValueError."""
    if not words or "+" in words or "#" in words:
        raise ValueError("one MQTT topic without + or #")
    return words


def read_json_path(words: str) -> list[str]:
    """'emeters.*.power' -> ['emeters', '*', 'power']; '' -> [] (the whole document). Raises ValueError."""
    steps = words.split(".") if words else []
    if not all(steps):
        raise ValueError('keys and list positions joined by dots, * for all of a list: "emeters.*.power"')
    return steps


def read_url(words: str) -> str:
    """A plain http address without name and password. Raises ValueError."""
    parts = urlsplit(words)
    try:
        good = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        good = False
    if not good or parts.username is not None:
        raise ValueError('an address such as "http://192.168.1.20", without name and password')
    return words


@dataclass(frozen=True, slots=True)
class Meter:
    """The keys that every kind has. lag_s None: the lag of the meter is not configured; the kind's GUESS is used."""

    kind: str = ""
    sign: float = choice(1, 1, -1)
    """-1 turns a meter that shows import as export."""
    interval_s: float = number(1, 0.05, 60, "s between readings")
    lag_s: float | None = number(None, 0, 60, "s by which the reading trails the truth")
    fallback: "Meter | None" = None


@dataclass(frozen=True, slots=True)
class Stpm3xMeter(Meter):
    """kind = "stpm3x": one channel of the charger's own metering chip. Calibration determines the LSBs."""

    kind: str = choice("stpm3x", "stpm3x")
    interval_s: float = number(0.1, 0.05, 60, "s between readings")
    lag_s: float | None = number(0.05, 0, 60, "s by which the reading trails the truth")
    """The delay of the chip's own filter; with it the lag need not be learned."""
    channel: float = whole(1, 1, 2, "STPM3x channel")
    gain: str = choice("2", "2", "4", "8", "16")
    """Gain of the current input's amplifier."""
    p_lsb_w: float = number(0.00112335, 1e-6, 1, "W per LSB of active power")
    v_lsb_v: float = number(0.035484, 1e-6, 10, "V per LSB of RMS voltage")
    i_lsb_a: float = number(0.00197861, 1e-8, 1, "A per LSB of RMS current")


@dataclass(frozen=True, slots=True)
class RegisterTable:
    """[meter.ROLE.registers]: where a Modbus meter that is not in MODBUS_MODELS keeps its values, each in W, V, A or Wh
    after scaling. Only power is needed."""

    function: str = choice("input", "input", "holding")
    format: str = choice("float32", "float32", "int16", "uint16", "int32", "uint32", "int64", "uint64", "float64")
    words: str = choice("big", "big", "little")
    """Which 16-bit word of a longer value comes first."""
    power: str = text(needed="the registers of active power", read=read_registers)
    voltage: str = text(read=read_registers)
    current: str = text(read=read_registers)
    frequency: str = text(read=read_registers)
    import_energy: str = text(read=read_registers)
    export_energy: str = text(read=read_registers)


_EASTRON_1 = RegisterTable(
    power="0x0C",
    voltage="0x00",
    current="0x06",
    frequency="0x46",
    import_energy="0x48 * 1000",
    export_energy="0x4A * 1000",
)
MODBUS_MODELS: Mapping[str, RegisterTable] = {
    "sdm120": _EASTRON_1,
    "sdm230": _EASTRON_1,
    "sdm630": RegisterTable(
        power="0x0C 0x0E 0x10",
        voltage="0x00 0x02 0x04",
        current="0x06 0x08 0x0A",
        frequency="0x46",
        import_energy="0x48 * 1000",
        export_energy="0x4A * 1000",
    ),
}
"""Eastron's Modbus protocol documents: input registers, IEEE 754, high word first, energy in kWh. Any other meter is
described by [meter.ROLE.registers]."""


@dataclass(frozen=True, slots=True)
class ModbusMeter(Meter):
    """kind = "modbus": Modbus TCP, or Modbus RTU through a plain TCP gateway (framing = "rtu")."""

    kind: str = choice("modbus", "modbus")
    interval_s: float = number(0.5, 0.05, 60, "s between readings")
    host: str = text(needed="the meter's or gateway's address on the home network")
    port: float = whole(502, 1, 65535, "TCP port")
    framing: str = choice("tcp", "tcp", "rtu")
    unit: float = whole(1, 0, 247, "Modbus unit (slave) number")
    model: str = choice("sdm230", *MODBUS_MODELS, "other")
    """"other": the registers in [meter.ROLE.registers] are read."""
    registers: RegisterTable | None = None


MQTT_LONGEST = 65535
"""Longest password in bytes that the protocol permits."""


@dataclass(frozen=True, slots=True)
class MqttMeter(Meter):
    """kind = "mqtt": a topic of a broker on the home network, plain number or JSON."""

    kind: str = choice("mqtt", "mqtt")
    host: str = text(needed="the address of the MQTT broker on the home network")
    port: float = whole(1883, 1, 65535, "TCP port")
    user: str = text()
    password: str = secret(0, MQTT_LONGEST)
    preset: str = text()
    """A file of presets.py."""
    topic: str = text(needed="the topic that carries the power", read=read_topic)
    path: str = text(read=read_json_path)
    """Path of the power in the JSON message; empty: the message is the number, or the preset gives the path."""
    scale: float | None = number(None, -1e6, 1e6, "W per unit of the message")


@dataclass(frozen=True, slots=True)
class HttpMeter(Meter):
    """kind = "http": a JSON document that is requested at every interval."""

    kind: str = choice("http", "http")
    preset: str = text()
    """A file of presets.py."""
    url: str = text(needed="the meter's address, with a preset the device alone: http://192.168.1.20", read=read_url)
    path: str = text(read=read_json_path)
    """Path of the power in the document, without a preset."""
    scale: float | None = number(None, -1e6, 1e6, "W per unit in the document")


KINDS: Mapping[str, type[Meter]] = {"stpm3x": Stpm3xMeter, "modbus": ModbusMeter, "mqtt": MqttMeter, "http": HttpMeter}
"""The one registry of kinds: the key is the kind's name in v2h.toml and the name of its module in v2h/meters."""


def default_meters() -> dict[str, Meter]:
    """The meters that are fitted in the charger."""
    return {"grid": Stpm3xMeter()}
