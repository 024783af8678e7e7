"""Finds meters of the known kinds on a part of the home network that the owner names.

It only reads: HTTP GET of the resource of each preset, and Modbus input registers, at one port each. A meter that is
read by somebody else and permits one connection alone is not found. At most AT_ONCE addresses are asked at a time, and
all of them together for at most LONGEST_S.
"""

import ipaddress
import json
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import fields
from typing import NamedTuple

from v2h.config.meter_kinds import HttpMeter, Meter, ModbusMeter
from v2h.meters import Measurement, MeterError
from v2h.meters.http import HttpConversation
from v2h.meters.modbus import ModbusConversation

WIDEST = 22
"""Prefix of the largest network: 1022 addresses. Nobody's home has more, and with one letter less somebody would ask a
whole provider's network."""
CONNECT_S = 1.0
AT_ONCE = 64
"""An address where nobody is costs two times CONNECT_S, so a /24 takes 8 s and a /22 32 s."""
LONGEST_S = 120.0
SILENT = ("meter.http_silent", "meter.no_connection")
"""After these failures the other presets are not tried: they would wait as long, or be hung up on as well."""
FORBIDDEN = (401, 403)
HOUSE_V = (80.0, 300.0)
"""RMS voltage of a phase. A device with other values in these registers is not one of the known meters."""
TWINS = ("shelly-3em", "shelly-em")
"""Both presets read the answer of either device: three phases tell which it is."""


class NetworkError(ValueError):
    """This is no network to search. The text says what is allowed."""


class Questions(NamedTuple):
    """What is asked at each address. presets: those of kind "http"."""

    presets: Sequence[str]
    http_port: int = 80
    modbus_port: int = 502
    unit: int = 1


class Found(NamedTuple):
    """A meter, under the name of its preset or model, with what it shows."""

    name: str
    spec: Meter
    value: Measurement


class Answer(NamedTuple):
    """What one address answered. remarks: sentences about something that is perhaps a meter."""

    address: str
    found: tuple[Found, ...] = ()
    remarks: tuple[str, ...] = ()


def addresses(text: str) -> list[str]:
    """'192.168.1.0/24' -> the addresses of all devices in it. Raises NetworkError."""
    try:
        network = ipaddress.IPv4Network(text, strict=False)
    except ValueError:
        raise NetworkError(f"{text!r} is not a network such as 192.168.1.0/24, or an address in it") from None
    if not network.is_private:
        raise NetworkError(f"{text!r} is not a home network (192.168., 172.16. to 172.31. or 10.)")
    if network.prefixlen < WIDEST:
        size = network.num_addresses
        raise NetworkError(f"{text!r} has {size} addresses; at most {2 ** (32 - WIDEST)} are searched, a /{WIDEST}")
    return [str(address) for address in network.hosts()]


def search(
    where: Sequence[str], probe: Callable[[str], Answer], *, longest_s: float = LONGEST_S, at_once: int = AT_ONCE
) -> Iterator[Answer]:
    """The answer of each address, in the order in which they come. After longest_s it ends, and the rest is missing."""
    waiting: queue.SimpleQueue[str] = queue.SimpleQueue()
    answers: queue.SimpleQueue[Answer] = queue.SimpleQueue()
    over = threading.Event()
    for address in where:
        waiting.put(address)

    def work() -> None:
        while not over.is_set():
            try:
                address = waiting.get_nowait()
            except queue.Empty:
                return
            try:
                answers.put(probe(address))
            except Exception as failure:  # noqa: BLE001 - what a stranger's device sends must not end the search
                answers.put(Answer(address, remarks=(f"{address} cannot be read: {failure!r:.120}",)))

    for n in range(min(at_once, len(where))):
        threading.Thread(target=work, name=f"find {n}", daemon=True).start()
    end = time.monotonic() + longest_s
    try:
        for _ in where:
            yield answers.get(timeout=max(0.0, end - time.monotonic()))
    except queue.Empty:
        return
    finally:
        over.set()


def ask(address: str, questions: Questions) -> Answer:
    """Ask one address for every kind of meter."""
    found: list[Found] = []
    remarks: list[str] = []
    for port, look in ((questions.http_port, _http), (questions.modbus_port, _modbus)):
        if _is_open(address, port):
            answer = look(address, questions)
            found += answer.found
            remarks += answer.remarks
    return Answer(address, tuple(found), tuple(remarks))


def lines(role: str, spec: Meter) -> list[str]:
    """The lines of v2h.toml for this meter: its kind, its model, and what differs from the defaults."""
    usual = type(spec)()
    written = [field.name for field in fields(spec) if field.name in ("kind", "model")]
    written += [
        field.name
        for field in fields(spec)
        if field.name not in written and getattr(spec, field.name) != getattr(usual, field.name)
    ]
    return [f"[meter.{role}]", *(f"{name} = {json.dumps(getattr(spec, name))}" for name in written)]


def _is_open(address: str, port: int) -> bool:
    try:
        socket.create_connection((address, port), CONNECT_S).close()
    except OSError:
        return False
    return True


def _http(address: str, questions: Questions) -> Answer:
    port = "" if questions.http_port == 80 else f":{questions.http_port}"
    found: dict[str, Found] = {}
    remarks: list[str] = []
    for preset in questions.presets:
        spec = HttpMeter(preset=preset, url=f"http://{address}{port}")
        conversation = HttpConversation(spec)
        try:
            found[preset] = Found(preset, spec, conversation.ask())
        except MeterError as error:
            why = error.args[0]
            if why.id in SILENT:
                break
            if why.values.get("status") in FORBIDDEN:
                remarks.append(str(why))
        finally:
            conversation.close()
    three, two = TWINS
    if three in found and two in found:
        del found[two if len(found[three].value.phases) == 3 else three]
    return Answer(address, tuple(found.values()), () if found else tuple(remarks[:1]))


def _modbus(address: str, questions: Questions) -> Answer:
    """Ask as an SDM630 and as an SDM230; without any answer again with the other framing."""
    talks = False
    for framing in ("tcp", "rtu"):
        for model, phases in (("sdm630", 3), ("sdm230", 1)):
            spec = ModbusMeter(
                host=address, port=questions.modbus_port, framing=framing, unit=questions.unit, model=model
            )
            try:
                conversation = ModbusConversation(spec)
                try:
                    value = conversation.ask()
                finally:
                    conversation.close()
            except MeterError as error:
                if error.args[0].id == "meter.modbus_silent":
                    break
                talks = talks or error.args[0].id == "meter.modbus_refuses"
                continue
            talks = True
            if len(value.phases) == phases and all(_in_house(phase) for phase in value.phases):
                return Answer(address, (Found(model, spec, value),))
        if talks:
            break
    what = (
        f"speaks Modbus, but not as an SDM120, SDM230 or SDM630 (unit {questions.unit})"
        if talks
        else (f"has port {questions.modbus_port} open, but unit {questions.unit} does not answer")
    )
    return Answer(address, remarks=(f"{address} {what}: try its unit with --unit, or describe its registers",))


def _in_house(phase: dict[str, float]) -> bool:
    low_v, high_v = HOUSE_V
    return low_v <= phase.get("voltage_v", 0.0) <= high_v
