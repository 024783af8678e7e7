"""How fast a capture is decoded and replayed, against the time it took to record. Uses a recorded session if there is
one beside the checkout, else the tests' own recording of the start of a session."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.recorded import LEAF_SESSION
from v2h.capture.formats import read_capture
from v2h.capture.replay import replay
from v2h.commands.decode import json_lines

OWN = Path(__file__).parents[1] / "data" / "start.csv"


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Seconds for the work, `against` the seconds of the recording."""
    path = LEAF_SESSION if LEAF_SESSION.is_file() else OWN
    tell(path.name)
    began = time.perf_counter()
    capture = read_capture(path)
    lines = sum(1 for _ in json_lines(capture, False))
    decoded_s = time.perf_counter() - began
    began = time.perf_counter()
    sent = len(replay(capture.frames).sent)
    replayed_s = time.perf_counter() - began
    lasted_s = capture.frames[-1].t - capture.frames[0].t
    named = ((f"decode {path.name}, {lines} lines", decoded_s), (f"replay {path.name}, {sent} frames sent", replayed_s))
    return [
        {
            "name": name,
            "value": round(spent_s, 3),
            "unit": "s",
            "against": round(lasted_s, 3),
            "ratio": round(spent_s / lasted_s, 4),
        }
        for name, spent_s in named
    ]
