"""An independent car charges at the real programs: the EVCC of the open package iso15118, with its own state machine
and its own timeouts, behind simulated modems. Pilot, contactors, battery and converter are the rig's.

scripts/get-iso15118 makes its environment. `make test` lets the car charge once by each dialect, `make long` also with
each end. `-s` shows how fast CurrentDemand is answered.
"""

import json
import subprocess

import pytest

from tests.support.isocartree import missing
from tests.support.plcutils import ROOT, in_namespace, need_namespace

pytestmark = pytest.mark.timeout(400)

BEGIN = {
    "din": ["ServicePaymentSelectionReq", "ContractAuthenticationReq"],
    "iso2": ["PaymentServiceSelectionReq", "AuthorizationReq"],
}
CHARGE = ["ChargeParameterDiscoveryReq", "CableCheckReq", "PreChargeReq", "PowerDeliveryReq", "CurrentDemandReq"]
END = ["PowerDeliveryReq", "WeldingDetectionReq", "SessionStopReq"]


@pytest.mark.parametrize(
    ("dialect", "end"),
    [
        ("din", "car"),
        ("iso2", "stop"),
        pytest.param("din", "stop", marks=pytest.mark.long),
        pytest.param("iso2", "car", marks=pytest.mark.long),
    ],
)
def test_the_independent_car_charges_from_session_setup_to_session_stop(dialect: str, end: str) -> None:
    if why := missing():
        pytest.skip(f"no independent car: {why}")
    need_namespace()
    words = in_namespace("tests.support.isocartree", dialect, "--end", end)
    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-8000:]
    found = json.loads(done.stdout.splitlines()[-1])
    assert found["failed"] == "", f"{found['words of the car']}\n{found['words of ccs']}"
    assert found["refused"] == []
    first = ["supportedAppProtocolReq", "SessionSetupReq", "ServiceDiscoveryReq", *BEGIN[dialect]]
    assert found["asked"] == [*first, *CHARGE, *END]
    assert 9 <= found["current_a"] <= 10.5
    assert found["contactors"] == {"c1": False, "c2": False, "car": False} and found["violations"] == []
    assert (found["end"], found["faults"]) == ("idle", []), found["reason"]
    print(done.stderr.splitlines()[-1])
