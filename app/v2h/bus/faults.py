"""Every fault of a session: its id, what happened, what the owner should do, and which bit the car sees.

The id appears in the log (values.fault of charger's event), in the API, on the bus, in the name of the capture that
follows it, and where it is raised. What to do is something that the owner can do: no text here asks anybody to open the
charger, or to pull a plug that is locked.
"""

from typing import NamedTuple

_AGAIN = "Clear the fault and start again"
_SWITCH = "switch the charger’s supply off and on"
_LOOKED_AT = "switch the charger’s supply off and have it looked at"
_WAIT = "Do not pull the plug: wait two minutes, then clear the fault"

SYSTEM, MALFUNCTION, INCOMPATIBLE, NO_BIT = "system", "malfunction", "incompatible", ""
"""The bit of 109.5 that the charger sends until the session is over: 4 (system malfunction), 1 (charger malfunction), 3
(battery incompatible); no bit where the car itself is the cause."""


class FaultKind(NamedTuple):
    """what, do: one sentence each. car_bit: one of the four above. mrec: the ChargeX consortium's minimum required
    error code, as EVerest reports it, where one fits; else ""."""

    what: str
    do: str
    car_bit: str = SYSTEM
    mrec: str = ""


FAULTS: dict[str, FaultKind] = {
    "car_fault": FaultKind("The car reports a fault.", "Look at its own display.", car_bit=NO_BIT),
    "car_system_fault": FaultKind(
        "The car sees a fault of the charging system.", "Look at its display, clear the fault and try another start."
    ),
    "not_in_park": FaultKind(
        "The car is not in park.", "Put it in park and start again.", car_bit=NO_BIT, mrec="CX010"
    ),
    "car_lost": FaultKind("The car fell silent.", "Check that the plug sits firmly, then start again."),
    "converter_lost": FaultKind(
        "The converter does not answer, or not to all that is asked.", f"If it stays so, {_SWITCH}."
    ),
    "converter_off": FaultKind("The converter switched itself off.", f"{_AGAIN}; if it comes back, {_SWITCH}."),
    "converter_status": FaultKind(
        "The converter reports a state that does not belong here.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "converter_warning": FaultKind(
        "The converter warns of something.", f"Its word is in the log. {_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "setpoint_unheeded": FaultKind(
        "The converter does not take its setpoints.",
        f"Before the next start, {_SWITCH}; if it comes back, {_LOOKED_AT}.",
    ),
    "test_over_voltage": FaultKind(
        "The converter went above the test voltage.",
        f"Do not start again: {_LOOKED_AT}, the converter above all.",
        mrec="CX005",
    ),
    "under_voltage": FaultKind(
        "Current was drawn from an empty battery.",
        "Charge the car, and let it be discharged less far: “Discharge down to” in the settings.",
        mrec="CX006",
    ),
    "battery_gone": FaultKind(
        "The battery’s voltage vanished from the cable.",
        "Once the plug is unlocked, unplug, plug in again until it clicks, and start.",
    ),
    "battery_unlike": FaultKind(
        "The battery has another voltage than assumed.",
        "Check cells_in_series and pack_kwh in v2h.toml, or calibrate the ADC.",
    ),
    "cable_lost": FaultKind(
        "The cable’s voltage is no longer measured.",
        "“v2h selftest” says whether the ADC answers; without it no start.",
    ),
    "contactors_welded": FaultKind(
        "The charger’s own contactors c1 and c2 do not open.",
        f"Do not start again: {_LOOKED_AT}, c1 and c2 above all.",
        car_bit=MALFUNCTION,
        mrec="CX017",
    ),
    "over_temperature": FaultKind("The converter is too hot.", "Let it cool down and keep its air free.", mrec="CX003"),
    "over_voltage": FaultKind(
        "The voltage is above the battery’s limit.", f"{_AGAIN}; if it comes back, {_LOOKED_AT}.", mrec="CX005"
    ),
    "current_deviation": FaultKind(
        "The current does not follow what was asked for.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "current_remains": FaultKind(
        "A current flows on after the session has ended.",
        f"Before the next start, {_SWITCH}; if it comes back, {_LOOKED_AT}.",
    ),
    "cable_against_converter": FaultKind(
        "Cable and converter measure different voltages.", "Calibrate the cable’s channel before the next start."
    ),
    "guard_lost": FaultKind(
        "The guard of the relays does not answer.",
        "It restarts by itself: clear the fault once the page shows it running.",
    ),
    "guard_tripped": FaultKind(
        "The guard made the charger safe.", "Its reason is in the log. Clear the fault once that is gone."
    ),
    "outputs_lost": FaultKind("The guard has switched an output off.", f"The log says which. {_AGAIN}."),
    "found_at_start": FaultKind("After a restart, relays were found on and made safe.", f"{_AGAIN}."),
    "incompatible": FaultKind(
        "Car and charger do not fit together.",
        "The log says what the car needs; if that cannot be right, unplug and plug in again.",
        car_bit=INCOMPATIBLE,
    ),
    "k_before_can": FaultKind(
        "The car permits charging before it has spoken.", "Unplug and plug in again.", car_bit=NO_BIT
    ),
    "late_converter": FaultKind("The converter does not get ready.", f"Before the next start, {_SWITCH}."),
    "late_lock": FaultKind(
        "The plug does not lock on an empty cable.",
        "Unplug, plug in again until it clicks, and start again.",
        mrec="CX001",
    ),
    "late_insulation_test": FaultKind(
        "Insulation test failed: the cable does not reach the test voltage.",
        "Do not use this cable, and do not touch a damaged one.",
        mrec="CX011",
    ),
    "late_calibration": FaultKind(
        "The converter does not hold the voltages of the cable’s calibration.",
        f"Do not use a damaged cable. Otherwise {_SWITCH} and calibrate again.",
        mrec="CX011",
    ),
    "late_bleed": FaultKind("The cable does not empty after the insulation test.", f"{_WAIT}."),
    "late_car_contactors": FaultKind(
        "The car does not close its contactors.", "Unplug, plug in again and start.", mrec="CX016"
    ),
    "late_voltage_match": FaultKind(
        "The converter does not reach the battery’s voltage.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "late_stop": FaultKind("The current did not stop in time.", f"{_WAIT}; if it comes back, {_LOOKED_AT}."),
    "late_welding_check": FaultKind(
        "The car does not open its contactors, or the cable stays charged.", f"{_WAIT}.", mrec="CX016"
    ),
    "late_unlock": FaultKind("The cable is not measured empty: the plug stays locked.", f"{_WAIT}."),
    "late_test_done": FaultKind(
        "The contactors did not open after the insulation test; they were made safe.",
        f"{_AGAIN}; if it comes back, {_LOOKED_AT}.",
        mrec="CX017",
    ),
    "late_contactor_check": FaultKind(
        "The converter does not reach 50 V beside open contactors.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "late_car_releases": FaultKind(
        "The car’s contactors stay closed after the start signal fell.", f"{_WAIT}.", mrec="CX016"
    ),
    "late_car_opens": FaultKind("The car does not open its contactors.", f"{_WAIT}.", mrec="CX016"),
    "late_open": FaultKind(
        "The contactors did not open in order; they were made safe.",
        f"{_WAIT}; if it comes back, {_LOOKED_AT}.",
        mrec="CX017",
    ),
    "late_d2_off": FaultKind(
        "The start signal did not fall in order; it was made safe.", f"{_AGAIN}; if it comes back, {_SWITCH}."
    ),
    "late_farewell": FaultKind("The session did not end in order.", f"{_AGAIN}; if it comes back, {_SWITCH}."),
    "late_make_safe": FaultKind("The guard does not report safe relays.", "Switch the charger’s supply off."),
    "ccs_lost": FaultKind(
        "The program that speaks with a CCS car does not answer.",
        "It restarts by itself: clear the fault once the page shows it running.",
    ),
    "ccs_backfeed": FaultKind(
        "Current flowed out of a car that is only charged.", f"{_AGAIN}; if it comes back, {_LOOKED_AT}."
    ),
    "pilot_lost": FaultKind(
        "The pilot box does not answer.", "Check its USB cable and its supply, clear the fault and start again."
    ),
    "isolation_fault": FaultKind(
        "The insulation of cable or car is too low.",
        "Do not use this cable, and do not touch a damaged one. If it comes back with another car, have it looked at.",
        mrec="CX011",
    ),
    "isolation_monitor_lost": FaultKind(
        "The insulation monitor does not measure.",
        "Check its supply and its line, clear the fault and start again.",
    ),
    "late_d2": FaultKind("The start took longer than the car allows.", f"{_AGAIN}."),
}
