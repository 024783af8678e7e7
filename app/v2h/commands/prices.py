"""`v2h prices`: shows the prices with dates that were pushed, or pushes them from a JSON or CSV file."""

import argparse
import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.commands.schedule import from_file, no_number
from v2h.energy.price_shapes import DIRECTIONS, UNITS, PriceError, read, rows_of_csv


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h prices`."""
    parser.add_argument("what", choices=("show", "push"), nargs="?", default="show")
    parser.add_argument("file", nargs="?", help="push: JSON (ours, of evcc or Octopus) or CSV, - for standard input")
    parser.add_argument(
        "--direction", choices=DIRECTIONS, help="push: of the rates of evcc or Octopus (import); sun: a forecast in W"
    )
    parser.add_argument("--unit", choices=UNITS, help="push: minor for pence or cents")
    add_api_arguments(parser, "v2h prices push tomorrow.csv --unit minor && v2h prices")


def run(args: argparse.Namespace) -> int:
    """Run the action. Returns 0. Raises CommandError for a refusal."""
    if (args.what == "push") is not (args.file is not None):
        raise CommandError("a file goes with push, and with push only", 2)
    api = Api(args.host)
    if args.what == "push":
        said = {name: value for name in ("direction", "unit") if (value := getattr(args, name)) is not None}
        try:
            pushed = read(document_of(*from_file(args.file)) | said, datetime.now(UTC))
        except PriceError as error:
            raise CommandError(f"{args.file}: {error}", 2) from error
        answer = api.post("prices", {name: prices.as_json() for name, prices in pushed.items()})
        print(json.dumps(answer) if args.json else answer.get("text", "done"))
        return 0
    known = api.get("prices", "prices")
    print(json.dumps(known) if args.json else prices_text(known["prices"], datetime.now(UTC)))
    return 0


def document_of(name: str, text: str) -> dict[str, Any]:
    """What is posted for `text`, the content of the file `name`: JSON begins with a brace or a bracket, anything else
    is CSV. Raises CommandError."""
    try:
        if text.lstrip()[:1] not in ("{", "["):
            return dict(rows_of_csv(text))
        value = json.loads(text, parse_constant=no_number)
    except PriceError as error:
        raise CommandError(f"{name}: {error}", 2) from error
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        raise CommandError(f"{name}: {why}", 2) from error
    return value if isinstance(value, dict) else {"rates": value}


def prices_text(prices: Mapping[str, Mapping[str, Any]], now: datetime) -> str:
    """For each direction a line about its push, and then a line for each span with one price that is not over."""
    lines: list[str] = []
    for direction, known in prices.items():
        pushed, start = (datetime.fromisoformat(known[key]) for key in ("pushed", "start"))
        hours = (now - pushed).total_seconds() / 3600
        lines.append(f"{direction}: pushed {hours:.1f} h ago")
        step = timedelta(minutes=known["step_min"])
        for n, price in enumerate(known["values"]):
            begin, end = ((start + step * m).astimezone() for m in (n, n + 1))
            if end > now:
                lines.append(f"{begin:%a %d %b %H:%M}-{end:%H:%M %z}  {'-' if price is None else f'{price:g}'}")
    return "\n".join(lines) or "no prices were pushed; those of the schedule count"
