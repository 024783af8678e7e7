"""What the rig in the emulated board knows, asked and turned through its own socket.

Not by `python -m v2h.rig`: an interpreter with the package takes seconds to start on this board, a bare one a tenth.
"""

import json
from typing import Any

from guest import Guest

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
    """Turn these knobs, if any; returns everything that is true then. AssertionError when the rig refuses."""
    answer: dict[str, Any] = json.loads(guest.out(f"{BARE} '{_TALK}' '{json.dumps(knobs)}'"))
    assert "error" not in answer, answer
    return answer
