"""[meter.ROLE] of v2h.toml: one table per meter, one set of keys per kind.

Roles: grid (what the house takes from the grid; matched to the target), charger (AC side of the charger), solar. A
second table [meter.ROLE.fallback], of any kind, is used while the first meter is silent. Importing this file imports
no meter's code.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from math import isfinite
from typing import NamedTuple
from urllib.parse import urlsplit

from v2h.config.fields import choice, number, secret, text, whole
from v2h.config.terms import read_paths, read_topics

ROLES = ("grid", "charger", "solar")


class Registers(NamedTuple):
    """Modbus addresses of one quantity, one per phase, and the value of one count. minus: the addresses that are
    subtracted, one for each of the others or none. exponent: the register whose int16 is the exponent of ten of the
    scale, as SunSpec meters have it."""

    addresses: tuple[int, ...]
    scale: float
    minus: tuple[int, ...] = ()
    exponent: int | None = None


def read_registers(words: str) -> Registers:
    """'0x0C 0x0E 0x10 * 0.1', '16 - 18', '40206 * 10^40210' -> Registers. Raises ValueError."""
    head, star, tail = (part.strip() for part in words.partition("*"))
    taken, minus, given = head.partition(" - ")
    exponent = None
    try:
        addresses, subtracted = _addresses(taken), _addresses(given)
        if tail.startswith("10^"):
            scale, exponent = 1.0, int(tail.removeprefix("10^"), 0)
        else:
            scale = float(tail) if star else 1.0
    except ValueError:
        addresses, subtracted, scale = (), (), 0.0
    every = [*addresses, *subtracted, *([] if exponent is None else [exponent])]
    good = 1 <= len(addresses) <= 3 and len(subtracted) == (len(addresses) if minus else 0)
    if not good or not all(0 <= address <= 0xFFFF for address in every) or scale == 0 or not isfinite(scale):
        raise ValueError(
            'one to three register addresses (one a phase) and, if need be, a scale: "0x0C 0x0E 0x10 * 0.1", a scale '
            'register: "40206 * 10^40210", or as many to subtract: "0x34 - 0x36"'
        )
    return Registers(addresses, scale, subtracted, exponent)


def _addresses(words: str) -> tuple[int, ...]:
    return tuple(int(word, 0) for word in words.replace(",", " ").split())


def read_file(words: str) -> str:
    """The name of a file without a folder. Raises ValueError."""
    if words and not re.fullmatch(r"\w[\w.-]*", words):
        raise ValueError('the name of a file, such as "broker.pem"')
    return words


def read_url(words: str) -> str:
    """A plain http address without name and password. Raises ValueError."""
    parts = urlsplit(words)
    try:
        good = parts.scheme == "http" and bool(parts.hostname) and parts.port != 0
    except ValueError:  # the port is not a number
        good = False
    if not good or parts.username is not None:
        raise ValueError('an address such as "http://192.168.1.20"; name and password have keys of their own')
    return words


@dataclass(frozen=True, slots=True)
class Meter:
    """The keys that every kind has. lag_s None: the lag of the meter is not configured; the kind's GUESS is used."""

    kind: str = ""
    sign: float = choice(1, 1, -1, about="1, or -1 for a meter that shows import as minus")
    """-1 turns a meter that shows import as export."""
    interval_s: float = number(1, 0.05, 60, "s between readings")
    lag_s: float | None = number(None, 0, 60, "s by which the reading trails the truth")
    silence_s: float | None = number(None, 1, 30, "s that a value holds without a new one")
    """For a meter that speaks only when its value changes. While export_limit_w or fuse_a is set, at most 5 s count."""
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
    after scaling: "ADDRESS" or one a phase, "ADDRESS * 0.1", "ADDRESS * 10^REGISTER" where another register holds the
    exponent (SunSpec), "ADDRESS - ADDRESS" where import and export are two registers. Only power is needed."""

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
    preset: str = text()
    """A preset of kind modbus, instead of a model."""
    registers: RegisterTable | None = None


MQTT_LONGEST = 65535
"""Longest password in bytes that the protocol permits."""
HTTP_LONGEST = 1000
"""Longest password or token in characters: a token of Home Assistant has 183, and a meter's server takes headers of a
few thousand bytes."""


@dataclass(frozen=True, slots=True)
class MqttMeter(Meter):
    """kind = "mqtt": topics of a broker on the home network, plain numbers or JSON."""

    kind: str = choice("mqtt", "mqtt")
    host: str = text(needed="the address of the MQTT broker on the home network")
    port: float = whole(1883, 1, 65535, "TCP port")
    user: str = text()
    password: str = secret(0, MQTT_LONGEST)
    tls: bool = False
    """Encrypt the connection and check the broker's certificate; most brokers then listen on port 8883."""
    ca: str = text(read=read_file)
    """The certificate that proves the broker's, a PEM file in the folder `meters` beside v2h.toml; empty: those of the
    system."""
    preset: str = text()
    """The name of a preset."""
    topic: str = text(needed='the topic that carries the power, or a sum such as "taken - given"', read=read_topics)
    path: str = text(read=read_paths)
    """Path of the power in the JSON message; empty: the message is the number, or the preset gives the path."""
    scale: float | None = number(None, -1e6, 1e6, "W per unit of the message")


@dataclass(frozen=True, slots=True)
class HttpMeter(Meter):
    """kind = "http": a JSON document that is requested at every interval."""

    kind: str = choice("http", "http")
    preset: str = text()
    """The name of a preset."""
    url: str = text(needed="the meter's address, with a preset the device alone: http://192.168.1.20", read=read_url)
    path: str = text(read=read_paths)
    """Path of the power in the document, without a preset; a sum such as "taken - given" is possible."""
    scale: float | None = number(None, -1e6, 1e6, "W per unit in the document")
    user: str = text()
    """For a meter that asks for a login (basic or digest, as the meter demands)."""
    password: str = secret(0, HTTP_LONGEST)
    token: str = secret(0, HTTP_LONGEST)
    """Sent as "Authorization: Bearer ...", for Home Assistant and others."""


@dataclass(frozen=True, slots=True)
class SmaMeter(Meter):
    """kind = "sma": an SMA Energy Meter, a Sunny Home Manager 2.0 or a TQ meter that sends its values to the home
    network by multicast."""

    kind: str = choice("sma", "sma")
    interval_s: float = number(1, 0.05, 60, "s between readings: the meter's own, 0.2 or 1")
    serial: float = whole(0, 0, 0xFFFFFFFF, "serial number of the meter; 0 = there is only one")
    interface: str = text()
    """Our own IPv4 address on the network of the meter; empty: the system chooses."""


KINDS: Mapping[str, type[Meter]] = {
    "stpm3x": Stpm3xMeter,
    "modbus": ModbusMeter,
    "mqtt": MqttMeter,
    "http": HttpMeter,
    "sma": SmaMeter,
}
"""The one registry of kinds: the key is the kind's name in v2h.toml and the name of its module in v2h/meters."""

DEFAULT_KIND = "stpm3x"
"""Of a meter's table that names no kind."""


def default_meters() -> dict[str, Meter]:
    """The meters that are fitted in the charger."""
    return {"grid": Stpm3xMeter()}
