"""A program that only beats: `beating.py NAME`. Stands where the real one would need its hardware."""

import sys

from v2h.program import Program

if __name__ == "__main__":
    sys.exit(Program(sys.argv[1], with_bus=False).run())
