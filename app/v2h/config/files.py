"""Which files the configuration is read from, and the reader of their text."""

import os
import tomllib
from pathlib import Path
from typing import Any

CARD = Path("/boot/firmware/v2h.toml")
"""The owner's file. It holds passwords of meters, so only root and `meter` may read its partition."""
COPY = Path("/run/v2h/site/v2h.toml")
"""The same without secrets, for the other programs; oneshot/site_copy.py makes it at every boot."""
RIG = Path("/run/v2h/rig.toml")


def config_paths() -> list[Path]:
    """The files to read, in order; V2H_CONFIG (separated by colons) replaces the board's list."""
    if given := os.environ.get("V2H_CONFIG"):
        return [Path(path) for path in given.split(":")]
    return [CARD if os.access(CARD.parent, os.R_OK | os.X_OK) else COPY, RIG]


def is_charger(run: Path) -> bool:
    """Whether this machine is a charger (or the desk's shell, which names its files), and not a PC that asks one. run:
    the folder of a running tree's sockets."""
    return run.is_dir() or any(path.is_file() for path in config_paths())


def parse_toml(text: str) -> dict[str, Any]:
    """Raises ValueError for every text that is no TOML, also for one that is nested thousands of times."""
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ValueError("nested too deeply") from None
