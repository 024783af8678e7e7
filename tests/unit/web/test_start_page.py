"""The assistant of a first visit: each step says what it still needs, and its forms are the owner's alone."""

import html
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.support.messages import charger, manager
from tests.support.webapp import FORM, WebApp, browser
from v2h.bus.messages import Alive, ManagerSettings, Reply
from v2h.bus.sentences import say
from v2h.config.site import Cable, Car, Config
from v2h.web.start_steps import DONE, OPEN, WAITS, Known, steps
from v2h.web.view import labels

READY = Known(
    has_password=True,
    view={"clock": {"tone": "good"}, "grid": "385 W"},
    settings={"time_zone": "Europe/London", "fuse_a": 63.0, "export_limit_w": 0.0},
    now=replace(Config(), cable=Cable(scale_v_per_v=120)),
    coming=replace(Config(), cable=Cable(scale_v_per_v=120)),
    failed=[],
)


def test_when_all_is_known_every_step_is_done() -> None:
    assert [step.state for step in steps(READY)] == [DONE] * 6


@pytest.mark.parametrize(
    ("changes", "key", "state", "why"),
    [
        ({"has_password": False}, "password", OPEN, "nothing can be changed yet"),
        ({"settings": None}, "clock", OPEN, "has not told its settings"),
        ({"view": {"clock": {"tone": "warn"}, "grid": "1 W"}}, "clock", OPEN, "not known to be right"),
        ({"settings": {**(READY.settings or {}), "time_zone": "UTC"}}, "clock", OPEN, "still UTC"),
        ({"view": {"clock": {"tone": "good"}, "grid": "–"}}, "meter", OPEN, "no fresh reading"),
        ({"coming": replace(READY.now, meter={})}, "meter", WAITS, "at the next start"),
        ({"now": Config(), "coming": Config()}, "cable", OPEN, "calibrated or the battery is named"),
        ({"now": Config()}, "cable", WAITS, "at the next start"),
        ({"settings": {**(READY.settings or {}), "fuse_a": None}}, "limits", OPEN, "Not set yet: the main fuse."),
        ({"failed": None}, "check", OPEN, "Not run yet"),
        ({"failed": ["K"]}, "check", OPEN, "The last check found: K."),
    ],
)
def test_a_step_says_what_it_needs(changes: dict[str, Any], key: str, state: str, why: str) -> None:
    found = [step for step in steps(READY._replace(**changes)) if step.state != DONE]
    assert (key, state) in [(step.key, step.state) for step in found]
    assert why in next(step.why for step in found if step.key == key)


def test_a_named_battery_is_said_to_be_assumed() -> None:
    named = replace(Config(), car=Car(cells_in_series=96, pack_kwh=40))
    cable = next(step for step in steps(READY._replace(now=named, coming=named)) if step.key == "cable")
    assert cable.state == DONE and "assumed" in cable.why


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    made = WebApp(tmp_path)
    made.state.put_bus(True)
    for name in labels.PROGRAMS:
        made.state.put_alive(name, Alive(True, 1, "0.1.0"))
    made.state.put_manager(manager())
    made.state.put_charger(charger())
    made.state.put_settings(ManagerSettings(1.0, {"time_zone": "UTC", "fuse_a": None, "export_limit_w": None}, {}))
    return made


def headings(page: str) -> list[str]:
    return re.findall(r"<h2 id=\"h-\w+\">\d\. (.*?)</h2>", page)


def test_a_stranger_reads_the_steps_and_gets_no_form(web: WebApp) -> None:
    app: Flask = web.make()
    client = app.test_client()
    page = client.get("/start").get_data(as_text=True)
    assert headings(page)[0] == "Password: to do" and len(headings(page)) == 6
    assert "Hold both buttons" in page and "<form" not in page
    assert 'href="/start">First start: ' in client.get("/").get_data(as_text=True)
    token = web.token()
    for path in ("/start/settings", "/start/check", "/start/dismiss"):
        assert client.post(path, headers=FORM).location == client.post(path, headers={**FORM, **token}).location
        assert client.post(path, headers=FORM).location == "/login"
    assert web.orders == [] and not (web.folder / "site").exists()


