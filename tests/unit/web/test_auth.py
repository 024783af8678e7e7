"""Permissions. Every list of routes comes from the application itself, so that a new route cannot be forgotten."""

import re
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from tests.support.messages import charger
from tests.support.webapp import FORM, JSON, PASSWORD, WebApp, browser, routes
from v2h import version
from v2h.web.auth import BINARY, LASTING, OPEN_TO_ALL, OWNERS_READING, PIECE
from v2h.web.auth_store import csrf_token
from v2h.web.commands import COMMANDS, OPERATE
from v2h.web.request_checks import host_refusal
from v2h.web.state import LiveState

OPEN_CHANGES = ("owner.do_log_in", "owner.do_pair")
"""The routes by which a browser becomes the owner; each has its own test below."""
OWNERS_PAGES = ("owner.log_out", "owner.tokens", "owner.account", "owner.show_site")


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path, LiveState(site="Garage"))


@pytest.fixture
def app(web: WebApp) -> Flask:
    return web.make(host_names=("garage.lan",), streams=1, stream_life_s=0.1)


def changes(app: Flask) -> list[tuple[str, str, str]]:
    found = [route for route in routes(app) if route[1] != "GET"]
    assert {path for _, _, path in found} >= {"/api/v1/command/stop", "/api/v1/restore", "/tokens", "/logout"}
    return found


def good_headers(endpoint: str) -> dict[str, str]:
    if endpoint == PIECE:
        return {"Content-Type": BINARY}
    return dict(FORM if endpoint.startswith("owner.") else JSON)


def said(answer: TestResponse) -> str:
    """The sentence of a refusal: JSON for programs, a page for people."""
    if answer.request.path.startswith(("/api/", "/metrics")):
        return str(answer.get_json()["error"])
    assert answer.mimetype == "text/html"
    return answer.get_data(as_text=True)


@pytest.mark.parametrize(
    ("method", "path", "came_from", "status", "sentence", "back"),
    [
        ("GET", "/nowhere", "", 404, "GET /nowhere: ", "/"),
        ("GET", "/nowhere", "http://[", 404, "GET /nowhere: ", "/"),
        ("GET", "/nowhere", "http://localhost/nowhere", 404, "GET /nowhere: ", "/"),
        ("POST", "/api", "http://localhost/log?level=fault", 415, "is not accepted", "/log"),
        ("TRACE", "/health", "http://localhost/log?level=fault", 405, "not allowed", "/log"),
        ("TRACE", "/tokens/1/revoke", "http://localhost//evil.example/", 405, "not allowed", "/evil.example/"),
        ("POST", "/tokens/1/revoke", "http://localhost/tokens", 403, "Reload the page.", "/tokens"),
        ("POST", "/logout", "http://localhost/logout", 403, "Reload the page.", "/logout"),
        ("POST", "/logout", "http://evil.example/logout", 403, "Reload the page.", "/"),
    ],
)
def test_people_are_refused_on_a_page_with_the_way_back(
    app: Flask, web: WebApp, method: str, path: str, came_from: str, status: int, sentence: str, back: str
) -> None:
    client, _ = browser(app, web.session())
    answer = client.open(
        path, method=method, data={"csrf_token": "of yesterday"}, headers=FORM | {"Referer": came_from}
    )
    assert answer.status_code == status
    assert sentence in said(answer) and f'<a class="button" href="{back}">' in said(answer)


