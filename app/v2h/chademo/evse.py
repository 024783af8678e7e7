"""The frames that we send, built from the measurements. Constants are the vendor's where a Leaf has received them."""

from dataclasses import dataclass

from v2h.chademo import limits
from v2h.chademo.frames import X108, X109, X118, X208, X209, EvseFrame
from v2h.chademo.interface import Fault, Inputs
from v2h.chademo.states import Row
from v2h.chademo.supervision import threshold_v

TIMES_UNKNOWN = 0xFF
MOST_AMPS = 0xFF
MOST_VOLTS = 0xFFFF
"""The largest values that 109.3, 208.0 and 109.1-2 can carry; a larger measurement is clamped to them."""
ENERGY_MINUTES = 60
"""109.7 in energy flow, as the vendor sends it."""
DISCHARGE_MINUTES = 5
"""209.1-2 from the start of energy flow to the end, as the vendor sends it; no effect was seen."""


@dataclass(frozen=True, slots=True)
class Shown:
    """What the session adds to the measurements. speaking_s: seconds since our first frame. flowed: energy has flowed.
    offer_a: 108.3 and 208.3. amps_a: the measured current, + charging; 0 if it is too old to be reported."""

    row: Row
    locked: bool
    charging: bool
    fault: Fault | None
    speaking_s: float
    flowed: bool
    offer_a: tuple[int, int]
    amps_a: float
    protocol: int


def present_v(inputs: Inputs, joined: bool) -> float:
    """The cable voltage, V; if it is not known, the output voltage of the PRE, but only with c1/c2 closed."""
    told_v = inputs.cable.shown_v if inputs.cable.shown_v is not None else inputs.cable_v
    if told_v is not None:
        return max(0.0, told_v)
    return max(0.0, inputs.pre.volts_v or 0.0) if joined else 0.0


def build(inputs: Inputs, shown: Shown, joined: bool) -> tuple[EvseFrame, ...]:
    """The frames of one cycle: 108 before 109, then 118 if the car sends 0x110, then 208 and 209."""
    amps_a = shown.amps_a if joined and shown.flowed else 0.0
    bit = shown.fault.bit if shown.fault else ""
    first_second = shown.speaking_s < 1.0
    charge_a, discharge_a = shown.offer_a
    sent: tuple[EvseFrame, ...] = (
        X108(
            available_v=int(limits.AVAILABLE_V.value),
            available_a=charge_a,
            threshold_v=int(threshold_v(inputs)),
        ),
        X109(
            protocol=shown.protocol,
            present_v=min(round(present_v(inputs, joined)), MOST_VOLTS),
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
            present_discharge_current_a=_rounded(max(0.0, -amps_a)),
            available_input_v=int(limits.AVAILABLE_V.value),
            available_input_a=discharge_a,
            lower_threshold_v=int(limits.LOWER_THRESHOLD_V.value),
        ),
        X209(remaining_discharge_min=DISCHARGE_MINUTES if shown.flowed else 0),
    )
    if inputs.car.x110 is not None:
        return (*sent[:2], X118(dynamic_control=True), *sent[2:])
    return sent


def _rounded(amps_a: float) -> int:
    """The nearest whole ampere, halves up: 7.5 -> 8, 13.5 -> 14 as in the capture (Python's round gives 8 and 14, but
    6 for 6.5)."""
    return min(int(amps_a + 0.5), MOST_AMPS)
