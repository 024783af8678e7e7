"""The page and the REST routes through HTTP requests. test_auth.py tests who may use them."""

import json
import re
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

import v2h.web
from tests.support.fullschedule import full
from tests.support.knownweb import PREVIEW, SCHEDULE, Log, known
from tests.support.messages import charger, manager
from tests.support.webapp import JSON, WebApp
from v2h.bus.messages import MOST_DOCUMENT_B, ConverterLosses, ManagerSettings, Reply
from v2h.bus.states import MODES
from v2h.web.app import MAX_BODY
from v2h.web.commands import ANSWER_WITHIN_S, COMMANDS, LONGER_S, BadCommandError, CommandQueue, check
from v2h.web.state import LiveState


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path, LiveState(site="<b>Garage</b>"))


@pytest.fixture
def far(web: WebApp) -> WebApp:
    """The far end of the commands: it takes them and answers."""
    return web


@pytest.fixture
def state(web: WebApp) -> LiveState:
    return web.state


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def app(web: WebApp, log: Log) -> Flask:
    return web.make(archive=log, streams=1, stream_life_s=0.3)


@pytest.fixture
def client(app: Flask, web: WebApp) -> FlaskClient:
    """The owner's client, with a token."""
    made = app.test_client()
    made.environ_base["HTTP_AUTHORIZATION"] = web.token()["Authorization"]
    return made


def test_page_has_no_inline_script_style_or_outside_address(client: FlaskClient, state: LiveState) -> None:
    state.put_charger(charger())
    page = client.get("/").get_data(as_text=True)
    assert " style=" not in page
    assert "<style" not in page
    assert " on" + "click=" not in page
    assert page.count("<script") == page.count("<script src=") == 2
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
    [
        (Reply("1", True, "done"), 200),
        (Reply("1", False, "no car"), 409),
        (Reply("1", False, "amps = 16.0 is not a number from 0 to 15 A", bad_input=True), 400),
        (None, 504),
    ],
)
def test_the_reply_of_the_bus_is_the_answer(client: FlaskClient, far: WebApp, reply: Reply | None, status: int) -> None:
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
        ("reboot", b"{}", 404, "unknown command 'reboot'; known: mode, stop, clear-fault, capture"),
        ("mode", b"{}", 400, "needs the key 'mode'"),
        ("mode", b'{"mode":"turbo"}', 400, "mode = 'turbo' is not one of idle, v2h"),
        ("mode", b'{"mode":"charge","amps":40}', 400, "amps = 40 is not a number from 1 to 16 A"),
        ("mode", b'{"mode":"charge","amps":true}', 400, "amps = True"),
        ("mode", b'{"mode":"charge","amps":"10"}', 400, "amps = '10'"),
        ("mode", b'{"mode":["charge"]}', 400, "mode = ['charge']"),
        ("mode", b'{"mode":"charge","ampere":10}', 400, "unknown key 'ampere'"),
        ("stop", b"[]", 400, "must be a JSON object"),
        ("stop", b"{", 400, "the body is no JSON"),
        ("stop", b"[" * 40000, 400, "the body is no JSON"),
        ("stop", b'{"\\udc00": 1}', 400, "a text in it ends in the middle of a character"),
        ("schedule", b'{"schedule": {"weekly": [{"name": "\\ud800x"}]}}', 400, "in the middle of a character"),
        ("settings", b'{"fuse_a": NaN}', 400, "NaN is not a number"),
        ("mode", b'{"mode":"v2h","until":"tomorrow"}', 400, "until = 'tomorrow' is not an ISO time with its offset"),
        ("mode", b'{"mode":"v2h","until":"2026-11-22T18:00:00"}', 400, "is not an ISO time with its offset"),
        ("schedule", b'{"schedule":[]}', 400, "schedule = [] is not a JSON object"),
        ("clock", b"{}", 400, "needs the key 'at'"),
        ("delete-day", b"{}", 400, "needs the key 'day'"),
        ("delete-day", b'{"day":"?1+00000"}', 400, "day = '?1+00000' is not a date such as 2026-11-22"),
        ("delete-day", b'{"day":"2026-02-30"}', 400, "day = '2026-02-30' is not a date"),
        ("clear-fault", b'{"unlock_confirmed":true}', 400, "hold on/off there for 10 s"),
        ("clear-fault", b'{"unlock_confirmed":false}', 400, "is given at the charger's panel alone"),
        ("slot", b'{"slot":"sell"}', 400, "slot = 'sell' is not one of charge, discharge, export, cover, hold, none"),
        ("stop", b'{"x":"' + b"y" * MAX_BODY + b'"}', 413, "bytes, 8 too many"),
    ],
)
def test_bad_orders_say_what_is_wrong(
    client: FlaskClient, far: WebApp, path: str, body: bytes, status: int, says: str
) -> None:
    answer = client.post(f"/api/v1/command/{path}", data=body, headers=JSON)
    assert answer.status_code == status
    assert says in answer.get_json()["error"]
    assert far.orders == []


