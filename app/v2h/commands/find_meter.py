"""`v2h meter find NETWORK`: lists the meters that answer on the part of the home network that the owner names.

Nothing is searched without that name. It runs on a PC as well as on the charger.
"""

import argparse
import json
import sys
from functools import partial
from typing import Any

from v2h.arguments import whole
from v2h.commands import CommandError
from v2h.config.files import config_paths
from v2h.config.presets import PresetError, names
from v2h.meters.find import LONGEST_S, WIDEST, Found, NetworkError, Questions, addresses, ask, lines, search

HTTP_PORT = 80
EVERY = 64
"""Answers from one line of progress to the next."""
NOTHING = (
    "no known meter answered. Is it on this network, is its local API on, has it no password? A meter on MQTT is not "
    "found this way: its broker and topic are in the maker's app"
)
CHECK = "Put the lines of the meter at the grid into v2h.toml. A kettle shows which one that is, and its sign."


def add_arguments(actions: Any) -> None:
    """Add `find` to the actions of `v2h meter`."""
    find = actions.add_parser(
        "find",
        help="list the meters that answer on a network",
        description="Ask every address of a home network whether it is a meter of a known kind, by HTTP and Modbus. It "
        "only reads. Printed are the power that each shows now and the lines for v2h.toml.",
        epilog="example: v2h meter find 192.168.1.0/24",
    )
    find.add_argument("network", help=f"such as 192.168.1.0/24, at most a /{WIDEST}; or one address")
    find.add_argument("--modbus-port", type=whole(1, 65535), default=502, help="TCP port of Modbus (%(default)s)")
    find.add_argument("--unit", type=whole(0, 247), default=1, help="Modbus unit number (%(default)s)")
    find.add_argument("--json", action="store_true", help="one JSON object: asked, of, found, remarks")


def run(args: argparse.Namespace) -> int:
    """Search. Returns 0. Raises CommandError: 1 when no meter answered, 2 for bad input."""
    try:
        where = addresses(args.network)
        presets = names("http", config_paths())
    except (NetworkError, PresetError) as error:
        raise CommandError(str(error), 2) from error
    questions = Questions(presets, HTTP_PORT, args.modbus_port, args.unit)
    found: list[dict[str, Any]] = []
    remarks: list[str] = []
    asked = 0
    for answer in search(where, partial(ask, questions=questions)):
        asked += 1
        remarks += answer.remarks
        for meter in answer.found:
            found.append(as_json(answer.address, meter))
            if not args.json:
                print(as_text(answer.address, meter), flush=True)
        if asked % EVERY == 0 or asked == len(where):
            print(f"{asked} of {len(where)} addresses asked, {len(found)} found", file=sys.stderr)
    if asked < len(where):
        missing = len(where) - asked
        remarks.append(f"{missing} addresses were not asked within {LONGEST_S:g} s: name a smaller part of the network")
    if args.json:
        print(json.dumps({"asked": asked, "of": len(where), "found": found, "remarks": remarks}, indent=1))
    for remark in () if args.json else remarks:
        print(f"v2h meter: {remark}", file=sys.stderr)
    if not found:
        raise CommandError(NOTHING, 1)
    if not args.json:
        print(CHECK)
    return 0


def as_text(address: str, meter: Found) -> str:
    """The meter for people, with the lines to write into v2h.toml."""
    power_w = meter.value.power_w
    way = "import" if power_w >= 0 else "export"
    head = f"{address}  {meter.name}: {abs(power_w):.1f} W {way} now"
    return "\n".join([head, *(f"    {line}" for line in lines("grid", meter.spec)), ""])


def as_json(address: str, meter: Found) -> dict[str, Any]:
    return {
        "address": address,
        "name": meter.name,
        "power_w": meter.value.power_w,
        "toml": "\n".join(lines("grid", meter.spec)),
    }
