"""`v2h log` and `v2h energy`: print the events, and the totals of energy per day."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from v2h.bus.messages import LEVELS
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments

TOTALS = (
    ("charged", "charged_wh"),
    ("discharged", "discharged_wh"),
    ("imported", "imported_wh"),
    ("exported", "exported_wh"),
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h log` and `v2h energy`; the parser's name shows which of the two it is."""
    if parser.prog.endswith("log"):
        parser.add_argument("--limit", type=int, default=50, help="how many of the newest events (50)")
        parser.add_argument("--level", choices=LEVELS, help="at least this level")
        add_api_arguments(parser, "v2h log --level fault --limit 10")
    else:
        parser.add_argument("--days", type=int, default=7, help="how many of the last days (7)")
        add_api_arguments(parser, "v2h energy --days 30")


def run(args: argparse.Namespace) -> int:
    """Print the events or the totals. Returns 0. Raises CommandError when the appliance refuses."""
    api = Api(args.host)
    if args.command == "log":
        answer = api.get("log", "events", limit=args.limit, level=args.level)
        text = log_text(answer["events"])
    else:
        answer = api.get("energy", "days", days=args.days)
        text = energy_text(answer["days"])
    print(json.dumps(answer, indent=1) if args.json else text)
    return 0


def log_text(events: Sequence[Mapping[str, Any]]) -> str:
    """One line per event, oldest first, as people read a log; ? before a time that was not known to be right."""
    lines = [
        f"{' ' if event.get('synchronised') else '?'}{event.get('at') or '':24} {event.get('level', ''):8}"
        f"{event.get('source', ''):9}{event.get('text', '')}"
        for event in reversed(events)
    ]
    return "\n".join(lines) or "no events"


def energy_text(days: Sequence[Mapping[str, Any]]) -> str:
    """A table in kWh, newest day first; "-" where nothing was measured."""
    if not days:
        return "nothing is counted yet"
    lines = ["kWh         " + "".join(f"{name:>12}" for name, _ in TOTALS)]
    for day in days:
        cells = ("-" if day.get(key) is None else f"{day[key] / 1000:.2f}" for _, key in TOTALS)
        lines.append(f"{day.get('day', ''):12}" + "".join(f"{cell:>12}" for cell in cells))
    return "\n".join(lines)
