"""`v2h capture`: lists the CAN captures that the charger keeps, orders one now, or downloads one."""

import argparse
import contextlib
import json
import sys
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from typing import Any
from urllib.parse import quote

from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.commands.clock import local_text, zone_there

NONE_KEPT = "no capture is kept; v2h capture now orders one"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h capture`."""
    parser.add_argument(
        "what", choices=("list", "now", "get"), nargs="?", default="list",
        help="list what is kept; now: keep the last ten minutes of both CAN buses; get: download one",
    )  # fmt: skip
    parser.add_argument("name", nargs="?", help="get: its name in the list (default: the newest)")
    parser.add_argument("--to", metavar="FILE", help="get: where to; - is standard output (default: its name, here)")
    add_api_arguments(parser, "v2h capture now && sleep 60 && v2h capture get")


def run(args: argparse.Namespace) -> int:
    """List, order or download. Returns 0. Raises CommandError for a refusal, and for a file that exists."""
    if args.what != "get" and (args.name is not None or args.to is not None):
        raise CommandError("a name and --to go with get, and with get only", 2)
    if args.what == "get" and args.json:
        raise CommandError("--json goes with list and now: a capture is text as candump writes it", 2)
    api = Api(args.host)
    if args.what == "now":
        answer = api.post("command/capture", {})
        print(json.dumps(answer) if args.json else answer.get("text", "done"))
        return 0
    known = api.get("captures", "captures")
    if args.what == "list":
        print(json.dumps(known, indent=1) if args.json else as_text(known["captures"], zone_there(api)))
        return 0
    name = chosen(known["captures"], args.name)
    target = name if args.to is None else args.to
    _save(api.pieces(f"captures/{quote(name, safe='')}"), target)
    if target != "-":
        print(target)
    return 0


def as_text(captures: Sequence[Mapping[str, Any]], tz: tzinfo) -> str:
    """One line per capture, oldest first: its end in local time, its size, its name."""
    lines = [
        f"{local_text(datetime.fromtimestamp(one['at_s'], UTC), tz):24} {one['bytes'] / 1e6:7.1f} MB  {one['name']}"
        for one in captures
    ]
    return "\n".join([f"Times are local to {tz}.", *lines]) if lines else NONE_KEPT


def chosen(captures: Sequence[Mapping[str, Any]], name: str | None) -> str:
    """The capture of this name; without a name the newest, which is the last one. Raises CommandError."""
    names = [str(one["name"]) for one in captures]
    if not names:
        raise CommandError(NONE_KEPT, 1)
    if name is None:
        name = names[-1]
    if name not in names or Path(name).name != name:  # a name with a folder in it could be written anywhere
        raise CommandError(f"there is no capture {name!r}; kept are {', '.join(names)}", 2)
    return name


def _save(pieces: Iterable[bytes], target: str) -> None:
    """Write a download. A file appears only when it is whole, and replaces none. Raises CommandError."""
    if target == "-":
        for piece in pieces:
            sys.stdout.buffer.write(piece)
        sys.stdout.buffer.flush()
        return
    path, part = Path(target), Path(f"{target}.part")
    if path.exists():
        raise CommandError(f"{target} exists already: move it, or name another file with --to", 2)
    try:
        with part.open("wb") as file:
            file.writelines(pieces)
        part.rename(path)
    except OSError as error:
        raise CommandError(f"{target}: {error.strerror}", 2) from error
    finally:
        with contextlib.suppress(OSError):
            part.unlink(missing_ok=True)
