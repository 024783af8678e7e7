"""The SECC: what `charger` learns of a car, and the orders of requests of real cars."""

import json
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.support.ccscar import (
    HELLO,
    STATUS,
    TO_CHECK,
    TO_ENERGY,
    TO_PRECHARGE,
    Driven,
    amount,
    request,
    started,
)
from v2h.ccs.leniencies import Lenient
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect, physical
from v2h.ccs.messages import amount as read_amount
from v2h.ccs.record import Phase, Pilot, pack_car
from v2h.ccs.sequence import Step

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
