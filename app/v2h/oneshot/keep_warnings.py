"""Keeps the warnings of kernel and systemd on the data partition: `python3 -m v2h.oneshot.keep_warnings`.

The journal is in memory, so after a reset nobody could read what came before it. systemd starts this program, which
follows the journal and appends to one file a day, /data/system/warnings/YYYY-MM-DD.log (UTC). The card is written
little: a day's file holds at most BUDGET_B, which is also the budget after a restart because the file's size is the
count; and after a write the next one waits PAUSE_S. A warning after a quiet minute is on the card at once.
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

from v2h.runtime.paths import DATA

FOLDER = DATA.parent / "system" / "warnings"
BUDGET_B = 256 * 1024
"""A boot of the board has some dozen warnings, together a few KiB. A driver that complains without end fills 30 MB an
hour."""
DAYS = 14
"""Files that are kept, 3.5 MiB at most."""
PAUSE_S = 60.0
"""Each write costs the card some 16 KiB with the file system's own blocks: 23 MB in the worst day. The log of the
charger may lose a minute, too."""
LINE_B = 1000
LAST = b"(The budget of this day is used up: later warnings are only in the journal, journalctl -p warning.)\n"
JOURNAL = (
    *("journalctl", "--follow", "--boot", "--lines=all", "--quiet", "--priority=warning"),
    *("--output=short-iso", "--no-hostname", "_TRANSPORT=kernel", "+", "_PID=1"),
)


def fitting(lines: Sequence[bytes], used_b: int) -> bytes:
    """What of the lines is written behind used_b bytes of the day's file. LAST follows the last line that fits."""
    full_b = BUDGET_B - LINE_B - 1 - len(LAST)
    taken = b""
    for line in lines:
        if used_b + len(taken) > full_b:
            break
        taken += line[:LINE_B] + b"\n"
        if used_b + len(taken) > full_b:
            taken += LAST
    return taken


def keep(folder: Path, lines: Sequence[bytes], wall_s: float) -> None:
    """Appends the lines to the file of the day and removes the oldest files. Raises OSError with the path."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{datetime.fromtimestamp(wall_s, UTC).date().isoformat()}.log"
    text = fitting(lines, path.stat().st_size if path.exists() else 0)
    if not text:
        return
    with path.open("ab") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    for old in sorted(folder.glob("*.log"))[:-DAYS]:
        old.unlink()


def follow(command: Sequence[str], folder: Path, pause: Callable[[], None], wall: Callable[[], float]) -> int:
    """Keeps what the command prints until it ends; returns its exit code. Raises OSError with the path."""
    with subprocess.Popen(command, stdout=subprocess.PIPE) as journal:
        assert journal.stdout is not None
        rest = b""
        while read := os.read(journal.stdout.fileno(), 65536):
            *lines, rest = (rest + read).split(b"\n")
            keep(folder, lines, wall())
            pause()
    return journal.returncode


def main() -> int:
    try:
        return follow(JOURNAL, FOLDER, lambda: time.sleep(PAUSE_S), time.time)
    except OSError as error:
        print(f"v2h-warnings: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
