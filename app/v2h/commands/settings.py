"""`v2h settings [KEY=VALUE ...]`: shows the owner's settings in force, or changes some of them."""

import argparse
import json
from collections.abc import Mapping, Sequence
from typing import Any

from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h settings`."""
    parser.add_argument("change", nargs="*", metavar="KEY=VALUE", help="new values; null stands for none")
    add_api_arguments(parser, "v2h settings soc_min_pct=30 export_limit_w=null")


def run(args: argparse.Namespace) -> int:
    """Show or change settings. Returns 0. Raises CommandError for a refusal."""
    values = parsed(args.change)
    api = Api(args.host)
    if values:
        answer = api.post("command/settings", values)
        print(json.dumps(answer) if args.json else answer.get("text", "done"))
        return 0
    known = api.get("settings", "settings")
    print(json.dumps(known, indent=1) if args.json else as_text(known))
    return 0


def parsed(changes: Sequence[str]) -> dict[str, Any]:
    """["soc_min_pct=30"] -> {"soc_min_pct": 30}. A value that is not JSON, such as NaN, becomes a string, which the
    appliance refuses with what the key allows. Raises CommandError."""
    values: dict[str, Any] = {}
    for change in changes:
        key, equals, text = change.partition("=")
        if not key or not equals:
            raise CommandError(f"{change!r} is not KEY=VALUE", 2)
        try:
            values[key] = json.loads(text)
            json.dumps(values[key], allow_nan=False)
        except (ValueError, RecursionError):
            values[key] = text
    return values


def as_text(known: Mapping[str, Any]) -> str:
    """One line per setting, with what is allowed."""
    lines = [f"These settings could not be used: {known['error']}", ""] if known.get("error") else []
    bounds = known.get("bounds", {})
    width = max((len(key) for key in known["settings"]), default=0)
    for key, value in sorted(known["settings"].items()):
        allowed = _allowed(bounds.get(key, {}))
        lines.append(f"{key:{width}}  {json.dumps(value):8}{allowed and '  # '}{allowed}")
    return "\n".join(lines)


def _allowed(bound: Mapping[str, Any]) -> str:
    if "allowed" in bound:
        return ", ".join(map(str, bound["allowed"]))
    return f"{bound['low']} to {bound['high']} {bound.get('unit', '')}".strip() if "low" in bound else ""
