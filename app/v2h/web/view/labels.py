"""Texts for people: session states, outputs, checks and programs, each in one table. Faults have their own file.

A name that is in no table is shown as it is, with spaces: a new fault must never vanish from the page because somebody
forgot a line here.
"""

import re
from typing import NamedTuple

_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


class Step(NamedTuple):
    """One step of a charging session as the page shows it. doing: the text for each session state of the step."""

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
            "calibration": "Calibrating the cable’s voltage",
            "bleed": "Emptying the cable after the test",
            "test done": "Insulation test done",
        },
    ),
    Step(
        "contactors",
        "Contactors",
        {
            "contactor check": "Checking that the charger’s own contactors are open",
            "car contactors": "Waiting for the car’s contactors",
        },
    ),
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
            "car releases": "Letting the car’s contactors open",
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
"""The steps in the order of a session. A test compares the state names with chademo.states.State."""

STEP_OF_STATE = {state: index for index, step in enumerate(STEPS) for state in step.doing}
DOING = {state: text for step in STEPS for state, text in step.doing.items()} | {"make-safe": "Making safe"}
AT_REST = {"idle": "Idle", "fault": "Stopped by a fault"}


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
CHECK_TONES = {"verified": "good", "by the converter": "warn", "assumed": "warn", "not fitted": "dim"}

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
"""Level -> what the list shows when that level is chosen."""

ENTRIES = {
    "weekly": (
        "Every week",
        "What to do when. An end before its start lies in the next day; midnight to midnight is the whole day.",
        "a weekly time",
    ),
    "ready_by": (
        "Ready by",
        "What the battery should have by then, charged at the best time.",
        "a ready-by time",
    ),
    "overrides": ("Once", "Stronger than everything above, for a party or a journey.", "a single time"),
    "prices": ("Prices", "What a kWh costs and earns, for the savings and the best time to charge.", "a price"),
}
"""Kind of schedule entry -> title, what the entries do, what the button adds."""

AGES = {"car": "Car", "converter": "Converter", "guard": "Guard"}


def plain(name: str) -> str:
    """'plug-lock_stuck' -> 'Plug lock stuck'. Of a text that is not a name, only the first letter is changed."""
    text = name.replace("_", " ").replace("-", " ") if _NAME.fullmatch(name) else name
    return text[:1].upper() + text[1:]


def sentence(text: str) -> str:
    """The text with a full stop, unless it already ends a sentence."""
    return text if text.endswith((".", "!", "?")) else text + "."
