"""A kind of board that a campaign runs on: what it drives, which faults strike, what its random sessions do. That of
CCS is in ccs/kind.py: who looks at CHAdeMO alone does not import the rooms of CCS, which a seeded defect may break."""

from collections.abc import Callable
from dataclasses import dataclass

from tests.faults import faults, sessions, snapshots
from tests.faults.faults import Fault
from tests.faults.quick import remember
from tests.faults.sessions import Repertoire, Start
from tests.faults.snapshots import Road


@dataclass(frozen=True, slots=True)
class Kind:
    """prepare: makes the pure parts quick, once for each process. short: how many of the roads find most defects."""

    name: str
    roads: tuple[Road, ...]
    short: int
    faults: tuple[Fault, ...]
    starts: Callable[[], list[Start]]
    repertoire: Repertoire
    prepare: Callable[[], None]


CHADEMO = Kind("chademo", snapshots.ROADS, 6, faults.FAULTS, sessions.starts, sessions.CHADEMO, remember)
