"""The safety wire: every field is read as it was sent, and an unknown value is not read as 0."""

from dataclasses import replace
from typing import Any

import pytest

from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Report, Request, Trip, pack_report, pack_request, unpack_report, unpack_request

REQUEST = Request(NONE, 7, 8, 20, 0.0, 0.0)
REPORT = Report(NONE, GuardState.READY, Trip.NONE, 7, 8, k_on=False, can_up=False)


@pytest.mark.parametrize(
    "change",
    [{"pre_current_a": v} for v in (None, 0.0, -14.9, 15.1)]
    + [{"cable_v": v} for v in (None, 0.0, -0.1, 499.9)]
    + [{flag: True} for flag in ("k_expected", "trip_wanted", "unlock_by_person", "cable_doubted")]
    + [{"outputs": CONTACTORS | Output.D1}, {"session": 0xFFFFFFFF}, {"sequence": 1}, {"loop_age_ms": 250}],
    ids=str,
)
def test_a_request_comes_back_as_sent(change: dict[str, Any]) -> None:
    request = replace(REQUEST, **change)
    assert unpack_request(pack_request(request)) == request


@pytest.mark.parametrize(
    "change",
    [{flag: True} for flag in ("k_on", "can_up", "cable_doubted")]
    + [{"state": state} for state in GuardState]
    + [{"trip": trip} for trip in Trip]
    + [{"outputs": Output.PLUG_LOCK}, {"session": 0xFFFFFFFF}, {"sequence": 1}],
    ids=str,
)
def test_a_report_comes_back_as_sent(change: dict[str, Any]) -> None:
    report = replace(REPORT, **change)
    assert unpack_report(pack_report(report)) == report
