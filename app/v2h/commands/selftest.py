"""`v2h selftest`: checks chips, CAN, lines, clock and disk of the board it runs on. It only reads and switches nothing.

The checks are in v2h.selftest. On a PC, or with --host of another machine, only the reports of that machine's programs
are judged.
"""

import argparse
import json

from v2h.arguments import number
from v2h.bus.sentences import say
from v2h.checks import Range
from v2h.commands import jitter
from v2h.commands.api import Api, UnansweredError
from v2h.commands.api import add_arguments as add_api_arguments
from v2h.config.files import config_paths, is_charger
from v2h.config.loading import load
from v2h.config.page_edits import read_edits
from v2h.runtime.paths import DATA, RUN, SITE_EDITS
from v2h.selftest.checks import FAILED, Board, check


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h selftest`."""
    add_api_arguments(parser, "v2h selftest   (as root, on the board)")
    parser.add_argument(
        "--can-jitter", action="store_true", help="only measure how evenly our frames to the car leave, in a session"
    )
    parser.add_argument(
        "--seconds", type=number(Range(1, 3600, "s")), default=jitter.SECONDS, help="of --can-jitter (%(default)s)"
    )


def run(args: argparse.Namespace) -> int:
    """Run the checks. Returns 0, or 1 when a check failed. Raises CommandError when the user may not read, or when an
    argument is wrong, because that is not a failure of the charger."""
    if args.can_jitter:
        return jitter.run(args.seconds, args.json)
    api = Api(args.host)
    board = Board(load(config_paths(), read_edits(SITE_EDITS)), None, DATA, here=api.is_here and is_charger(RUN))
    try:
        board = board._replace(state=api.get("state", "view"))
    except UnansweredError as error:
        board = board._replace(silence=say("selftest.no_answer", error=str(error)))
    results = list(check(board))
    if args.json:
        print(json.dumps([result._asdict() for result in results], indent=1))
    else:
        width = max(len(result.part) for result in results)
        print("\n".join(f"{part:{width}}  {verdict:10}  {seen}" for part, verdict, seen in results))
    return 1 if any(result.verdict == FAILED for result in results) else 0
