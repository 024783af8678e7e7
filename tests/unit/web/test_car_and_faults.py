"""What the page says of the plug, of the way to a target, and of a fault: once, with a countdown."""

import time
from typing import Any

import pytest

from tests.support.messages import charger, manager
from v2h.bus.sentences import say
from v2h.web.view.document import view
from v2h.web.view.snapshot import Snapshot

UNTRUSTED = {"trusted": False, "source": "none", "zone": "UTC", "local": "2026-11-22T12:00:00+00:00"}
LATE_WAKE = say("late.wake")


def shown(c: dict[str, Any], m: dict[str, Any], after_s: float = 0.0) -> dict[str, Any]:
    """The view `after_s` after the messages, with the clock at 12:00 when they were sent."""
    now = time.monotonic()
    sent = charger(**{"t": now, **c}), manager(**{"t": now, **m})
    return view(Snapshot(now + after_s, *sent, {}, (), True, (), "Garage"))


@pytest.mark.parametrize(
    ("changes", "after_s", "clock", "text"),
    [
        ({"ages_s": {"car": 0.1}}, 0.5, {}, "Plugged in: the car answers."),
        ({"ages_s": {"car": 2.5}}, 1.0, {}, "not known. The car last answered at 11:59."),
        ({"ages_s": {"car": 0.1}}, 20.0, {}, "not known. The car last answered 20 s ago."),  # no news from anybody
        ({"state": "idle", "ages_s": {"car": 3 * 3600.0}}, 0.0, {}, "not known. The car last answered at 09:00."),
        ({"state": "idle", "ages_s": {"car": 9000.0}}, 0.0, UNTRUSTED, "The car last answered 2 h 30 min ago."),
        ({"state": "idle", "ages_s": {"car": None}, "reason": LATE_WAKE}, 0.0, {}, "did not answer the start at 11:59"),
        ({"state": "idle", "ages_s": {"car": None}}, 0.0, {}, "Only messages of the car show it"),
        ({"state": "idle", "ages_s": {}, "outputs": ["plug-lock"], "k_on": True}, 0.0, {}, "not known"),
    ],
)
def test_only_the_cars_own_frames_show_that_it_is_plugged_in(
    changes: dict[str, Any], after_s: float, clock: dict[str, Any], text: str
) -> None:
    said = shown(changes, {"clock": clock} if clock else {}, after_s)["plugged"]
    assert text in said
    assert ("Plugged in:" in said) is (text == "Plugged in: the car answers.")


def charging(power_w: float = 3000.0, end_pct: float = 80.0, kind: str = "fixed.charging") -> str:
    said = say("fixed.charging", power_w=power_w, end_pct=end_pct)
    if kind == "fixed.rising":
        said = say("fixed.rising", said=said, power_w=power_w)
    return say("with_more", said=said, more=["next: V2H from 05:30"])


@pytest.mark.parametrize(
    ("changes", "why", "clock", "text"),
    [
        ({}, charging(), {}, "80 % at about 13:26, in 1 h 26 min: 4.3 kWh to go."),
        ({}, charging(), UNTRUSTED, "80 % in about 1 h 26 min: 4.3 kWh to go."),
        ({}, charging(kind="fixed.rising"), {}, "4.3 kWh to go until 80 %."),
        ({"power_w": 5.0}, charging(), {}, "4.3 kWh to go until 80 %."),
        ({"power_w": None}, charging(), {}, "4.3 kWh to go until 80 %."),
        ({"power_w": -3000.0}, say("fixed.discharging", power_w=-3000.0, end_pct=50.0), {}, "50 % at about 12:57"),
        ({"capacity_kwh": None}, charging(), {}, "the car has not reported its battery’s size"),
        ({"capacity_kwh": 0.3}, charging(), {}, "the car has not reported its battery’s size"),
        ({"soc_pct": None}, charging(), {}, ""),
        ({"state": "wake"}, charging(), {}, ""),
        ({}, say("matching.covering", power_w=-900.0), {}, ""),
        ({}, "Charging, said a program of another version", {}, ""),
    ],
)
def test_the_way_to_a_target_is_told_as_far_as_it_is_known(
    changes: dict[str, Any], why: str, clock: dict[str, Any], text: str
) -> None:
    said = shown({"power_w": 3000.0, **changes}, {"why": why, **({"clock": clock} if clock else {})})["goal"]
    assert said.startswith(text) if text.startswith("50") else text in said
    assert bool(said) is bool(text)


STOPPED = {"state": "fault", "faults": ["car_lost"], "reason": "the car fell silent"}


def test_a_fault_is_said_once() -> None:
    page = shown(STOPPED, {"mode": "idle", "why": say("idle.fault", what="the car fell silent")})
    said = " ".join([page["headline"], page["why"], *(row["text"] for row in page["faults"])])
    assert said.lower().count("fell silent") == 1
    assert page["fault_follows"] == ""
    detail = shown({**STOPPED, "reason": "0x102 is 0.6 s old"}, {"why": say("idle.fault", what="0x102 is 0.6 s old")})
    assert detail["why"] == "0x102 is 0.6 s old."
    locked = shown(
        {**STOPPED, "faults": ["late_unlock"], "reason": say("late.unlock_unknown")},
        {"why": say("idle.fault", what="the cable voltage is not known")},
    )
    assert locked["why"] == ""
    silent = shown(STOPPED, {"why": say("idle.config_errors", first="limits.x = 4", more="")})
    assert "limits.x = 4" in silent["why"], "what is no fault stays"


def test_what_starts_by_itself_after_a_fault_stands_beside_the_button() -> None:
    why = say("with_more", said=say("idle.fault_goes_on", what="the car fell silent", mode="v2h"), more=["next: x"])
    page = shown(STOPPED, {"why": why})
    assert page["fault_follows"] == "Once it is cleared, V2H starts by itself, as scheduled."
    assert shown({}, {"why": why})["fault_follows"] == ""


BY_CONVERTER = {"checks": {"cable_v": "by the converter"}}


@pytest.mark.parametrize(
    ("off_s", "changes", "text"),
    [
        (0.0, {}, "counts in 2:00 min"),
        (29.5, {}, "counts in 1:31 min"),
        (119.5, {}, "counts in 0:01 min"),
        (120.5, {}, "counts now"),
        (500.0, {"cable_v": 44.0}, "44 V are measured on the cable"),
        (500.0, {"cable_v": 44.0, **BY_CONVERTER}, "may need a person’s word"),
        (29.5, BY_CONVERTER, "was calibrated by the converter, so its sensor alone does not unlock the plug. A person"),
        (500.0, {"outputs": ["master"]}, ""),
        (500.0, {"state": "make-safe"}, ""),
    ],
)
def test_the_two_minutes_until_a_persons_word_counts(off_s: float, changes: dict[str, Any], text: str) -> None:
    now = time.monotonic()
    locked = {**STOPPED, "outputs": ["plug-lock"], "cable_v": None, "since_t": now - off_s, "t": now, **changes}
    page = view(Snapshot(now, charger(**locked), manager(t=now), {}, (), True, (), "Garage"))
    assert text in page["unlock_wait"]
    assert bool(page["unlock_wait"]) is bool(text) is page["locked"]
