"""Texts for people: session states, outputs, checks and programs, each in one table. Faults have their own file.
The texts themselves stand in the catalogue, as those of every sentence.

A name that is in no table is shown as it is, with spaces: a new fault must never vanish from the page because somebody
forgot a line here.
"""

import re
from typing import NamedTuple

from v2h.bus.sentences import Sentence, say

_NAME = re.compile(r"[a-z0-9]+([-_][a-z0-9]+)*")


class Step(NamedTuple):
    """One step of a charging session as the page shows it. doing: the text for each session state of the step."""

    key: str
    label: Sentence
    doing: dict[str, Sentence]


STEPS = (
    Step("wake", say("step.wake"), {"wake": say("doing.wake")}),
    Step(
        "handshake",
        say("step.handshake"),
        {"handshake": say("doing.handshake"), "converter": say("doing.converter")},
    ),
    Step("lock", say("step.lock"), {"lock": say("doing.lock")}),
    Step(
        "insulation",
        say("step.insulation"),
        {
            "insulation test": say("doing.insulation_test"),
            "calibration": say("doing.calibration"),
            "bleed": say("doing.bleed"),
            "test done": say("doing.test_done"),
        },
    ),
    Step(
        "contactors",
        say("step.contactors"),
        {
            "contactor check": say("doing.contactor_check"),
            "car contactors": say("doing.car_contactors"),
        },
    ),
    Step(
        "match",
        say("step.match"),
        {"voltage match": say("doing.voltage_match"), "ready": say("doing.ready")},
    ),
    Step("energy", say("step.energy"), {"energy": say("doing.energy")}),
    Step("stop", say("step.stop"), {"stop": say("doing.stop")}),
    Step(
        "welding",
        say("step.welding"),
        {
            "welding check": say("doing.welding_check"),
            "car releases": say("doing.car_releases"),
            "car opens": say("doing.car_opens"),
            "open": say("doing.open"),
            "d2 off": say("doing.d2_off"),
        },
    ),
    Step(
        "unlock",
        say("step.unlock"),
        {"unlock": say("doing.unlock"), "farewell": say("doing.farewell")},
    ),
)
"""The steps in the order of a session. A test compares the state names with chademo.states.State."""

STEP_OF_STATE = {state: index for index, step in enumerate(STEPS) for state in step.doing}
DOING = {state: text for step in STEPS for state, text in step.doing.items()} | {"make-safe": say("doing.make_safe")}
AT_REST = {"idle": say("rest.idle"), "fault": say("rest.fault")}


MODES = {
    "idle": say("mode.idle"),
    "v2h": say("mode.v2h"),
    "solar": say("mode.solar"),
    "cover": say("mode.cover"),
    "charge": say("mode.charge"),
    "discharge": say("mode.discharge"),
}

OUTPUTS = {
    "d1": say("output.d1"),
    "d2": say("output.d2"),
    "c1": say("output.c1"),
    "c2": say("output.c2"),
    "plug-lock": say("output.plug_lock"),
    "pre-ac": say("output.pre_ac"),
    "master": say("output.master"),
}

CHECKS = {
    "insulation": say("check.insulation"),
    "lock": say("check.lock"),
    "cable_v": say("check.cable_v"),
    "welding": say("check.welding"),
}
CHECK_TONES = {
    "verified": "good",
    "by the converter": "warn",
    "assumed": "warn",
    "not fitted": "dim",
    "not measured": "warn",
}

PROGRAMS = {
    "guard": say("program.guard"),
    "charger": say("program.charger"),
    "meter": say("program.meter"),
    "manager": say("program.manager"),
    "panel": say("program.panel"),
    "datalog": say("program.datalog"),
    "web": say("program.web"),
    "pulse": say("program.pulse"),
}

METERS = {"grid": say("meters.grid"), "charger": say("meters.charger"), "solar": say("meters.solar")}

CLOCK_SOURCES = {"ntp": say("clock_source.ntp"), "owner": say("clock_source.owner"), "rtc": say("clock_source.rtc")}

ENERGY = {
    "charged_wh": say("energy.charged_wh"),
    "discharged_wh": say("energy.discharged_wh"),
    "imported_wh": say("energy.imported_wh"),
    "exported_wh": say("energy.exported_wh"),
}
"""The day's counters."""

LEVELS = {"info": say("level.info"), "warning": say("level.warning"), "fault": say("level.fault")}
"""Level -> what the list shows when that level is chosen."""

ENTRIES = {
    "weekly": (
        say("entries.weekly.title"),
        say("entries.weekly.about"),
        say("entries.weekly.add"),
    ),
    "ready_by": (
        say("entries.ready_by.title"),
        say("entries.ready_by.about"),
        say("entries.ready_by.add"),
    ),
    "trips": (
        say("entries.trips.title"),
        say("entries.trips.about"),
        say("entries.trips.add"),
    ),
    "overrides": (
        say("entries.overrides.title"),
        say("entries.overrides.about"),
        say("entries.overrides.add"),
    ),
    "prices": (
        say("entries.prices.title"),
        say("entries.prices.about"),
        say("entries.prices.add"),
    ),
}
"""Kind of schedule entry -> title, what the entries do, what the button adds."""

AGES = {"car": say("age.car"), "converter": say("age.converter"), "guard": say("age.guard")}


def plain(name: str) -> str:
    """'plug-lock_stuck' -> 'Plug lock stuck'. Of a text that is not a name, only the first letter is changed."""
    if isinstance(name, Sentence):
        return say("page.capital", what=name)
    text = name.replace("_", " ").replace("-", " ") if _NAME.fullmatch(name) else name
    return str(say("page.capital", what=text))


def sentence(text: str) -> str:
    """The text with a capital first letter and a full stop, unless it already ends a sentence."""
    return say("page.sentence", what=text)
