"""The plot of `v2h match --plot`: the same minutes with each law, one strip per law. Needs matplotlib."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from matplotlib import rc_context
from matplotlib.figure import Figure

from v2h.energy.bench.metering import STEP_S
from v2h.energy.bench.plant import Trace

DRAW_EVERY = 5
"""Steps of 20 ms from point to point: 0.1 s, the interval of the fastest meter."""
COLOURS = {"oracle": "#888888", "ours": "#0a7d33"}
OTHER = "#b03a2e"
HIGHEST_W = 3000.0


def draw(path: Path, trace: Trace, grids_w: Mapping[str, Sequence[float]], meter: str) -> None:
    """Write the file. The strip of the law `none` shows the house itself. Raises OSError."""
    figure = Figure(figsize=(9, 1.0 + 1.05 * len(grids_w)), layout="constrained")
    strips = figure.subplots(len(grids_w), 1, sharex=True, squeeze=False)[:, 0]
    for strip, (name, grid_w) in zip(strips, grids_w.items(), strict=True):
        shown = grid_w[::DRAW_EVERY]
        minutes = [position * DRAW_EVERY * STEP_S / 60 for position in range(len(shown))]
        strip.plot(minutes, [watts / 1000 for watts in shown], color=COLOURS.get(name, OTHER), linewidth=0.7)
        strip.axhline(0, color="black", linewidth=0.4)
        top = HIGHEST_W if name != "none" else max(HIGHEST_W, *shown)
        strip.set_ylim(-HIGHEST_W / 1000 if name != "none" else 0, top / 1000)
        mean_w = sum(map(abs, grid_w)) / len(grid_w)
        strip.set_title(f"{name}: mean {mean_w:.0f} W", loc="left", fontsize=8, pad=2)
        strip.tick_params(labelsize=7)
        strip.spines[["top", "right"]].set_visible(False)
    strips[-1].set_xlabel("minutes", fontsize=8)
    figure.supylabel("grid power, kW (+ import)", fontsize=8)
    figure.suptitle(f"The same {len(trace)} changes of a house's load, meter {meter}", fontsize=9)
    with rc_context({"svg.hashsalt": "v2h", "path.simplify_threshold": 0.5}):
        figure.savefig(path, dpi=110, metadata={"Date": None} if path.suffix == ".svg" else None)
