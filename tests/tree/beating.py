"""A program that only beats: `beating.py NAME`. Stands where the real one would need its hardware."""

import sys

from v2h.program import Program

if __name__ == "__main__":
    sys.exit(Program(sys.argv[1], beat_s=0.5).run())
