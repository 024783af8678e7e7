"""The pairing window: only the panel opens it, one browser asks, a press at the panel confirms it, and its first use
closes it."""

import time
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.webapp import WebApp, browser
from v2h.web.pairing import FRESH_S, LONGEST_S, Asked, Standing, Window

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


def press(web: WebApp) -> bool:
    """Press on/off at the panel, which shows the claim that waits."""
    now = time.monotonic()
    return web.window.confirm(web.window.claim(now), now, now)


def test_the_first_browser_waits_for_the_press_and_owns_the_window_after_it() -> None:
    window = Window()
    assert window.ask(None, 0) == Asked(Standing.CLOSED) and window.left_s(0) == 0
    assert window.open(10, 120, 11) and window.claim(11) == ""
    standing, first, changed = window.ask(None, 12)
    assert standing is Standing.WAITS and first is not None and changed
    assert window.ask(first, 13) == Asked(Standing.WAITS, first) and not window.owned_by(first, 13)
    claim = window.claim(13)
    assert claim and claim not in first, "the panel hears no secret"
    assert not window.confirm("", 13, 13) and not window.confirm("other", 13, 13)
    assert not window.confirm(claim, 13, 13 + FRESH_S + 0.1) and not window.confirm(claim, 14, 13)
    assert window.confirm(claim, 13, 13)
    assert window.ask(first, 14) == Asked(Standing.OURS, first) and window.claim(14) == ""
    assert window.owned_by(first, 129.9) and not window.owned_by(None, 13) and not window.owned_by("", 13)
    assert not window.owned_by(first, 130) and window.ask(first, 130) == Asked(Standing.CLOSED)
    assert window.open(200, 120, 200)
    assert not window.owned_by(first, 201) and not window.confirm(claim, 201, 201), "a new hold, a new owner"


@pytest.mark.parametrize("confirmed", [False, True])
def test_two_browsers_in_a_window_and_nobody_gets_it(confirmed: bool) -> None:
    window = Window()
    window.open(0, 120, 0)
    first = window.ask(None, 1, "192.168.1.66").nonce
    claim = window.claim(1)
    if confirmed:
        assert window.confirm(claim, 1, 1)
    assert window.ask("ÿ", 2, "192.168.1.7") == Asked(Standing.CONTESTED, changed=True)
    assert window.addresses == ("192.168.1.66", "192.168.1.7")
    assert window.is_over(2) and window.claim(2) == "" and not window.confirm(claim, 2, 2)
    assert not window.owned_by(first, 2)
    assert window.ask(first, 3) == window.ask(None, 3) == Asked(Standing.CONTESTED)
    window.open(10, 120, 10)
    assert window.ask(None, 11).standing is Standing.WAITS


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
    assert "Now press on/off" in owner.get("/pair", follow_redirects=True).get_data(as_text=True)


def test_pairing_sets_the_password_once_and_revokes_everything(app: Flask, web: WebApp) -> None:
    old, token = web.session(), web.token()
    hold_buttons(web)
    mine, other = app.test_client(), app.test_client()
    page = mine.get("/pair", follow_redirects=True)
    assert "Now press on/off" in page.get_data(as_text=True) and "The window is yours" not in page.get_data(
        as_text=True
    )
    cookie = page.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie and "Path=/pair" in cookie
    assert mine.post("/pair", data=NEW, headers=FORM).status_code == 403, "the press is missing"
    assert press(web)
    assert "The window is yours" in mine.get("/pair").get_data(as_text=True)
    assert other.post("/pair", data=NEW, headers=FORM).status_code == 403
    assert mine.post("/pair", data=NEW | {"again": "another one"}, headers=FORM).status_code == 400
    assert mine.post("/pair", data={"password": "short", "again": "short"}, headers=FORM).status_code == 400
    assert mine.post("/pair", data=NEW, headers={**FORM, "Origin": "http://evil.example"}).status_code == 403
    assert web.keys.holder(old, "session") is not None, "nothing happened yet"
    done = mine.post("/pair", data=NEW, headers=FORM)
    assert (done.status_code, done.location) == (303, "/")
    assert [(level, code) for level, code, _ in web.events] == [("warning", "pairing"), ("warning", "password_set")]
    assert all("127.0.0.1" in text for _, _, text in web.events)
    assert web.keys.holder(old, "session") is None
    assert app.test_client().get("/api/v1/state", headers=token).status_code == 401
    assert 'name="csrf-token" content=""' not in mine.get("/").get_data(as_text=True), "this browser is logged in"
    assert mine.post("/pair", data=NEW, headers=FORM).status_code == 403, "closed by its first use"
    assert browser(app, web.keys.log_in("a brand new one", 1e6))[0].get("/tokens").status_code == 200


@pytest.mark.parametrize("confirmed", [False, True])
def test_who_polls_wins_nothing_and_both_are_told(app: Flask, web: WebApp, confirmed: bool) -> None:
    hold_buttons(web)
    stranger, owner = app.test_client(), app.test_client()

    def opens(client: FlaskClient, address: str) -> str:
        caller = {"REMOTE_ADDR": address}
        client.get("/pair", environ_overrides=caller)  # the first visit brings the cookie, the second one asks
        return client.get("/pair", environ_overrides=caller).get_data(as_text=True)

    assert "Now press on/off" in opens(stranger, "192.168.1.66")
    if confirmed:
        assert press(web)
    for _ in range(3):
        assert "Two browsers asked" in opens(owner, "192.168.1.7")
        assert "Two browsers asked" in opens(stranger, "192.168.1.66")
    assert not press(web)
    for client in (stranger, owner):
        assert client.post("/pair", data=NEW, headers=FORM).status_code == 403
    assert not web.keys.has_password
    assert [text for _, _, text in web.events] == [
        "A browser at 192.168.1.66 asks to set the owner's password; it waits for a press at the panel",
        "Two browsers asked to set the owner's password, at 192.168.1.66 and at 192.168.1.7: neither may. "
        "Hold both buttons again and open /pair in one browser; if it happens again, find out who is on your network.",
    ]


def test_a_disk_that_refuses_changes_nothing(app: Flask, web: WebApp) -> None:
    session = web.session()
    (web.folder / "web" / "owner.json").unlink()
    (web.folder / "web").rmdir()
    (web.folder / "web").write_text("no folder")
    hold_buttons(web)
    client = app.test_client()
    client.get("/pair", follow_redirects=True)
    assert press(web)
    answer = client.post("/pair", data=NEW, headers=FORM)
    assert answer.status_code == 503 and "nothing was changed" in answer.get_data(as_text=True)
    assert web.keys.holder(session, "session") is not None
    assert web.keys.log_in("correct horse battery", 1e6), "an owner gets in even when a session cannot be written down"
