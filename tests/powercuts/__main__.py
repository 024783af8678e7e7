"""`scripts/powercuts`: record one run of the emulated board, cut its power many times, print the counts."""

import argparse
import sys
from pathlib import Path

from tests.powercuts import installing
from tests.powercuts.cutting import cut_recording

FOLDER = Path(__file__).resolve().parents[2] / "build" / "powercuts"


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
    parser.add_argument(
        "--install", action="store_true", help="cut the installation of an update, recorded with --record 0"
    )
    parser.add_argument("--seed", type=int, default=1, help="of the random numbers (default 1)")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="of the recorded run (default build/powercuts)")
    options = parser.parse_args()
    if options.cuts < 1:
        parser.error("at least one cut")
    folder: Path = options.folder
    try:
        if options.install:
            folder = folder / "install"
            if options.record is not None:
                installing.record(folder)
            found = installing.cut_installation(folder, options.cuts, options.seed)
            print(found.words())
            return 1 if found.wrong else 0
        if options.record:
            from tests.powercuts.recording import record

            record(folder, options.record)
        tally = cut_recording(folder, options.cuts, options.seed)
    except (OSError, ValueError) as error:
        print(f"powercuts: {error}; record a run: --record 10", file=sys.stderr)
        return 2
    print(tally.words())
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
