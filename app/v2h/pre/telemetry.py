"""What the converter has said, with the time it said it: old data is not data, so every value has its age."""

import math
from dataclasses import dataclass

from v2h.pre import objects as pre


@dataclass(slots=True)
class PreTelemetry:
    """Last answers, written by PreClient alone, each with the monotonic time it came at (-inf and None: never seen).

    amps: + charges the car. set_volts_v, set_amps_a, enabled: as read back, not as wished.
    """

    status: int | None = None
    status_t: float = -math.inf
    volts_v: float | None = None
    volts_t: float = -math.inf
    amps_a: float | None = None
    amps_t: float = -math.inf
    temperature_c: float | None = None
    temperature_t: float = -math.inf
    set_volts_v: float | None = None
    set_volts_t: float = -math.inf
    set_amps_a: float | None = None
    set_amps_t: float = -math.inf
    enabled: bool | None = None
    enabled_t: float = -math.inf
    warning_word: int | None = None
    warning_t: float = -math.inf


TELEMETRY_FIELDS = {
    pre.STATUS.name: ("status", "status_t"),
    pre.VOLTS.name: ("volts_v", "volts_t"),
    pre.AMPS.name: ("amps_a", "amps_t"),
    pre.TEMPERATURE.name: ("temperature_c", "temperature_t"),
    pre.SET_VOLTS.name: ("set_volts_v", "set_volts_t"),
    pre.SET_AMPS.name: ("set_amps_a", "set_amps_t"),
    pre.ENABLE.name: ("enabled", "enabled_t"),
    pre.WARNING.name: ("warning_word", "warning_t"),
}
"""Name of an object -> where its value and its time go."""


@dataclass(slots=True)
class PreLink:
    """How well the converter answers. strays: frames that answered nothing we had asked."""

    answered_t: float = -math.inf
    missed_in_row: int = 0
    timeouts: int = 0
    strays: int = 0
    aborts: int = 0
    last_abort: pre.Aborted | None = None
