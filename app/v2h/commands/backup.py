"""`v2h backup FILE`: settings and schedule into a file, and back again. No password and no token is in it."""

import argparse
import json
import sys
from pathlib import Path

from v2h.apiclient import Api
from v2h.apiclient import add_arguments as add_api_arguments
from v2h.commands import CommandError
from v2h.durable import write_text


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h backup`."""
    parser.add_argument("file", help="where to; - is standard output, or input for --restore")
    parser.add_argument("--restore", action="store_true", help="put the file's settings and schedule into force")
    add_api_arguments(parser, "v2h backup charger.json && v2h backup --restore charger.json --host v2h.local")


def run(args: argparse.Namespace) -> int:
    """Returns 0; what cannot be read, written or restored raises CommandError."""
    api = Api(args.host)
    try:
        if not args.restore:
            text = json.dumps(api.get("backup", "settings"), indent=1) + "\n"
            if args.file == "-":
                print(text, end="")
            else:
                write_text(Path(args.file), text)
            return 0
        content = json.loads(sys.stdin.read() if args.file == "-" else Path(args.file).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise CommandError(f"{args.file}: {error}", 2) from error
    if not isinstance(content, dict):
        raise CommandError(f"{args.file}: a backup is a JSON object", 2)
    answer = api.post("restore", content)
    print(json.dumps(answer) if args.json else answer.get("text", "done"))
    return 0
