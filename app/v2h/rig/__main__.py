"""`python -m v2h.rig`: run the simulated charger, look at its truth, turn its knobs."""

import argparse
import json
import os
import socket
import sys
import time
from pathlib import Path
from typing import Literal

from v2h.ccs.messages import DIN, ISO2, Dialect
from v2h.ports.lines import LEDS
from v2h.ports.rig import RigLink, RigLinkError
from v2h.rig.ad7327 import CABLE_CHANNEL, CABLE_DIVIDER
from v2h.rig.ccscar import CcsCar
from v2h.rig.ccsline import CcsLine
from v2h.rig.house import House, day_trace, read_csv
from v2h.rig.hub import Hub
from v2h.rig.plant import Plant
from v2h.rig.server import CanBuses, LedOutputs, Rig, be_prompt
from v2h.rig.vxcan import SocketCan

EXAMPLES = """examples:
  python -m v2h.rig serve --profile desk          the demo's rig: CAN and chips on sockets in $V2H_RUN
  python -m v2h.rig serve --profile emulated      on the emulated board: can0, can1, LED nodes, real PCA9552
  python -m v2h.rig state                         everything that is true right now, as JSON
  python -m v2h.rig set soc=50 load_w=2000        a battery half full and 2 kW in the house
  python -m v2h.rig set load_w=trace trace_s=0    the day's trace again, from its start
  python -m v2h.rig set record=write              the last 80 s of a session, to $V2H_RUN/rig-record.json
  python -m v2h.rig set press=on_off              push the front panel's button for 0.2 s
"""
CCS_CARS: dict[str, Dialect | Literal["outside"]] = {"din": DIN, "iso2": ISO2, "outside": "outside"}
"""outside: another program speaks for the car."""
CHARGER_METER_S = 1.0
"""Load following needs only the grid's meter; the charger's own meter shows the losses."""


def run_directory() -> Path:
    """$V2H_RUN, or the board's."""
    return Path(os.environ.get("V2H_RUN", "/run/v2h"))


def overlay(
    directory: Path, profile: str, can_urls: tuple[str, str], web: str, ccs_urls: tuple[str, str] | None = None
) -> str:
    """Return the text of rig.toml: the addresses of the simulated chips and the scales of their analogue sides.
    ccs_urls: of pilot box and insulation monitor, with a CCS car."""
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
    if ccs_urls is not None:
        lines += [
            "[ccs]",
            f"pilot_box = {json.dumps(ccs_urls[0])}",
            f"insulation_monitor = {json.dumps(ccs_urls[1])}",
            "",
        ]
    # The owner chooses the grid's meter; its default fits the rig's chip.
    lines += ["[meter.charger]", 'kind = "stpm3x"', "channel = 2", f"interval_s = {CHARGER_METER_S}", ""]
    return "\n".join([*lines, "[web]", f"listen = {json.dumps(web)}", ""])


def serve(options: argparse.Namespace) -> int:
    """Run the rig until SIGTERM."""
    directory = run_directory()
    emulated = options.profile == "emulated"
    points = read_csv(options.trace) if options.trace else day_trace()
    house = House(points, sun_peak_w=options.sun_peak_w, start_s=options.trace_start)
    ccs = CCS_CARS.get(options.ccs)
    plant = Plant(house, soc_pct=options.soc, now=time.monotonic(), ccs=ccs)
    leds = LedOutputs(LEDS) if emulated or options.outputs_from_leds else None
    rig = Rig(plant, directory / "rig.sock", leds=leds, hold_outputs=options.hold_outputs)
    buses: CanBuses
    if emulated or options.can == "socketcan":
        buses = SocketCan(rig.frame, rig.loop.watch)
    else:
        buses = Hub(directory, rig.frame, rig.loop.watch)
    web = options.web or ("0.0.0.0:80" if emulated else "127.0.0.1:8080")
    if isinstance(plant.car, CcsCar):
        rig.ccs = CcsLine(plant.car, rig.loop.watch, time.monotonic)
    text = overlay(directory, options.profile, buses.urls(), web, None if rig.ccs is None else rig.ccs.urls())
    temporary = directory / "rig.toml.new"
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(directory / "rig.toml")
    be_prompt()
    say_ready()
    rig.run(buses)
    return 0


def say_ready() -> None:
    """Notify systemd that everything is ready, if systemd started this process."""
    address = os.environ.get("NOTIFY_SOCKET")
    if address:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notify:
            notify.sendto(b"READY=1", "\0" + address[1:] if address.startswith("@") else address)


def order(changes: dict[str, str]) -> int:
    """Change the given knobs, if any, and print the state."""
    try:
        link = RigLink(f"{run_directory() / 'rig.sock'}/control")
        answer = json.loads(link.transact(json.dumps(changes).encode()))
    except RigLinkError as error:
        print(f"{error}; is the rig running? (python -m v2h.rig serve)", file=sys.stderr)
        return 1
    if "error" in answer:
        print(answer["error"], file=sys.stderr)
        return 2
    print(json.dumps(answer, indent=2))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    top = argparse.ArgumentParser(
        prog="python -m v2h.rig", description=__doc__, epilog=EXAMPLES, formatter_class=argparse.RawTextHelpFormatter
    )
    commands = top.add_subparsers(dest="command", required=True)
    run = commands.add_parser("serve", help="run until SIGTERM; writes $V2H_RUN/rig.toml first")
    run.add_argument("--profile", choices=("desk", "emulated"), default="desk")
    run.add_argument("--can", choices=("hub", "socketcan"), default="hub")
    run.add_argument("--outputs-from-leds", action="store_true", help=f"read outputs from {LEDS}")
    run.add_argument("--hold-outputs", action="store_true", help="outputs outlive their connection, as gpio-leds do")
    run.add_argument("--web", metavar="HOST:PORT", help="where the page listens")
    run.add_argument("--soc", type=float, default=60.0, metavar="PCT")
    run.add_argument("--ccs", choices=sorted(CCS_CARS), help="a CCS car of this dialect (in a network namespace)")
    run.add_argument("--trace", type=Path, metavar="CSV", help="t_s,watts; default: our own synthetic day")
    run.add_argument("--trace-start", type=float, default=0.0, metavar="S", help="where in the trace to begin")
    run.add_argument("--sun-peak-w", type=float, default=0.0, metavar="W")
    commands.add_parser("state", help="print the truth as JSON")
    change = commands.add_parser("set", help="turn knobs; prints the state after")
    change.add_argument("changes", nargs="+", metavar="KEY=VALUE")
    return top


def main(arguments: list[str] | None = None) -> int:
    """Exit code: 0 done, 1 failed, 2 bad input."""
    options = parser().parse_args(arguments)
    if options.command == "state":
        return order({})
    if options.command == "set":
        pairs = [change.partition("=") for change in options.changes]
        if not all(equals for _, equals, _ in pairs):
            print("write each change as KEY=VALUE", file=sys.stderr)
            return 2
        return order({key: value for key, _, value in pairs})
    try:
        return serve(options)
    except (OSError, ValueError) as error:
        print(f"rig: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
