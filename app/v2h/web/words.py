"""Words for people: session states, faults, outputs, checks and programs, each in one table.

A name that a table does not know is shown as it is, with spaces: a new fault must never vanish from the page because
somebody forgot a line here.
"""

from typing import NamedTuple


class Step(NamedTuple):
    """One step of a charging session as the page shows it, and the session states that belong to it."""

    key: str
    label: str
    doing: str
    states: frozenset[str]


STEPS = (
    Step("wake", "Wake", "Waking the car", frozenset({"wake"})),
    Step("handshake", "Handshake", "Agreeing on limits with the car", frozenset({"handshake"})),
    Step("lock", "Lock", "Locking the plug", frozenset({"lock"})),
    Step("insulation", "Insulation", "Testing the cable's insulation", frozenset({"insulation"})),
    Step("contactors", "Contactors", "Waiting for the car's contactors", frozenset({"contactors"})),
    Step("match", "Match", "Matching the battery's voltage", frozenset({"match"})),
    Step("energy", "Energy", "Connected: energy can flow", frozenset({"energy"})),
    Step("stop", "Stop", "Bringing the current to zero", frozenset({"stop"})),
    Step("welding", "Welding", "Checking that the contactors opened", frozenset({"welding"})),
    Step("unlock", "Unlocked", "Releasing the plug", frozenset({"unlock"})),
)
"""In the order of a session (IEEE 2030.1.1 as quoted by public implementations)."""

STEP_OF_STATE = {state: index for index, step in enumerate(STEPS) for state in step.states}
RESTING = {"idle": "Idle", "fault": "Stopped by a fault"}

MODES = {
    "idle": "Idle",
    "v2h": "V2H",
    "solar": "Solar",
    "charge": "Charge",
    "discharge": "Discharge",
}

OUTPUTS = {
    "d1": "Start signal 1 (d1)",
    "d2": "Start signal 2 (d2)",
    "c1": "DC contactor +",
    "c2": "DC contactor −",
    "plug-lock": "Plug lock",
    "pre-ac": "Converter mains",
    "master": "Master contactor",
}

CHECKS = {
    "insulation": "Insulation test",
    "lock": "Plug lock",
    "cable_voltage": "Cable voltage",
    "welding": "Welding check",
}
CHECK_TONES = {"verified": "good", "assumed": "warn", "not fitted": "dim"}

PROGRAMS = {
    "guard": "Guard: relays and contactors",
    "charger": "Charger: car and converter",
    "meter": "Meter: grid power",
    "manager": "Manager: what to do and why",
    "panel": "Panel: lights and buttons",
    "datalog": "Data log",
    "web": "This page",
    "pulse": "Pulse: watches the others",
}

AGES = {"car": "Car", "pre": "Converter", "guard": "Guard"}

FAULTS = {
    "battery_overvoltage": "The car reports battery overvoltage.",
    "battery_undervoltage": "The car reports battery undervoltage.",
    "battery_current_deviation": "The car reports a current other than it asked for.",
    "high_battery_temperature": "The car reports a hot battery. Let it cool down.",
    "battery_voltage_deviation": "The car reports a voltage other than expected.",
}
"""What happened and what to do, by fault name."""


def plain(name: str) -> str:
    """'plug-lock_stuck' -> 'Plug lock stuck': what is left to show when no table knows the name."""
    text = name.replace("_", " ").replace("-", " ").strip()
    return text[:1].upper() + text[1:]


def key_of(name: str) -> str:
    """Names compare without regard to case, hyphen or underscore."""
    return name.lower().replace("-", "_").replace(" ", "_")
