"""Faults in words for the owner: what happened, and what to do now.

What to do is for the owner's hands: nothing here tells anybody to open the charger, or to pull a plug that is locked.
A name that is missing is shown in plain, with the session's own reason: see view/health.py.
"""

from typing import NamedTuple

_AGAIN = "Clear the fault and start again"
_SWITCH = "switch the charger’s supply off and on"
_LOOKED_AT = "switch the charger’s supply off and have it looked at"
_WAIT = "Do not pull the plug: wait two minutes, then clear the fault"


class Advice(NamedTuple):
    """Two parts of sentences each: what happened, and what the owner should do."""

    what: str
    do: str


FAULTS = {
    "car_fault": Advice("The car reports a fault.", "Look at its own display."),
    "car_system_fault": Advice(
        "The car sees a fault of the charging system.", "Look at its display, clear the fault and try another start."
    ),
    "not_in_park": Advice("The car is not in park.", "Put it in park and start again."),
    "car_lost": Advice("The car fell silent.", "Check that the plug sits firmly, then start again."),
    "converter_lost": Advice("The converter does not answer.", f"If it stays so, {_SWITCH}."),
    "converter_off": Advice("The converter switched itself off.", f"{_AGAIN}; if it comes back, {_SWITCH}."),
    "converter_status": Advice(
        "The converter reports a state that does not belong here.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "converter_warning": Advice(
        "The converter warns of something.", f"Its word is in the log. {_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "setpoint_unheeded": Advice(
        "The converter does not take its setpoints.",
        f"Before the next start, {_SWITCH}; if it comes back, {_LOOKED_AT}.",
    ),
    "test_over_voltage": Advice(
        "The converter went above the test voltage.", f"Do not start again: {_LOOKED_AT}, the converter above all."
    ),
    "under_voltage": Advice(
        "Current was drawn from an empty battery.",
        "Charge the car, and let it be discharged less far: “Discharge down to” in the settings.",
    ),
    "battery_gone": Advice(
        "The battery’s voltage vanished from the cable.",
        "Once the plug is unlocked, unplug, plug in again until it clicks, and start.",
    ),
    "battery_unlike": Advice(
        "The battery has another voltage than assumed.", "Check cells_in_series in v2h.toml, or calibrate the ADC."
    ),
    "cable_lost": Advice(
        "The cable’s voltage is no longer measured.",
        "“v2h selftest” says whether the ADC answers; without it no start.",
    ),
    "k_against_can": Advice(
        "The car’s permission line contradicts its frames.", "Check the plug: dirt or a bent pin, and its line."
    ),
    "over_temperature": Advice("The converter is too hot.", "Let it cool down and keep its air free."),
    "over_voltage": Advice("The voltage is above the battery’s limit.", f"{_AGAIN}; if it comes back, {_LOOKED_AT}."),
    "current_deviation": Advice(
        "The current does not follow what was asked for.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "cable_against_converter": Advice(
        "Cable and converter measure different voltages.", "Calibrate the cable’s channel before the next start."
    ),
    "guard_lost": Advice(
        "The guard of the relays does not answer.",
        "It is started anew by itself: clear the fault once the page shows it running.",
    ),
    "guard_tripped": Advice(
        "The guard made the charger safe.", "Its reason is in the log. Clear the fault once that is gone."
    ),
    "outputs_lost": Advice("The guard has switched an output off.", f"The log says which. {_AGAIN}."),
    "found_at_start": Advice("After a restart, relays were found on and made safe.", f"{_AGAIN}."),
    "incompatible": Advice(
        "Car and charger do not fit together.",
        "The log says what the car needs; if that cannot be right, unplug and plug in again.",
    ),
    "k_before_can": Advice("The car permits charging before it has spoken.", "Unplug and plug in again."),
    "late_converter": Advice("The converter does not get ready.", f"Before the next start, {_SWITCH}."),
    "late_lock": Advice(
        "The plug does not lock on an empty cable.", "Unplug, plug in again until it clicks, and start again."
    ),
    "late_insulation_test": Advice(
        "Insulation test failed: the cable does not reach the test voltage.",
        "Do not use this cable, and do not touch a damaged one.",
    ),
    "late_bleed": Advice("The cable does not empty after the insulation test.", f"{_WAIT}."),
    "late_car_contactors": Advice("The car does not close its contactors.", "Unplug, plug in again and start."),
    "late_voltage_match": Advice(
        "The converter does not reach the battery’s voltage.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "late_ready": Advice(
        "The car asks for no current.", "Look whether it is full or its own timer is set, then start again."
    ),
    "late_stop": Advice("The current did not stop in time.", f"{_WAIT}; if it comes back, {_LOOKED_AT}."),
    "late_welding_check": Advice("The car does not open its contactors, or the cable stays charged.", f"{_WAIT}."),
    "late_unlock": Advice("The cable is not measured empty: the plug stays locked.", f"{_WAIT}."),
    "late_test_done": Advice(
        "The contactors did not open after the insulation test; they were made safe.",
        f"{_AGAIN}; if it comes back, {_LOOKED_AT}.",
    ),
    "late_car_opens": Advice("The car does not open its contactors.", f"{_WAIT}."),
    "late_open": Advice(
        "The contactors did not open in order; they were made safe.", f"{_WAIT}; if it comes back, {_LOOKED_AT}."
    ),
    "late_d2_off": Advice(
        "The start signal did not fall in order; it was made safe.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "late_farewell": Advice("The session did not end in order.", f"{_AGAIN}; if it comes back, {_SWITCH}."),
    "late_make_safe": Advice("The guard does not report safe relays.", "Switch the charger’s supply off."),
    "late_d2": Advice("The start took longer than the car allows.", f"{_AGAIN}."),
}
