"""What a person types: the `v2h` command and the Make targets."""

import argparse
import os
import re
from pathlib import Path

from docs.tables.markdown import code, plain, prose, table
from v2h.commands.table import COMMANDS, parser_for

MAKEFILE = Path(__file__).resolve().parents[2] / "Makefile"


def commands() -> str:
    os.environ["COLUMNS"] = "10000"  # argparse wraps a usage to the width of the terminal
    rows = []
    for command in COMMANDS:
        chosen = parser_for([command.name])
        sub = next(a for a in chosen._actions if isinstance(a, argparse._SubParsersAction)).choices[command.name]
        usage = plain(sub.format_usage().removeprefix("usage:")).replace("[-h] ", "")
        rows.append([code(usage), command.help])
    about = prose(
        "`v2h COMMAND --help` says more and gives an example. Exit code 0 is done, 1 failed, 2 bad input. On a PC it "
        "is `.venv/bin/v2h` after `make setup`."
    )
    return about + table(("command", "what it does"), rows)


def targets() -> str:
    found = re.findall(r"^([a-z-]+):.*?## (.*)$", MAKEFILE.read_text(encoding="utf-8"), re.MULTILINE)
    return table(("target", "what it does"), ([code(f"make {name}"), about] for name, about in found))
