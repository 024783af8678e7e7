"""The `v2h` command: a table of subcommands, each in its own module under commands/."""

import argparse
import importlib
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from v2h import __version__


class Command(NamedTuple):
    """One subcommand: what `v2h --help` says of it, and the module that carries it out."""

    name: str
    help: str
    module: str


COMMANDS = (
    Command("decode", "print the frames of a CAN capture in words", "v2h.commands.decode"),
    Command("replay", "run our session against the car of a CAN capture", "v2h.commands.replay"),
)


def parser_for(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser. Only the subcommand that argv names is imported; the others are just lines of help."""
    parser = argparse.ArgumentParser(
        prog="v2h",
        description="Vehicle-to-home charger: look at captures, and at the charger where it runs.",
        epilog="example: v2h decode drive.csv --changes",
    )
    parser.add_argument("--version", action="version", version=f"v2h {__version__}")
    subcommands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    asked = next((word for word in argv if not word.startswith("-")), None)
    for command in COMMANDS:
        subparser = subcommands.add_parser(
            command.name,
            help=command.help,
            description=command.help,
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        if command.name == asked:
            module = importlib.import_module(command.module)
            module.add_arguments(subparser)
            subparser.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one subcommand. Returns 0 done, 1 failed, 2 bad input (argparse exits with 2 by itself)."""
    words = sys.argv[1:] if argv is None else list(argv)
    args = parser_for(words).parse_args(words)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except BrokenPipeError:  # `v2h decode x | head`: whoever read has enough, and that is no failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
