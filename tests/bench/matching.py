"""Load matching: ours against the oracle at every meter, with and without a stated lag, on the project's house day."""

from collections.abc import Callable
from typing import Any

from tests.bench.rows import row
from tests.support.recorded import HOUSE_LOAD
from v2h.energy.bench.laws import LAWS
from v2h.energy.bench.metering import METERS
from v2h.energy.bench.plant import Plant, run
from v2h.energy.bench.scoring import step_test
from v2h.energy.bench.trace import read_trace
from v2h.rig.house import day_trace

SKIP_S = 600.0


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Mean |grid| and settling of ours, `against` the oracle's and, for the mean, the best other law of this run."""
    traces = {"own day": day_trace()}
    if HOUSE_LOAD.is_file():
        with HOUSE_LOAD.open(encoding="utf-8") as lines:
            traces["recorded house"] = read_trace(lines)
    rows = []
    for title, trace in traces.items():
        for name, meter in METERS.items():
            tell(f"{title}, {name}")
            mean_w = {law: run(trace, make(trace, meter), meter, Plant()).mean_w for law, make in LAWS.items()}
            ours_w = mean_w.pop("ours")
            rows.append(row(f"mean grid, {title}, {name}, oracle", ours_w, "W", mean_w.pop("oracle")))
            best = min(mean_w, key=lambda law: mean_w[law])
            rows.append(row(f"mean grid, {title}, {name}, best other law ({best})", ours_w, "W", mean_w[best]))
            blind = run(trace, LAWS["ours"](trace, meter), meter, Plant(), skip_s=SKIP_S, lag_told=False).mean_w
            knowing = run(trace, LAWS["oracle"](trace, meter), meter, Plant(), skip_s=SKIP_S).mean_w
            rows.append(row(f"mean grid, {title}, {name}, lag not told, oracle", blind, "W", knowing))
    for name, meter in METERS.items():
        tell(f"step, {name}")
        ours, oracle = (step_test(LAWS[law], meter, Plant()).settle_s for law in ("ours", "oracle"))
        if ours is None or oracle is None:
            raise RuntimeError(f"a step never settled at {name}: ours {ours}, oracle {oracle}")
        rows.append(row(f"settling of a 2 kW step, {name}, oracle", ours, "s", oracle))
    return rows
