"""Every route of the application through its own front door, refusals first. The list of routes comes from the app."""

import json
import threading
from collections.abc import Mapping
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from messages import charger, manager
from v2h.bus import MODES, Reply
from v2h.web.access import host_refusal
from v2h.web.app import create_app
from v2h.web.commands import COMMANDS, BadCommandError, CommandDoor, check
from v2h.web.state import LiveState

JSON = {"Content-Type": "application/json"}


class Recorder:
    """The far end of the command door."""

    def __init__(self) -> None:
        self.orders: list[tuple[str, Mapping[str, Any]]] = []
        self.reply: Reply | None = Reply("1", True, "mode is v2h", {"mode": "v2h"})

    def send(self, name: str, values: Mapping[str, Any]) -> Reply | None:
        self.orders.append((name, values))
        return self.reply


@pytest.fixture
def far() -> Recorder:
    return Recorder()


@pytest.fixture
def state() -> LiveState:
    return LiveState(site="<b>Garage</b>")


@pytest.fixture
def app(state: LiveState, far: Recorder) -> Flask:
    return create_app(state, far, host_names=("garage.lan",), streams=1, stream_life_s=0.3)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def paths(app: Flask) -> list[tuple[str, str]]:
    """Each (method, path) the application knows, placeholders filled."""
    found = []
    for rule in app.url_map.iter_rules():
        path = rule.rule.replace("<name>", "stop").replace("<path:filename>", "page.css")
        found += [(method, path) for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})]
    return found


def test_every_route_refuses_a_foreign_host(app: Flask, far: Recorder) -> None:
    assert len(paths(app)) >= 6
    for method, path in paths(app):
        answer = app.test_client().open(path, method=method, headers={"Host": "evil.example", **JSON}, data="{}")
        assert answer.status_code == 403, path
        assert "evil.example" in answer.get_json()["error"]
    assert far.orders == []


@pytest.mark.parametrize(
    ("host", "good"),
    [
        ("192.168.1.7", True),
        ("192.168.1.7:8080", True),
        ("[fd00::7]:80", True),
        ("localhost:8080", True),
        ("V2H.local", True),
        ("v2h.local.", True),
        ("garage.lan:80", True),
        ("", False),
        ("v2h.local.evil.example", False),
        ("192.168.1.7.evil.example", False),
        ("garage.lan:80:80", False),
    ],
)
def test_hosts(host: str, good: bool) -> None:
    assert (host_refusal(host, ("garage.lan",)) is None) is good


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        (JSON, 200),
        ({**JSON, "Origin": "http://localhost"}, 200),
        ({**JSON, "Sec-Fetch-Site": "same-origin"}, 200),
        ({**JSON, "Origin": "http://evil.example"}, 403),
        ({**JSON, "Origin": "null"}, 403),
        ({**JSON, "Origin": "http://localhost:8081"}, 403),
        ({**JSON, "Sec-Fetch-Site": "cross-site"}, 403),
        ({**JSON, "Sec-Fetch-Site": "same-site"}, 403),
        ({"Content-Type": "text/plain"}, 415),
        ({"Content-Type": "application/x-www-form-urlencoded"}, 415),
        ({}, 415),
    ],
)
def test_every_change_from_another_site_is_refused(
    app: Flask, far: Recorder, headers: dict[str, str], status: int
) -> None:
    changes = [path for method, path in paths(app) if method == "POST"]
    assert changes == ["/api/v1/command/stop"]
    for path in changes:
        answer = app.test_client().post(path, headers=headers, data="{}")
        assert answer.status_code == status
        assert answer.get_json()["ok"] is (status == 200)
        assert ("is not accepted; send application/json" in answer.get_data(as_text=True)) is (status == 415)
    assert len(far.orders) == (len(changes) if status == 200 else 0)


def test_every_answer_carries_the_hard_headers(app: Flask) -> None:
    for method, path in [*paths(app), ("GET", "/nowhere")]:
        answer = app.test_client().open(path, method=method, headers=JSON, data="{}")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        answer.close()


def test_page_has_no_inline_script_style_or_outside_address(client: FlaskClient, state: LiveState) -> None:
    state.put_charger(charger())
    page = client.get("/").get_data(as_text=True)
    assert " style=" not in page
    assert "<style" not in page
    assert " on" + "click=" not in page
    assert page.count("<script") == page.count("<script src=") == 1
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "")
    assert "https://" not in page
    assert "&lt;b&gt;Garage" in page


