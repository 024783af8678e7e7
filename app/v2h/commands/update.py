"""`v2h update FILE`: brings a signed update to the charger, installs it, and asks before the charger starts again.

The file goes in pieces; when the connection breaks, the same command goes on where it stopped. The charger checks
signature, board and version, and installs only while it rests. Without a file it says what is in force.
"""

import argparse
import hashlib
import json
import sys
import time
from collections.abc import Callable
from io import BufferedReader
from pathlib import Path
from typing import Any

from v2h.commands import CommandError
from v2h.commands.api import Api, UnansweredError
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.update.pieces import MOST_PIECE_B

LOOK_S = 2.0
PATIENCE_S = 60.0
"""So long the installation may go on without an answer of the charger: its processor is busy."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h update`."""
    parser.add_argument("file", nargs="?", help="a .raucb file (make bundle); without it: say what is in force")
    parser.add_argument("--restart", action="store_true", help="start the charger again with the installed version")
    parser.add_argument("--back", action="store_true", help="start it again with the version in the other slot")
    add_api_arguments(parser, "v2h update build/v2h.raucb --host v2h.local")


def run(args: argparse.Namespace) -> int:
    """Returns 0 when the update is installed, 1 when it was refused. Raises CommandError for a bad file, a refusal, or
    a charger that does not answer."""
    api = Api(args.host)
    if args.back and (args.file is not None or args.restart):
        raise CommandError("--back goes with no file and not with --restart", 2)
    if args.file is None and (args.restart or args.back):
        answer = api.post("update/back" if args.back else "update/restart", {})
        print(json.dumps(answer) if args.json else answer["text"])
        return 0
    if args.file is None:
        known = _known(api)
        print(json.dumps(known) if args.json else as_text(known))
        return 0
    tell = _silent if args.json else _aloud
    try:
        with Path(args.file).open("rb") as file:
            _bring(api, Path(args.file).name, file, tell)
    except OSError as error:
        raise CommandError(f"{args.file}: {error.strerror}", 2) from error
    tell(api.post("update/install", {})["text"])
    known = wait_for_end(lambda: _known(api), tell, time.monotonic, time.sleep)
    if args.json:
        print(json.dumps(known))
    if known["phase"] != "installed":
        return 1
    if args.restart or (not args.json and _agreed()):
        tell(api.post("update/restart", {})["text"])
    return 0


def _silent(text: str) -> None:
    """With --json only the JSON is printed."""


def _aloud(text: str) -> None:
    print(text, flush=True)


def as_text(known: dict[str, Any]) -> str:
    """What is in force, what the other slot holds, and how far an update is."""
    other = known["other"]
    lines = [f"in force      {known['version']}"]
    if other is not None:
        lines.append(f"other slot    {other['version'] or 'unknown'}, {other['state']}")
    if known["text"]:
        lines.append(str(known["text"]))
    if known["development_key"]:
        lines.append(str(known["development_key"]))
    return "\n".join(lines)


def wait_for_end(
    look: Callable[[], dict[str, Any]],
    tell: Callable[[str], None],
    now: Callable[[], float],
    sleep: Callable[[float], None],
) -> dict[str, Any]:
    """Look until the installation has ended, and tell each new sentence. Returns the last look. Raises UnansweredError
    after PATIENCE_S without an answer."""
    said, answered_s = "", now()
    while True:
        try:
            known = look()
            answered_s = now()
        except UnansweredError:
            if now() - answered_s > PATIENCE_S:
                raise
            sleep(LOOK_S)
            continue
        if known["text"] and known["text"] != said:
            said = str(known["text"])
            tell(said)
        if known["phase"] in ("installed", "refused"):
            return known
        sleep(LOOK_S)


def _known(api: Api) -> dict[str, Any]:
    found: dict[str, Any] = api.get("update", "update")["update"]
    return found


def _bring(api: Api, name: str, file: BufferedReader, tell: Callable[[str], None]) -> None:
    """Send what the charger does not have yet, and tell each full ten percent."""
    sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size_b = file.tell()
    have_b = api.post("update/upload", {"name": name, "size_b": size_b, "sha256": sha256})["applied"]["have_b"]
    tenth = -1
    while have_b < size_b:
        if have_b * 10 // size_b > tenth:
            tenth = have_b * 10 // size_b
            tell(f"{have_b / 1e6:.1f} of {size_b / 1e6:.1f} MB of {name} are there")
        file.seek(have_b)
        have_b = api.put(f"update/upload?offset_b={have_b}", file.read(MOST_PIECE_B))["applied"]["have_b"]
    tell(f"{size_b / 1e6:.1f} MB of {name} are there")


def _agreed() -> bool:
    """The owner's answer; no without a terminal."""
    if not sys.stdin.isatty():
        print("It comes into force with: v2h update --restart, or the button on the page Settings")
        return False
    return input("Start the charger again now? [y/N] ").strip().lower() in ("y", "yes")
