"""The plug of a CCS car: from the pilot over the matching to the last message, in virtual time."""

from dataclasses import replace

import pytest

from tests.support.ccscar import request
from tests.support.plugbench import PlugBench, charging
from v2h.ccs import exi, limits
from v2h.ccs.messages import DIN, ISO2, Ask, Dialect
from v2h.ccs.pilot import Order
from v2h.ccs.plug import PAUSE_S, TRIES
from v2h.ccs.record import Phase, Pilot
from v2h.ccs.slac import Phase as Link
from v2h.ccs.state_words import step_words


@pytest.mark.parametrize("dialect", [DIN, ISO2])
def test_a_car_charges_from_the_first_pulse_to_the_last_message(dialect: Dialect) -> None:
    bench = charging(dialect)
    assert bench.orders == [Order.OFF, Order.PWM]
    assert bench.records[-1].soc_pct == 42 and bench.records[-1].session == 8
    bench.car.stops = True
    bench.until(Phase.END)
    answered = [str(answer.fields["ResponseCode"]) for answer in bench.car.answers]
    assert len(answered) > 12 and all(code.startswith("OK") for code in answered)
    phases = [record.phase for record in bench.records]
    assert sorted(phases) == phases, "each phase comes after the one before"
    bench.charger = replace(bench.charger, wanted=False)
    bench.run(0.1)
    assert bench.orders == [Order.OFF, Order.PWM, Order.OFF]


def test_the_pilot_asks_only_when_the_modem_listens_and_a_session_is_wanted() -> None:
    bench = PlugBench()
    bench.charger = replace(bench.charger, wanted=False)
    bench.run(2.0)
    assert bench.orders == [Order.OFF] and bench.plug.link is Link.OFF and bench.records[-1].phase is Phase.NONE
    bench.charger = replace(bench.charger, wanted=True)
    bench.pilot = Pilot.A
    bench.run(2.0)
    assert bench.orders == [Order.OFF] and bench.keys == [], "no car is plugged in"
    bench.pilot = Pilot.B
    bench.until(Phase.HELLO)
    assert bench.orders == [Order.OFF, Order.PWM]


def test_the_plug_rests_only_while_no_session_is_wanted_or_lingers() -> None:
    bench = PlugBench()
    bench.charger = replace(bench.charger, wanted=False)
    assert bench.run(0.1).plug.rests
    bench.charger = replace(bench.charger, wanted=True)
    assert not bench.run(0.1).plug.rests
    bench.until(Phase.ENERGY)
    bench.charger = replace(bench.charger, wanted=False)
    assert not bench.run(0.1).plug.rests, "the car may still read its last answer"
    assert bench.run(limits.LINGER.value + 0.1).plug.rests


def test_each_session_has_a_new_key_and_a_new_number() -> None:
    bench = charging()
    bench.charger = replace(bench.charger, wanted=False)
    bench.run(6.0)
    assert bench.hung_up == ["no session is wanted"] and bench.plug.phase is Phase.NONE
    bench.charger = replace(bench.charger, wanted=True)
    bench.car = type(bench.car)(DIN)
    bench.until(Phase.ENERGY)
    assert len(bench.keys) == len(set(bench.keys)) == 2
    assert {record.session for record in bench.records} == {7, 8, 9}


def test_a_session_that_follows_at_once_is_another_one_after_a_pause_of_the_pilot() -> None:
    """At 10 Hz no record need say that for a moment no session was wanted."""
    bench = charging()
    bench.charger, begun_t = replace(bench.charger, session=bench.charger.session + 1), bench.now
    bench.step()
    bench.car, bench.asked = type(bench.car)(DIN), False
    bench.run(PAUSE_S - 0.1)
    assert bench.orders[-1] is Order.OFF and bench.hung_up == ["a new session begins"]
    bench.until(Phase.ENERGY)
    assert bench.now - begun_t > PAUSE_S
    assert len(bench.keys) == len(set(bench.keys)) == 2 and bench.records[-1].session == 9


def test_a_matched_car_that_does_not_connect_begins_again_after_a_pause() -> None:
    bench = PlugBench()
    bench.connects = False
    bench.run(TRIES * (PAUSE_S + 14.0) + 5.0)
    assert bench.orders == [Order.OFF, Order.PWM] * TRIES + [Order.OFF]
    assert len(set(bench.keys)) == TRIES
    assert bench.records[-1].phase is Phase.LINK, "charger's own deadline ends the session"


