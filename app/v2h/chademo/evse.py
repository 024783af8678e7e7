"""The frames that we send, built from what is measured; constants are the vendor's wherever a Leaf has seen them."""

from dataclasses import dataclass

from v2h.chademo import limits
from v2h.chademo.flow import offered_a
from v2h.chademo.frames import X108, X109, X118, X208, X209, EvseFrame
from v2h.chademo.states import Row
from v2h.chademo.supervision import threshold_v
from v2h.chademo.view import Fault, Inputs

TIMES_UNKNOWN = 0xFF
ENERGY_MINUTES = 60
"""109.7 in energy flow, as the vendor."""
DISCHARGE_MINUTES = 5
"""209.1-2 from the start of energy flow to the end, as the vendor; no visible effect."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the session adds to the measurements. speaking_s: since our first frame. flowed: energy has flowed.
    paused: nothing is wished."""

    row: Row
    locked: bool
    charging: bool
    fault: Fault | None
    speaking_s: float
    flowed: bool
    paused: bool
    protocol: int


def present_v(i: Inputs, joined: bool) -> float:
    """The cable voltage; where nothing measures it the PRE's own, but only with c1/c2 closed."""
    if i.cable_v is not None:
        return max(0.0, i.cable_v)
    return max(0.0, i.pre.volts_v or 0.0) if joined else 0.0


def available_a(i: Inputs, shown: Shown) -> tuple[int, int]:
    """108.3 and 208.3: what the hardware can until energy flows (the car must ask for something to begin), then what
    installation and temperature leave, and 0 in a pause."""
    if shown.paused:
        return 0, 0
    if not shown.charging:
        return int(limits.AVAILABLE_A.value), int(limits.AVAILABLE_A.value)
    charge_a, discharge_a = offered_a(i)
    return int(charge_a), int(discharge_a)


def build(i: Inputs, shown: Shown, joined: bool) -> tuple[EvseFrame, ...]:
    """108 before 109 in every cycle, then 118 if the car sends 0x110, 208, 209."""
    amps_a = (i.pre.amps_a or 0.0) if joined and shown.flowed else 0.0
    bit = shown.fault.bit if shown.fault else ""
    first_second = shown.speaking_s < 1.0
    charge_a, discharge_a = available_a(i, shown)
    sent: tuple[EvseFrame, ...] = (
        X108(
            available_v=int(limits.AVAILABLE_V.value),
            available_a=charge_a,
            threshold_v=int(threshold_v(i)),
        ),
        X109(
            protocol=shown.protocol,
            present_v=round(present_v(i, joined)),
            present_a=_rounded(max(0.0, amps_a)),
            charging=shown.charging,
            connector_locked=shown.locked,
            charger_malfunction=bit == "malfunction",
            battery_incompatible=bit == "incompatible",
            system_malfunction=bit == "system",
            stop_control=shown.row.stop_bit,
            remaining_time_10s=TIMES_UNKNOWN if first_second or shown.charging else 0,
            remaining_time_min=TIMES_UNKNOWN if first_second else ENERGY_MINUTES if shown.charging else 0,
        ),
        X208(
            present_discharge_current_a=_rounded(max(0.0, -amps_a)) if shown.charging else 0,
            available_input_v=int(limits.AVAILABLE_V.value),
            available_input_a=discharge_a,
            lower_threshold_v=int(limits.LOWER_THRESHOLD_V.value),
        ),
        X209(remaining_discharge_min=DISCHARGE_MINUTES if shown.flowed else 0),
    )
    if i.car.x110 is not None:
        return (*sent[:2], X118(dynamic_control=True), *sent[2:])
    return sent


def _rounded(amps_a: float) -> int:
    """Nearest whole ampere, halves up: 7.5 -> 8, 13.5 -> 14 as in the capture (Python's round gives 8 and 14, but 6
    for 6.5)."""
    return int(amps_a + 0.5)
