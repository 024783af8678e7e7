"""`v2h status`: prints what the charger does now and why; `--watch` prints a line at each change."""

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Iterator, Mapping
from typing import Any, NoReturn

from v2h.commands.api import Api, UnansweredError
from v2h.commands.api import add_arguments as add_api_arguments

POLL_S = 2.0
LINES = (("Mode", "mode_text"), ("Car battery", "soc"), ("Power", "power"), ("Grid", "grid"), ("Session", "step_text"))
"""Label of a line, and the key of its value in the page's view."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h status`."""
    parser.add_argument("--watch", action="store_true", help="one line a change, until Ctrl-C")
    add_api_arguments(parser, "v2h status --host v2h.local --watch")


def run(args: argparse.Namespace) -> int:
    """Print the state. Returns 0, also when the charger reports a fault: `v2h selftest` is the command that judges."""
    api = Api(args.host)
    if args.watch:
        with contextlib.suppress(KeyboardInterrupt):
            _watch(api, args.json)
        return 0
    state = api.get("state", "view")
    print(json.dumps(state, indent=1) if args.json else as_text(state))
    return 0


def as_text(state: Mapping[str, Any]) -> str:
    """Text for people: the headline, the reason, the numbers, the faults and the errors of v2h.toml."""
    view = state["view"]
    lines = [str(view.get("headline", "")), str(view.get("why", "")), ""]
    lines += [f"{words + ':':13}{view[key]}" for words, key in LINES if key in view]
    lines += [f"Fault:       {fault.get('text', fault)}" for fault in view.get("faults", ())]
    lines += [f"Config:      {error}" for error in state.get("config_errors", ())]
    return "\n".join(lines)


def as_line(state: Mapping[str, Any]) -> str:
    view = state["view"]
    return "  ".join(str(view[key]) for key in ("headline", "soc", "power", "grid") if key in view)


def _watch(api: Api, as_json: bool) -> NoReturn:
    """Print without end and retry while the charger does not respond. Raises CommandError for a refusal, because a
    retry would be refused as well."""
    last = trouble = ""
    while True:
        try:
            for state in _states(api):
                line, trouble = json.dumps(state) if as_json else as_line(state), ""
                if line != last:
                    print(line, flush=True)
                last = line
        except UnansweredError as error:
            if not trouble:
                print(f"v2h status: {error} (trying again)", file=sys.stderr)
            trouble = str(error)
        time.sleep(POLL_S)


def _states(api: Api) -> Iterator[dict[str, Any]]:
    """The states of the live stream until it ends; when the stream breaks off or no seat is free, the present state."""
    try:
        yield from api.live()
    except UnansweredError:
        yield api.get("state", "view")
