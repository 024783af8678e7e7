"""The SECC: what its answers say of measurements, isolation and stops, and what it refuses."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.ccscar import (
    HELLO,
    SESSION,
    STATUS,
    TO_CHECK,
    TO_ENERGY,
    TO_PRECHARGE,
    amount,
    request,
    started,
    status,
)
from v2h.ccs.messages import DIN, ISO2, Ask
from v2h.ccs.record import Isolation, Phase, Pilot

# What the answers say


def test_the_measured_values_stand_in_the_answer() -> None:
    driven = started(*TO_ENERGY)
    answer = driven.ask(Ask.DEMAND).fields
    assert answer["EVSEPresentVoltage"] == {"Value": 3987, "Multiplier": -1, "Unit": "V"}
    assert answer["EVSEPresentCurrent"] == {"Value": 102, "Multiplier": -1, "Unit": "A"}
    assert answer["EVSEMaximumCurrentLimit"] == {"Value": 150, "Multiplier": -1, "Unit": "A"}
    assert answer["EVSEMaximumPowerLimit"] == {"Value": 6000, "Multiplier": 0, "Unit": "W"}


@pytest.mark.parametrize("missing", ["present_v", "present_a"])
def test_a_value_that_nothing_measures_is_not_replaced_by_an_old_one(missing: str) -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND)
    driven.charger = replace(driven.charger, **{missing: None})
    answer = driven.ask(Ask.DEMAND).fields
    assert answer["ResponseCode"] == "FAILED"
    assert status(answer)[0] == "EVSE_EmergencyShutdown"


@pytest.mark.parametrize(
    ("way", "ask"),
    [(TO_PRECHARGE, Ask.PRECHARGE), ((*TO_ENERGY, Ask.DEMAND, "Stop"), Ask.WELDING)],
)
def test_a_voltage_that_nothing_measures_fails_the_precharge_and_the_welding_detection(
    way: tuple[Any, ...], ask: Ask
) -> None:
    driven = started(*way)
    driven.charger = replace(driven.charger, present_v=None)
    assert driven.ask(ask).fields["ResponseCode"] == "FAILED"


@pytest.mark.parametrize(
    ("way", "ask"),
    [
        (HELLO, Ask.PARAMETERS),
        (TO_CHECK, Ask.CABLE_CHECK),
        (TO_PRECHARGE, Ask.PRECHARGE),
        ((*TO_PRECHARGE, Ask.PRECHARGE), Ask.POWER),
        (TO_ENERGY, Ask.DEMAND),
        ((*TO_ENERGY, Ask.DEMAND, "Stop"), Ask.WELDING),
    ],
)
def test_a_silent_charger_ends_the_session(way: tuple[Any, ...], ask: Ask) -> None:
    driven = started(*way)
    driven.charger = None
    answer = driven.ask(ask).fields
    assert answer["ResponseCode"] == "FAILED"
    assert driven.secc.phase is Phase.FAILED


def test_a_stop_of_ours_is_asked_for_by_evse_shutdown() -> None:
    for dialect, notification in ((DIN, "None"), (ISO2, "StopCharging")):
        driven = started(*TO_ENERGY, Ask.DEMAND, dialect=dialect)
        driven.charger = replace(driven.charger, stop=True)
        answer = driven.ask(Ask.DEMAND).fields
        assert answer["ResponseCode"] == "OK"
        assert answer["DC_EVSEStatus"]["EVSEStatusCode"] == "EVSE_Shutdown"
        assert answer["DC_EVSEStatus"]["EVSENotification"] == notification
        assert driven.ask(Ask.POWER, "Stop").fields["ResponseCode"] == "OK"


@pytest.mark.parametrize("why", ["stop", "fault", "cut"])
def test_a_cable_check_that_is_broken_off_is_not_valid(why: str) -> None:
    """The isolation was measured, and the cable is still live."""
    driven = started(*TO_CHECK)
    driven.charger = replace(driven.charger, done=False, isolation=Isolation.VALID, **{why: True})
    assert driven.ask(Ask.CABLE_CHECK).fields["DC_EVSEStatus"]["EVSEIsolationStatus"] == "Invalid"


def test_the_limits_are_told_with_a_least_current_of_0_a() -> None:
    told = started(*HELLO).ask(Ask.PARAMETERS).fields
    din = told["DC_EVSEChargeParameter"]
    assert din["EVSEMinimumCurrentLimit"] == {"Value": 0, "Multiplier": -1, "Unit": "A"}
    assert din["EVSEMaximumVoltageLimit"]["Value"] == 5000
    entry = told["SAScheduleList"]["SAScheduleTuple"][0]["PMaxSchedule"]["PMaxScheduleEntry"][0]
    assert entry == {"PMax": 6000, "RelativeTimeInterval": {"start": 0, "duration": 86400}}
    iso2 = started(*HELLO, dialect=ISO2).ask(Ask.PARAMETERS).fields
    entry = iso2["SAScheduleList"]["SAScheduleTuple"][0]["PMaxSchedule"]["PMaxScheduleEntry"][0]
    assert entry["PMax"] == {"Value": 6000, "Multiplier": 0, "Unit": "W"}


# The cable check and the isolation


def test_the_cable_check_is_ongoing_until_it_is_measured() -> None:
    driven = started(*TO_CHECK)
    driven.charger = replace(driven.charger, done=False)
    answer = driven.ask(Ask.CABLE_CHECK).fields
    assert (answer["EVSEProcessing"], *status(answer)) == ("Ongoing", "EVSE_IsolationMonitoringActive", "Invalid")
    driven.charger = replace(driven.charger, done=True)
    answer = driven.ask(Ask.CABLE_CHECK).fields
    assert (answer["EVSEProcessing"], *status(answer)) == ("Finished", "EVSE_Ready", "Valid")


@pytest.mark.parametrize("isolation", [Isolation.INVALID, Isolation.WARNING])
def test_done_without_a_valid_isolation_does_not_finish_the_cable_check(isolation: Isolation) -> None:
    driven = started(*TO_CHECK)
    driven.secc.hear(driven.now, *_headed(Ask.CABLE_CHECK))
    answer = driven.secc.turn(
        driven.now,
        replace(driven.charger, phase=Phase.CABLE_CHECK, isolation=isolation),
        Pilot.C,
    )
    assert answer is not None
    assert answer.fields["EVSEProcessing"] == "Ongoing"


def _headed(ask: Ask) -> tuple[str, bytes, dict[str, Any]]:
    name, fields = request(DIN, ask)
    return name, SESSION, fields


@pytest.mark.parametrize("at", range(len(TO_CHECK), len(TO_ENERGY) + 2))
def test_an_isolation_fault_is_a_fault_until_the_session_ends(at: int) -> None:
    way = (*TO_ENERGY, Ask.DEMAND, Ask.DEMAND)
    driven = started(*way[:at])
    driven.charger = replace(driven.charger, isolation=Isolation.FAULT)
    driven.turn()
    driven.charger = replace(driven.charger, isolation=Isolation.VALID)
    answers = [driven.ask(Ask.POWER, one) if isinstance(one, str) else driven.ask(one) for one in (*way[at:], "Stop")]
    words = [status(answer.fields) for answer in answers if "DC_EVSEStatus" in answer.fields]
    assert words
    assert all(isolation == "Fault" and code != "EVSE_Ready" for code, isolation in words), words


@pytest.mark.parametrize("pilot", [Pilot.B, Pilot.E, Pilot.F, Pilot.UNKNOWN])
def test_the_cable_check_fails_if_the_pilot_does_not_show_c_within_1500_ms(pilot: Pilot) -> None:
    driven = started(*TO_CHECK)
    driven.charger, driven.pilot = replace(driven.charger, done=False), pilot
    assert driven.ask(Ask.CABLE_CHECK).fields["ResponseCode"] == "OK"
    driven.now += 1.5
    assert driven.ask(Ask.CABLE_CHECK).fields["ResponseCode"] == "OK"
    driven.now += 0.1
    assert driven.ask(Ask.CABLE_CHECK).fields["ResponseCode"] == "FAILED"


def test_a_pulled_plug_ends_the_session() -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND)
    driven.pilot = Pilot.A
    assert driven.closing() == "the plug was pulled: pilot A"
    assert driven.secc.phase is Phase.FAILED


# Refusals


@pytest.mark.parametrize(
    ("way", "ask", "change", "code"),
    [
        (HELLO[:3], Ask.PAYMENT, {"SelectedPaymentOption": "Contract"}, "FAILED_PaymentSelectionInvalid"),
        (
            HELLO[:3],
            Ask.PAYMENT,
            {"SelectedServiceList": {"SelectedService": [{"ServiceID": 2}]}},
            "FAILED_ServiceSelectionInvalid",
        ),
        (
            HELLO,
            Ask.PARAMETERS,
            {"EVRequestedEnergyTransferType": "AC_single_phase_core"},
            "FAILED_WrongEnergyTransferType",
        ),
        (
            HELLO,
            Ask.PARAMETERS,
            {
                "DC_EVChargeParameter": {
                    "DC_EVStatus": STATUS,
                    "EVMaximumVoltageLimit": amount(149, "V"),
                    "EVMaximumCurrentLimit": amount(100, "A"),
                }
            },
            "FAILED_WrongChargeParameter",
        ),
    ],
)
def test_what_cannot_be_is_refused(way: tuple[Any, ...], ask: Ask, change: dict[str, Any], code: str) -> None:
    driven = started(*way)
    name, fields = request(DIN, ask)
    answer = driven.say(name, fields | change)
    assert answer is not None
    assert answer.fields["ResponseCode"] == code
    assert driven.closing()


def test_a_wrong_tuple_and_an_early_start_are_refused() -> None:
    driven = started(*TO_PRECHARGE, Ask.PRECHARGE, dialect=ISO2)
    wrong = driven.say("PowerDeliveryReq", {"ChargeProgress": "Start", "SAScheduleTupleID": 2})
    assert wrong is not None
    assert wrong.fields["ResponseCode"] == "FAILED_TariffSelectionInvalid"
    early = started(*TO_PRECHARGE, Ask.PRECHARGE)
    early.charger = replace(early.charger, done=False)
    assert early.ask(Ask.POWER, "Start").fields["ResponseCode"] == "FAILED_PowerDeliveryNotApplied"


def test_a_start_is_refused_while_the_charger_wants_a_stop() -> None:
    driven = started(*TO_PRECHARGE, Ask.PRECHARGE)
    driven.charger = replace(driven.charger, stop=True)
    assert driven.ask(Ask.POWER, "Start").fields["ResponseCode"] == "FAILED_PowerDeliveryNotApplied"