def test_the_longest_schedule_is_taken_however_it_is_laid_out(
    client: FlaskClient, far: WebApp, state: LiveState
) -> None:
    """manager counts the document without spaces; its words for one that is too long are better than a 413."""
    state.put_settings(ManagerSettings(1.0, {"fuse_a": 63}))
    schedule = full("é" * 14)
    assert 0.95 * MOST_DOCUMENT_B < len(json.dumps(schedule, separators=(",", ":"))) <= MOST_DOCUMENT_B
    backup = {"v2h_backup": 1, "settings": {"fuse_a": 63}, "schedule": schedule}
    for path, document in (("command/schedule", {"schedule": schedule}), ("restore", backup)):
        answer = client.post(f"/api/v1/{path}", data=json.dumps(document, indent=4), headers=JSON)
        assert answer.status_code == 200, answer.get_json()
        assert far.orders[-1] == ("schedule", {"schedule": schedule})


def test_unknown_addresses_and_methods_of_the_api_are_json(client: FlaskClient) -> None:
    for answer, status in ((client.get("/api/v1/nowhere"), 404), (client.get("/api/v1/command/stop"), 405)):
        assert answer.status_code == status
        assert answer.get_json()["ok"] is False


@pytest.mark.slow
def test_stream_carries_the_state_and_the_seats_are_limited(client: FlaskClient, state: LiveState) -> None:
    first = client.get("/api/v1/stream")
    assert client.get("/api/v1/stream").status_code == 503
    events = first.get_data(as_text=True).split("\n\n")  # the stream ends after stream_life_s
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
    check("mode", {"mode": "charge", "until": "2026-11-22T18:00:00Z"})
    check("settings", {"fuse_a": None, "anything": [1]})
    known = {"mode", "stop", "clear-fault", "capture", "resume", "delete-day", "calibrate"} | {
        "settings",
        "schedule",
        "clock",
        "slot",
        "setpoint",
        "plan",
    }
    assert set(COMMANDS) == known


def test_door_hands_orders_to_the_loop_and_replies_back() -> None:
    door = CommandQueue()
    got: list[Reply | None] = []
    thread = threading.Thread(target=lambda: got.append(door.send("stop", {})))
    thread.start()
    import select

    assert select.select([door], [], [], 2.0)[0]
    ((name, command),) = door.take()
    assert (name, command.source, command.values) == ("stop", "web", {})
    door.tell("warning", "password_set", "by pairing")
    assert select.select([door], [], [], 2.0)[0]
    assert door.take() == [] and door.take_events() == [("warning", "password_set", "by pairing")]
    door.answer(Reply("somebody else's", True, "no"))
    door.answer(Reply(command.id, True, "stopping"))
    door.answer(Reply(command.id, False, "too late"))
    thread.join(2.0)
    assert [reply.text for reply in got if reply] == ["stopping"]


