"""The fault card: what happened and what to do, said once; what follows; when a person's word can unlock the plug."""

from math import ceil

from v2h.bus.messages import ChargerState, ManagerState
from v2h.bus.sentences import Sentence, fault_words, say
from v2h.bus.states import State
from v2h.safety.rules import UNLOCK_BY_PERSON_S
from v2h.web.view import labels

BY_CONVERTER = "by the converter"
"""`charger` reports this of a cable whose sensor was calibrated against the converter."""
SAID_BY_THE_CARD = ("idle.fault", "idle.fault_goes_on", "idle.ended_by_fault", "late.unlock_unknown")
"""Sentences of `manager` and `charger` that repeat the fault and add nothing."""


def faults(charger: ChargerState | None) -> list[dict[str, str]]:
    names = charger.faults if charger else []
    return [{"name": name, "text": _advice(name)} for name in names]


def _advice(name: str) -> str:
    """The text of a fault. An unknown one is shown by its name, because a fault of a newer `charger` must not vanish
    from the page."""
    words = fault_words(name)
    return say("page.fault", what=words[0], do=words[1]) if words else labels.sentence(labels.plain(name))


def repeats(charger: ChargerState | None, said: str) -> bool:
    """Whether the card shows this sentence of `manager`, or this reason of `charger`, already."""
    if charger is None or not charger.faults:
        return False
    known = " ".join(row["text"] for row in faults(charger)).lower()
    return innermost(said).id in SAID_BY_THE_CARD or said.lower().rstrip(".") in known


def follows(charger: ChargerState | None, manager: ManagerState | None) -> str:
    """What starts by itself once the fault is cleared; "" when nothing does."""
    said = innermost(manager.why if manager else "")
    if charger is None or not charger.faults or said.id != "idle.fault_goes_on":
        return ""
    return say("page.fault_goes_on", mode=said.values["mode"])


def locked(charger: ChargerState | None) -> bool:
    return charger is not None and charger.state == State.FAULT and "plug-lock" in charger.outputs


def unlock_wait(charger: ChargerState | None, now: float) -> str:
    """When a person's word at the panel counts; "" while nothing is locked in a fault.

    now: monotonic s. `charger` enters the state FAULT only after d1 and d2 went off, so the wait is never shown too
    short; `guard` alone judges it.
    """
    if charger is None or not locked(charger):
        return ""
    by_converter = charger.checks.get("cable_v") == BY_CONVERTER
    if charger.cable_v is not None and by_converter:
        return say("page.unlock_measured_by_converter", cable_v=charger.cable_v)
    if charger.cable_v is not None:
        return say("page.unlock_measured", cable_v=charger.cable_v)
    wait = _word_wait(charger, now)
    return say("page.unlock_by_converter", wait=wait) if by_converter else wait


def _word_wait(charger: ChargerState, now: float) -> str:
    left_s = charger.since_t + UNLOCK_BY_PERSON_S - now
    if left_s <= 0:
        return say("page.unlock_counts")
    minutes, seconds = divmod(ceil(left_s), 60)
    return say("page.unlock_wait", minutes=minutes, seconds=seconds)


def innermost(said: str) -> Sentence:
    """The sentence that `manager` says first, without what it adds to it; a text without an id has the id ""."""
    while isinstance(said, Sentence) and "said" in said.values:
        said = said.values["said"]
    return said if isinstance(said, Sentence) else Sentence("", {}, said)
