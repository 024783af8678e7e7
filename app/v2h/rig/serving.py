"""Start the rig's server: plant, chips and buses, and the file rig.toml that leads the programs to them."""

import argparse
import json
import os
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path

from v2h.ports.lines import LEDS
from v2h.rig.ad7327 import CABLE_CHANNEL, CABLE_DIVIDER
from v2h.rig.cable import Circuit
from v2h.rig.house import House, day_trace, read_csv
from v2h.rig.hub import Hub
from v2h.rig.plant import Plant, PluggedCar
from v2h.rig.server import CanBuses, CarDoors, LedOutputs, Rig, be_prompt
from v2h.rig.vxcan import SocketCan

CHARGER_METER_S = 1.0
"""Load following needs only the grid's meter; the charger's own meter shows the losses."""


def run_directory() -> Path:
    """$V2H_RUN, or the board's."""
    return Path(os.environ.get("V2H_RUN", "/run/v2h"))


def overlay(directory: Path, profile: str, can_urls: tuple[str, str], web: str, more: str = "") -> str:
    """Return the text of rig.toml: the addresses of the simulated chips and the scales of their analogue sides.
    more: tables of the car's own doors."""
    rig = f"rig:{directory / 'rig.sock'}/"
    emulated = profile == "emulated"
    ports = {
        "pre_can": can_urls[0],
        "car_can": can_urls[1],
        "stpm3x": rig + "stpm3x",
        "ad7327": rig + "ad7327",
        "pca9552": "i2c:/dev/i2c-2?addr=0x60" if emulated else rig + "pca9552",
        "buttons": "keys:any" if emulated else rig + "buttons",
        "k": rig + "k",
        "fan": rig + "fan",
        "outputs": "led:" if emulated else rig,
    }
    lines = ["# Written by the rig at its start: simulated hardware.", "[hardware]"]
    lines += [f"{key} = {json.dumps(url)}" for key, url in ports.items()]
    lines += ["can_identity = false", "", "[cable]", f"adc_channel = {CABLE_CHANNEL}"]
    lines += [f"scale_v_per_v = {CABLE_DIVIDER}", "offset_v = 0.0", ""]
    if more:
        lines += [more]
    # The owner chooses the grid's meter; its default fits the rig's chip.
    lines += ["[meter.charger]", 'kind = "stpm3x"', "channel = 2", f"interval_s = {CHARGER_METER_S}", ""]
    return "\n".join([*lines, "[web]", f"listen = {json.dumps(web)}", ""])


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--profile", choices=("desk", "emulated"), default="desk")
    parser.add_argument("--can", choices=("hub", "socketcan"), default="hub")
    parser.add_argument("--outputs-from-leds", action="store_true", help=f"read outputs from {LEDS}")
    parser.add_argument("--hold-outputs", action="store_true", help="outputs outlive their connection, as gpio-leds do")
    parser.add_argument("--web", metavar="HOST:PORT", help="where the page listens")
    parser.add_argument("--soc", type=float, default=60.0, metavar="PCT")
    parser.add_argument("--trace", type=Path, metavar="CSV", help="t_s,watts; default: our own synthetic day")
    parser.add_argument("--trace-start", type=float, default=0.0, metavar="S", help="where in the trace to begin")
    parser.add_argument("--sun-peak-w", type=float, default=0.0, metavar="W")


def serve(
    options: argparse.Namespace,
    car: Callable[[Circuit], PluggedCar] | None = None,
    doors: Callable[[Rig], CarDoors] | None = None,
) -> int:
    """Run the rig until SIGTERM; writes rig.toml first. car: makes another car than a CHAdeMO one; doors: opens that
    car's doors. Returns 0, or 1 with a word on stderr."""
    try:
        _serve(options, car, doors)
    except (OSError, ValueError) as error:
        print(f"rig: {error}", file=sys.stderr)
        return 1
    return 0


def _serve(
    options: argparse.Namespace,
    car: Callable[[Circuit], PluggedCar] | None,
    doors: Callable[[Rig], CarDoors] | None,
) -> None:
    directory = run_directory()
    emulated = options.profile == "emulated"
    points = read_csv(options.trace) if options.trace else day_trace()
    house = House(points, sun_peak_w=options.sun_peak_w, start_s=options.trace_start)
    plant = Plant(house, soc_pct=options.soc, now=time.monotonic(), car=car)
    leds = LedOutputs(LEDS) if emulated or options.outputs_from_leds else None
    rig = Rig(plant, directory / "rig.sock", leds=leds, hold_outputs=options.hold_outputs)
    buses: CanBuses
    if emulated or options.can == "socketcan":
        buses = SocketCan(rig.frame, rig.loop.watch)
    else:
        buses = Hub(directory, rig.frame, rig.loop.watch)
    web = options.web or ("0.0.0.0:80" if emulated else "127.0.0.1:8080")
    if doors is not None:
        rig.doors = doors(rig)
    more = "" if rig.doors is None else rig.doors.settings()
    text = overlay(directory, options.profile, buses.urls(), web, more)
    temporary = directory / "rig.toml.new"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(directory / "rig.toml")
    be_prompt()
    say_ready()
    rig.run(buses)


def say_ready() -> None:
    """Notify systemd that everything is ready, if systemd started this process."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)
