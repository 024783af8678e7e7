"""`v2h meter`: prints the readings of the meters, measures one, calibrates the charger's own chip, stores presets.

`read`, `step` (meter_step.py) and `calibrate` read the reports of the program `meter` on the bus of the charger,
because only that program may use the chip's port. So they run on the charger itself, as `preset` does. `v2h meter find`
runs anywhere (find_meter.py).
"""

import argparse
import json
import logging
import select
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from types import MappingProxyType

from v2h.arguments import number
from v2h.bus.client import BusClient
from v2h.bus.messages import ChargerState, MeterReading, MeterStatus
from v2h.checks import Range
from v2h.commands import CommandError, find_meter, meter_step
from v2h.config.files import config_paths, is_charger
from v2h.config.loading import load
from v2h.config.meter_kinds import ROLES, Stpm3xMeter
from v2h.config.page_edits import read_edits
from v2h.config.presets import SHIPPED, PresetError, data_folder, own_folders
from v2h.config.presets import read as read_preset
from v2h.config.site import Config
from v2h.meters.calibration import (
    LEAST_A,
    LEAST_V,
    SITUATIONS,
    CalibrationError,
    NotNowError,
    Reference,
    calibrate,
    check_situation,
)
from v2h.runtime.atomic_file import write_text
from v2h.runtime.paths import RUN, SITE_EDITS