def test_the_address_of_a_form_leads_to_its_page(app: Flask, web: WebApp) -> None:
    """A reload after a refusal, or a bookmark."""
    client, _ = browser(app, web.session())
    found = routes(app)
    pages = {path for _, method, path in found if method == "GET"}
    forms = [path for endpoint, _, path in found if endpoint.startswith("owner.") and path not in pages]
    assert len(forms) >= 7
    for path in forms:
        answer = client.get(path)
        assert answer.status_code == 303 and answer.location in pages, path
        assert client.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    ("came_from", "to"),
    [
        ("http://localhost/start", "/start"),
        ("http://localhost/settings?x=1", "/settings"),
        ("http://evil.example/start", "/"),
        ("http://localhost//evil.example", "/"),
        ("http://[", "/"),
        ("", "/"),
    ],
)
def test_a_log_in_returns_to_the_page_that_led_to_it(app: Flask, web: WebApp, came_from: str, to: str) -> None:
    web.session()
    client = app.test_client()
    form = client.get("/login", headers={"Referer": came_from}).get_data(as_text=True)
    kept = dict(re.findall(r'type="hidden" name="(to)" value="(.*?)"', form))
    wrong = client.post("/login", data=kept | {"password": "x"}, headers=FORM).get_data(as_text=True)
    assert dict(re.findall(r'type="hidden" name="(to)" value="(.*?)"', wrong)) == kept
    assert client.post("/login", data=kept | {"password": PASSWORD}, headers=FORM).location == to
    assert client.post("/login", data={"to": "//evil.example", "password": PASSWORD}, headers=FORM).location == "/"


def test_a_foreign_host_is_refused_on_a_page_that_tells_nothing_of_ours(app: Flask, web: WebApp) -> None:
    text = said(app.test_client().get("/", headers={"Host": "<b>.example"}))
    assert "&lt;b&gt;.example" in text and "IP address" in text
    assert web.state.document()[0]["view"]["site"] == "Garage" and "Garage" not in text
    assert "<link" not in text and "<script" not in text, "they would be refused too"


def test_every_route_refuses_a_foreign_host(app: Flask, web: WebApp) -> None:
    token = web.token()
    assert len(routes(app)) >= 20
    for endpoint, method, path in routes(app):
        headers = good_headers(endpoint) | token | {"Host": "evil.example"}
        answer = app.test_client().open(path, method=method, headers=headers, data="{}")
        assert answer.status_code == 403, path
        assert "evil.example" in said(answer)
    assert web.orders == []


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
    "bad",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": "http://localhost:8081"},
        {"Origin": "https://localhost"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": "multipart/form-data; boundary=x"},
        {"Content-Type": ""},
    ],
)
def test_every_change_from_another_site_is_refused_even_with_the_owners_session(
    app: Flask, web: WebApp, bad: dict[str, str]
) -> None:
    session = web.session()
    for endpoint, method, path in changes(app):
        client, csrf = browser(app, session)
        headers = good_headers(endpoint) | csrf | bad
        answer = client.open(path, method=method, headers=headers, data="{}")
        assert answer.status_code == (415 if "Content-Type" in bad else 403), (path, answer.data)
    assert web.orders == [] and len(web.keys.tokens()) == 0 and web.keys.holder(session, "session") is not None


@pytest.mark.parametrize("kind", [{}, {"Content-Type": FORM["Content-Type"]}, JSON])
def test_an_order_without_values_needs_no_body(app: Flask, web: WebApp, kind: dict[str, str]) -> None:
    token = web.token("operate")
    answer = app.test_client().post("/api/v1/command/stop", headers=token | kind)
    assert (answer.status_code, web.orders) == (200, [("stop", {})])
    assert app.test_client().post("/api/v1/command/mode", headers=token | kind).get_json()["error"] == (
        "command 'mode' needs the key 'mode'"
    )
    for foreign in ({"Origin": "http://evil.example"}, {"Sec-Fetch-Site": "cross-site"}):
        assert app.test_client().post("/api/v1/command/stop", headers=token | kind | foreign).status_code == 403
    client, csrf = browser(app, web.session())
    if kind != JSON:
        assert client.post("/api/v1/command/stop", headers=csrf | kind).status_code == 415, "a form could send it"
    body = client.post("/api/v1/command/stop", headers=token | {"Content-Type": "text/plain"}, data="{}")
    assert body.status_code == 415, "what is sent is JSON"
    assert len(web.orders) == 1


def test_a_change_without_a_token_says_how_to_get_one_whatever_its_type(app: Flask, web: WebApp) -> None:
    web.session()
    for headers in ({}, JSON, {"Content-Type": "text/plain"}):
        answer = app.test_client().post("/api/v1/command/stop", headers=headers)
        assert answer.status_code == 401 and "token" in said(answer)
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    assert web.orders == []


def test_a_form_without_an_origin_is_refused(app: Flask) -> None:
    for endpoint, method, path in changes(app):
        if endpoint.startswith("owner."):
            answer = app.test_client().open(path, method=method, headers={"Content-Type": FORM["Content-Type"]})
            assert answer.status_code == 403, path


