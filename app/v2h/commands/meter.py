"""`v2h meter`: what the meters say, and the calibration of the charger's own metering chip.

Both listen to the meter program on the bus: the chip's port belongs to that program alone.
"""

import argparse
import json
import logging
import select
import sys
import time
from collections.abc import Callable
from dataclasses import asdict

from v2h.bus import MeterReading, MeterStatus
from v2h.busclient import BusClient
from v2h.config import Config, config_paths, load
from v2h.meterconfig import ROLES, Stpm3xMeter
from v2h.meters.calibration import CalibrationError, Reference, calibrate
from v2h.paths import RUN

CONNECT_S = 5.0
READ_S = 3.0
CALIBRATE_S = 10.0
NO_BUS = "the bus does not answer: is the charger's software running, and are you root?"


class NoBusError(OSError):
    """Not connected within CONNECT_S."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h meter`."""
    parser.epilog = "example: v2h meter calibrate grid --watts 1870 --volts 231.4"
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    read = actions.add_parser("read", help="print what the meters say", epilog="example: v2h meter read")
    read.add_argument("role", nargs="?", choices=ROLES, help="one meter (default: all)")
    read.add_argument("--seconds", type=float, default=READ_S, help=f"how long to listen (default {READ_S:g})")
    read.add_argument("--json", action="store_true", help="one JSON object: role -> reading, status")
    fit = actions.add_parser(
        "calibrate",
        help="find the keys of [meter.ROLE] that make the chip agree with a trusted meter",
        description="Charger idle, one steady load of 1 kW or more, and a trusted meter on the same wire. Say what "
        "it shows; printed is what to write into v2h.toml.",
        epilog="example: v2h meter calibrate grid --watts 1870 --volts 231.4 --amps 8.1",
    )
    fit.add_argument("role", choices=ROLES, help="the meter to calibrate, of kind stpm3x")
    fit.add_argument("--watts", type=float, help="active power, + is import")
    fit.add_argument("--volts", type=float, help="RMS voltage")
    fit.add_argument("--amps", type=float, help="RMS current")
    fit.add_argument(
        "--seconds", type=float, default=CALIBRATE_S, help=f"how long to average (default {CALIBRATE_S:g})"
    )
    fit.add_argument("--json", action="store_true", help="one JSON object: key -> value")


def run(args: argparse.Namespace) -> int:
    """Returns 0, 1 when nothing could be heard or found, 2 for bad input."""
    action = {"read": _read, "calibrate": _calibrate}[args.action]
    try:
        return action(args, load(config_paths()))
    except NoBusError as error:
        print(f"v2h meter: {error}", file=sys.stderr)
        return 1


def listen(seconds: float, topics: dict[str, Callable[[str, bytes], None]]) -> None:
    """Hear the bus for so long. Raises NoBusError."""
    bus = BusClient("cli", RUN, logging.getLogger("v2h.cli"))
    for topic, handler in topics.items():
        bus.subscribe(topic, handler)
    begin = time.monotonic()
    end = begin + CONNECT_S
    joined = False
    while (now := time.monotonic()) < end:
        bus.maintain(now)
        fd = bus.fileno()
        if select.select([] if fd is None else [fd], [], [], min(0.1, end - now))[0]:
            bus.read()
        if bus.wants_write():
            bus.write()
        if bus.connected and not joined:
            joined, end = True, time.monotonic() + seconds
    bus.close()
    if not joined:
        raise NoBusError(NO_BUS)


def _read(args: argparse.Namespace, config: Config) -> int:
    readings: dict[str, MeterReading] = {}
    statuses: dict[str, MeterStatus] = {}

    def on_reading(topic: str, payload: bytes) -> None:
        role = topic.split("/")[2]
        if role in ROLES:  # and not "alive"
            readings[role] = MeterReading.from_json(payload)

    def on_status(topic: str, payload: bytes) -> None:
        statuses[topic.split("/")[2]] = MeterStatus.from_json(payload)

    listen(args.seconds, {MeterReading.TOPIC.format("+"): on_reading, MeterStatus.TOPIC.format("+"): on_status})
    roles = [args.role] if args.role else [role for role in ROLES if role in readings or role in statuses]
    now = time.monotonic()
    found = {}
    for role in roles:
        reading, status = readings.get(role), statuses.get(role)
        said = None if reading is None else asdict(reading) | {"age_s": round(now - reading.t, 3)}
        found[role] = {"reading": said, "status": None if status is None else asdict(status)}
    if args.json:
        print(json.dumps(found, indent=1))
    else:
        for role in roles:
            print(describe(role, readings.get(role), statuses.get(role), now))
    if not any(entry["reading"] for entry in found.values()):
        print(f"v2h meter: no meter told anything within {args.seconds:g} s", file=sys.stderr)
        return 1
    return 0


def describe(role: str, reading: MeterReading | None, status: MeterStatus | None, now: float) -> str:
    """One meter in lines for people."""
    lines = [f"{role}: no value"]
    if reading is not None:
        units = (("voltage_v", "V"), ("current_a", "A"), ("frequency_hz", "Hz"))
        more = [f"{value:.2f} {unit}" for key, unit in units if (value := getattr(reading, key)) is not None]
        lag = "" if reading.lag_known else " (usual for such a meter; not measured)"
        way = "import" if reading.power_w >= 0 else "export"
        lines = [
            f"{role}: {abs(reading.power_w):.1f} W {way}  {'  '.join(more)}".rstrip(),
            f"  from {reading.source}, {now - reading.t:.1f} s old, every {reading.interval_s:.2g} s,"
            f" lag {reading.lag_s:g} s{lag}",
        ]
        for n, phase in enumerate(reading.phases if len(reading.phases) > 1 else [], 1):
            lines.append(f"  L{n}: " + "  ".join(f"{value:.1f} {key[-1].upper()}" for key, value in phase.items()))
    if status is not None:
        lines.append(f"  {status.text}")
    return "\n".join(lines)


def _calibrate(args: argparse.Namespace, config: Config) -> int:
    spec = config.meter.get(args.role)
    if not isinstance(spec, Stpm3xMeter):
        what = "is not configured" if spec is None else f"is of kind {spec.kind}, which comes calibrated"
        print(f"v2h meter: meter.{args.role} {what}; only the charger's own chip is calibrated here", file=sys.stderr)
        return 2
    heard: list[MeterReading] = []
    if args.watts is not None or args.volts is not None or args.amps is not None:
        listen(
            args.seconds,
            {MeterReading.TOPIC.format(args.role): lambda _, payload: heard.append(MeterReading.from_json(payload))},
        )
        if not heard:
            print(f"v2h meter: the {args.role} meter told nothing within {args.seconds:g} s", file=sys.stderr)
            return 1
    try:
        found = calibrate(
            spec,
            Reference(args.watts, args.volts, args.amps),
            [reading.power_w for reading in heard],
            [reading.voltage_v for reading in heard if reading.voltage_v is not None],
            [reading.current_a for reading in heard if reading.current_a is not None],
        )
    except CalibrationError as error:
        print(f"v2h meter: {error}", file=sys.stderr)
        return 2
    if args.json:
        print(json.dumps(found))
        return 0
    print(f"# from {len(heard)} readings; write this into v2h.toml and restart:")
    print(f"[meter.{args.role}]")
    for key, value in found.items():
        was = getattr(spec, key)
        change = "" if key == "sign" else f"   # was {was:.6g}: {100 * (value / was - 1):+.2f} %"
        print(f"{key} = {value:.7g}{change}")
    return 0
