"""The account page: browsers that are logged in, a new password, and what the list of tokens shows."""

import re
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.webapp import FORM, PASSWORD, WebApp, browser

NEW = "an even longer one"


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path)


@pytest.fixture
def app(web: WebApp) -> Flask:
    return web.make()


def post(client: FlaskClient, path: str, csrf: dict[str, str], **form: str) -> tuple[int, str]:
    answer = client.post(path, data={"csrf_token": csrf["X-CSRF-Token"], **form}, headers=FORM)
    return answer.status_code, answer.get_data(as_text=True)


def test_the_owner_sees_every_browser_and_ends_one_or_all(app: Flask, web: WebApp) -> None:
    mine, phone, old = web.session(), web.keys.log_in(PASSWORD, 0.0, "192.168.1.7"), web.keys.log_in(PASSWORD, 0.0)
    client, csrf = browser(app, mine)
    page = client.get("/account").get_data(as_text=True)
    assert page.count('/end"') == 3 and page.count("(this browser)") == 1
    assert re.search(r"192\.168\.1\.7 +<small>since 20\d\d-\d\d-\d\d \d\d:\d\d · last used never", page)
    gone = next(session for session in web.keys.sessions() if session.name == "192.168.1.7")
    assert post(client, f"/account/{gone.id}/end", csrf)[0] == 303
    assert web.keys.holder(phone, "session") is None and web.keys.holder(old, "session") is not None
    token = web.token()
    assert post(client, "/account/end-all", csrf)[0] == 303
    assert web.keys.sessions() == [] and client.get("/account").location == "/login"
    assert app.test_client().get("/api/v1/state", headers=token).status_code == 200, "tokens stay"
    assert [code for _, code, _ in web.events] == ["access-ended", "access-ended"]


def test_a_new_password_needs_the_old_one(app: Flask, web: WebApp) -> None:
    session, other = web.session(), web.session()
    token = web.token()
    client, csrf = browser(app, session)

    def change(old: str, new: str = NEW, again: str = NEW) -> tuple[int, str]:
        return post(client, "/account/password", csrf, old=old, password=new, again=again)

    assert change("not the old one")[0] == 401
    assert change(PASSWORD, again="another one")[0] == change(PASSWORD, "short", "short")[0] == 400
    assert web.keys.holder(other, "session") is not None, "nothing happened yet"
    assert change(PASSWORD)[0] == 303
    assert [key is not None for key in (web.keys.holder(session, "session"), web.keys.holder(other, "session"))] == [
        False,
        False,
    ]
    assert app.test_client().get("/api/v1/state", headers=token).status_code == 401
    assert client.get("/account").status_code == 200, "this browser got a new session"
    assert web.keys.log_in(NEW, 1e6)
    assert [code for _, code, _ in web.events] == ["wrong-password", "password_set"]
    assert NEW not in str(web.events) and PASSWORD not in str(web.events)


def test_guesses_of_the_old_password_are_limited(app: Flask, web: WebApp) -> None:
    client, csrf = browser(app, web.session())
    tried = [post(client, "/account/password", csrf, old="x", password=NEW, again=NEW)[0] for _ in range(6)]
    assert tried == [401] * 5 + [429]


def test_a_token_is_listed_with_scope_and_use(app: Flask, web: WebApp) -> None:
    client, csrf = browser(app, web.session())
    assert post(client, "/tokens", csrf, name="home", scope="read")[0] == 200
    assert post(client, "/tokens", csrf, name="home", scope="everything")[0] == 400
    listed = client.get("/tokens").get_data(as_text=True)
    assert re.search(r"home <small>read · made 20\d\d-.* · last used never", listed)
    ((_, _, text),) = web.events
    assert text == "An API token was made on the page; its scope is read"
