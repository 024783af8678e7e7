"""The messages of the predecessor's pages: what each is answered, and which command it means."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from tests.support.gatewayhouse import house
from tests.support.messages import manager
from v2h.bus.messages import ManagerSchedule
from v2h.bus.states import MODES
from v2h.gateway.house import House
from v2h.gateway.orders import Order
from v2h.gateway.predecessor import ACTIONS, ERROR, WORDS, Turn, turn
from v2h.gateway.shell.old_page import is_of_the_house

SAID = json.loads((Path(__file__).resolve().parents[2] / "data/predecessor/messages.json").read_text())
EVERY = [row for connections in SAID["pages"].values() for rows in connections for row in rows]


def answer(text: str, seen: House | None = None, *, may_change: bool = True) -> tuple[Any, Order | None]:
    made = turn(text, seen or house(), time.monotonic(), may_change=may_change)
    return None if made.answer is None else json.loads(made.answer), made.order


def mode(asked: Any, seen: House | None = None) -> dict[str, Any] | None:
    _, order = answer(json.dumps({"cmd": {"SetMode": asked}}), seen)
    return None if order is None else order.values


@pytest.mark.parametrize(("text", "key"), EVERY, ids=str)
def test_every_message_of_the_pages_has_the_answer_that_they_expect(text: str, key: str) -> None:
    said, order = answer(text)
    assert (said is None and order is not None) if key == "ack" else next(iter(said)) == key


@pytest.mark.parametrize(("text", "key"), SAID["refused"], ids=str)
def test_anything_else_is_refused_in_the_words_of_its_server(text: str, key: str) -> None:
    assert turn(text, house(), time.monotonic(), may_change=True) == Turn(ERROR)


def test_who_may_not_command_may_look() -> None:
    for text, key in EVERY:
        said, order = answer(text, may_change=False)
        assert order is None
        assert said == ({"ack": "err"} if "Set" in text else said) and next(iter(said)) in (key, "ack")


def test_modes_are_commands_within_the_owners_limits() -> None:
    assert mode("V2h") == {"mode": "v2h", "by": "the old page"}
    assert mode("Charge") == {"mode": "charge", "by": "the old page"}
    full = {"mode": "charge", "by": "the old page", "amps": 15.0, "soc_limit_pct": 90.0}
    assert mode({"Charge": {"amps": 16, "eco": False, "soc_limit": 100}}) == full
    assert mode({"Charge": {"amps": 5, "eco": True, "soc_limit": 80}}) == {"mode": "solar", "by": "the old page"}
    assert mode({"Charge": {"amps": 5, "eco": "", "soc_limit": None}}) == {
        "mode": "charge", "by": "the old page", "amps": 5,
    }  # fmt: skip
    down = {"mode": "discharge", "by": "the old page", "amps": 15.0, "soc_limit_pct": 30.0}
    assert mode({"Discharge": {"soc_limit": 10, "amps": 16}}) == down


def test_events_replace_the_weekly_part_alone() -> None:
    seen = house()
    kept = {"version": 1, "ready_by": [{"time": "07:00", "soc_pct": 80}], "weekly": [{"start": "1:00"}]}
    seen.schedule = ManagerSchedule(0.0, kept)
    events = [{"time": "16:00", "action": "Discharge"}, {"time": "23:30", "action": "Sleep"}]
    _, order = answer(json.dumps({"cmd": {"SetEvents": events}}), seen)
    assert order is not None and order.name == "schedule"
    document = order.values["schedule"]
    assert document["ready_by"] == kept["ready_by"]
    assert [(row["start"], row["end"], row["mode"]) for row in document["weekly"]] == [
        ("16:00", "23:30", "discharge"), ("23:30", "16:00", "idle"),
    ]  # fmt: skip


def test_the_schedule_as_events() -> None:
    seen = house()
    weekly = [
        {"start": "23:30", "end": "05:30", "mode": "charge"},
        {"start": "05:30", "end": "10:00", "mode": "v2h"},
        "x",
    ]
    seen.schedule = ManagerSchedule(0.0, {"version": 1, "otherwise": "solar", "weekly": weekly})
    said, _ = answer('{"cmd":"GetEvents"}', seen)
    assert said == {
        "Events": [
            {"time": "05:30:00", "action": "V2h"},
            {"time": "10:00:00", "action": "Eco"},
            {"time": "23:30:00", "action": "Charge"},
        ]
    }


def test_every_mode_has_a_word_of_the_predecessor() -> None:
    assert WORDS.keys() == ACTIONS.keys() == set(MODES)
    for name in MODES:
        seen = house()
        seen.manager = manager(mode=name)
        said, _ = answer('{"cmd":"GetMode"}', seen)
        assert (said["Mode"] if isinstance(said["Mode"], str) else next(iter(said["Mode"]))) == WORDS[name]


def test_data_are_watts_and_unknown_is_not_0() -> None:
    said, _ = answer('{"cmd":"GetData"}')
    assert (said["Data"]["dc_kw"], said["Data"]["meter_kw"], said["Data"]["soc"]) == (3807.0, 4215.0, 62)
    silent, _ = answer('{"cmd":"GetData"}', House())
    assert {value for key, value in silent["Data"].items() if key != "state"} == {None}
    debug, _ = answer('{"cmd":"GetDebug"}')
    assert debug["Debug"]["x102"]["state_of_charge"] == 62.0
    assert debug["Debug"]["x100"]["minimum_charge_current"] is None


def test_which_pages_are_of_the_house() -> None:
    for origin in (
        "",
        "http://192.168.1.5",
        "http://v2h.local:8000",
        "http://nas",
        "http://[fe80::1]",
        "http://localhost",
    ):
        assert is_of_the_house(origin), origin
    for origin in ("null", "https://example.com", "http://8.8.8.8", "http://[bad", "http://evil.local.example"):
        assert not is_of_the_house(origin), origin
