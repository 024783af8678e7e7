"""A CCS car charges at the real programs, from SessionSetup to SessionStop: real frames of the matching, real UDP and
TCP through simulated modems, the pilot box and the insulation monitor on serial lines of the rig.

Each run has a tree of its own, in a network namespace of its own.
"""

import json
import subprocess
from typing import Any

import pytest

from tests.support.plcutils import ROOT, in_namespace, need_namespace

OPENED = {"c1": False, "c2": False, "car": False}
CHARGE = ["ChargeParameterDiscoveryReq", "CableCheckReq", "PreChargeReq", "PowerDeliveryReq", "CurrentDemandReq"]
END = ["PowerDeliveryReq", "WeldingDetectionReq", "SessionStopReq"]
BEGIN = {
    "din": ["ServicePaymentSelectionReq", "ContractAuthenticationReq"],
    "iso2": ["PaymentServiceSelectionReq", "AuthorizationReq"],
}


def charged(dialect: str, end: str) -> dict[str, Any]:
    """What a run of tests.support.ccstree has seen."""
    need_namespace()
    words = in_namespace("tests.support.ccstree", dialect, end)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-8000:]
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.mark.parametrize(("dialect", "end"), [("din", "stop"), ("iso2", "car")])
def test_a_car_charges_from_session_setup_to_session_stop(dialect: str, end: str) -> None:
    found = charged(dialect, end)
    first = ["supportedAppProtocolReq", "SessionSetupReq", "ServiceDiscoveryReq", *BEGIN[dialect]]
    assert found["asked"] == [*first, *CHARGE, *END]
    car, contactors, k_on = found["charging"]
    assert 9 <= car["battery_a"] <= 10.5 and all(contactors.values()) and k_on
    assert found["soc_pct"] == [60, 60] and found["ccs"]["link"] == "joined", "the bus and the page know the car"
    assert found["end"] == ["idle", OPENED, [], False] and found["faults"] == []
    assert found["violations"] == []


def test_ccs_is_killed_while_the_car_charges() -> None:
    """charger notices it after 0.3 s, and the box opens its relay after 0.5 s. If charger is later, because the
    machine is busy, guard trips at the edge of K."""
    found = charged("din", "kill")
    assert found["faults"] in (["ccs_lost"], ["guard_tripped"]) and found["end"][:2] == ["fault", OPENED]
    assert "SessionStopReq" not in found["asked"] and found["violations"] == []
    names, skipped = found["kept"]
    assert {"SetKeyReq", "MatchCnf", "SessionSetupReq", "CurrentDemandRes"} <= set(names) and skipped == 0
