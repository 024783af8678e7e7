"""Which language an answer has, and that sentences, nested ones and those of the log are made in it."""

import json
import re
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

from tests.support import lived_in
from tests.support.messages import charger, manager
from tests.support.webapp import WebApp, browser
from v2h.bus.faults import FAULTS
from v2h.bus.messages import Event, LogState, ManagerPrices, ManagerSchedule, MeterStatus, Reply
from v2h.bus.sentences import ENGLISH, Sentence, in_language, say
from v2h.bus.states import State
from v2h.web.german.language import GERMAN
from v2h.web.state import LiveState
from v2h.web.view.document import view
from v2h.web.view.snapshot import Snapshot

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=ZoneInfo("Europe/London"))
COVERING = say("matching.covering", power_w=-1234.0)
PRICED = say("answer.prices_part", direction="export", start="Tue 24 Nov 00:00", end="Thu 26 Nov 00:00")
NEXT = say("next.entry", mode="charge", time="Mon 23:30", entry=say("entry.window", name="night"))


def german(value: Any) -> Any:
    return in_language(value, GERMAN)


@pytest.mark.parametrize(
    ("said", "text"),
    [
        (COVERING, "Das Haus wird versorgt: 1,2 kW aus dem Auto."),
        (
            say("with_more", said=COVERING, more=[say("until", until="Tue 07:00"), say("next", what=NEXT)]),
            "Das Haus wird versorgt: 1,2 kW aus dem Auto; bis Di 07:00; "
            "danach: Laden ab Mo 23:30 (Zeitfenster „night“).",
        ),
        (
            say("waits", mode="solar", why=say("start.refused", count=3, reason=say("late.wake"))),
            "Solar wartet: das Auto hat 3 Starts in Folge beendet (das Auto sendet nichts; steckt der Stecker, und ist "
            "das Auto wach?): Stecken Sie es neu an, oder wählen Sie eine Betriebsart.",
        ),
        (
            say("starting", mode="charge", state="car contactors", detail=""),
            "Laden startet, Schritt „Schütze des Autos“.",
        ),
        (say("page.when", when="Sun 6 Dec 18:30"), "So 6. Dez. 18:30"),
        (say("watch.over_voltage", cable_v=401.25, limit_v=400.0), "401,25 V am Kabel, Grenze 400 V"),
        (say("late.converter_status", status=0x1234), "der Wandler wird nicht bereit: Statuswort 0x1234"),
        (say("meter.no_connection", place="192.168.1.7:502", error="x"), "keine Verbindung zu 192.168.1.7:502: x"),
        ("the owner's own text: Mon 1.5", "the owner's own text: Mon 1.5"),
        ({"rows": [{"label": say("mode.idle"), "name": "idle"}]}, {"rows": [{"label": "Ruhe", "name": "idle"}]}),
        (Sentence("of.a.newer.version", {}, "said in English"), "said in English"),
    ],
)
def test_a_sentence_in_german(said: Any, text: Any) -> None:
    assert german(said) == text


def test_english_made_again_is_the_same() -> None:
    for said in (COVERING, NEXT, say("fault.car_lost"), say("page.number", text="−1.52 kW")):
        assert in_language(said, ENGLISH) == said


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    made = WebApp(tmp_path)
    made.state.put_bus(True)
    made.state.put_charger(charger())
    made.state.put_manager(manager(why=COVERING))
    made.state.put_settings(lived_in.settings(0.0))
    made.state.put_plan(lived_in.plan(0.0, NOW))
    return made


def client_of(web: WebApp) -> FlaskClient:
    return browser(web.make(archive=lived_in.Week(NOW)), web.session())[0]


PREFERS_GERMAN = {"Accept-Language": "de-AT,de;q=0.9,en;q=0.5"}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("headers", "lang"),
    [
        ({}, "en"),
        (PREFERS_GERMAN, "de"),
        ({"Accept-Language": "fr"}, "en"),
        ({"Accept-Language": "fr, de;q=0.4, en;q=0.3"}, "de"),
        ({"Accept-Language": "\x00;;q=x"}, "en"),
    ],
)
def test_a_page_has_the_language_that_the_browser_prefers(web: WebApp, headers: dict[str, str], lang: str) -> None:
    page = client_of(web).get("/", headers=headers).get_data(as_text=True)
    assert f'<html lang="{lang}"' in page
    assert ("Das Haus wird versorgt: 1,2 kW aus dem Auto." in page) is (lang == "de")
    assert ("Covering the house: 1.2 kW from the car." in page) is (lang == "en")