def test_the_owner_walks_through(web: WebApp) -> None:
    app = web.make()
    client, csrf = browser(app, web.session())
    sent = {"csrf_token": csrf["X-CSRF-Token"]}
    page = client.get("/start").get_data(as_text=True)
    assert headings(page)[0] == "Password: done" and 'data-t="grid"' in page
    answer = client.post("/start/settings", data=sent | {"time_zone": " Europe/London "}, headers=FORM)
    assert (answer.status_code, answer.location) == (303, "/start")
    client.post("/start/settings", data=sent | {"fuse_a": "63", "export_limit_w": ""}, headers=FORM)
    assert web.orders == [
        ("settings", {"time_zone": "Europe/London"}),
        ("settings", {"fuse_a": 63.0, "export_limit_w": None}),
    ]
    seen = re.search(r'name="seen" value="(\w+)"', page)
    assert seen is not None
    cable = sent | {"table": "cable", "seen": seen[1], "back": "start", "cable.scale_v_per_v": "120.5"}
    answer = client.post("/site", data=cable, headers=FORM)
    assert (answer.status_code, answer.location) == (303, "/start")
    assert "The cable’s voltage: waits for the next start" in headings(client.get("/start").get_data(as_text=True))


def test_a_refusal_is_said_on_the_page(web: WebApp) -> None:
    app = web.make()
    client, csrf = browser(app, web.session())
    sent = {"csrf_token": csrf["X-CSRF-Token"]}

    def refused(form: dict[str, str]) -> tuple[int, str]:
        answer = client.post("/start/settings", data=sent | form, headers=FORM)
        said = re.search(r'role="alert">Not done: (.*?)</p>', answer.get_data(as_text=True))
        assert said is not None
        return answer.status_code, html.unescape(said[1])

    assert refused({"fuse_a": "many"}) == (400, "fuse_a = 'many' is not a number.")
    web.reply = Reply("1", False, "time_zone = 'x' is no time zone", {})
    assert refused({"time_zone": "x"}) == (409, "time_zone = 'x' is no time zone.")
    why = say(
        "setting.wrong", key="time_zone", wrong=say("setting.zone_meant", value="'London'", meant="Europe/London")
    )
    web.reply = Reply("1", False, say("answer.refused", why=say("refused.settings", errors=[why])), {})
    refusal = client.post("/start/settings", data=sent | {"time_zone": "London"}, headers=FORM).get_data(as_text=True)
    step = refusal.partition('id="clock"')[2].partition("</section>")[0]
    assert 'role="alert"' in step and 'name="time_zone" value="London"' in step, "the typed word stays, with the reason"
    assert refusal.count('role="alert">Not done') == 1 and 'href="?lang=de"' in refusal
    said = "time_zone = 'London' is not a time zone such as Europe/London; did you mean Europe/London?"
    assert refused({"time_zone": "London"}) == (409, said)
    web.reply, kept = None, web.reply
    assert refused({"time_zone": "x"})[0] == 409
    web.reply = kept
    german = client.post("/start/settings?lang=de", data=sent | {"time_zone": "London"}, headers=FORM)
    assert "ist keine Zeitzone wie Europe/London; meinten Sie Europe/London?</p>" in german.get_data(as_text=True)


def test_the_check_reads_and_orders_nothing_and_is_kept(web: WebApp) -> None:
    app = web.make()
    client, csrf = browser(app, web.session())
    sent = {"csrf_token": csrf["X-CSRF-Token"]}
    assert client.post("/start/check", data=sent, headers=FORM).location == "/start#check"
    page = client.get("/start").get_data(as_text=True)
    found = dict(re.findall(r'<tr[^>]*><th scope="row"[^>]*>(.*?)</th><td><b>(.*?)</b>', page))
    assert found["K"] == "ok" and found["plug lock"] == "not tested" and found["programs"] == "ok"
    assert {"outputs", "cable ADC", "converter", "panel LEDs", "CAN to car", "v2h.toml"} <= found.keys()
    assert "log" not in found, "it would read the whole log"
    assert web.orders == []
    again, _ = browser(web.make(), web.session())
    assert "The last check found: " in again.get("/start").get_data(as_text=True), "this machine has no outputs"
    german = client.get("/start?lang=de").get_data(as_text=True)
    found = dict(re.findall(r'<tr[^>]*><th scope="row">(.*?)</th><td><b>.*?</b></td><td>(.*?)</td>', german))
    assert found["Steckerverriegelung"] == "sie meldet nichts zurück; eine Sitzung bewegt sie"
    assert found["Programme"] == "alle laufen" and "CAN zum Auto" in found
    assert re.search("Die letzte Prüfung hat gefunden: .*Ausgänge", german), "the kept parts are in the language, too"


def test_dismissed_is_dismissed_also_after_a_restart(web: WebApp) -> None:
    client, csrf = browser(web.make(), web.session())
    assert "First start: " in client.get("/").get_data(as_text=True)
    client.post("/start/dismiss", data={"csrf_token": csrf["X-CSRF-Token"]}, headers=FORM)
    assert "First start: " not in client.get("/").get_data(as_text=True)
    assert "First start: " not in web.make().test_client().get("/").get_data(as_text=True)
    assert headings(client.get("/start").get_data(as_text=True)), "the page stays"
