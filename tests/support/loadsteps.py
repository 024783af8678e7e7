"""Steps of the house's load, and how soon the stated plant covers a step with each kind of meter."""

import statistics

from v2h.energy.bench.laws import Ours
from v2h.energy.bench.metering import METERS
from v2h.energy.bench.plant import Plant, run, settle_s

LOW_W, HIGH_W, BAND_W = 300.0, 2300.0, 50.0
HOLD_S = 2.5
PHASES = 10
TOPIC = "house/meter/power"
MODEL = {"stpm3x": "stpm3x", "modbus": "sdm230", "mqtt": "1hz", "http": "1hz"}
"""Kind of meter -> the stated plant's meter that matches it in the simulated house."""


def simulated_s(kind: str) -> tuple[float, float]:
    """Shortest and median settling time in the stated plant, over the phases of the step to the meter's sample."""
    meter, at_s = METERS[MODEL[kind]], 20.0
    trace = [(0.0, LOW_W), (at_s, HIGH_W), (at_s + 20, HIGH_W)]
    times = []
    for phase in range(PHASES):
        phase_s = meter.interval_s * phase / PHASES
        settled_s = settle_s(run(trace, Ours(), meter, Plant(), phase_s=phase_s, keep=True).grid_w, at_s)
        assert settled_s is not None
        times.append(settled_s)
    return min(times), statistics.median(times)


def meter_table(kind: str, port: int) -> str:
    """[meter.grid] of v2h.toml for the house's meter of that kind (v2h.rig.homemeters) on this port of the loopback."""
    keys = {
        "stpm3x": "",
        "modbus": f'host = "127.0.0.1"\nport = {port}\n',
        "mqtt": f'host = "127.0.0.1"\nport = {port}\npreset = "mbmd"\ntopic = "{TOPIC}"\n',
        "http": f'url = "http://127.0.0.1:{port}"\npreset = "shelly-pro-em"\n',
    }
    return f'[meter.grid]\nkind = "{kind}"\n{keys[kind]}'
