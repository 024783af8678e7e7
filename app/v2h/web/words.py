"""Words for people: session states, outputs, checks and programs, each in one table. Faults have their own file.

A name that a table does not know is shown as it is, with spaces: a new fault must never vanish from the page because
somebody forgot a line here.
"""

import re
from typing import NamedTuple

_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


class Step(NamedTuple):
    """One step of a charging session as the page shows it; doing: what happens in each session state of it."""

    key: str
    label: str
    doing: dict[str, str]


STEPS = (
    Step("wake", "Wake", {"wake": "Waking the car"}),
    Step(
        "handshake",
        "Handshake",
        {"handshake": "Agreeing on limits with the car", "converter": "Starting the converter"},
    ),
    Step("lock", "Lock", {"lock": "Locking the plug"}),
    Step(
        "insulation",
        "Insulation",
        {
            "insulation test": "Testing the cable’s insulation",
            "bleed": "Emptying the cable after the test",
            "test done": "Insulation test done",
        },
    ),
    Step("contactors", "Contactors", {"car contactors": "Waiting for the car’s contactors"}),
    Step(
        "match",
        "Match",
        {"voltage match": "Matching the battery’s voltage", "ready": "Connected, waiting for the car’s request"},
    ),
    Step("energy", "Energy", {"energy": "Connected: energy can flow"}),
    Step("stop", "Stop", {"stop": "Bringing the current to zero"}),
    Step(
        "welding",
        "Welding",
        {
            "welding check": "Checking that the car’s contactors open",
            "car opens": "Waiting for the car to open its contactors",
            "open": "Opening the contactors",
            "d2 off": "Ending the session with the car",
        },
    ),
    Step(
        "unlock",
        "Unlocked",
        {"unlock": "Unlocking the plug once the cable is empty", "farewell": "Plug unlocked, saying goodbye"},
    ),
)
"""In the order of a session; the state names are those of chademo.states.State, which a test compares."""

STEP_OF_STATE = {state: index for index, step in enumerate(STEPS) for state in step.doing}
DOING = {state: text for step in STEPS for state, text in step.doing.items()} | {"make-safe": "Making safe"}
RESTING = {"idle": "Idle", "fault": "Stopped by a fault"}
SESSION_EVENTS = {f"session-{state.replace(' ', '-')}": text for state, text in (DOING | RESTING).items()}
"""charger's event at each change of state, by its code."""

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
    "cable_v": "Cable voltage",
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

METERS = {"grid": "The grid meter", "charger": "The charger’s meter", "solar": "The solar meter"}

CLOCK_SOURCES = {"ntp": "from the network (NTP)", "owner": "from an owner’s device", "rtc": "kept over the restart"}

ENERGY = {
    "charged_wh": "Into the car",
    "discharged_wh": "Out of the car",
    "imported_wh": "From the grid",
    "exported_wh": "To the grid",
}
"""The day's counters."""

LEVELS = {"info": "Everything", "warning": "Warnings and faults", "fault": "Faults only"}
"""Levels of events by what asking for one shows."""

ENTRIES = {
    "weekly": (
        "Every week",
        "What to do when. An end before its start lies in the next day; midnight to midnight is the whole day.",
        "a weekly time",
    ),
    "ready_by": (
        "Ready by",
        "What the battery shall have by then, charged at the best time.",
        "a ready-by time",
    ),
    "overrides": ("Once", "Stronger than everything above, for a party or a journey.", "a single time"),
    "prices": ("Prices", "What a kWh costs and earns, for the savings and the best time to charge.", "a price"),
}
"""Kinds of schedule entries: title, what they do, what to add."""

SETTING_GROUPS = ("Battery", "Currents", "Grid", "Session", "Region", "More")
SETTINGS = {
    "soc_min_pct": ("Battery", "Discharge down to", "The floor, in every mode"),
    "soc_max_pct": ("Battery", "Charge up to", "V2H and Solar stop here"),
    "reserve_soc_pct": (
        "Battery",
        "Reserve",
        "V2H leaves this much for driving; a discharge that you ask for may go below",
    ),
    "max_charge_a": ("Currents", "Charge with at most", "Current at the battery"),
    "max_discharge_a": ("Currents", "Discharge with at most", "Current at the battery"),
    "grid_target_w": ("Grid", "Grid target", "What V2H holds the grid at; plus is import"),
    "export_limit_w": ("Grid", "Export at most", "Empty: no limit. 0: never export"),
    "fuse_a": ("Grid", "Main fuse", "Charging steps back before it; empty: not guarded"),
    "evcharge_protect_w": (
        "Grid",
        "Spare the car’s battery above",
        "Above this load the car does not discharge: other cars charging",
    ),
    "idle_end_min": ("Session", "End an idle session after", "It starts again by itself when there is something to do"),
    "soft_start_s": ("Session", "Soft start", "From nothing to full current"),
    "time_zone": ("Region", "Time zone", "By name, as Europe/London"),
    "currency": ("Region", "Currency", "Shown with prices and savings"),
}
"""Owner's settings: group, label, what it does."""

AGES = {"car": "Car", "converter": "Converter", "guard": "Guard"}


def plain(name: str) -> str:
    """'plug-lock_stuck' -> 'Plug lock stuck'; a text that is no name stays as it is, but for its first letter."""
    text = name.replace("_", " ").replace("-", " ") if _NAME.fullmatch(name) else name
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """With an end, once."""
    return text if text.endswith((".", "!", "?")) else text + "."
