"""What must hold for the data partition after a power cut, checked on an image file with the board's own tools.

The image is repaired as the board does it before mounting (e2fsck -p), and must then be without error; debugfs extracts
the files, so nothing is mounted and no root is needed.
"""

import json
import shutil
import sqlite3
import subprocess
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

FOLDER = "v2h"
DATABASE = "v2h.sqlite3"
DOCUMENTS = ("settings.json", "schedule.json")
MOST_AGE_S = 60.0
COUNTERS = ("charged_wh", "discharged_wh", "imported_wh", "exported_wh")


@dataclass
class Verdict:
    """The findings on one image. wrong: one sentence each, empty if all is well. newest: (boot, t) of the newest
    sample; totals: the energy counters; files: which of the documents exist."""

    wrong: list[str] = field(default_factory=list)
    newest: tuple[str, float] | None = None
    totals: dict[str, float] = field(default_factory=dict)
    files: set[str] = field(default_factory=set)


def judge(image: Path, scratch: Path) -> Verdict:
    """Check one image; it is repaired in place. scratch: an empty folder for the extracted files."""
    verdict = Verdict()
    repair = run("e2fsck", "-p", str(image))
    if repair.returncode not in (0, 1):
        verdict.wrong.append(f"e2fsck -p ended with {repair.returncode}: {repair.stdout.strip()[-300:]}")
        return verdict
    check = run("e2fsck", "-f", "-n", str(image))
    if check.returncode != 0:
        verdict.wrong.append(f"e2fsck -f -n ended with {check.returncode}: {check.stdout.strip()[-300:]}")
    run("debugfs", "-R", f"rdump /{FOLDER} {scratch}", str(image))
    data = scratch / FOLDER
    for name in DOCUMENTS:
        if (data / name).exists():
            verdict.files.add(name)
            _document(data / name, verdict)
        if (data / f"{name}.bad").exists():
            verdict.wrong.append(f"{name}.bad: the board has seen a broken file")
    if (data / DATABASE).exists():
        _database(data / DATABASE, verdict)
    for broken in data.glob(f"{DATABASE}.broken*"):
        verdict.wrong.append(f"{broken.name}: the board has seen a broken log")
    return verdict


def newest_is_old(verdict: Verdict, boot: str, cut_t: float) -> str:
    """Why the newest sample is too old for a cut at cut_t (monotonic s of that boot), or ""."""
    if verdict.newest is None:
        return "no sample in the log"
    if verdict.newest[0] != boot:
        return f"the newest sample is of boot {verdict.newest[0]}, not {boot}"
    age_s = cut_t - verdict.newest[1]
    return f"the newest sample is {age_s:.1f} s old" if age_s > MOST_AGE_S else ""


def _document(path: Path, verdict: Verdict) -> None:
    try:
        value = json.loads(path.read_text("utf-8"))
    except (OSError, ValueError) as error:
        verdict.wrong.append(f"{path.name}: {error}")
        return
    if not isinstance(value, dict):
        verdict.wrong.append(f"{path.name}: {type(value).__name__}, not an object")


def _database(path: Path, verdict: Verdict) -> None:
    try:
        connection = sqlite3.connect(path)
        try:
            (found,) = connection.execute("pragma integrity_check(3)").fetchone()
            if found != "ok":
                verdict.wrong.append(f"integrity_check: {found}")
            if connection.execute("pragma user_version").fetchone()[0]:
                _contents(connection, verdict)
        finally:
            connection.close()
    except sqlite3.Error as error:
        verdict.wrong.append(f"{path.name}: {error}")


def _contents(connection: sqlite3.Connection, verdict: Verdict) -> None:
    newest = connection.execute(
        "select b.boot, (s.id % 100000000000) / 1000.0 from samples s join boots b on b.id = s.id / 100000000000 "
        "order by s.id desc limit 1"
    ).fetchone()
    verdict.newest = newest and (str(newest[0]), float(newest[1]))
    sums = ", ".join(f"coalesce(sum({name}), 0.0)" for name in COUNTERS)
    verdict.totals = dict(zip(COUNTERS, connection.execute(f"select {sums} from days").fetchone(), strict=True))


def run(*command: str) -> "subprocess.CompletedProcess[str]":
    """Run a program of e2fsprogs, which may not be on the path."""
    program = shutil.which(command[0], path="/usr/sbin:/sbin:/usr/bin:/bin") or command[0]
    return subprocess.run([program, *command[1:]], capture_output=True, text=True, check=False, timeout=300)


def as_json(verdict: Verdict) -> dict[str, Any]:
    """The verdict as JSON, for a report."""
    return {"wrong": verdict.wrong, "newest": verdict.newest, "totals": verdict.totals, "files": sorted(verdict.files)}