def test_a_connection_without_a_match_is_hung_up() -> None:
    bench = PlugBench()
    bench.pilot, bench.connected = Pilot.A, True
    bench.run(0.1)
    assert bench.hung_up == ["a connection of a car that was not matched"] and bench.plug.secc is None


def test_a_silent_charger_switches_the_pilot_off_until_it_has_ended_the_session() -> None:
    bench = charging()
    bench.silent = True
    bench.run(0.1)
    assert bench.orders[-1] is Order.OFF
    bench.silent = False
    bench.run(1.0)
    assert bench.orders[-1] is Order.OFF, "it may have missed everything"
    bench.charger = replace(bench.charger, wanted=False)
    bench.run(0.1)
    bench.charger = replace(bench.charger, wanted=True)
    bench.car = type(bench.car)(DIN)
    bench.until(Phase.ENERGY)
    assert bench.orders[-1] is Order.PWM


def test_a_cut_switches_the_pilot_off_and_the_car_reads_why() -> None:
    bench = charging()
    bench.charger = replace(bench.charger, cut=True)
    bench.run(0.2)
    assert bench.orders[-1] is Order.OFF
    told = [
        answer.fields["DC_EVSEStatus"]["EVSEStatusCode"]
        for answer in bench.car.answers
        if "DC_EVSEStatus" in answer.fields
    ]
    assert told[-1] == "EVSE_EmergencyShutdown"


def test_a_lost_connection_is_a_failed_session() -> None:
    bench = charging()
    bench.car.mute = True
    bench.run(0.1)
    assert bench.records[-1].phase is Phase.FAILED and bench.notes[-1] == "the car closed the connection"


def test_bytes_that_are_no_message_close_the_connection() -> None:
    bench = charging()
    bench.say(b"\x80\xff\xff")
    bench.run(0.1)
    assert bench.records[-1].phase is Phase.FAILED and bench.hung_up[0].startswith("a message cannot be read")


@pytest.mark.parametrize("dialect", [DIN, ISO2], ids=lambda dialect: dialect.name)
def test_two_messages_of_one_segment_are_answered_in_order(dialect: Dialect) -> None:
    bench = charging(dialect)
    secc = bench.plug.secc
    assert secc is not None
    while bench.asked:
        bench.step()
    for ask in (Ask.DEMAND, Ask.END):
        name, fields = request(dialect, ask)
        bench.say(exi.encode(dialect.namespace, exi.Message(name, secc.session_id, fields)))
    turn = bench.plug.turn(bench.now, replace(bench.charger, phase=Phase.ENERGY), Pilot.C, connected=True)
    answers = [exi.decode(dialect.namespace, data) for data in turn.messages]
    assert [(answer.name, answer.fields["ResponseCode"]) for answer in answers] == [
        ("CurrentDemandRes", "OK"),
        ("SessionStopRes", "OK"),
    ]


def test_a_car_that_floods_us_is_hung_up() -> None:
    bench = PlugBench().until(Phase.HELLO)
    for _ in range(20):
        bench.say(b"\x80")
    bench.step()
    assert bench.hung_up == ["the car sends without waiting for answers"]


def test_the_plug_goes_on_without_a_modem_and_says_so() -> None:
    bench = PlugBench()
    bench.plug.detach()
    bench.run(1.0)
    assert bench.orders == [Order.OFF] and bench.records[-1].phase is Phase.LINK
    words = step_words(bench.plug, Pilot.B, box=True, modem=False)
    assert words == "the modem (plc0) is not there: check its USB cable and its supply"


@pytest.mark.parametrize(
    ("phase", "words"),
    [(Phase.LINK, "waits for the car's modem (SLAC)"), (Phase.ENERGY, "the car charges")],
)
def test_the_words_follow_the_phase(phase: Phase, words: str) -> None:
    bench = PlugBench()
    bench.run(0.1)
    if phase is not Phase.LINK:
        bench.until(phase)
    assert step_words(bench.plug, Pilot.C, box=True, modem=True) == words
