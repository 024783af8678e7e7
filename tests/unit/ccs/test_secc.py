"""The SECC: choice of the protocol, session ids, a whole session, and all deadlines."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.ccscar import (
    HELLO,
    SESSION,
    TO_CHECK,
    TO_ENERGY,
    TO_PRECHARGE,
    Driven,
    protocol,
    request,
    started,
    status,
)
from v2h.ccs import limits
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.record import Phase, Pilot
from v2h.ccs.secc import Secc, new_session_id

TESLA = "urn:tesla:din:2018:MsgDef"


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
