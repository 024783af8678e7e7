"""Combines lists of values, one value a phase, to one measurement; pure."""

from collections.abc import Sequence

from v2h.meters import Measurement


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
    """W, V, A, Hz and Wh; an empty list: the meter does not report it. total_w: the meter's own sum, if it has one."""
    phases: list[dict[str, float]] = [{"power_w": watts} for watts in power]
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
        tuple(phases),
    )
