"""`v2h schedule`: shows the schedule, opens it in an editor, previews the next 7 days, or imports it from a file."""

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from v2h.checks import utf8
from v2h.commands import CommandError
from v2h.commands.api import Api
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.energy import legacy_events
from v2h.selftest.checks import HOW_TO_SET

NUMBERS = {"amps": "{:g} A", "soc_limit_pct": "limit {:g} %", "keep_soc_pct": "keeps {:g} %"}
"""Numbers that a part of the preview may have, and their formats."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h schedule`."""
    parser.add_argument("what", choices=("show", "edit", "preview", "import"), nargs="?", default="show")
    parser.add_argument("file", nargs="?", help="import: a JSON file, - for standard input")
    add_api_arguments(parser, "v2h schedule import winter.json && v2h schedule preview")


def run(args: argparse.Namespace) -> int:
    """Run the action. Returns 0, also when an edit changed nothing. Raises CommandError for a refusal."""
    if (args.what == "import") is not (args.file is not None):
        raise CommandError("a file goes with import, and with import only", 2)
    api = Api(args.host)
    if args.what == "preview":
        known = api.get("schedule/preview", "preview")
        print(json.dumps(known, indent=1) if args.json else preview_text(known))
        return 0
    if args.what == "import":
        return _send(api, document_of(*from_file(args.file)), args.json)
    known = api.get("schedule", "schedule")
    document = known["schedule"]
    if args.what == "edit":
        return _edit(api, document, known.get("revision"), args.json)
    print(json.dumps(document, indent=1))
    if not args.json:  # on the other stream: the document may go to a file
        zone = api.get("settings", "settings")["settings"].get("time_zone", "")
        print(f"times are in {zone}: the setting time_zone", file=sys.stderr)
    return 0


def preview_text(known: Mapping[str, Any]) -> str:
    """One line per part of the plan. The plan has parts, without gaps, as soon as the time is known."""
    lines = [f"The schedule could not be used: {known['error']}"] if known.get("error") else []
    lines += [
        f"{part.get('start', ''):25}  {part.get('end', ''):25}  {part.get('mode', ''):9}  {_what(part)}"
        for part in known["preview"]
    ]
    lines += [f"ready by {ready.get('time', '')}: {ready.get('soc_pct', '?')} %" for ready in known.get("ready_by", ())]
    lines += [known["assumed"]] if known.get("assumed") else []
    if not known["preview"]:
        lines.append(f"The charger does not know the time, so nothing is planned. {HOW_TO_SET}")
    return "\n".join(lines)


def _what(part: Mapping[str, Any]) -> str:
    """The reason for the part, and its numbers."""
    numbers = [words.format(part[key]) for key, words in NUMBERS.items() if part.get(key) is not None]
    return "; ".join(text for text in (str(part.get("why", "")), ", ".join(numbers)) if text)


def document_of(name: str, text: str) -> dict[str, Any]:
    """The schedule in `text`, the content of the file `name`, in our format or the predecessor's. Raises CommandError
    with line and column."""
    try:
        value = json.loads(text, parse_constant=no_number)
    except (ValueError, RecursionError) as error:
        why = "nested too deep" if isinstance(error, RecursionError) else error
        raise CommandError(f"{name}: {why}", 2) from error
    if legacy_events.is_events(value):
        return legacy_events.as_object(value)
    if not isinstance(value, dict):
        raise CommandError(f"{name}: a schedule is a JSON object, not a {type(value).__name__}", 2)
    return value


def no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def from_file(name: str) -> tuple[str, str]:
    """The file's name and text."""
    try:
        return name, utf8(sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes())
    except (OSError, ValueError) as error:
        raise CommandError(f"{name}: {getattr(error, 'strerror', None) or error}", 2) from error


def _send(api: Api, document: dict[str, Any], as_json: bool, replaces: str | None = None) -> int:
    """replaces: the revision of the document that was edited; None: whatever is in force is replaced."""
    values: dict[str, Any] = (
        {"schedule": document} if replaces is None else {"schedule": document, "replaces": replaces}
    )
    answer = api.post("command/schedule", values)
    print(json.dumps(answer) if as_json else answer.get("text", "done"))
    return 0


def _edit(api: Api, document: dict[str, Any], replaces: str | None, as_json: bool) -> int:
    command = _editor()
    with _draft(json.dumps(document, indent=1)) as path:
        try:
            subprocess.run([*command, str(path)], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            raise CommandError(f"the editor failed: {error}; set EDITOR", 1) from error
        if not path.exists():
            raise CommandError(f"the editor left no file {path}", 1)
        edited = document_of(*from_file(str(path)))
        if edited != document:
            return _send(api, edited, as_json, replaces)
    print("nothing changed")
    return 0


def _editor() -> list[str]:
    """The owner's editor as a command. Raises CommandError."""
    for name in ("VISUAL", "EDITOR"):
        value = os.environ.get(name, "")
        try:
            words = shlex.split(value)
        except ValueError as error:
            raise CommandError(f"{name} = {value!r} is no command: {error}", 2) from error
        if words:
            return words
    return ["vi"]


@contextmanager
def _draft(text: str) -> Iterator[Path]:
    """A temporary file with `text` for an editor. It is deleted at the end, unless it was changed and the block raises
    CommandError: then it is kept, so that the owner's work is not lost, and the CommandError names its path."""
    with tempfile.NamedTemporaryFile("w", prefix="v2h-schedule-", suffix=".json", delete=False) as file:
        file.write(text)
    path = Path(file.name)
    try:
        yield path
    except CommandError as error:
        if not path.exists() or path.read_bytes() == text.encode():
            path.unlink(missing_ok=True)
            raise
        raise CommandError(f"{error}; your edit is kept in {path}", error.exit_code) from error
    path.unlink(missing_ok=True)
