"""The pairing window: only the panel opens it, one browser owns it, and its first use closes it."""

import time
from pathlib import Path

import pytest
from flask import Flask

from tests.support.webapp import WebApp, browser
from v2h.web.pairing import LONGEST_S, Window

FORM = {"Origin": "http://localhost", "Content-Type": "application/x-www-form-urlencoded"}
NEW = {"password": "a brand new one", "again": "a brand new one"}


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path)


@pytest.fixture
def app(web: WebApp) -> Flask:
    return web.make()


def hold_buttons(web: WebApp) -> None:
    now = time.monotonic()
    assert web.window.open(now, 120, now)


def test_first_browser_owns_the_window_until_it_closes() -> None:
    window = Window()
    assert window.claim(None, 0) is None and window.left_s(0) == 0
    assert window.open(10, 120, 11)
    first = window.claim(None, 12)
    assert first is not None and window.claim(first, 13) == first
    assert window.claim(None, 13) is None and window.claim("ÿ", 13) is None
    assert window.owned_by(first, 129.9) and not window.owned_by(None, 13) and not window.owned_by("", 13)
    assert not window.owned_by(first, 130) and window.claim(first, 130) is None
    assert window.open(200, 120, 200)
    assert not window.owned_by(first, 201), "a new press, a new owner"


@pytest.mark.parametrize(("said_t", "open_s", "now"), [(0, 120, 5.1), (10, 120, 9), (0, 0, 0), (0, -1, 0)])
def test_old_and_odd_messages_open_nothing(said_t: float, open_s: float, now: float) -> None:
    window = Window()
    assert not window.open(said_t, open_s, now)
    assert window.left_s(now) == 0


def test_the_window_is_never_longer_than_two_minutes() -> None:
    window = Window()
    window.open(0, 1e9, 0)
    assert window.left_s(0) == LONGEST_S == 120


def test_without_a_press_nobody_sets_a_password(app: Flask, web: WebApp) -> None:
    client = app.test_client()
    assert "is closed" in client.get("/pair").get_data(as_text=True)
    client.set_cookie("v2h_pairing", "guess", path="/pair")
    assert client.post("/pair", data=NEW, headers=FORM).status_code == 403
    assert not web.keys.has_password and web.events == []


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_request_without_our_cookie_takes_no_window(app: Flask, web: WebApp, method: str) -> None:
    """Another site can make a browser send a request, with an image alone, but not with a cookie limited to our
    pages."""
    hold_buttons(web)
    stranger = app.test_client(use_cookies=False)
    first = stranger.open("/pair", method=method)
    assert (first.status_code, first.location) == (303, "/pair?again") and "SameSite=Strict" in str(first.headers)
    again = stranger.open("/pair?again", method=method)
    assert again.status_code == 200
    if method == "GET":
        assert "another site sent this browser here" in again.get_data(as_text=True)
    owner = app.test_client()
    assert "The window is yours" in owner.get("/pair", follow_redirects=True).get_data(as_text=True)


def test_pairing_sets_the_password_once_and_revokes_everything(app: Flask, web: WebApp) -> None:
    old, token = web.session(), web.token()
    hold_buttons(web)
    mine, other = app.test_client(), app.test_client()
    page = mine.get("/pair", follow_redirects=True)
    assert "The window is yours" in page.get_data(as_text=True)
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/pair" in cookie
    assert "in use" in other.get("/pair", follow_redirects=True).get_data(as_text=True)
    assert other.post("/pair", data=NEW, headers=FORM).status_code == 403
    assert mine.post("/pair", data=NEW | {"again": "another one"}, headers=FORM).status_code == 400
    assert mine.post("/pair", data={"password": "short", "again": "short"}, headers=FORM).status_code == 400
    assert mine.post("/pair", data=NEW, headers={**FORM, "Origin": "http://evil.example"}).status_code == 403
    assert web.keys.holder(old, "session") is not None, "nothing happened yet"
    done = mine.post("/pair", data=NEW, headers=FORM)
    assert (done.status_code, done.location) == (303, "/")
    assert web.events == [
        ("warning", "password_set", "The owner's password was set from a browser after pairing at the panel")
    ]
    assert web.keys.holder(old, "session") is None
    assert app.test_client().get("/api/v1/state", headers=token).status_code == 401
    assert 'name="csrf-token" content=""' not in mine.get("/").get_data(as_text=True), "this browser is logged in"
    assert mine.post("/pair", data=NEW, headers=FORM).status_code == 403, "closed by its first use"
    assert browser(app, web.keys.log_in("a brand new one", 1e6))[0].get("/tokens").status_code == 200


def test_a_disk_that_refuses_changes_nothing(app: Flask, web: WebApp) -> None:
    session = web.session()
    (web.folder / "web" / "owner.json").unlink()
    (web.folder / "web").rmdir()
    (web.folder / "web").write_text("no folder")
    hold_buttons(web)
    client = app.test_client()
    client.get("/pair", follow_redirects=True)
    answer = client.post("/pair", data=NEW, headers=FORM)
    assert answer.status_code == 503 and "nothing was changed" in answer.get_data(as_text=True)
    assert web.keys.holder(session, "session") is not None
    assert web.keys.log_in("correct horse battery", 1e6), "an owner gets in even when a session cannot be written down"
