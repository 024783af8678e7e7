"""A program that only sends heartbeats: `beating.py NAME`. It replaces a program that would need its hardware."""

import sys

from v2h.runtime.program import Program

if __name__ == "__main__":
    sys.exit(Program(sys.argv[1], beat_s=0.5).run())