def test_an_order_nobody_took_is_never_sent_late(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.web.commands.ANSWER_WITHIN_S", 0.05)
    door = CommandQueue()
    assert door.send("mode", {"mode": "v2h"}) is None
    assert door.take() == []


def test_the_page_waits_longer_for_an_answer_than_the_bus_is_given() -> None:
    script = (Path(v2h.web.__file__).parent / "static" / "page.js").read_text()
    found = re.search(r"ANSWER_MS = (\d+)", script)
    assert found is not None
    longest_s = max(3 * ANSWER_WITHIN_S, *LONGER_S.values())  # a restore sends three commands at most
    assert int(found[1]) / 1000 >= longest_s + 2


def test_what_manager_has_not_said_is_refused_and_then_given(client: FlaskClient, state: LiveState) -> None:
    for path in ("settings", "schedule", "schedule/preview", "backup"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 503 and "manager has not said yet" in answer.get_json()["error"]
    known(state)
    assert client.get("/api/v1/settings").get_json()["settings"] == {"soc_min_pct": 30}
    assert client.get("/api/v1/schedule").get_json()["schedule"] == SCHEDULE
    assert client.get("/api/v1/schedule/preview").get_json()["preview"] == PREVIEW


def test_a_backup_can_be_restored_and_holds_no_secret(client: FlaskClient, state: LiveState, far: WebApp) -> None:
    known(state)
    backup = client.get("/api/v1/backup")
    assert "attachment" in backup.headers["Content-Disposition"]
    assert set(backup.get_json()) == {"v2h_backup", "version", "settings", "schedule"}
    assert client.post("/api/v1/restore", data=backup.data, headers=JSON).get_json()["ok"] is True
    assert far.orders == [("settings", {"soc_min_pct": 30}), ("schedule", {"schedule": SCHEDULE})]


@pytest.mark.parametrize(
    "body", [{}, {"v2h_backup": 2, "settings": {}, "schedule": {}}, {"v2h_backup": 1, "settings": {}}]
)
def test_what_is_no_backup_changes_nothing(client: FlaskClient, far: WebApp, body: dict[str, Any]) -> None:
    answer = client.post("/api/v1/restore", json=body)
    assert answer.status_code == 400 and "no backup: " in answer.get_json()["error"]
    assert far.orders == []


def test_a_restore_is_whole_or_not_at_all(
    client: FlaskClient, far: WebApp, state: LiveState, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"v2h_backup": 1, "settings": {"soc_min_pct": 50}, "schedule": {"version": 7}}
    assert client.post("/api/v1/restore", json=body).status_code == 503
    known(state)
    far.reply = None
    assert "nothing was restored" in client.post("/api/v1/restore", json=body).get_json()["error"]
    done, bad = Reply("1", True, "kept"), Reply("2", False, "version = 7 is unknown", bad_input=True)
    for last, said in ((done, "nothing was restored"), (None, "only the settings were restored")):
        replies, orders = [done, bad, last], []

        def send(name: str, values: Any, replies: Any = replies, orders: Any = orders) -> Reply | None:
            orders.append((name, values))
            return replies.pop(0)

        monkeypatch.setattr(far, "send", send)
        answer = client.post("/api/v1/restore", json=body)
        assert (answer.status_code, answer.get_json()["error"]) == (400, f"{said}: version = 7 is unknown")
        assert orders[0] == ("settings", {"soc_min_pct": 50}) and orders[2] == ("settings", {"soc_min_pct": 30})


def test_log_energy_and_samples(client: FlaskClient, state: LiveState) -> None:
    events = client.get("/api/v1/log?limit=2&before=5").get_json()["events"]
    assert [event["id"] for event in events] == [4, 3]
    assert client.get("/api/v1/log?level=fault").get_json() == {"events": []}
    assert client.get("/api/v1/energy?days=3").get_json()["days"][0]["charged_wh"] == 1200.0
    assert client.get("/api/v1/energy").get_json()["losses"] is None
    state.put_losses(ConverterLosses(0.0, 61.2, 0.05, 0.02, 23, 92.6))
    known = {"own_w": 61.2, "share": 0.05, "full_share": 0.02, "steps": 23, "efficiency_pct": 92.6}
    assert client.get("/api/v1/energy").get_json()["losses"] == known
    samples = client.get("/api/v1/samples?from_s=1000&to_s=2000&step_s=60").get_json()
    assert samples == {"step_s": 60, "samples": [{"t": 1000.0, "grid_w": 12.0, "power_w": None, "soc_pct": 50.0}]}


@pytest.mark.parametrize(
    ("path", "says"),
    [
        ("log?limit=0", "limit = '0' is not a whole number from 1 to 500"),
        ("log?limit=501", "limit = '501'"),
        ("log?limit=", "limit = ''"),
        ("log?limit=1e2", "limit = '1e2'"),
        ("log?before=-1", "before = '-1'"),
        ("log?before=99999999999999999999", "before = "),
        ("log?level=loud", "level = 'loud' is not one of info, warning, fault"),
        ("log.csv?level=loud", "level = 'loud'"),
        ("energy?days=401", "days = '401' is not a whole number from 1 to 400"),
        ("samples?from_s=nan", "from_s = 'nan' is not a number"),
        ("samples?step_s=1", "step_s = '1' is not a number from 10 to 86400"),
        ("samples?from_s=5&to_s=5", "is not a span of 1 to 3000 steps"),
        ("samples?from_s=0&to_s=1e9", "is not a span of 1 to 3000 steps"),
    ],
)
def test_bad_queries_say_what_is_wrong(client: FlaskClient, path: str, says: str) -> None:
    answer = client.get(f"/api/v1/{path}")
    assert answer.status_code == 400
    assert says in answer.get_json()["error"]


def test_a_log_that_cannot_be_read_says_so(client: FlaskClient, web: WebApp, log: Log) -> None:
    log.broken = True
    for path in ("log", "log.csv"):
        answer = client.get(f"/api/v1/{path}")
        assert answer.status_code == 503 and "disk I/O error" in answer.get_json()["error"]
    bare = web.make().test_client()
    for path in ("log", "energy", "samples", "sessions", "log.csv", "samples.csv", "energy.csv", "sessions.csv"):
        assert "there is no log here" in bare.get(f"/api/v1/{path}").get_json()["error"]


def test_csv_holds_every_event(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.web.rest_log.MAX_EVENTS", 2)
    lines = client.get("/api/v1/log.csv").get_data(as_text=True).split("\r\n")
    assert lines[0] == "at,synchronised,level,code,text,source" and len(lines) == 7
    assert lines[1] == '2026-11-22T00:00:05Z,1,info,x,"says ""no"", then ü",manager'
    assert client.get("/api/v1/samples.csv?from_s=1&to_s=61&step_s=60").get_data(as_text=True) == (
        "t,grid_w,power_w,soc_pct\r\n1.0,12.0,,50.0\r\n"
    )


def test_csv_of_months_and_of_sessions(client: FlaskClient) -> None:
    head, month, end = client.get("/api/v1/energy.csv?by=month").get_data(as_text=True).split("\r\n")
    assert head.startswith("day,charged_wh,discharged_wh,") and (month[:13], end) == ("2026-11,1200.", "")
    head, session, end = client.get("/api/v1/sessions.csv").get_data(as_text=True).split("\r\n")
    assert head.startswith("at,synchronised,lasted_s,modes,charged_wh,") and head.endswith(",why")
    assert session.startswith("2026-11-22T00:00:00Z,1,3600.0,,1200.0,0.0,") and end == ""
    assert client.get("/api/v1/energy.csv?by=week").status_code == 400


def test_captures_are_listed_and_given_by_name_only(client: FlaskClient, web: WebApp) -> None:
    assert client.get("/api/v1/captures").get_json() == {"captures": []}
    folder = web.data / "captures"
    folder.mkdir()
    (folder / "fault-1.log").write_text("(1.0) can1 102#00\n")
    (folder / "notes.txt").write_text("mine")
    (web.data / "secret.log").write_text("no")
    (row,) = client.get("/api/v1/captures").get_json()["captures"]
    assert (row["name"], row["bytes"]) == ("fault-1.log", 18)
    got = client.get("/api/v1/captures/fault-1.log")
    assert got.get_data(as_text=True) == "(1.0) can1 102#00\n"
    got.close()
    for name in ("notes.txt", "..%2fsecret.log", "../secret.log", "%2e%2e/secret.log", "nothing.log"):
        assert client.get(f"/api/v1/captures/{name}").status_code == 404


def test_a_calendar_becomes_trips_and_the_answer_says_what_was_left_out(client: FlaskClient, far: WebApp) -> None:
    start = datetime.now(UTC) + timedelta(days=1)
    day = f"BEGIN:VEVENT\nDTSTART;VALUE=DATE:{start:%Y%m%d}\nSUMMARY:holiday\nEND:VEVENT"
    event = f"BEGIN:VEVENT\nDTSTART:{start:%Y%m%dT%H%M%SZ}\nSUMMARY:Airport 90 %\nEND:VEVENT"
    text = f"BEGIN:VCALENDAR\n{event}\n{day}\nEND:VCALENDAR"
    answer = client.post("/api/v1/trips", json={"ics": text}, headers=JSON)
    assert answer.status_code == 200
    ((name, values),) = far.orders
    assert (name, [trip["soc_pct"] for trip in values["trips"]]) == ("trips", [90.0])
    for body, says in (
        ({"ics": 5}, "ics = 5 is not the text of a calendar file"),
        ({"ics": "x"}, "ics: this is not a calendar file"),
        ({"ics": text, "soc_pct": 1}, "soc_pct = 1 is not a number from 5 to 100 %"),
    ):
        refused = client.post("/api/v1/trips", json=body, headers=JSON)
        assert (refused.status_code, says in refused.get_json()["error"]) == (400, True)
