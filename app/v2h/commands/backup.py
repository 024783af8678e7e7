"""`v2h backup FILE`: saves settings and schedule in a file, or restores them. The file has no password and no token."""

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from v2h.checks import utf8
from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h backup`."""
    parser.add_argument("file", help="where to; - is standard output, or input for --restore")
    parser.add_argument("--restore", action="store_true", help="put the file's settings and schedule into force")
    add_api_arguments(parser, "v2h backup charger.json && v2h backup --restore charger.json --host v2h.local")


def run(args: argparse.Namespace) -> int:
    """Save or restore. Returns 0. Raises CommandError when a file or the API cannot be read, written or restored."""
    api = Api(args.host)
    if args.restore:
        answer = api.post("restore", _content(args.file))
        words = f"The settings are restored, and the schedule. {answer.get('text', '')}"
        print(json.dumps(answer) if args.json else words.strip())
        return 0
    text = json.dumps(api.get("backup", "settings"), indent=1) + "\n"
    if args.file == "-":
        print(text, end="")
        return 0
    try:
        Path(args.file).write_text(text, encoding="utf-8")
    except OSError as error:
        raise CommandError(f"{args.file}: {error.strerror}", 2) from error
    return 0


def _content(name: str) -> dict[str, Any]:
    """The JSON object in a file. Raises CommandError."""
    try:
        content = json.loads(utf8(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()))
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: {getattr(error, 'strerror', None) or error}", 2) from error
    if not isinstance(content, dict):
        raise CommandError(f"{name}: a backup is a JSON object", 2)
    return content
