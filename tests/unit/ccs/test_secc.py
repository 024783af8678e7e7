"""The SECC: what its answers say, how long it waits, and what it accepts of real cars."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ccscar import (
    HELLO,
    SESSION,
    STATUS,
    TO_CHECK,
    TO_ENERGY,
    TO_PRECHARGE,
    Driven,
    amount,
    protocol,
    request,
)
from v2h.ccs import limits
from v2h.ccs.leniencies import Lenient
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect, physical
from v2h.ccs.messages import amount as read_amount
from v2h.ccs.record import Isolation, Phase, Pilot, pack_car
from v2h.ccs.secc import Secc, new_session_id
from v2h.ccs.sequence import Step

TESLA = "urn:tesla:din:2018:MsgDef"


def started(*asks: Ask | str, dialect: Dialect = DIN) -> Driven:
    driven = Driven(dialect)
    driven.run(*asks)
    return driven


def status(fields: dict[str, Any]) -> tuple[str, str]:
    found = fields["DC_EVSEStatus"]
    return found["EVSEStatusCode"], found["EVSEIsolationStatus"]


# The protocol and the session


@pytest.mark.parametrize(
    ("offers", "chosen", "code"),
    [
        ([(DIN, 0, 2), (ISO2, 0, 1)], ISO2, "OK_SuccessfulNegotiation"),
        ([(DIN, 0, 1), (ISO2, 0, 2)], DIN, "OK_SuccessfulNegotiation"),
        ([(ISO2, 1, 1)], ISO2, "OK_SuccessfulNegotiationWithMinorDeviation"),
    ],
)
def test_the_priority_of_the_car_chooses(offers: list[tuple[Dialect, int, int]], chosen: Dialect, code: str) -> None:
    driven = Driven()
    rows = [(one.namespace, 2, minor, 10 + priority, priority) for one, minor, priority in offers]
    answer = driven.say("supportedAppProtocolReq", protocol(*rows), None)
    assert answer is not None
    assert answer.fields == {"ResponseCode": code, "SchemaID": 11}
    assert answer.session is None
    assert driven.secc.dialect is chosen


def test_an_unknown_namespace_of_better_priority_is_passed_over() -> None:
    """Lenient.UNKNOWN_PROTOCOL"""
    driven = Driven()
    driven.say("supportedAppProtocolReq", protocol((TESLA, 0, 7, 1, 1), (DIN.namespace, 2, 0, 2, 2)), None)
    assert driven.secc.dialect is DIN


@pytest.mark.parametrize("offer", [(TESLA, 0, 7, 1, 1), (DIN.namespace, 1, 0, 1, 1), (ISO2.namespace, 2, 0, 1, 1)])
def test_without_a_common_protocol_the_connection_is_closed(offer: tuple[str, int, int, int, int]) -> None:
    secc = Secc((DIN,), SESSION, 1, 0.0)
    secc.hear(0.0, "supportedAppProtocolReq", None, protocol(offer))
    answer = secc.turn(0.0, None, Pilot.B)
    assert answer is not None
    assert answer.fields == {"ResponseCode": "Failed_NoNegotiation"}
    assert offer[0] in secc.closing(0.0, Pilot.B)


def test_a_session_id_is_never_0() -> None:
    draws = iter([bytes(8), bytes(8), SESSION])
    assert new_session_id(lambda size: next(draws)) == SESSION
    with pytest.raises(ValueError, match="session id of 0"):
        Secc((DIN,), bytes(8), 1, 0.0)


@pytest.mark.parametrize("first", [b"", b"\0", bytes(8), b"\1\2\3\4"])
def test_any_session_id_may_begin_and_ours_counts_from_then(first: bytes) -> None:
    driven = Driven()
    driven.run(Ask.PROTOCOL)
    answer = driven.ask(Ask.SETUP, session=first)
    assert (answer.fields["ResponseCode"], answer.session) == ("OK_NewSessionEstablished", SESSION)
    refused = driven.ask(Ask.DISCOVERY, session=first)
    assert refused.fields["ResponseCode"] == "FAILED_UnknownSession"
    assert driven.closing()
    assert driven.secc.phase is Phase.FAILED


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_the_recorded_order_of_a_whole_session(dialect: Dialect) -> None:
    driven = started(*HELLO, *TO_ENERGY[len(HELLO) :], Ask.DEMAND, Ask.DEMAND, "Stop", Ask.WELDING, dialect=dialect)
    driven.run(Ask.WELDING, Ask.END)
    assert driven.closing() == "", "the car closes first"
    driven.now += limits.LINGER.value + 0.1
    assert driven.closing() == "the car has ended the session"
    assert driven.secc.phase is Phase.END


def test_a_message_of_another_world_closes_without_an_answer() -> None:
    driven = started(*HELLO[:3])
    assert driven.say("CertificateUpdateReq", {}) is None
    assert driven.closing() == "CertificateUpdateReq has no place in a DC session with external payment"


def test_a_second_message_waits_for_the_first() -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND)
    driven.charger = replace(driven.charger, done=False)
    assert driven.say(*request(DIN, Ask.POWER, "Stop")) is None
    assert driven.secc.busy
    with pytest.raises(ValueError, match="waits for its answer"):
        driven.say(*request(DIN, Ask.WELDING))


# Deadlines


def test_61_s_of_silence_close_the_connection_in_every_step() -> None:
    way = (*TO_ENERGY, Ask.DEMAND, "Stop", Ask.WELDING)
    for length in range(2, len(way) + 1):
        driven = started(*way[:length])
        driven.now += 60.0
        assert driven.closing() == "", way[:length]
        driven.now += 1.0
        assert driven.closing() == "no request within 60 s"
        assert driven.secc.phase is Phase.FAILED


@pytest.mark.parametrize("length", [0, 1])
def test_a_connection_without_session_is_closed_after_18_s(length: int) -> None:
    driven = started(*HELLO[:length])
    driven.now = 118.0
    assert driven.closing() == ""
    driven.now += 0.1
    assert driven.closing() == "no SessionSetupReq within 18 s"


def test_the_authorisation_waits_for_the_owner_for_as_long_as_the_car_does() -> None:
    driven = started(*HELLO[:4])
    driven.charger = replace(driven.charger, authorised=False)
    for _ in range(170):
        driven.now += 1.0
        assert driven.ask(Ask.AUTHORISATION).fields == {"ResponseCode": "OK", "EVSEProcessing": "Ongoing"}
    driven.charger = replace(driven.charger, authorised=True)
    assert driven.ask(Ask.AUTHORISATION).fields["EVSEProcessing"] == "Finished"


@pytest.mark.parametrize(
    ("way", "ask", "limit", "code"),
    [
        (HELLO, Ask.PARAMETERS, limits.PARAMETERS, "FAILED"),
        (TO_CHECK, Ask.CABLE_CHECK, limits.CABLE_CHECK, "FAILED"),
    ],
)
def test_an_ongoing_request_has_an_end(way: tuple[Any, ...], ask: Ask, limit: limits.Limit, code: str) -> None:
    driven = started(*way)
    driven.charger = replace(driven.charger, done=False)
    began_t = driven.now
    while driven.now - began_t <= limit.value:
        answer = driven.ask(ask)
        assert (answer.fields["ResponseCode"], answer.fields["EVSEProcessing"]) == ("OK", "Ongoing")
        driven.now += 0.5
    assert driven.ask(ask).fields["ResponseCode"] == code
    assert driven.closing()


def test_a_precharge_has_an_end_also_with_the_voltage_reached() -> None:
    driven = started(*TO_PRECHARGE, Ask.PRECHARGE)
    driven.now += limits.PRECHARGE.value
    assert driven.ask(Ask.PRECHARGE).fields["ResponseCode"] == "OK"
    driven.now += 0.1
    assert driven.ask(Ask.PRECHARGE).fields["ResponseCode"] == "FAILED"


@pytest.mark.parametrize(("dialect", "after_s"), [(DIN, 1.5), (ISO2, 4.5)], ids=["DIN", "ISO-2"])
def test_a_stop_waits_for_the_current_to_fall_and_fails_if_it_does_not(dialect: Dialect, after_s: float) -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND, dialect=dialect)
    driven.charger = replace(driven.charger, done=False)
    began_t = driven.now
    answer = driven.ask(Ask.POWER, "Stop")
    assert answer.fields["ResponseCode"] == "FAILED"
    assert status(answer.fields)[0] == "EVSE_EmergencyShutdown"
    assert driven.now - began_t == pytest.approx(after_s, abs=0.11)


def test_welding_detection_waits_until_our_contactors_are_open() -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND, "Stop")
    driven.charger = replace(driven.charger, done=False)
    assert driven.say(*request(DIN, Ask.WELDING)) is None
    driven.charger = replace(driven.charger, done=True, present_v=12.3)
    answer = driven.turn()
    assert answer is not None
    assert answer.fields["EVSEPresentVoltage"] == {"Value": 123, "Multiplier": -1, "Unit": "V"}


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


# What the charger learns


def test_the_car_in_the_record() -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND)
    driven.now += 0.12
    record = driven.secc.record(driven.now, 5, Pilot.C)
    assert (record.phase, record.pilot, record.sequence, record.soc_pct) == (Phase.ENERGY, Pilot.C, 5, 42)
    assert (record.target_v, record.target_a, record.max_v, record.max_a, record.max_w) == (400, 12, 413, 200, None)
    assert (record.ready, record.car_error, record.request_age_ms) == (True, 0, 120)
    assert driven.secc.soc_pct == 42


def test_a_request_out_of_order_changes_nothing_that_the_charger_learns() -> None:
    driven = started(*TO_CHECK)
    name, fields = request(DIN, Ask.DEMAND)
    driven.say(name, fields | {"EVTargetCurrent": amount(120, "A")})
    record = driven.secc.record(driven.now, 1, Pilot.C)
    assert (record.phase, record.target_a) == (Phase.FAILED, None)


@pytest.mark.parametrize("error", ["FAILED_EVRESSMalfunction", "NoData"])
def test_an_error_of_the_car_is_passed_on(error: str) -> None:
    driven = started(*TO_ENERGY)
    name, fields = request(DIN, Ask.DEMAND)
    driven.say(name, fields | {"DC_EVStatus": STATUS | {"EVErrorCode": error}})
    assert driven.secc.record(driven.now, 1, Pilot.C).car_error == (4 if error != "NoData" else 11)


@given(value=st.integers(-32768, 32767), multiplier=st.integers(-3, 3))
def test_any_amount_of_a_car_fits_into_the_record(value: int, multiplier: int) -> None:
    driven = started(*TO_ENERGY)
    name, fields = request(DIN, Ask.DEMAND)
    odd = {"Value": value, "Multiplier": multiplier, "Unit": "A"}
    keys = ("EVTargetCurrent", "EVTargetVoltage", "EVMaximumVoltageLimit", "EVMaximumPowerLimit")
    driven.say(name, fields | dict.fromkeys(keys, odd))
    record = driven.secc.record(driven.now, 1, Pilot.C)
    pack_car(record)
    assert record.target_a is not None
    assert 0.0 <= record.target_a <= 1000.0


@given(st.floats(-1e5, 1e8), st.sampled_from(["V", "A", "W"]))
def test_a_physical_value_is_a_short(value: float, unit: str) -> None:
    told = physical(value, unit)
    assert -32768 <= told["Value"] <= 32767
    assert -3 <= told["Multiplier"] <= 3
    if 0 <= value <= 32_000_000:
        assert read_amount(told, 1e9) == pytest.approx(value, abs=10 ** told["Multiplier"] / 2 + 1e-6)


def test_the_answers_are_values_that_json_can_write() -> None:
    for dialect in (DIN, ISO2):
        driven = Driven(dialect)
        for answer in driven.run(*TO_ENERGY, Ask.DEMAND, "Stop", Ask.WELDING, Ask.END):
            json.dumps(answer.fields)
            assert answer.name.endswith("Res")


# The orders of real cars


@pytest.mark.parametrize(
    ("lenient", "dialect", "order"),
    [
        (Lenient.STOP_FROM_CABLE_CHECK, DIN, (*TO_CHECK, Ask.CABLE_CHECK, Ask.CABLE_CHECK, "Stop")),
        (Lenient.STOP_FROM_PRECHARGE, DIN, (*TO_PRECHARGE, *[Ask.PRECHARGE] * 30, "Stop", Ask.END)),
        (None, DIN, (*TO_ENERGY, *[Ask.DEMAND] * 4, "Stop", Ask.WELDING, Ask.WELDING, Ask.END)),
        (None, ISO2, (*TO_ENERGY, *[Ask.DEMAND] * 4, "Stop", Ask.WELDING, Ask.END)),
        (None, DIN, (*TO_ENERGY, Ask.DEMAND, "Stop", Ask.END)),
        (None, DIN, (*HELLO, Ask.END)),
        (
            Lenient.RENEGOTIATION,
            ISO2,
            (*TO_ENERGY, Ask.DEMAND, "Renegotiate", Ask.PARAMETERS, "Start", Ask.DEMAND, "Stop", Ask.END),
        ),
    ],
)
def test_the_order_of_a_recorded_car(lenient: Lenient | None, dialect: Dialect, order: tuple[Any, ...]) -> None:
    driven = Driven(dialect)
    for ask in order:
        checking = ask is Ask.CABLE_CHECK and order.count(ask) > 1
        driven.charger = replace(driven.charger, done=not checking)
        answer = driven.ask(Ask.POWER, ask) if isinstance(ask, str) else driven.ask(ask)
        assert answer.fields["ResponseCode"].startswith("OK"), (lenient, ask)
        driven.now += 0.1


def test_a_renegotiation_of_din_does_not_exist_and_a_second_cable_check_is_out_of_order() -> None:
    driven = started(*TO_ENERGY, Ask.DEMAND, "Renegotiate", Ask.PARAMETERS, dialect=ISO2)
    assert driven.secc.step is Step.AGAIN_POWER
    assert driven.ask(Ask.CABLE_CHECK).fields["ResponseCode"] == "FAILED_SequenceError"


def test_a_car_without_id_that_is_not_ready_and_asks_for_0_a_in_the_precharge() -> None:
    """Lenient.EMPTY_EVCCID, NOT_READY_AT_PARAMETERS, ZERO_PRECHARGE_CURRENT, LOW_PRECHARGE_TARGET, WISHED_PROFILE,
    PAUSE"""
    driven = started(Ask.PROTOCOL, dialect=ISO2)
    driven.say("SessionSetupReq", {"EVCCID": ""})
    driven.run(*HELLO[2:])
    name, fields = request(ISO2, Ask.PARAMETERS)
    fields["DC_EVChargeParameter"]["DC_EVStatus"] = STATUS | {"EVReady": False}
    driven.say(name, fields)
    driven.run(Ask.CABLE_CHECK)
    name, fields = request(ISO2, Ask.PRECHARGE)
    odd = {"EVTargetCurrent": amount(0, "A"), "EVTargetVoltage": amount(0, "V")}
    answer = driven.say(name, fields | odd)
    assert answer is not None
    assert answer.fields["ResponseCode"] == "OK"
    profile = {"ProfileEntry": [{"ChargingProfileEntryStart": 0, "ChargingProfileEntryMaxPower": amount(3000, "W")}]}
    answer = driven.say(
        "PowerDeliveryReq", {"ChargeProgress": "Start", "SAScheduleTupleID": 1, "ChargingProfile": profile}
    )
    assert answer is not None
    assert answer.fields["ResponseCode"] == "OK"
    driven.run(Ask.DEMAND, "Stop")
    answer = driven.say("SessionStopReq", {"ChargingSession": "Pause"})
    assert answer is not None
    assert answer.fields == {"ResponseCode": "OK"}
    assert driven.secc.phase is Phase.END
