"""`v2h setpoint`: sets the power for some time in the place of the schedule, as an energy manager does."""

import argparse
import json

from v2h.arguments import number
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.config.bounds import POWER, SETPOINT_LIFE

NONE = "none"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h setpoint`."""
    parser.add_argument("power", type=_power, help="W at the battery, + charging, - discharging; none: end it")
    parser.add_argument(
        "--for", type=number(SETPOINT_LIFE), dest="lifetime_s", metavar="S", help="seconds for which it holds"
    )
    parser.add_argument("--by", metavar="NAME", help="who asks; the page shows it")
    parser.set_defaults(refuse=parser.error)
    add_api_arguments(parser, "v2h setpoint -1500 --for 60 --by script     (v2h setpoint none ends it)")


def run(args: argparse.Namespace) -> int:
    """Send the setpoint. Returns 0. Raises CommandError for a refusal."""
    if args.power != NONE and args.lifetime_s is None:
        args.refuse("--for is missing: a setpoint must end by itself")
    values = {"power_w": None if args.power == NONE else args.power, "lifetime_s": args.lifetime_s, "by": args.by}
    answer = Api(args.host).post(
        "setpoint", {key: value for key, value in values.items() if value is not None or key == "power_w"}
    )
    print(json.dumps(answer) if args.json else answer.get("text", "done"))
    return 0


def _power(text: str) -> float | str:
    return NONE if text == NONE else number(POWER)(text)
