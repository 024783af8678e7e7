"""Sentences for the owner: made from the catalogue, carried as id and values, made again by the receiver."""

import copy
import json
import pickle
from dataclasses import asdict

import pytest

from v2h.bus.coding import MessageError
from v2h.bus.messages import Event, ManagerState, Setpoint
from v2h.bus.sentences import Sentence, from_json, say, to_json

COVERING = say("matching.covering", power_w=-1234.0)


def test_a_sentence_is_its_text_and_keeps_id_and_values() -> None:
    assert COVERING == "Covering the house: 1.2 kW from the car."
    assert (COVERING.id, COVERING.values) == ("matching.covering", {"power_w": -1234.0})


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (
            say("idle.config_errors", first="a.toml: bad", more=""),
            "Idle until the configuration is put right: a.toml: bad.",
        ),
        (say("fixed.charging", power_w=2000.0, end_pct=80.0), "Charging: 2.0 kW into the car, until 80 %."),
        (
            say("start.refused", count=3, reason=""),
            "the car ended 3 starts in a row: plug it in again, or choose a mode",
        ),
        (
            say("with_more", said=COVERING, more=[say("until", until="07:00"), say("next", what="idle")]),
            "Covering the house: 1.2 kW from the car; until 07:00; next: idle.",
        ),
    ],
)
def test_formats(said: Sentence, text: str) -> None:
    """A value of nothing leaves no brackets; a sentence within another loses its full stop; a list is joined."""
    assert said == text


def test_it_travels_as_id_and_values_and_comes_back_whole() -> None:
    said = say(
        "with_more", said=COVERING, more=[say("next", what=say("next.entry", mode="idle", time="Mon", entry=""))]
    )
    sent = Setpoint(1.0, True, -1234.0, 2.0, said, 1).to_json()
    assert json.loads(sent)["reason"]["id"] == "with_more"
    assert b"Covering" not in sent, "no text travels"
    back = Setpoint.from_json(sent).reason
    assert isinstance(back, Sentence)
    assert (back, back.id, back.values) == (said, said.id, said.values)


def test_a_text_that_may_be_missing() -> None:
    for following in (None, "plain", say("next.entry", mode="idle", time="Mon 07:00", entry="")):
        state = ManagerState(1.0, "idle", COVERING, 0.0, None, None, next_entry=following)
        assert ManagerState.from_json(state.to_json()).next_entry == following
    with pytest.raises(MessageError, match="next_entry = 7"):
        ManagerState.from_json(json.dumps({**json.loads(state.to_json()), "next_entry": 7}).encode())


@pytest.mark.parametrize(
    "reason",
    [
        {"id": "no.such", "values": {}},
        {"id": "matching.covering", "values": {}},
        {"id": "matching.covering", "values": {"power_w": "much"}},
        {"id": "matching.covering", "values": {"power_w": 10**400}},
        {"id": "matching.covering", "values": 7},
    ],
)
def test_a_sentence_that_is_not_known_here_is_its_id_and_costs_no_message(reason: dict[str, object]) -> None:
    good = json.loads(Setpoint(1.0, True, -1500.0, 2.0, "", 1).to_json())
    read = Setpoint.from_json(json.dumps({**good, "reason": reason}).encode())
    assert (read.power_w, read.reason) == (-1500.0, reason["id"])


def test_an_object_that_is_no_sentence_is_no_text() -> None:
    good = json.loads(Setpoint(1.0, True, 0.0, 2.0, "", 1).to_json())
    with pytest.raises(MessageError, match="reason = "):
        Setpoint.from_json(json.dumps({**good, "reason": {"id": "idle.as_ordered"}}).encode())


def test_a_value_is_no_template() -> None:
    """A name that the owner chose may hold braces."""
    assert say("idle.scheduled", because="window “{0.__class__}”") == "Idle: window “{0.__class__}”."


def test_copies_keep_id_and_values() -> None:
    event = Event(1.0, "info", "mode-ended", COVERING, "manager")
    for other in (copy.deepcopy(COVERING), pickle.loads(pickle.dumps(COVERING)), asdict(event)["text"]):
        assert isinstance(other, Sentence)
        assert (other, other.id, other.values) == (COVERING, COVERING.id, COVERING.values)


def test_anything_else_travels_as_it_is() -> None:
    for value in ("text", 7, None, [1, "two"], {"a": 1}):
        assert from_json(to_json(value)) == value


def test_a_sentence_begins_with_a_capital_but_no_file_and_no_key_is_renamed() -> None:
    assert say("page.capital", what="nothing") == "Nothing"
    for name in ("v2h.toml was edited", "soc_min_pct = 3 is too low"):
        assert say("page.capital", what=name) == name
    assert say("page.ended", what="did you mean it?") == "did you mean it?"
    assert say("page.ended", what="no") == "no."
