"""`v2h cable calibrate`: orders a session that calibrates the cable's voltage, and waits for what comes out.

A car must be plugged in, awake and ready to charge: without its permission nothing raises a voltage (SAFETY.md).
"""

import argparse
import json
import time
from typing import Any

from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments

LONGEST_S = 180.0
"""A session that calibrates takes 20 s; one whose plug waits for an empty cable a minute more."""
LOOK_S = 0.5
EXAMPLE = "v2h cable calibrate --host v2h.local"
ABOUT = (
    "Calibrate the cable's voltage against the converter: plug the car in, wake it, make it ready to charge, then run "
    "this. The converter raises the cable to three voltages, up to 500 V, as in the insulation test; no current flows "
    "into the car. Sensor and converter are not independent afterwards (SAFETY.md): a calibration with a meter is "
    "better."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h cable`."""
    parser.epilog = f"example: {EXAMPLE}"
    actions = parser.add_subparsers(dest="action", metavar="ACTION", required=True)
    calibrate = actions.add_parser(
        "calibrate", help="calibrate the cable's voltage against the converter, with a car", description=ABOUT
    )
    add_api_arguments(calibrate, EXAMPLE)


def run(args: argparse.Namespace) -> int:
    """Order it and wait for the result. Returns 0 when the calibration was kept. Raises CommandError when it was
    refused, came to nothing, or did not end in time."""
    api = Api(args.host)
    before = _last(api)
    begun = api.post("command/calibrate", {})
    if not args.json:
        print(begun.get("text", "begun"), flush=True)
    end = time.monotonic() + LONGEST_S
    while time.monotonic() < end:
        last = _last(api)
        if last is not None and last != before:
            if not last["kept"]:
                raise CommandError(str(last["text"]), 1)
            print(json.dumps(last) if args.json else last["text"])
            return 0
        time.sleep(LOOK_S)
    raise CommandError(f"no result within {LONGEST_S:.0f} s: look at the page", 1)


def _last(api: Api) -> dict[str, Any] | None:
    """What became of the last calibration since the page's program started; None when there was none."""
    found = api.get("state", "view").get("calibration")
    return found if isinstance(found, dict) else None