def test_a_reader_who_chose_a_language_keeps_it(web: WebApp) -> None:
    client = client_of(web)
    assert '<html lang="en"' in client.get("/settings?lang=en", headers=PREFERS_GERMAN).get_data(as_text=True)
    page = client.get("/log", headers=PREFERS_GERMAN).get_data(as_text=True)
    assert '<html lang="en"' in page and '<a href="?lang=de" lang="de" hreflang="de">Deutsch</a>' in page
    assert "data-words" not in page, "English has its texts in the scripts"
    answer = client.get("/log?lang=no", headers=PREFERS_GERMAN)
    assert '<html lang="en"' in answer.get_data(as_text=True) and "Set-Cookie" not in answer.headers


def test_the_api_speaks_english_unless_it_is_asked(web: WebApp) -> None:
    client = client_of(web)
    assert client.get("/?lang=de").status_code == 200
    english = client.get("/api/v1/state", headers=PREFERS_GERMAN).get_json()
    other = client.get("/api/v1/state?lang=de").get_json()
    assert english["view"]["why"] == "Covering the house: 1.2 kW from the car."
    assert other["view"]["why"] == "Das Haus wird versorgt: 1,2 kW aus dem Auto."
    assert (other["manager"]["why"], other["manager"]["why_id"]) == (COVERING, COVERING.id), (
        "only the view is for people"
    )
    assert other["view"]["mode"] == english["view"]["mode"] == "charge"
    again = client.get("/api/v1/state").get_json()
    assert again["view"]["why"] == COVERING, "the languages do not mix in what they share"


def test_an_answer_and_a_refusal_are_in_the_language_that_was_asked_for(web: WebApp) -> None:
    session = web.session()
    client, headers = browser(web.make(), session)
    web.reply = Reply("1", False, say("answer.refused", why=say("refused.fault", what=say("fault.car_lost"))))
    refused = client.post("/api/v1/command/stop?lang=de", json={}, headers=headers)
    text = "Nicht übernommen: ein Fehler steht an (Das Auto ist verstummt.). Drücken Sie zuerst „Fehler quittieren“."
    assert refused.get_json()["error"] == text
    assert "Not applied" in client.post("/api/v1/command/stop", json={}, headers=headers).get_json()["error"]
    wrong = client.post("/api/v1/command/mode?lang=de", json={}, headers=headers).get_json()["error"]
    assert wrong == "der Befehl „mode“ braucht den Schlüssel „mode“"
    wide = client.post("/api/v1/command/mode?lang=de", json={"mode": "charge", "amps": 99}, headers=headers).get_json()
    assert wide["error"] == "amps = 99 geht nicht; erlaubt ist eine Zahl von 1 bis 16 A"
    web.reply = Reply("1", True, say("answer.prices", parts=[PRICED], warning=""))
    hour = datetime.now(UTC).replace(minute=0, second=0, microsecond=0) + timedelta(hours=1)
    flat = {"export": {"start": hour.isoformat(), "step_min": 60, "values": [0.15, 0.2]}}
    priced = client.post("/api/v1/prices?lang=de", json=flat, headers=headers).get_json()
    assert priced["text"] == "Die Preise sind in Kraft: Einspeisung von Di 24. Nov. 00:00 bis Do 26. Nov. 00:00."
    stranger = web.make().test_client().post("/api/v1/command/stop?lang=de", json={})
    assert stranger.get_json()["error"].startswith("Nur der Betreiber darf etwas ändern.")
    lost = client.get("/nowhere", headers=PREFERS_GERMAN).get_data(as_text=True)
    assert "GET /nowhere: unter dieser Adresse gibt es nichts" in lost
    login = client.post(
        "/login", data={"password": "wrong"}, headers={**PREFERS_GERMAN, "Origin": "http://localhost"}
    ).get_data(as_text=True)
    assert "Nicht angemeldet: das ist nicht das Passwort." in login


def test_the_rows_of_the_log_are_in_the_language(tmp_path: Path) -> None:
    """A row keeps its sentence beside the text; a row of an older version has the text alone."""

    class Log(lived_in.Week):
        def events(self, *_: Any, **__: Any) -> list[dict[str, Any]]:
            row = {"at": NOW.isoformat(), "synchronised": 1, "boot": 1, "level": "info", "source": "manager", "t": 1.0}
            kept = {"said": json.loads(json.dumps(say("order.goes_on").as_json()))}
            return [
                {**row, "id": 2, "code": "a", "text": str(say("order.goes_on")), "values": kept},
                {**row, "id": 1, "code": "b", "text": "an old text", "values": {}},
            ]

    client, _ = browser((web := WebApp(tmp_path)).make(archive=Log(NOW)), web.session())
    page = client.get("/log?lang=de").get_data(as_text=True)
    assert "Die befohlene Ladung geht nach einem Neustart weiter." in page and "An old text" in page
    assert "22. Nov. 20:00:00" in page


