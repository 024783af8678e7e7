"""Combines lists of values, one value a phase, to one measurement; pure."""

from collections.abc import Sequence

from v2h.bus.sentences import say
from v2h.meters import Measurement

APART_W, APART = 100.0, 0.1
"""The phases may differ from the total by APART_W, or by this part of the larger one: a meter rounds, and its phases
are not of the same instant. A house with three wires and no neutral has a total and reports 0 W for each phase."""


def phases_fit(power: Sequence[float], total_w: float) -> bool:
    """Whether these phases can be the parts of the total, W."""
    if not any(power):
        return total_w == 0
    return abs(sum(power) - total_w) <= max(APART_W, APART * max(abs(total_w), sum(map(abs, power))))


def combined(
    t: float,
    power: Sequence[float],
    voltage: Sequence[float],
    current: Sequence[float],
    frequency: Sequence[float],
    imported: Sequence[float],
    exported: Sequence[float],
    *,
    total_w: float | None = None,
) -> Measurement:
    """W, V, A, Hz and Wh; an empty list: the meter does not report it. total_w: the meter's own sum, if it has one.
    Phases whose sum is not the total are left out, with a remark: then only the total counts, for the fuse as well."""
    remark = ""
    phases: list[dict[str, float]] = [{"power_w": watts} for watts in power]
    if total_w is not None and not phases_fit(power, total_w):
        remark = say("meter.phases_odd", sum_w=sum(power), total_w=total_w)
        phases = [{} for _ in power]
    for key, values in (("voltage_v", voltage), ("current_a", current)):
        for phase, value in zip(phases, values, strict=False):
            phase[key] = value

    def only(values: Sequence[float]) -> float | None:
        return values[0] if len(values) == 1 else None

    return Measurement(
        t,
        sum(power) if total_w is None else total_w,
        only(voltage),
        only(current),
        only(frequency),
        sum(imported) if imported else None,
        sum(exported) if exported else None,
        tuple(phase for phase in phases if phase),
        remark,
    )
