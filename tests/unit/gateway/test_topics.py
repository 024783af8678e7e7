"""When a value is published on the broker of the house, and what a command there means."""

import time
from typing import Any

import pytest

from tests.support.gatewayhouse import house
from v2h.bus.messages import Event
from v2h.gateway import evcc
from v2h.gateway.notices import Limiter, reaches
from v2h.gateway.orders import BadOrderError, Order, read_wish
from v2h.gateway.topics import States, Wish, removal, text, wish
from v2h.gateway.values import values


def topics(states: States, now: float, **values: Any) -> list[str]:
    return [one.topic for one in states.due(now, values, {})]


def test_all_at_first_then_what_changes_and_all_again_in_time() -> None:
    states = States("v2h")
    assert topics(states, 0.0, mode="v2h", soc_pct=50.0) == ["v2h/status", "v2h/state", "v2h/mode", "v2h/soc_pct"]
    assert topics(states, 1.0, mode="v2h", soc_pct=51.0) == [], "a number waits for its turn"
    assert topics(states, 2.0, mode="charge", soc_pct=52.0) == ["v2h/state", "v2h/mode"]
    assert topics(states, 9.9, mode="charge", soc_pct=52.0) == []
    assert topics(states, 10.0, mode="charge", soc_pct=52.0) == ["v2h/status", "v2h/state", "v2h/mode", "v2h/soc_pct"]
    states.forget()
    assert topics(states, 10.5, mode="charge", soc_pct=52.0) != []


def test_what_somebody_has_just_set_is_echoed_at_once() -> None:
    states = States("v2h")
    topics(states, 0.0, slot="none", soc_max_pct=90.0)
    assert topics(states, 1.0, slot="hold", soc_max_pct=90.0) == ["v2h/state", "v2h/slot"]
    assert topics(states, 2.0, slot="hold", soc_max_pct=85.0) == ["v2h/state", "v2h/soc_max_pct"]


def test_everything_that_is_kept_below_an_old_base_is_removed() -> None:
    now, seen = time.monotonic(), house()
    published = States("old").due(now, values(seen, now), evcc.reading(evcc.Evcc(), seen, now))
    removed = removal("old")
    assert {one.topic for one in published} <= {one.topic for one in removed}
    assert {(one.payload, one.retain) for one in removed} == {("", True)}


def test_what_evcc_may_not_read_as_0_disappears() -> None:
    states = States("v2h")
    states.due(0.0, {}, {"soc_pct": 50.0, "status": "C"})
    gone = states.due(1.0, {}, {"status": "C"})
    assert [(one.topic, one.payload) for one in gone if one.topic.startswith("v2h/evcc")] == [("v2h/evcc/soc_pct", "")]


def test_a_value_alone() -> None:
    assert [text(value) for value in (None, True, False, 1.5, "v2h")] == ["", "true", "false", "1.5", "v2h"]


def test_which_topics_are_ours() -> None:
    assert wish("v2h", "v2h/mode/set") == Wish("mode", False)
    assert wish("v2h", "v2h/evcc/enable/set") == Wish("enable", True)
    for topic in ("v2h/mode", "other/mode/set", "v2h2/mode/set", "mode/set", ""):
        assert wish("v2h", topic) is None


@pytest.mark.parametrize(
    ("name", "payload", "order"),
    [
        ("mode", b"v2h", Order("mode", {"mode": "v2h", "by": "MQTT", "lifetime_s": 60.0})),
        ("mode", b"idle", Order("mode", {"mode": "idle", "by": "MQTT"})),
        ("mode", b'{"mode":"charge","until":"x"}', Order("mode", {"mode": "charge", "until": "x", "by": "MQTT"})),
        ("slot", b"none", Order("slot", {"slot": "none", "by": "MQTT"})),
        ("setpoint", b"-1500", Order("setpoint", {"power_w": -1500.0, "by": "MQTT", "lifetime_s": 60.0})),
        ("setpoint", b"none", Order("setpoint", {"power_w": None, "by": "MQTT"})),
        (
            "setpoint",
            b'{"power_w": 800, "lifetime_s": 30, "by": "EMHASS"}',
            Order("setpoint", {"by": "EMHASS", "power_w": 800, "lifetime_s": 30}),
        ),
        ("stop", b"PRESS", Order("stop", {})),
        ("clear-fault", b"", Order("clear-fault", {})),
        ("grid_target_w", b"-50", Order("settings", {"grid_target_w": -50.0})),
        ("settings", b'{"fuse_a": null}', Order("settings", {"fuse_a": None})),
    ],
)
def test_commands(name: str, payload: bytes, order: Order) -> None:
    assert read_wish(name, payload, by="MQTT", lifetime_s=60.0) == order


@pytest.mark.parametrize(
    ("name", "payload", "words"),
    [
        ("boost", b"1", "'boost' is no command; known: mode, slot"),
        ("mode", b"fast", "'fast' is no JSON"),
        ("mode", b"[1]", "is no JSON object"),
        ("mode", b"\xff", "is no UTF-8"),
        ("mode", b'{"amps": NaN}', "NaN is not a number"),
        ("mode", b'{"by": "\\ud83d"}', "middle of a character"),
        ("soc_max_pct", b"inf", "is not a finite number"),
        ("schedule", b"x" * 60_001, "60001 bytes are too long"),
        ("schedule", b"[" * 50_000, "is no JSON"),
    ],
)
def test_refusals(name: str, payload: bytes, words: str) -> None:
    with pytest.raises(BadOrderError) as caught:
        read_wish(name, payload, by="MQTT")
    assert words in str(caught.value)


def test_levels_and_the_limit_of_events() -> None:
    fault = Event(0.0, "fault", "x", "x", "charger")
    assert [reaches(fault, level) for level in ("info", "warning", "fault", "none")] == [True, True, True, False]
    limiter, now = Limiter(3, 10.0), time.monotonic()
    assert [limiter.may(now) for _ in range(5)] == [True, True, True, False, False]
    assert limiter.take_left_out() == 2 and limiter.may(now + 10) and not limiter.may(now + 10)
    assert limiter.take_left_out() == 1