@pytest.mark.slow
@pytest.mark.parametrize("password_set", [False, True])
@pytest.mark.parametrize(
    "credential", ["none", "bad cookie", "bad token", "token as cookie", "session as token", "basic"]
)
def test_every_change_needs_the_owner(app: Flask, web: WebApp, password_set: bool, credential: str) -> None:
    session, token = "", "v2h_x"
    if password_set:
        session, token = web.session(), web.token()["Authorization"].removeprefix("Bearer ")
    kinds = {
        "none": ("", None),
        "bad cookie": ("ÿ" * 40, None),
        "bad token": ("", "Bearer v2h_" + "A" * 43),
        "token as cookie": (token, None),
        "session as token": ("", f"Bearer {session}"),
        "basic": ("", "Basic djJoOmNvcnJlY3QgaG9yc2UgYmF0dGVyeQ=="),
    }
    cookie, authorization = kinds[credential]
    before = len(web.keys.tokens())
    for endpoint, method, path in changes(app):
        if endpoint in OPEN_CHANGES:
            continue
        client, csrf = browser(app, cookie)
        headers = good_headers(endpoint) | csrf | ({"Authorization": authorization} if authorization else {})
        answer = client.open(path, method=method, headers=headers, data="{}")
        if endpoint.startswith("owner.") and authorization is None:
            assert (answer.status_code, answer.location) == (303, "/login"), path
        else:
            assert answer.status_code == (403 if authorization is None and not password_set else 401), path
            assert endpoint.startswith("owner.") or answer.get_json()["ok"] is False
    assert web.orders == [] and len(web.keys.tokens()) == before


def test_every_change_of_a_session_needs_its_own_csrf_token(app: Flask, web: WebApp) -> None:
    session, other = web.session(), web.session()
    for endpoint, method, path in changes(app):
        if endpoint in OPEN_CHANGES:
            continue
        for sent in ("", "ÿ", csrf_token(other)):
            client, _ = browser(app, session)
            headers = good_headers(endpoint) | {"X-CSRF-Token": sent}
            data = {"csrf_token": sent, "name": "x"} if endpoint.startswith("owner.") else "{}"
            answer = client.open(path, method=method, headers=headers, data=data)
            assert answer.status_code == 403 and "CSRF" in said(answer), path
    assert web.orders == [] and web.keys.tokens() == []


def test_open_to_all_is_what_it_says_and_nothing_more(app: Flask) -> None:
    assert set(OPEN_TO_ALL) - {"static"} == {"owner.log_in", "owner.do_log_in", "owner.pair", "owner.do_pair"}
    assert {endpoint for endpoint, method, _ in routes(app) if method != "GET"} & set(OPEN_TO_ALL) == set(OPEN_CHANGES)


def test_a_session_and_a_token_let_the_owner_change_things(app: Flask, web: WebApp) -> None:
    client, csrf = browser(app, web.session())
    assert client.post("/api/v1/command/stop", json={}, headers=csrf).status_code == 200
    assert app.test_client().post("/api/v1/command/stop", json={}, headers=web.token()).status_code == 200
    assert [name for name, _ in web.orders] == ["stop", "stop"]


FLAT = {"results": [{"valid_from": "2026-01-01T00:00Z", "valid_to": None, "value_inc_vat": 24.5}]}


