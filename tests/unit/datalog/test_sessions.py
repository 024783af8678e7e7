"""A session's row: energy of both sides, money, modes, SoC, and why it ended."""

import json
from dataclasses import replace

import pytest

from tests.support.messages import charger
from v2h.bus.sentences import from_json, say
from v2h.datalog.sessions import Session
from v2h.datalog.summaries import Days

FLOWS = {"state": "energy", "mode": "v2h", "soc_pct": 60.0, "power_w": 1000.0, "grid_w": 2000.0}
REASON = say("fixed.charged", soc_pct=80)


def test_it_holds_what_was_counted_between_its_first_and_its_last_moment() -> None:
    days = Days()
    days.add(0.0, "d", FLOWS, 1100.0, (0.20, 0.05), estimated=True)
    days.add(90.0, "d", FLOWS, 1100.0, (0.20, 0.05), estimated=True)
    session = Session(90.0, days.totals())
    for second in range(91, 91 + 3600):
        values = {**FLOWS, "soc_pct": 60.0 + second / 360, "mode": "charge" if second > 2000 else "v2h"}
        days.add(float(second), "d", values, 1100.0, (0.20, 0.05), estimated=True)
        session.add(float(second), values, days.totals(), charger(t=float(second)))
    row = session.row()
    assert not session.over and row["why"] == ""
    assert (row["lasted_s"], row["modes"], row["estimated"]) == (3600.0, "v2h, charge", 1)
    assert (row["charged_wh"], row["battery_in_wh"]) == (pytest.approx(1100, abs=0.1), pytest.approx(1000, abs=0.1))
    assert (row["cost"], row["saved"]) == (pytest.approx(0.22), pytest.approx(-0.22))
    assert (row["soc_begin_pct"], round(row["soc_end_pct"])) == (pytest.approx(60.25, abs=0.01), 70)


def test_its_end_has_the_first_reason_that_the_charger_gives_and_a_fault_is_stronger() -> None:
    totals = Days().totals()
    session = Session(0.0, totals)
    for now, state, reason in (
        (1.0, "energy", "x"),
        (2.0, "stop", REASON),
        (3.0, "unlock", "later"),
        (4.0, "idle", ""),
    ):
        session.add(now, FLOWS, totals, charger(t=now, state=state, reason=reason))
    assert session.over
    assert from_json(json.loads(session.row()["why"])) == REASON
    broken = Session(0.0, totals)
    broken.add(1.0, FLOWS, totals, charger(t=1.0, state="stop", reason=REASON, faults=["car_fault"]))
    broken.add(2.0, FLOWS, totals, charger(t=2.0, state="fault", faults=["car_fault"]))
    assert broken.over and json.loads(broken.row()["why"]) == {"id": "fault.car_fault", "values": {}}


def test_a_silent_charger_ends_nothing_and_no_price_is_no_money() -> None:
    days = Days()
    session = Session(0.0, days.totals())
    for second in range(60):
        days.add(float(second), "d", FLOWS, 1100.0, (None, None))
        session.add(float(second), FLOWS, days.totals(), None)
    assert not session.over
    assert (session.row()["cost"], session.row()["saved"], session.row()["estimated"]) == (None, None, 0)
    session.add(61.0, FLOWS, days.totals(), replace(charger(), state="idle"))
    assert session.over
