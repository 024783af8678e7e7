"""`v2h schedule`: show, edit in an editor, preview the next 7 days, import from a file."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from v2h.apiclient import Api
from v2h.apiclient import add_arguments as add_api_arguments
from v2h.commands import CommandError
from v2h.commands.clock import HOW_TO_SET

NUMBERS = {"amps": "{:g} A", "soc_limit_pct": "limit {:g} %", "keep_soc_pct": "keeps {:g} %"}
"""Of a part of the preview, where it has them."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h schedule`."""
    parser.add_argument("what", choices=("show", "edit", "preview", "import"), nargs="?", default="show")
    parser.add_argument("file", nargs="?", help="import: a JSON file, - for standard input")
    add_api_arguments(parser, "v2h schedule import winter.json && v2h schedule preview")


def run(args: argparse.Namespace) -> int:
    """Returns 0, also when an edit changed nothing; a refusal raises CommandError."""
    if (args.what == "import") is not (args.file is not None):
        raise CommandError("a file goes with import, and with import only", 2)
    api = Api(args.host)
    if args.what == "preview":
        known = api.get("schedule/preview", "preview")
        print(json.dumps(known, indent=1) if args.json else preview_text(known))
        return 0
    if args.what == "show":
        print(json.dumps(api.get("schedule", "schedule")["schedule"], indent=1))
        return 0
    document = _from_file(args.file) if args.what == "import" else _edited(api.get("schedule", "schedule")["schedule"])
    if document is None:
        print("nothing changed")
        return 0
    answer = api.post("command/schedule", {"schedule": document})
    print(json.dumps(answer) if args.json else answer.get("text", "done"))
    return 0


def preview_text(known: Mapping[str, Any]) -> str:
    """A line a part of the plan, which has parts without gaps once the time is known."""
    lines = [f"The schedule could not be used: {known['error']}"] if known.get("error") else []
    lines += [
        f"{part.get('start', ''):25}  {part.get('end', ''):25}  {part.get('mode', ''):9}  {_what(part)}"
        for part in known["preview"]
    ]
    lines += [f"ready by {ready.get('time', '')}: {ready.get('soc_pct', '?')} %" for ready in known.get("ready_by", ())]
    if not known["preview"]:
        lines.append(f"The charger does not know the time, so nothing is planned. {HOW_TO_SET}")
    return "\n".join(lines)


def _what(part: Mapping[str, Any]) -> str:
    """Why, and the part's own numbers."""
    numbers = [words.format(part[key]) for key, words in NUMBERS.items() if part.get(key) is not None]
    return "; ".join(text for text in (str(part.get("why", "")), ", ".join(numbers)) if text)


def document_of(text: str, name: str) -> dict[str, Any]:
    """The JSON object in `text`. Raises CommandError with line and column."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise CommandError(f"{name}: {error}", 2) from error
    if not isinstance(value, dict):
        raise CommandError(f"{name}: a schedule is a JSON object, not a {type(value).__name__}", 2)
    return value


def _from_file(name: str) -> dict[str, Any]:
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{name}: {error}", 2) from error
    return document_of(text, name)


def _edited(document: dict[str, Any]) -> dict[str, Any] | None:
    """None when the owner left it as it was. What cannot be used stays in the file that the error names."""
    editor = shlex.split(os.environ.get("VISUAL") or os.environ.get("EDITOR") or "vi")
    with tempfile.NamedTemporaryFile("w", prefix="v2h-schedule-", suffix=".json", delete=False) as file:
        json.dump(document, file, indent=1)
    path = Path(file.name)
    try:
        subprocess.run([*editor, str(path)], check=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise CommandError(f"the editor failed: {error}; set EDITOR", 1) from error
    edited = document_of(path.read_text(encoding="utf-8"), str(path))
    path.unlink()
    return None if edited == document else edited
