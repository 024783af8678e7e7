"""Random topics and payloads for the faces of the gateway: noise, and what a careless controller sends."""

import json
import random
from typing import Any

from v2h.gateway.orders import WISHES

WORDS = (
    *WISHES, "evcc/enable", "evcc/maxcurrent", "evcc/batterymode", "state", "status", "event", "", "set", "#", "+",
)  # fmt: skip
PAYLOADS: tuple[Any, ...] = (
    "v2h", "charge", "idle", "none", "hold", "true", "false", "1", "2", "3", "16", "-5", "1e400", "NaN", "PRESS", "",
    {"mode": "charge", "amps": 10}, {"slot": "hold", "lifetime_s": 60}, {"slot": "charge"}, [], None, 5, "\u0000", "ü",
    {"cmd": "GetData"}, {"cmd": {"SetMode": "V2h"}}, {"cmd": {"SetMode": {"Charge": {}}}}, {"cmd": {"SetEvents": []}},
    {"power_w": -500, "lifetime_s": 60},
    {"soc_max_pct": 80}, {"schedule": {"version": 1}}, {"import": []}, {"cmd": {}}, {"by": "x" * 40, "mode": "v2h"},
)  # fmt: skip


def noise(generator: random.Random) -> bytes:
    return generator.randbytes(generator.choice((0, 1, 3, 20, 300)))


def almost_good(generator: random.Random) -> bytes:
    """A payload as a careless controller sends it: one of PAYLOADS, perhaps with one byte changed or a part missing."""
    made = generator.choice(PAYLOADS)
    data = bytearray((made if isinstance(made, str) else json.dumps(made)).encode())
    if data and generator.random() < 0.4:
        data[generator.randrange(len(data))] = generator.randrange(256)
    if generator.random() < 0.2:
        del data[generator.randrange(len(data) + 1) :]
    return bytes(data)
