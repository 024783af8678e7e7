"""`v2h clock`: shows the charger's time of day and whether it is known; `v2h clock set` sets this machine's time."""

import argparse
import json
from collections.abc import Mapping
from datetime import datetime, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.config.zones import ZoneError, zone
from v2h.selftest.checks import HOW_TO_SET


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h clock`."""
    parser.add_argument("what", choices=("show", "set"), nargs="?", default="show")
    add_api_arguments(parser, "v2h clock set --host v2h.local")


def run(args: argparse.Namespace) -> int:
    """Show or set the time. Returns 0, also when the time is not known. Raises CommandError for a refusal."""
    api = Api(args.host)
    if args.what == "set":
        answer = api.post("command/clock", {"at": datetime.now().astimezone().isoformat()})
        print(json.dumps(answer) if args.json else answer.get("text", "done"))
        return 0
    state = api.get("state", "view")
    print(json.dumps(_clock(state), indent=1) if args.json else as_text(state))
    return 0


def as_text(state: Mapping[str, Any]) -> str:
    """The charger's time, its source, and what to do when the time is not trusted."""
    local, tz = time_there(state)
    lines = [f"{local:%a %d %b %Y %H:%M:%S} in {tz}", str(state["view"].get("clock", {}).get("text", ""))]
    return "\n".join(lines if _clock(state).get("trusted") else [*lines, HOW_TO_SET])


def time_there(state: Mapping[str, Any]) -> tuple[datetime, ZoneInfo]:
    """The time of day at the charger and its zone. Raises CommandError."""
    clock = _clock(state)
    try:
        return datetime.fromisoformat(clock["local"]), zone(clock["zone"])
    except (KeyError, TypeError, ValueError) as error:
        why = str(error) if isinstance(error, ZoneError) else "its manager is silent"
        raise CommandError(f"the charger's clock cannot be read: {why}", 1) from error


def zone_there(api: Api) -> ZoneInfo:
    """The charger's zone. UTC while its manager is silent or has no valid zone: a log can be read all the same."""
    state = api.get("state", "view")
    try:
        return time_there(state)[1]
    except CommandError:
        return ZoneInfo("UTC")


def local_text(moment: datetime, tz: tzinfo) -> str:
    """An aware time in this zone; the zone's abbreviation tells the two 01:30 of the night in which clocks go back."""
    return f"{moment.astimezone(tz):%Y-%m-%d %H:%M:%S %Z}"


def _clock(state: Mapping[str, Any]) -> Mapping[str, Any]:
    return (state.get("manager") or {}).get("clock") or {}
