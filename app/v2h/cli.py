"""The `v2h` command: a table of subcommands, each in its own module under commands/."""

import argparse
import importlib
import io
import os
import sys
from collections.abc import Sequence
from typing import NamedTuple

from v2h import version
from v2h.commands import CommandError


class Command(NamedTuple):
    """One subcommand: its line in `v2h --help`, and the module that carries it out."""

    name: str
    help: str
    module: str


COMMANDS = (
    Command("status", "say what the charger does now and why", "v2h.commands.status"),
    Command("mode", "choose what the charger does", "v2h.commands.orders"),
    Command("stop", "end the session: current to zero, contactors open, plug unlocked", "v2h.commands.orders"),
    Command("clear-fault", "clear a fault that may be cleared", "v2h.commands.orders"),
    Command("resume", "let the schedule go on after a stop", "v2h.commands.orders"),
    Command("settings", "show or change the owner's settings", "v2h.commands.settings"),
    Command("schedule", "show, edit, preview or import the schedule", "v2h.commands.schedule"),
    Command("clock", "show the charger's clock, or set it by this machine's", "v2h.commands.clock"),
    Command("log", "print what happened", "v2h.commands.history"),
    Command("energy", "print the energy of the last days", "v2h.commands.history"),
    Command("backup", "save or restore settings and schedule", "v2h.commands.backup"),
    Command("selftest", "check chips, CAN, lines, clock and disk of this board", "v2h.commands.selftest"),
    Command("decode", "print the frames of a CAN capture in words", "v2h.commands.decode"),
    Command("meter", "read the meters, calibrate the charger's own", "v2h.commands.meter"),
    Command("replay", "run our session against the car of a CAN capture", "v2h.commands.replay"),
    Command("match", "run load matching, ours and others, over a recorded load", "v2h.commands.match"),
)


def parser_for(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser. Only the subcommand that argv names is imported; the others are only lines of help."""
    parser = argparse.ArgumentParser(
        prog="v2h",
        description="Vehicle-to-home charger: look at it, give it orders, look at captures.",
        epilog="example: v2h status --host v2h.local",
    )
    parser.add_argument("--version", action="version", version=f"v2h {version()}")
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
    """Run one subcommand. Returns 0 when done, 1 when failed, 2 for bad input (argparse itself exits with 2)."""
    words = sys.argv[1:] if argv is None else list(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # a terminal that lacks a letter shows a ? for it
        sys.stdout.reconfigure(errors="replace")
    args = parser_for(words).parse_args(words)
    try:
        code: int = args.run(args)
        sys.stdout.flush()
    except CommandError as error:
        print(f"v2h {args.command}: {error}", file=sys.stderr)
        return error.exit_code
    except BrokenPipeError:  # `v2h decode x | head`: the reader stops early, which is not a failure
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


if __name__ == "__main__":
    sys.exit(main())
