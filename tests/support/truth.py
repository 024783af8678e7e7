"""The state of the rig in the emulated board, read and changed through its own socket.

Not with `python -m v2h.rig`: an interpreter with the package takes seconds to start on this board, a bare one a tenth.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from typing import Any

from tests.support.guest import Guest
from v2h.safety.outputs import Output

BARE = "python3 -I -S -c"
_TALK = """
import socket, sys
rig = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
rig.connect("/run/v2h/rig.sock")
rig.send(b"control")
rig.recv(100)
rig.send(sys.argv[1].encode())
print(rig.recv(65536).decode())
"""


def rig(guest: Guest, **knobs: str) -> dict[str, Any]:
    """Change these knobs, if any; returns the true state after that. AssertionError when the rig refuses."""
    answer: dict[str, Any] = json.loads(guest.out(f"{BARE} '{_TALK}' '{json.dumps(knobs)}'"))
    assert "error" not in answer, answer
    return answer


@dataclass(frozen=True)
class Row:
    """One line of the rig's record."""

    t: float
    set_a: float
    out_a: float
    outputs: Output
    cable_v: float


def record(guest: Guest) -> list[Row]:
    """The last 80 s, one row every 20 ms and at every new setpoint. Writing them takes the board 0.4 s."""
    rig(guest, record="write")
    rows = json.loads(guest.out("cat /run/v2h/rig-record.json"))
    return [Row(t, set_a, out_a, Output(outputs), cable_v) for t, set_a, out_a, outputs, cable_v in rows]


def first(rows: list[Row], since: float, what: Callable[[Row], bool]) -> float:
    """Seconds from `since` to the first row for which what(row) holds; infinity when there is none."""
    return next((row.t - since for row in rows if row.t >= since and what(row)), inf)
