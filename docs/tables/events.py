"""The table of events: who says which code, on which level, and what it means."""

import sys

from docs.tables.event_calls import APP, Said, said_in
from docs.tables.markdown import code, prose, table
from v2h.bus.messages import LEVELS

MEANINGS = {
    "cable-assumed": "this session's cable and battery voltages are assumed, not measured",
    "capture": "what was on the CAN buses before a fault is kept, or what a CCS car and the charger said before it",
    "cable-odd": "a reading of the cable's voltage is not believed",
    "can-lost": "the socket of a CAN bus failed; it is opened again",
    "can-forged": "a program of the board sends frames as the car or the converter; they are dropped",
    "checks": "what of insulation, lock, cable voltage and welding is verified, assumed or not fitted",
    "clock-not-written": "the time was set, and could not be kept for the next start",
    "command": "what a command has changed, or why it was refused",
    "converter-odd": "a reading of the converter is not believed",
    "current-deviation": "the measured current differs a little from the ordered one",
    "day-deleted": "the owner deleted the totals of a day",
    "k-against-can": "K and the car's frames contradict each other while a session stops",
    "line-lost": "an output or K can no longer be read or written",
    "file-set-aside": "manager died again and again with a stored file: it is set aside, and nothing starts by itself",
    "log-broken": "the log could not be read; it is kept aside and a new one is begun",
    "data-partition": "the data partition was damaged: mended, repaired or made new at this start",
    "setpoint-over": "the setpoint of another program has ended: it was not sent again in time",
    "mode-ended": "a mode chosen by hand has ended: its time is over, it is done, the schedule goes on, or a fault",
    "meter-dead": "a meter is silent, or has never answered",
    "meter-fallback": "the fallback meter is in use",
    "meter-fallback-dead": "the fallback meter does not answer while the first one works",
    "meter-frozen": "a meter repeats itself although the power must have changed",
    "meter-ok": "a meter works again",
    "meter-on-change": "a meter speaks only when its value changes, and nothing says how long a value holds",
    "meter-slow": "a meter brings new values too seldom for good load following",
    "meter-value": "an answer of a meter, or a part of it, is not used: an error value, or a power that no house has",
    "newer-keys": "a file of the owner holds keys that only a newer version knows; they are kept aside",
    "password_left": "v2h.toml still holds a password; the step at boot could not take it over",
    "port": "a chip, bus, line or fan is lost, waited for, or found again",
    "pre-ac-stays": "the converter still answers although its mains supply was switched off",
    "pre-can-identity": "can0 is not the controller that it must be",
    "program-kill": "a program is silent and is killed, so that supervisord starts it again",
    "program-start": "supervisord had given a program up; it is started again",
    "program-tell": "a program is silent, or keeps failing",
    "request-over": "the car asks for more current than it was offered",
    "session-state": "the session's state and the reason; values hold the state, and the fault if there is one",
    "site-edit-dropped": "the page's edit of a key of v2h.toml holds no longer: the card's file is newer, or a reason",
    "site-edited": "v2h.toml was edited on the page; it takes effect at the next start",
    "stop-request": "the car asks for a stop before energy flows",
    "calibration": "a calibration of the cable by the converter begins, is refused, or what came out of it",
    "calibration-kept": "whether the result of a calibration is kept for the next start",
    "unlock-word": "what became of a person's confirmation at the panel",
    "update-ordered": "an owner ordered the installation of an update",
    "restart-ordered": "an owner ordered a restart after an update",
    "back-ordered": "an owner ordered a restart with the version in the other slot",
    "watchdog-not-fed": "a program is lost and the service's watchdog is not fed: the tree is about to be restarted",
    "wire": "a packet on the safety wire cannot be read",
    "stop": "somebody stopped the session; the text says who",
}
"""Meanings of the events whose text is made at run time."""


def events() -> str:
    """The chapter. Ends the program when an event of the source has no code, level or meaning that can be read."""
    unknown: list[str] = []
    found: dict[tuple[str, str], list[Said]] = {}
    for path in sorted(APP.rglob("*.py")):
        if path.relative_to(APP).parts[0] != "rig":
            for said in said_in(path, unknown):
                found.setdefault((said.program, said.code), []).append(said)
    if unknown:
        what = "an event whose code cannot be read; name it in computed() of docs/tables/event_calls.py"
        sys.exit(f"docs-tables: {what}:\n" + "\n".join(unknown))
    rows, silent = [], []
    for (program, name), places in sorted(found.items()):
        all_levels = {word for said in places for word in said.level.split(", ")}
        said_levels = ", ".join(word for word in LEVELS if word in all_levels)
        texts = list(dict.fromkeys(said.text for said in places if said.text.strip("…: ;()")))
        meaning = MEANINGS.get(name) or "; ".join(f"“{text}”" for text in texts)
        if not meaning or not said_levels:
            silent.append(name)
        rows.append([code(name), code(program), said_levels, meaning])
    if silent:
        what = f"no level or no meaning for {', '.join(silent)}"
        sys.exit(f"docs-tables: {what}; add it to AT_RUN_TIME or MEANINGS in docs/tables/")
    about = prose(
        "An event is a line of the log and of the page: level, code, text, program. A script may rely on the codes. In "
        "quotation marks stands the event's own text, which may change; … stands for what is filled in."
    )
    return about + table(("code", "program", "level", "meaning or text"), rows)
