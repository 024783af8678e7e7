"""`scripts/powercuts`: record one run of the emulated board, cut its power many times, print the counts."""

import argparse
import json
import random
import shutil
import sys
from pathlib import Path

from powercuts.cutting import Timeline, copy_with_holes, cut_many
from powercuts.writelog import LogError, WriteLog

FOLDER = Path(__file__).resolve().parents[2] / "build" / "powercuts"
LOG, BASE, TIMELINE, PLACE = "writes.log", "base.img", "timeline.jsonl", "place.json"


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="powercuts",
        description="Power cuts that can really fail. One run of the emulated board is recorded write by write; its "
        "data partition is rebuilt as of random moments (all up to the last flush and a random part of what came "
        "later), repaired as the board does, and its log, settings and schedule are judged.",
        epilog="example: scripts/powercuts 500 --record 10    needs build/v2h.img (make image) and QEMU",
    )
    parser.add_argument("cuts", type=int, help="how many moments")
    parser.add_argument("--record", type=float, metavar="MINUTES", help="record a new run of so many minutes first")
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default 1)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the recorded run (default build/powercuts)")
    options = parser.parse_args()
    if options.cuts < 1:
        parser.error("at least one cut")
    folder: Path = options.folder
    if options.record:
        from powercuts.recording import record

        record(folder, options.record)
    missing = [name for name in (LOG, BASE, TIMELINE, PLACE) if not (folder / name).exists()]
    if missing:
        print(f"powercuts: {folder} has no {', '.join(missing)}; record a run: --record 10", file=sys.stderr)
        return 2
    try:
        log = WriteLog.read(folder / LOG)
    except LogError as error:
        print(f"powercuts: {error}", file=sys.stderr)
        return 2
    timeline = Timeline.read(folder / TIMELINE)
    possible = timeline.moments(log)
    if len(possible) < options.cuts:
        print(f"powercuts: the run has only {len(possible)} writes to cut after", file=sys.stderr)
        return 2
    moments = random.Random(options.seed).sample(possible, options.cuts)
    work = folder / "work"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    disk = work / "disk.img"  # the recording stays as it is, for another seed
    copy_with_holes(folder / BASE, disk)
    start = int(json.loads((folder / PLACE).read_text())["start"])
    tally = cut_many(log, disk, start, moments, timeline, options.seed, work)
    shutil.rmtree(work)
    print(tally.words())
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