@pytest.mark.parametrize("known", [False, True])
def test_page_state_and_health_render_with_and_without_data(client: FlaskClient, state: LiveState, known: bool) -> None:
    if known:
        state.put_bus(True)
        state.put_charger(charger())
        state.put_manager(manager())
    page = client.get("/")
    assert page.status_code == 200
    assert ("Charging the car with 3.81 kW" in page.get_data(as_text=True)) is known
    assert (client.get("/api/v1/state").get_json()["charger"] is not None) is known
    health = client.get("/api/v1/health").get_json()
    assert health["ok"] is False
    assert ("the message bus does not answer" in health["problems"]) is not known


@pytest.mark.parametrize(
    ("reply", "status"),
    [(Reply("1", True, "done"), 200), (Reply("1", False, "no car"), 409), (None, 504)],
)
def test_the_reply_of_the_bus_is_the_answer(
    client: FlaskClient, far: Recorder, reply: Reply | None, status: int
) -> None:
    far.reply = reply
    answer = client.post("/api/v1/command/mode", json={"mode": "charge", "amps": 10, "soc_limit_pct": 80})
    assert answer.status_code == status
    body = answer.get_json()
    assert body["ok"] is (status == 200)
    if reply is not None:
        assert body["text"] == reply.text
    assert far.orders == [("mode", {"mode": "charge", "amps": 10, "soc_limit_pct": 80})]


@pytest.mark.parametrize(
    ("path", "body", "status", "says"),
    [
        ("reboot", b"{}", 404, "unknown command 'reboot'; known: mode, stop, clear-fault"),
        ("mode", b"{}", 400, "needs the key 'mode'"),
        ("mode", b'{"mode":"turbo"}', 400, "mode = 'turbo' is not one of idle, v2h"),
        ("mode", b'{"mode":"charge","amps":40}', 400, "amps = 40 is not a number from 1 to 16 A"),
        ("mode", b'{"mode":"charge","amps":true}', 400, "amps = True"),
        ("mode", b'{"mode":"charge","amps":"10"}', 400, "amps = '10'"),
        ("mode", b'{"mode":["charge"]}', 400, "mode = ['charge']"),
        ("mode", b'{"mode":"charge","ampere":10}', 400, "unknown key 'ampere'"),
        ("stop", b"[]", 400, "must be a JSON object"),
        ("stop", b"{", 400, "POST /api/v1/command/stop"),
        ("stop", b'{"x":"' + b"y" * 5000 + b'"}', 413, "exceeds"),
    ],
)
def test_bad_orders_say_what_is_wrong(
    client: FlaskClient, far: Recorder, path: str, body: bytes, status: int, says: str
) -> None:
    answer = client.post(f"/api/v1/command/{path}", data=body, headers=JSON)
    assert answer.status_code == status
    assert says in answer.get_json()["error"]
    assert far.orders == []


def test_unknown_addresses_and_methods_are_json(client: FlaskClient) -> None:
    for answer, status in ((client.get("/nowhere"), 404), (client.get("/api/v1/command/stop"), 405)):
        assert answer.status_code == status
        assert answer.get_json()["ok"] is False


def test_stream_carries_the_state_and_the_seats_are_limited(client: FlaskClient, state: LiveState) -> None:
    first = client.get("/api/v1/stream")
    assert client.get("/api/v1/stream").status_code == 503
    events = first.get_data(as_text=True).split("\n\n")  # ends by itself after stream_life_s
    first.close()
    assert events[0] == "retry: 1000"
    assert json.loads(events[1].removeprefix("data: "))["view"]["site"] == "<b>Garage</b>"
    again = client.get("/api/v1/stream")
    assert again.status_code == 200
    again.close()


def test_every_mode_can_be_asked_for() -> None:
    for mode in MODES:
        check("mode", {"mode": mode})
    with pytest.raises(BadCommandError):
        check("stop", {"hard": True})
    assert set(COMMANDS) == {"mode", "stop", "clear-fault"}


def test_door_hands_orders_to_the_loop_and_replies_back() -> None:
    door = CommandDoor()
    got: list[Reply | None] = []
    thread = threading.Thread(target=lambda: got.append(door.send("stop", {})))
    thread.start()
    import select

    assert select.select([door], [], [], 2.0)[0]
    ((name, command),) = door.take()
    assert (name, command.source, command.values) == ("stop", "web", {})
    door.answer(Reply("somebody else's", True, "no"))
    door.answer(Reply(command.id, True, "stopping"))
    door.answer(Reply(command.id, False, "too late"))
    thread.join(2.0)
    assert [reply.text for reply in got if reply] == ["stopping"]


def test_an_order_nobody_took_is_never_sent_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.web.commands.ANSWER_WITHIN_S", 0.05)
    door = CommandDoor()
    assert door.send("mode", {"mode": "v2h"}) is None
    assert door.take() == []
