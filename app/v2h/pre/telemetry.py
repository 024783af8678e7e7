"""The values that the converter has reported, each with its time, because an old value must not be used."""

import math
from dataclasses import dataclass

from v2h.pre import objects as pre


@dataclass(slots=True)
class PreTelemetry:
    """The last answers, each with the monotonic time of its arrival (-inf and None: never seen). Only PreClient writes.

    amps_a: + charges the car. set_volts_v, set_amps_a, enabled: as read back, not as requested. odd: a text about the
    last reading that is not possible.
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
    odd: str = ""
    odd_t: float = -math.inf


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
"""Name of an object -> the fields for its value and its time."""


@dataclass(slots=True)
class PreLink:
    """How well the converter answers. answered_t: when it last answered a read or acknowledged a write; a refusal does
    not count. strays: frames that did not answer our request."""

    answered_t: float = -math.inf
    missed_in_row: int = 0
    timeouts: int = 0
    strays: int = 0
    aborts: int = 0
    last_abort: pre.Aborted | None = None
