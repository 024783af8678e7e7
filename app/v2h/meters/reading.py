"""From a measurement to what goes onto the bus: the sign turned, the pace, lag and source said; pure."""

from v2h.bus import MeterReading
from v2h.meters import Measurement

SIGNED = ("power_w",)
"""Of a phase: RMS values have no sign."""


def reading(
    value: Measurement, *, sign: float, interval_s: float, lag_s: float, lag_known: bool, source: str, fresh: bool
) -> MeterReading:
    """sign < 0: the meter sits the wrong way round, so that its import is our export."""
    if sign < 0:
        power_w, bought, sold = -value.power_w, value.export_wh, value.import_wh
        phases = [{key: -v if key in SIGNED else v for key, v in phase.items()} for phase in value.phases]
    else:
        power_w, bought, sold, phases = value.power_w, value.import_wh, value.export_wh, list(value.phases)
    return MeterReading(
        value.t, power_w, interval_s, lag_s, source, value.voltage_v, value.current_a, value.frequency_hz,
        bought, sold, lag_known, fresh, phases,
    )  # fmt: skip