def test_the_reasons_of_the_plan_travel_as_sentences(web: WebApp) -> None:
    page = client_of(web).get("/schedule?lang=de").get_data(as_text=True)
    assert "00:30 bis 05:30 Laden mit 10 A bis 80 %" in page
    state, why = LiveState(), say("scheduled.window", name="night", until="Mon 05:30")
    plan = lived_in.plan(0.0, NOW)
    state.put_plan(replace(plan, preview=[{**plan.preview[0], "why": why.as_json()}]))
    assert state.plan is not None and german(state.plan.preview[0]["why"]) == "Zeitfenster „night“ bis Mo 05:30"


STEP_STATES = ("state: done", "state: now", "state: todo")
WORD = re.compile(r"[A-Za-zÀ-ž]{3,}")
MACHINE = ("tone", "mode", "name", "site", "way", "ring", "soc_pct")
"""Keys whose text no person reads, and the name that the owner gave."""
UNITS = re.compile(r"\b(kWh|MiB|min|GBP)\b")


def escaped(value: Any, key: str = "") -> list[str]:
    """Texts for people in a view that are no sentences, so that they stay English."""
    if isinstance(value, dict):
        return [one for name, part in value.items() if name not in MACHINE for one in escaped(part, name)]
    if isinstance(value, list):
        return [one for part in value for one in escaped(part, key)]
    plain = isinstance(value, str) and not isinstance(value, Sentence)
    return [f"{key}: {value}"] if plain and WORD.search(UNITS.sub("", value)) else []


def planned() -> ManagerSchedule:
    plan = lived_in.plan(0.0, NOW)
    why = say("scheduled.otherwise")
    return replace(plan, preview=[{**part, "why": why} for part in plan.preview])


def seen(**changes: Any) -> Snapshot:
    state = charger(reason=say("session.energy_may_flow"), checks={"insulation": "verified"})
    base = Snapshot(state.t, state, manager(why=COVERING), {}, (), True, (), "Garage", wall_s=NOW.timestamp())
    return base._replace(**changes)


FLOWS = [charger(state=state, reason="", power_w=power) for state in State for power in (None, -2000.0, 0.0)]
METERS = [
    MeterStatus(0.0, word, say("meter.good", interval_s=0.1), "STPM3x", 0.1, 0.06, lag_known)
    for word in ("good", "slow", "on-change", "waiting", "silent", "frozen")
    for lag_known in (True, False)
]


PUSHED = {
    name: ManagerPrices(0.0, NOW.isoformat(), 60, [price], (NOW - timedelta(hours=3)).isoformat())
    for name, price in (("import", 0.245), ("export", 0.15))
}


def test_the_present_price_is_in_the_language() -> None:
    shown = view(seen(prices=PUSHED, settings=lived_in.settings(0.0)))["price"]
    assert german(shown) == "Preis jetzt: Bezug 0,245, Einspeisung 0,15 GBP je kWh. Vor 3 h gesendet."


@pytest.mark.parametrize(
    "snapshot",
    [
        seen(),
        seen(prices=PUSHED),
        seen(charger=charger(reason="", checks={"cable_v": "by the converter"})),
        seen(charger=None, manager=None),
        seen(charger=None, bus_up=False),
        seen(now=charger().t + 200),
        *(seen(now=1.0, meters={"grid": meter}) for meter in METERS),
        seen(events=(Event(0.0, "warning", "x", say("order.over"), "manager", {}),)),
        seen(log=LogState(0.0, say("log.card_full", free_mib=1.0, least_mib=2.0), None, 0.0)),
        seen(plan=planned(), settings=lived_in.settings(0.0)),
        *(seen(charger=charger(state=State.FAULT, faults=[name], power_w=None)) for name in FAULTS),
        *(seen(charger=flows) for flows in FLOWS),
    ],
)
def test_no_text_of_the_live_view_escapes_translation(snapshot: Snapshot) -> None:
    shown = view(snapshot)
    assert [text for text in escaped(shown) if text not in STEP_STATES] == []
    json.dumps(german(shown))
