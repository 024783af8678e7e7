"""The table of the subcommands of `v2h`, and the parser that is made from it."""

import argparse
import importlib
from collections.abc import Sequence
from typing import NamedTuple

from v2h import version


class Command(NamedTuple):
    """One subcommand: its line in `v2h --help`, and the module that carries it out."""

    name: str
    help: str
    module: str


COMMANDS = (
    Command("status", "say what the charger does now and why", "v2h.commands.status"),
    Command("mode", "choose what the charger does", "v2h.commands.orders"),
    Command(
        "slot",
        "charge, discharge, export or hold for a while, then go on as before",
        "v2h.commands.orders",
    ),
    Command("setpoint", "set the power for some time, as an energy manager does", "v2h.commands.setpoint"),
    Command("stop", "end the session: current to zero, contactors open, plug unlocked", "v2h.commands.orders"),
    Command("clear-fault", "clear a fault that may be cleared", "v2h.commands.orders"),
    Command("resume", "let the schedule go on after a stop", "v2h.commands.orders"),
    Command("settings", "show or change the owner's settings", "v2h.commands.settings"),
    Command("schedule", "show, edit, preview or import the schedule", "v2h.commands.schedule"),
    Command("prices", "show the prices with dates, or push them from JSON or CSV", "v2h.commands.prices"),
    Command("trips", "show the coming trips, add one, or load those of a calendar", "v2h.commands.trips"),
    Command("plan", "show the plan by prices, or make one now as a dry run", "v2h.commands.plan"),
    Command("clock", "show the charger's clock, or set it by this machine's", "v2h.commands.clock"),
    Command("log", "print what happened", "v2h.commands.history"),
    Command("energy", "print the energy of the last days, and what it saved", "v2h.commands.history"),
    Command("capture", "list, order or download the CAN buses before a fault", "v2h.commands.captures"),
    Command("backup", "save or restore settings and schedule", "v2h.commands.backup"),
    Command("update", "bring a signed update to the charger, install it, start again", "v2h.commands.update"),
    Command("selftest", "check chips, CAN, lines, clock and disk of this board", "v2h.commands.selftest"),
    Command("cable", "calibrate the cable's voltage against the converter, with a car", "v2h.commands.cable"),
    Command("decode", "print the frames of a CAN capture in words", "v2h.commands.decode"),
    Command("meter", "find meters on the network, read, measure or calibrate them", "v2h.commands.meter"),
    Command("replay", "run our session against the car of a CAN capture", "v2h.commands.replay"),
    Command("match", "run load matching, ours and others, over a recorded load", "v2h.commands.match"),
    Command("exi", "decode or encode the messages between a CCS car and its charger", "v2h.commands.exi"),
    Command("vendor", "look at, back up, disable or restore the vendor's eMMC", "v2h.commands.vendor"),
    Command("console", "cut a captured UART log into boot stages", "v2h.commands.console"),
    Command("completion", "print a script that completes `v2h` in a shell", "v2h.commands.completion"),
)


def parser_for(argv: Sequence[str]) -> argparse.ArgumentParser:
    """Build the parser. Only the subcommand that argv names is imported; the others are only lines of help."""
    parser = argparse.ArgumentParser(
        prog="v2h",
        description="Vehicle-to-home charger: look at it, give it orders, look at captures.",
        epilog="example: v2h status --host v2h.local   (or once: export V2H_HOST=v2h.local)",
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
