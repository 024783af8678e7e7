"""Faulty messages from the bus: each program that reads them drops them and names the field; a stop always stops."""

import json

import pytest

from tests.support.standin import StandIn
from v2h.bus.coding import Message, MessageError
from v2h.bus.messages import Command, Event, ManagerState, Reply
from v2h.programs.charger import ChargerShell

COMMAND = {"id": "ask-1", "source": "web", "values": {}}
REPLY = {"id": "ask-1", "ok": True, "text": "done"}
EVENT = {"t": 1.0, "level": "fault", "code": "x", "text": "X", "source": "guard"}
BAD_IDS = ["#", "+", "a/b", "a b", "", "x" * 65, "é", None, 5, ["ask-1"]]


@pytest.mark.parametrize(("kind", "good"), [(Command, COMMAND), (Reply, REPLY), (Event, EVENT)])
def test_what_is_right_is_read(kind: type[Message], good: dict[str, object]) -> None:
    assert kind.from_json(json.dumps(good).encode())


@pytest.mark.parametrize(("kind", "good"), [(Command, COMMAND), (Reply, REPLY)])
@pytest.mark.parametrize("bad", BAD_IDS)
def test_an_id_that_cannot_stand_in_a_topic_is_refused(
    kind: type[Message], good: dict[str, object], bad: object
) -> None:
    """paho raises ValueError for some of them: that would end the program that answers."""
    with pytest.raises(MessageError, match="id = "):
        kind.from_json(json.dumps({**good, "id": bad}).encode())


@pytest.mark.parametrize(
    ("kind", "good", "key", "bad"),
    [
        (Command, COMMAND, "values", []),
        (Command, COMMAND, "source", None),
        (Event, EVENT, "code", ["x"]),
        (Event, EVENT, "level", {"fault": 1}),
        (Event, EVENT, "values", []),
        (Event, EVENT, "t", "soon"),
        (Event, EVENT, "t", True),
        (Event, EVENT, "t", 10**400),
        (Event, EVENT, "t", -(10**400)),
    ],
)
def test_a_value_of_another_type_is_refused_by_name(
    kind: type[Message], good: dict[str, object], key: str, bad: object
) -> None:
    with pytest.raises(MessageError, match=f"{key} = "):
        kind.from_json(json.dumps({**good, key: bad}).encode())


@pytest.mark.parametrize("bad", [rb'"\ud83d"', rb'["\uDC00x"]', rb'{"id": "\udfff", "values": {}}'])
def test_half_a_character_is_in_no_message(bad: bytes) -> None:
    payload = json.dumps({**EVENT, "values": {"x": 0}}).encode()
    for place in (b'"x": 0', b'"code": "' + str(EVENT["code"]).encode() + b'"'):
        assert place in payload
        with pytest.raises(MessageError, match="middle of a character"):
            Event.from_json(payload.replace(place, place.partition(b":")[0] + b": " + bad))
    whole = Event.from_json(payload.replace(b'"x": 0', rb'"x": "\ud83d\ude00 \\ud83d"'))
    assert whole.values == {"x": "\U0001f600 \\ud83d"}


def test_a_text_that_may_be_missing_may_be_none() -> None:
    state = ManagerState(1.0, "idle", "", 0.0, None, None, next_entry=None)
    assert ManagerState.from_json(state.to_json()) == state


@pytest.mark.parametrize("payload", [b"", b"[]", b'{"id": "#", "source": "x"}', b'{"id": "a", "source": "panel"}'])
def test_charger_stops_whatever_a_stop_looks_like(payload: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    program = StandIn("charger", monkeypatch)
    charger = ChargerShell(program)  # type: ignore[arg-type]
    program.hear_raw("v2h/command/stop", payload)
    assert charger._charger.stop_asked
