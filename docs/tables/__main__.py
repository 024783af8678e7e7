"""`scripts/docs-tables`: docs/reference.md and docs/api.md, which are made from the source. A new chapter is a row of
CHAPTERS, here or in api.py."""

import argparse
import sys
from pathlib import Path

from docs.tables import api
from docs.tables.bus import topics
from docs.tables.desk import commands, targets
from docs.tables.events import events
from docs.tables.owner import sentences, settings
from docs.tables.session import faults, states
from docs.tables.toml import toml

DOCS = Path(__file__).resolve().parents[1]
HEAD = """# Reference

`scripts/docs-tables` writes this page from the source. Do not edit it: change the source, run the script, and commit
both. A test compares the page with the source.

| table | its home in the source |
| --- | --- |
| [Owner's settings](#owners-settings) | `app/v2h/energy/owner_settings.py` |
| [Faults](#faults) | `app/v2h/bus/faults.py` |
| [Events](#events) | where each program calls `event()` |
| [Sentences](#sentences) | `app/v2h/bus/catalogue.py` |
| [Bus topics](#bus-topics) | `app/v2h/bus/messages.py` |
| [Session states](#session-states) | `app/v2h/chademo/states.py` |
| [The `v2h` command](#the-v2h-command) | `app/v2h/commands/`, `table.py` there |
| [Make targets](#make-targets) | `Makefile` |
| [Keys of v2h.toml](#keys-of-v2htoml) | `app/v2h/config/` |
"""
CHAPTERS = {
    "Owner's settings": settings,
    "Faults": faults,
    "Events": events,
    "Sentences": sentences,
    "Bus topics": topics,
    "Session states": states,
    "The `v2h` command": commands,
    "Make targets": targets,
    "Keys of v2h.toml": toml,
}
"""Title -> the function that makes the text below it."""


def page() -> str:
    """The whole document."""
    return HEAD + "".join(f"\n## {title}\n\n{make()}" for title, make in CHAPTERS.items())


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="docs-tables",
        description="Write docs/reference.md and docs/api.md from the source.",
        epilog="example: scripts/docs-tables --check",
    )
    parser.add_argument("--check", action="store_true", help="write nothing; fail when a page is not up to date")
    check = parser.parse_args().check
    old = []
    for path, made in ((DOCS / "reference.md", page()), (DOCS / "api.md", api.page())):
        if not check:
            path.write_text(made, encoding="utf-8")
        elif not path.is_file() or path.read_text(encoding="utf-8") != made:
            old.append(f"docs/{path.name}")
    if old:
        print(f"docs-tables: {', '.join(old)}: not what the source says; run scripts/docs-tables", file=sys.stderr)
    return 1 if old else 0


if __name__ == "__main__":
    sys.exit(main())
