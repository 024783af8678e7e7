"""A CHAdeMO session in virtual time, as the bytes on both CAN buses: it charges, discharges and stops.

    PYTHONPATH=app:. python -m tests.support.cansession

writes the file with which tests/session/test_same_can_bytes.py compares. Do that only when a session is meant to say
something else than before. The last commit before CCS (23fc36c) writes the same bytes, but for one change that CHAdeMO
itself needed (410a42d, when d2 is raised): with that commit taken back, both write the same file.
"""

import gzip
from pathlib import Path

from tests.support.virtual import VirtualBoard
from v2h.bus.states import State

RECORDED = Path(__file__).resolve().parents[1] / "data" / "can-session.log.gz"


def session() -> list[str]:
    """A line for each frame: seconds of the virtual clock, bus, identifier, data."""
    board = VirtualBoard()
    board.record = []
    board.run_until(State.ENERGY)
    board.run(5)
    board.power_w = -2500.0
    board.run(5)
    board.wanted = False
    board.run_until(State.IDLE)
    board.run(1)
    return [f"{frame.t:.2f} {frame.bus} {frame.can_id:03X} {frame.data.hex()}" for frame in board.record]


def recorded() -> list[str]:
    return gzip.decompress(RECORDED.read_bytes()).decode("ascii").splitlines()


if __name__ == "__main__":
    RECORDED.write_bytes(gzip.compress("".join(f"{line}\n" for line in session()).encode("ascii"), mtime=0))
