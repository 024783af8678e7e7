"""`v2h mode`, `slot`, `stop`, `clear-fault`, `resume`: send an order; print what was applied, or why it was refused."""

import argparse
import json
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from v2h.arguments import number
from v2h.bus.states import MODES
from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.commands.clock import time_there
from v2h.config.bounds import AMPS, SOC
from v2h.energy.orders import SLOT_POWER, SLOTS
from v2h.energy.walltime import at_second, instant

EXAMPLES = {
    "mode": "v2h mode charge --amps 10 --soc-limit 80 --until 06:30",
    "slot": "v2h slot charge --amps 10 --until 05:30     (v2h slot none ends it)",
    "stop": "v2h stop --host v2h.local",
    "clear-fault": "v2h clear-fault",
    "resume": "v2h resume",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of these commands; the parser's name shows which command it is."""
    name = parser.prog.split()[-1]
    if name == "mode":
        parser.add_argument("mode", choices=MODES)
    if name == "slot":
        words = "charge, discharge; export: W to the grid; cover: store no sun; hold: no discharge; none: end it"
        parser.add_argument("slot", choices=SLOTS, help=words)
        parser.add_argument("--power", type=number(SLOT_POWER), help="discharge: W at the battery; export: W sold")
        parser.set_defaults(refuse=parser.error)
    if name in ("mode", "slot"):
        parser.add_argument("--amps", type=number(AMPS), help="current on the car's side, A")
        parser.add_argument("--soc-limit", type=number(SOC), help="state of charge to stop at, %%")
        parser.add_argument("--until", help="HH:MM, or an ISO time, by the charger's clock")
    add_api_arguments(parser, EXAMPLES[name])


def run(args: argparse.Namespace) -> int:
    """Send the order. Returns 0. Raises CommandError for a refusal."""
    values: dict[str, Any] = {}
    if args.command in ("mode", "slot"):
        kind = vars(args)[args.command]
        given = {args.command: kind, "amps": args.amps, "soc_limit_pct": args.soc_limit, "until": args.until}
        given["power_w"] = getattr(args, "power", None)
        values = {key: value for key, value in given.items() if value is not None}
        if args.command == "slot":
            _check_slot(args, kind, values)
    api = Api(args.host)
    if "until" in values:
        values["until"] = moment(args.until, *time_there(api.get("state", "view")))
    answer = api.post(f"command/{args.command}", values)
    print(json.dumps(answer) if args.json else answer.get("text", "done"))
    return 0


def _check_slot(args: argparse.Namespace, kind: str, values: dict[str, Any]) -> None:
    """Refuse options that do not fit, as argparse does."""
    options = {"until": "--until", "amps": "--amps", "soc_limit_pct": "--soc-limit", "power_w": "--power"}
    allowed = [key for key in SLOTS[kind] if key in options]
    for key in values.keys() - {"slot", *allowed}:
        takes = ", ".join(options[each] for each in allowed) or "nothing"
        args.refuse(f"{options[key]} does not fit {kind}, which takes {takes}")
    if "until" in allowed and "until" not in values:
        args.refuse("--until is missing: a slot must end by itself")
    if kind == "export" and "power_w" not in values:
        args.refuse("--power is missing: the W that the grid is to get")


def moment(text: str, now: datetime, tz: ZoneInfo) -> str:
    """The ISO time with offset that `text` means in local time of `tz`; HH:MM is its next occurrence after `now`.

    Raises CommandError."""
    try:
        if len(text) <= 5:
            clock, today = datetime.strptime(text, "%H:%M"), now.astimezone(tz).date()
            coming = (at_second(today + timedelta(n), clock.hour * 3600 + clock.minute * 60, tz) for n in range(3))
            return next(then for then in coming if then > now).astimezone(tz).isoformat()
        then = datetime.fromisoformat(text)
        return then.isoformat() if then.tzinfo is not None else instant(then, tz).astimezone(tz).isoformat()
    except (ValueError, OverflowError):  # OverflowError: a time in the first or last hours of the calendar
        raise CommandError(f"--until {text!r} is neither HH:MM nor an ISO time such as 2026-11-22T18:00", 2) from None