CONNECT_S = 5.0
READ_S = 3.0
CALIBRATE_S = 10.0
SECONDS = number(Range(0.1, 3600, "s"))
WATTS, VOLTS, AMPS = (
    number(Range(-15000, 15000, "W")),
    number(Range(LEAST_V, 300, "V")),
    number(Range(LEAST_A, 100, "A")),
)
"""Ranges of what one phase of a house can carry."""
NOT_HERE = (
    "this works only on the charger itself, and this machine is not the charger: log in there (ssh) and run it as root"
)
NO_BUS = "the bus does not answer: is the charger's software running, and are you root?"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h meter`."""
    parser.epilog = "example: v2h meter calibrate grid --watts 1870 --volts 231.4"
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    read = actions.add_parser("read", help="print what the meters say", epilog="example: v2h meter read")
    read.add_argument("role", nargs="?", choices=ROLES, help="one meter (default: all)")
    read.add_argument("--seconds", type=SECONDS, default=READ_S, help=f"how long to listen (default {READ_S:g})")
    read.add_argument("--json", action="store_true", help="one JSON object: role -> reading, status")
    find_meter.add_arguments(actions)
    meter_step.add_arguments(actions)
    fit = actions.add_parser(
        "calibrate",
        help="find the keys of [meter.ROLE] that make the chip agree with a trusted meter",
        description="Say what a trusted meter on the same wire shows; printed is what to write into v2h.toml. Power "
        f"and current need, {'; '.join(f'for {role} {needs.words}' for role, needs in SITUATIONS.items())}.",
        epilog="example: v2h meter calibrate grid --watts 1870 --volts 231.4 --amps 8.1",
    )
    fit.add_argument("role", choices=ROLES, help="the meter to calibrate, of kind stpm3x")
    fit.add_argument("--watts", type=WATTS, help="active power, + is import")
    fit.add_argument("--volts", type=VOLTS, help="RMS voltage")
    fit.add_argument("--amps", type=AMPS, help="RMS current")
    fit.add_argument(
        "--seconds", type=SECONDS, default=CALIBRATE_S, help=f"how long to average (default {CALIBRATE_S:g})"
    )
    fit.add_argument("--json", action="store_true", help="one JSON object: key -> value")
    keep = actions.add_parser(
        "preset",
        help="store a preset of your own, or list all presets",
        description="Checks FILE and stores it on the data partition under its own name; a preset beside v2h.toml on "
        "the card goes before it. Without FILE: the names of all presets and where each is.",
        epilog="example: v2h meter preset mymeter.toml",
    )
    keep.add_argument("file", nargs="?", type=Path, metavar="FILE", help="NAME.toml")
    keep.add_argument("--json", action="store_true", help="one JSON object: name -> kind, file")


def run(args: argparse.Namespace) -> int:
    """Read, find, calibrate, or store a preset. Returns 0. Raises CommandError: 1 when there is no reading or no
    result, 2 for bad input."""
    if args.action == "find":
        return find_meter.run(args)
    if args.action == "step":
        return meter_step.run(args, listen)
    if args.action == "preset":
        _preset(args)
    else:
        action = {"read": _read, "calibrate": _calibrate}[args.action]
        action(args, load(config_paths(), read_edits(SITE_EDITS)))
    return 0


def listen(
    seconds: float,
    topics: dict[str, Callable[[str, bytes], None]],
    watched: Mapping[int, Callable[[], float]] = MappingProxyType({}),
) -> None:
    """Receive messages of the bus for so many seconds. watched: file descriptor -> called when there is something to
    read; returns for how many seconds to go on. Raises CommandError when there is no connection to the bus."""
    bus = BusClient("cli", RUN, logging.getLogger("v2h.cli"))
    for topic, handler in topics.items():
        bus.subscribe(topic, handler)
    begin = time.monotonic()
    end = begin + CONNECT_S
    joined = False
    while (now := time.monotonic()) < end:
        bus.maintain(now)
        fd = bus.fileno()
        ready = select.select([*([] if fd is None else [fd]), *watched], [], [], min(0.1, end - now))[0]
        if fd in ready:
            bus.read()
        for other in set(ready) & watched.keys():
            end = time.monotonic() + watched[other]()
        if bus.wants_write():
            bus.write()
        if bus.connected and not joined:
            joined, end = True, time.monotonic() + seconds
    bus.close()
    if not joined:
        raise CommandError(NO_BUS if is_charger(RUN) else NOT_HERE, 1)


def _read(args: argparse.Namespace, config: Config) -> None:
    readings: dict[str, MeterReading] = {}
    statuses: dict[str, MeterStatus] = {}

    def on_reading(topic: str, payload: bytes) -> None:
        role = topic.split("/")[2]
        if role in ROLES:  # it is "alive" otherwise
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
        raise CommandError(f"no meter told anything within {args.seconds:g} s", 1)


def describe(role: str, reading: MeterReading | None, status: MeterStatus | None, now: float) -> str:
    """The values of one meter as lines for people."""
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


def _calibrate(args: argparse.Namespace, config: Config) -> None:
    spec = config.meter.get(args.role)
    if not isinstance(spec, Stpm3xMeter):
        what = "is not configured" if spec is None else f"is of kind {spec.kind}, which comes calibrated"
        raise CommandError(f"meter.{args.role} {what}; only the charger's own chip is calibrated here", 2)
    reference = Reference(args.watts, args.volts, args.amps)
    heard = _heard(args.role, reference, args.seconds) if reference != Reference() else []
    try:
        found = calibrate(
            spec,
            reference,
            [reading.power_w for reading in heard],
            [reading.voltage_v for reading in heard if reading.voltage_v is not None],
            [reading.current_a for reading in heard if reading.current_a is not None],
        )
    except CalibrationError as error:
        raise CommandError(str(error), 2) from error
    if args.json:
        print(json.dumps(found))
        return
    print(f"# from {len(heard)} readings; write this into v2h.toml and restart:")
    print(f"[meter.{args.role}]")
    for key, value in found.items():
        was = getattr(spec, key)
        change = "" if key == "sign" else f"   # was {was:.6g}: {100 * (value / was - 1):+.2f} %"
        print(f"{key} = {value:.7g}{change}")


def _heard(role: str, reference: Reference, seconds: float) -> list[MeterReading]:
    """The readings of the role's meter. Raises CommandError when there is no reading, or when the charger did not do
    what this calibration needs."""
    heard: list[MeterReading] = []
    states: list[str] = []
    listen(
        seconds,
        {
            MeterReading.TOPIC.format(role): lambda _, payload: heard.append(MeterReading.from_json(payload)),
            ChargerState.TOPIC: lambda _, payload: states.append(ChargerState.from_json(payload).state),
        },
    )
    if not heard:
        raise CommandError(f"the {role} meter told nothing within {seconds:g} s", 1)
    try:
        check_situation(role, reference, states)
    except NotNowError as error:
        raise CommandError(str(error), 1) from error
    return heard


def _preset(args: argparse.Namespace) -> None:
    if args.file is not None:
        _store(args.file)
    found = {}
    for folder in (SHIPPED, *reversed(own_folders(config_paths()))):
        for path in sorted(folder.glob("*.toml")):
            try:
                found[path.stem] = {"kind": read_preset(path).kind, "file": str(path)}
            except PresetError as error:
                found[path.stem] = {"kind": "", "file": f"{path}: {error}"}
    if args.json:
        print(json.dumps(found, indent=1))
    elif args.file is None:
        for name, about in sorted(found.items()):
            print(f"{name:16} {about['kind']:7} {about['file']}")


def _store(path: Path) -> None:
    """Check a preset, and copy it to the data partition. Raises CommandError."""
    try:
        if path.suffix != ".toml":
            raise PresetError(f"{path.name}: the name of the file ends with .toml; what stands before it is the preset")
        read_preset(path)
        text = path.read_text(encoding="utf-8-sig")
    except PresetError as error:
        raise CommandError(str(error), 2) from error
    target = data_folder() / path.name
    try:
        write_text(target, text)
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}; are you root, on the board?", 1) from error
    print(f'stored as {target}; write preset = "{path.stem}" into v2h.toml and restart')