def test_a_token_may_do_what_its_scope_says_and_nothing_more(web: WebApp) -> None:
    """With closed reading, so that each scope counts. Every change that this list does not name configures."""
    app, operate = web.make(reading_open=False), {f"/api/v1/command/{name}" for name in OPERATE}
    bodies: dict[str, dict[str, object]] = {"mode": {"mode": "v2h"}, "slot": {"slot": "none"}}
    bodies |= {"clock": {"at": "x"}, "setpoint": {"power_w": None}}
    for scope, allowed in (("read", set[str]()), ("operate", operate), ("configure", operate | {"any other"})):
        token = web.token(scope)
        assert app.test_client().get("/api/v1/state", headers=token).status_code == 200
        for name in COMMANDS:
            path = f"/api/v1/command/{name}"
            answer = app.test_client().post(path, json=bodies.get(name, {}), headers=token)
            may = path in allowed or "any other" in allowed
            assert (answer.status_code == 403) is not may, (scope, name, answer.get_json())
            if not may:
                assert "/tokens" in said(answer) and f'scope of this token is "{scope}"' in said(answer)
        pushed = app.test_client().post("/api/v1/prices", json=FLAT, headers=token)
        assert pushed.status_code == (403 if scope == "read" else 200)
        asked = app.test_client().post("/api/v1/setpoint", json={"power_w": None}, headers=token)
        assert asked.status_code == (403 if scope == "read" else 200)
        loaded = app.test_client().post("/api/v1/trips", json={"trips": []}, headers=token)
        assert loaded.status_code == (403 if scope == "read" else 200)
        restored = app.test_client().post("/api/v1/restore", json={}, headers=token)
        assert (restored.status_code == 403) is (scope != "configure")
    assert {name for name, _ in web.orders} == {"settings", "prices", "trips", "calibrate", *OPERATE}
    assert set(COMMANDS) - set(OPERATE) == {"settings", "schedule", "clock", "delete-day", "calibrate"}


def test_reading_is_open_until_it_is_closed(web: WebApp) -> None:
    """Closed: every route except those for the log-in refuses, with 401 for programs and with the log-in for
    browsers."""
    for reading_open in (True, False):
        app = web.make(reading_open=reading_open, streams=1, stream_life_s=0.1)
        for endpoint, method, path in routes(app):
            if method != "GET":
                continue
            answer = app.test_client().get(path)
            refused = answer.status_code in (401, 403) or (answer.status_code, answer.location) == (303, "/login")
            owners = endpoint in (*OWNERS_PAGES, *OWNERS_READING)
            closed = not reading_open and endpoint not in OPEN_TO_ALL
            assert refused is (owners or closed), (path, answer.status_code, reading_open)
            answer.close()
    token = web.token()
    app = web.make(reading_open=False)
    assert app.test_client().get("/api/v1/state").status_code == 401
    assert app.test_client().get("/api/v1/state", headers=token).status_code == 200
    assert browser(app, web.session())[0].get("/").status_code == 200


@pytest.mark.parametrize("path", ["/login", "/pair", "/nowhere", "/static/nothing.css"])
def test_where_only_the_owner_reads_a_stranger_learns_nothing_of_the_house(web: WebApp, path: str) -> None:
    web.state.put_charger(charger(state="fault"))
    told = ("Garage", version(), 'data-tone="fault"')
    for reading_open in (True, False):
        page = web.make(reading_open=reading_open).test_client().get(path).get_data(as_text=True)
        assert [word in page for word in told] == [reading_open] * 3
    assert "Garage" in browser(web.make(reading_open=False), web.session())[0].get(path).get_data(as_text=True)


@pytest.mark.slow
@pytest.mark.parametrize("credential", ["session", "token"])
@pytest.mark.parametrize("reading_open", [False, True])
def test_a_new_password_ends_the_streams_that_only_the_owner_may_see(
    web: WebApp, reading_open: bool, credential: str
) -> None:
    app = web.make(reading_open=reading_open, streams=1, stream_life_s=2.5)
    client, headers = browser(app, web.session())[0], {}
    if credential == "token":
        client, headers = app.test_client(), web.token()
    answer = client.get("/api/v1/stream", headers=headers, buffered=False)
    chunks = answer.iter_encoded()
    assert next(chunks).startswith(b"retry") and next(chunks).startswith(b"data")
    web.keys.set_password("another long one")
    assert any(chunk.startswith(b"data") for chunk in chunks) is reading_open
    answer.close()


def test_every_answer_carries_the_hard_headers(app: Flask) -> None:
    for endpoint, method, path in [*routes(app), ("", "GET", "/nowhere"), ("", "PUT", "/"), ("", "DELETE", "/login")]:
        answer = app.test_client().open(path, method=method, headers=good_headers(endpoint), data="{}")
        policy = answer.headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "frame-ancestors 'none'" in policy and "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert endpoint in LASTING or answer.headers["Cache-Control"] == "no-store"
        answer.close()
