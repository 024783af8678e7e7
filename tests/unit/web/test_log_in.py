"""Log-in with the owner's password, the browsers that are remembered, and tokens for programs."""

import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support.webapp import FORM, WebApp, browser
from v2h.web import auth_store
from v2h.web.state import LiveState


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path, LiveState(site="Garage"))


@pytest.fixture
def app(web: WebApp) -> Flask:
    return web.make(streams=1, stream_life_s=0.1)


def test_log_in_gives_a_cookie_that_scripts_and_other_sites_cannot_use(app: Flask, web: WebApp) -> None:
    session = web.session()
    client = app.test_client()
    wrong = client.post("/login", data={"password": "not the password"}, headers=FORM)
    assert wrong.status_code == 401 and "Set-Cookie" not in wrong.headers
    assert "this is not the password" in wrong.get_data(as_text=True)
    right = client.post("/login", data={"password": "correct horse battery"}, headers=FORM)
    assert (right.status_code, right.location) == (303, "/")
    cookie = right.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/" in cookie
    assert session not in cookie, "each browser has its own"
    page = client.get("/").get_data(as_text=True)
    given = page.split('name="csrf-token" content="')[1].split('"')[0]
    assert len(given) == 64
    assert client.post("/api/v1/command/stop", json={}, headers={"X-CSRF-Token": given}).status_code == 200
    assert client.post("/logout", data={"csrf_token": given}, headers=FORM).status_code == 303
    assert client.post("/api/v1/command/stop", json={}, headers={"X-CSRF-Token": given}).status_code == 401
    assert web.keys.holder(session, "session") is not None, "the other browser stays"


def test_log_in_page_says_that_it_is_http_only(app: Flask, web: WebApp) -> None:
    assert "No password is set yet" in app.test_client().get("/login").get_data(as_text=True)
    web.session()
    assert "plain HTTP" in app.test_client().get("/login").get_data(as_text=True)


def test_wrong_passwords_are_few_for_one_address_and_lock_no_other_out(app: Flask, web: WebApp) -> None:
    web.session()

    def log_in(password: str, address: str) -> TestResponse:
        form, caller = {"password": password}, {"REMOTE_ADDR": address}
        return app.test_client().post("/login", data=form, headers=FORM, environ_overrides=caller)

    assert [log_in("x" * 10, "192.168.1.66").status_code for _ in range(6)] == [401] * 5 + [429]
    refused = log_in("correct horse battery", "192.168.1.66")
    assert refused.status_code == 429 and 0 < int(refused.headers["Retry-After"]) <= 31
    assert log_in("correct horse battery", "192.168.1.7").status_code == 303
    wrong = [text for _, code, text in web.events if code == "wrong-password"]
    assert wrong == ["Wrong passwords from 192.168.1.66: 1, with less than an hour between two."]


def test_guessers_never_lock_out_a_browser_that_has_logged_in_before(app: Flask, web: WebApp) -> None:
    """Even from the guesser's own address, and when the limit of all callers is used up."""
    web.session()

    def log_in(client: FlaskClient, password: str = "correct horse battery") -> TestResponse:
        return client.post("/login", data={"password": password}, headers=FORM)

    known, other = app.test_client(), app.test_client()
    cookies = log_in(known).headers.getlist("Set-Cookie")
    (remembered,) = [cookie for cookie in cookies if cookie.startswith("v2h_device=")]
    assert "HttpOnly" in remembered and "SameSite=Strict" in remembered
    for number in range(100):
        web.keys.attempts.wait_s(time.monotonic(), f"10.0.0.{number}")
    other.set_cookie("v2h_device", "guess")
    assert log_in(other).status_code == 429
    again = log_in(known)
    assert again.status_code == 303 and "v2h_device" not in str(again.headers), "it keeps what it has"
    assert [log_in(known, "x" * 10).status_code for _ in range(6)] == [401] * 5 + [429], "it has a limit, too"
    secret = remembered.split("=")[1].split(";")[0]
    assert secret not in (web.folder / "web" / "owner.json").read_text()
    client, _ = browser(app, secret)
    assert client.get("/tokens").location == "/login", "it may do nothing"
    web.keys.set_password("another long one")
    assert web.keys.holder(secret, "device") is None


def test_tokens_are_shown_once_and_revoked(app: Flask, web: WebApp) -> None:
    session = web.session()
    client, csrf = browser(app, session)
    form = {"csrf_token": csrf["X-CSRF-Token"]}
    made = client.post("/tokens", data=form | {"name": "<i>pc</i>"}, headers=FORM).get_data(as_text=True)
    secret = made.split('id="token">')[1].split("<")[0]
    assert secret.startswith("v2h_") and "&lt;i&gt;pc" in made and "<i>pc" not in made
    assert secret not in client.get("/tokens").get_data(as_text=True), "shown once"
    assert secret not in (web.folder / "web" / "owner.json").read_text()
    bearer = {"Authorization": f"Bearer {secret}"}
    assert app.test_client().post("/api/v1/command/stop", json={}, headers=bearer).status_code == 200
    (key,) = web.keys.tokens()
    assert client.post(f"/tokens/{key.id}/revoke", data=form, headers=FORM).status_code == 303
    assert app.test_client().get("/api/v1/state", headers=bearer).status_code == 401
    assert client.post("/tokens", data=form | {"name": " "}, headers=FORM).status_code == 400
    assert [code for _, code, _ in web.events] == ["token_made", "access-ended"]
    assert secret not in str(web.events)


def test_a_revocation_that_the_disk_refuses_is_told_as_that(
    app: Flask, web: WebApp, monkeypatch: pytest.MonkeyPatch
) -> None:
    client, csrf = browser(app, web.session())
    form = {"csrf_token": csrf["X-CSRF-Token"]}
    bearer = web.token()
    (key,) = web.keys.tokens()

    def refuses(path: Path, value: object, mode: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(auth_store, "write_json", refuses)
    answer = client.post(f"/tokens/{key.id}/revoke", data=form, headers=FORM)
    assert answer.status_code == 503 and "No space left on device" in answer.get_data(as_text=True)
    assert app.test_client().get("/api/v1/state", headers=bearer).status_code == 401, "it holds for now"
    assert "works again after a restart" in client.get("/tokens").get_data(as_text=True)
    assert client.post("/logout", data=form, headers=FORM).status_code == 303
    assert [(level, code) for level, code, _ in web.events] == [("warning", "access-ended"), ("warning", "owner_file")]
    assert all("No space left on device" in text for _, _, text in web.events)


def test_a_token_makes_no_tokens(app: Flask, web: WebApp) -> None:
    bearer = web.token()
    answer = app.test_client().post("/tokens", data={"name": "more"}, headers=FORM | bearer)
    assert (answer.status_code, answer.location) == (303, "/login")
    assert len(web.keys.tokens()) == 1
