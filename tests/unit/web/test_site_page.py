"""The page of v2h.toml: both files beside each other, edits that are checked before they are kept, and who may edit."""

import html
import json
import re
import stat
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.webapp import FORM, WebApp, browser
from v2h.config.loading import load
from v2h.config.page_edits import read_edits
from v2h.config.site import Config

LIMITS = {f"limits.{name}": text for name, text in {"max_charge_a": "15", "max_discharge_a": "15", "soc_min_pct": "30",
          "soc_max_pct": "90", "grid_target_w": "0"}.items()}  # fmt: skip
CARD = """
[limits]
max_charge_a = 10
[web]
reading = "owner"
[meter.grid]
kind = "mqtt"
host = "broker"
topic = "t"
password = "48151623"
[meter.grid.fallback]
kind = "mqtt"
host = "broker"
topic = "t"
password = "48151624"
"""


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path)


class Owner:
    """The owner's browser on the page."""

    def __init__(self, web: WebApp, card: str = "") -> None:
        web.card.write_text(card, encoding="utf-8")
        self.web, self.app = web, web.make()
        self.client, self.csrf = browser(self.app, web.session())

    @property
    def file(self) -> Path:
        return self.web.folder / "site" / "v2h-toml.json"

    def page(self, path: str = "/site") -> str:
        answer = self.client.get(path)
        assert answer.status_code == 200
        return answer.get_data(as_text=True)

    def row(self, key: str) -> list[str]:
        """The cells of a key's row: card, edited here, in force, default."""
        (row,) = re.findall(rf"<tr[^>]*><th scope=\"row\"><code>{re.escape(key)}</code></th>(.*?)</tr>", self.page())
        return [html.unescape(re.sub("<[^>]+>", "", cell)) for cell in re.findall("<td>(.*?)</td>", row)]

    def seen(self) -> str:
        found = re.search(r'name="seen" value="(\w+)"', self.page())
        assert found is not None
        return found[1]

    def save(self, table: str, texts: dict[str, str], seen: str = "", **more: str) -> tuple[int, str]:
        data = {"csrf_token": self.csrf["X-CSRF-Token"], "table": table, "seen": seen or self.seen(), **texts, **more}
        answer = self.client.post("/site", data=data, headers=FORM)
        said = re.search(r'role="alert">Not changed: (.*?)</p>', answer.get_data(as_text=True), re.DOTALL)
        return answer.status_code, html.unescape(said[1]) if said else ""

    def next_start(self) -> Config:
        return load([self.web.card], read_edits(self.file))


@pytest.mark.slow
def test_the_page_shows_card_edit_value_in_force_and_default(web: WebApp) -> None:
    owner = Owner(web, CARD)
    assert owner.row("limits.max_charge_a") == ["10", "–", "10", "15"]
    assert owner.save("limits", {**LIMITS, "limits.max_charge_a": "6"}) == (303, "")
    assert owner.row("limits.max_charge_a") == ["10", "6", "10 6 at the next start", "15"]
    assert owner.row("hardware.pre_can") == ["–", "–", '"can:socketcan/can0"', '"can:socketcan/can0"']
    assert owner.row("web.reading") == ['"owner"', "–", '"owner"', '"open"']
    assert owner.next_start().limits.max_charge_a == 6
    assert web.card.read_text() == CARD, "the page writes nothing to the card"
    assert stat.S_IMODE(owner.file.stat().st_mode) == 0o640
    assert "at the next start of the programs" in owner.page()
    ((level, code, text),) = web.events
    assert (level, code) == ("warning", "site-edited") and "limits.max_charge_a = 6" in text


def test_the_default_of_a_kind_is_not_the_kind_that_was_chosen(web: WebApp) -> None:
    owner = Owner(web, '[meter.charger]\nkind = "sma"\n')
    assert owner.row("meter.charger.kind") == ['"sma"', "–", '"sma"', '"stpm3x"']
    assert owner.row("meter.grid.kind") == ["–", "–", '"stpm3x"', '"stpm3x"']


def test_a_value_of_the_card_is_no_edit_and_a_table_can_be_given_back(web: WebApp) -> None:
    owner = Owner(web, CARD)
    owner.save("limits", {**LIMITS, "limits.max_charge_a": "6"})
    assert json.loads(owner.file.read_text())["page"] == {"limits.max_charge_a": 6}
    owner.save("site", {"site.name": "Garage", "site.timezone": "UTC"})
    assert owner.save("limits", {**LIMITS, "limits.max_charge_a": "10.0"})[0] == 303
    assert json.loads(owner.file.read_text())["page"] == {"site.name": "Garage"}, "each table for itself"
    assert owner.save("site", {})[0] == 303
    known = json.loads(owner.file.read_text())
    assert (known["page"], known["card"]) == ({}, {})
    assert "removed on the page" in web.events[-1][2]


def test_no_password_is_shown_kept_or_edited(web: WebApp) -> None:
    owner = Owner(web, CARD)
    assert owner.row("meter.grid.password")[:3] == ["not shown", "–", "not shown"]
    assert owner.row("meter.grid.fallback.password")[0] == "not shown"
    page = owner.page("/site?grid=http") + owner.page()
    assert 'name="meter.grid.password"' not in page and 'name="web.' not in page and 'name="hardware.' not in page
    texts = {"meter.grid.kind": "mqtt", "meter.grid.host": "broker", "meter.grid.topic": "u"}
    assert owner.save("meter.grid", texts)[0] == 303
    assert "4815162" not in owner.page() + owner.file.read_text() + str(web.events)
    assert owner.save("meter.grid", {**texts, "meter.grid.password": "x"})[0] == 400
    status, why = owner.save("meter.grid", {**texts, "meter.grid.host": "192.168.1.66"})
    assert status == 400 and "holds a password" in why


BAD = [
    ("limits", {"limits.max_charge_a": "60"}, "max_charge_a = 60 is not a number from 0 to 16 A; default 15"),
    ("limits", {"limits.max_charge_a": "six"}, "limits.max_charge_a = 'six' is not a number from 0 to 16 A"),
    ("limits", {"limits.max_charge_a": "nan"}, "limits.max_charge_a = nan is not a number from 0 to 16 A"),
    ("limits", {"limits.max_charge_a": "9" * 299}, "is not a number from 0 to 16 A"),
    ("limits", {"limits.max_charge_a": "9" * 301}, "limits.max_charge_a is longer than 300 characters"),
    ("limits", {"limits.soc_min_pct": "80", "limits.soc_max_pct": "60"}, "is not at least 5 % below"),
    ("cable", {"cable.scale_v_per_v": "2000"}, "cable.scale_v_per_v = 2000 is not a number from -1000 to 1000"),
    ("site", {"site.timezone": "Europe/Londn"}, "did you mean Europe/London?"),
    ("site", {"site.name": "a\0b"}, "is not a text of printable letters"),
    ("panel", {"panel.button_lamps_inverted": "perhaps"}, "is not true or false"),
    ("hardware", {"hardware.outputs": "rig:/tmp/"}, "is no key of the table 'hardware' that this page can change"),
    ("web", {"web.reading": "open"}, "is no key of the table 'web' that this page can change"),
    ("web", {"web.password": "a long new password"}, "is no key of the table 'web'"),
    ("limits", {"cable.scale_v_per_v": "2"}, "'cable.scale_v_per_v' is no key of the table 'limits'"),
    ("meter.solar", {"meter.solar.kind": "http"}, "meter.solar.url is missing"),
    ("meter.solar", {"meter.solar.kind": "modbus", "meter.solar.host": "x", "meter.solar.model": "other"},
     "meter.solar.registers is missing"),
    ("meter.solar", {"meter.solar.kind": "no"}, "is no key of the table 'meter.solar'"),
]  # fmt: skip


def test_a_bad_edit_is_refused_with_what_and_why_and_nothing_is_written(web: WebApp) -> None:
    owner = Owner(web)
    for table, texts, why in BAD:
        status, said = owner.save(table, texts)
        assert (status, why in said) == (400, True), (texts, said)
        assert not owner.file.exists() and web.events == []


def test_what_was_typed_stays_in_a_refused_form(web: WebApp) -> None:
    owner = Owner(web)
    data = {"csrf_token": owner.csrf["X-CSRF-Token"], "table": "meter.grid", "seen": owner.seen()}
    typed = {"meter.grid.kind": "http", "meter.grid.url": "ftp://192.168.1.20"}
    page = owner.client.post("/site", data=data | typed, headers=FORM).get_data(as_text=True)
    assert 'name="meter.grid.url" value="ftp://192.168.1.20"' in page


def test_another_meter_is_chosen_and_kept(web: WebApp) -> None:
    owner = Owner(web, "[meter.grid]\nchannel = 2\n")
    form = owner.page("/site?solar=modbus")
    assert 'name="meter.solar.host"' in form and "<summary>Change [meter.solar], a meter of kind modbus" in form
    texts = {"meter.grid.kind": "http", "meter.grid.url": "http://192.168.1.20", "meter.grid.path": "power"}
    assert owner.save("meter.grid", texts) == (303, "")
    assert owner.next_start().errors == () and owner.next_start().meter["grid"].kind == "http"
    assert owner.row("meter.grid.channel") == ["2", "–", "2 not used at the next start", "1"]


def test_the_form_of_a_meter_lists_the_presets_and_says_what_a_sign_means(web: WebApp) -> None:
    page = Owner(web).page("/site?grid=http")
    (form,) = re.findall(r'<section[^>]* id="s-meter-grid".*?</section>', page, re.DOTALL)
    assert "<details open>" in form and 'action="/site#s-meter-grid"' in page
    presets = re.findall(r'<select name="meter.grid.preset">(.*?)</select>', form, re.DOTALL)[0]
    assert "<option>shelly-pro-3em</option>" in presets and "<option>sdm630</option>" not in presets
    assert "for a meter that shows import as minus" in form and "-1000000 to 1000000 (W per unit" in html.unescape(form)
    assert "1e+06" not in page


def test_a_newer_card_wins_and_the_page_says_so(web: WebApp) -> None:
    owner = Owner(web, CARD)
    owner.save("limits", {**LIMITS, "limits.max_charge_a": "6", "limits.max_discharge_a": "7"})
    web.card.write_text(CARD.replace("max_charge_a = 10", "max_charge_a = 9"), encoding="utf-8")
    assert "not used: the card's file is newer" in owner.row("limits.max_charge_a")[1]
    (said,) = web.site.settle()
    assert said == (
        "limits.max_charge_a: the card's v2h.toml is newer than the edit on the page. The card's value holds, and the "
        "edit 6 was dropped"
    )
    assert web.site.settle() == [], "once"
    assert owner.row("limits.max_charge_a")[:2] == ["9", "–"] and owner.row("limits.max_discharge_a")[1] == "7"
    assert said in html.unescape(owner.page())
    web.card.write_text(CARD, encoding="utf-8")
    assert owner.next_start().limits.max_charge_a == 10, "it does not come back with the old value"
    read = owner.client.post("/site/read", data={"csrf_token": owner.csrf["X-CSRF-Token"]}, headers=FORM)
    assert read.status_code == 303 and said not in html.unescape(owner.page())
    assert owner.next_start().limits.max_discharge_a == 7


def test_nothing_is_dropped_while_the_card_is_missing_or_wrong(web: WebApp) -> None:
    owner = Owner(web, CARD)
    owner.save("limits", {**LIMITS, "limits.max_charge_a": "6"})
    kept = owner.file.read_text()
    web.card.write_text("[limits\n", encoding="utf-8")
    assert web.site.settle() == [] and "The card’s file has errors" in owner.page()
    assert owner.save("limits", LIMITS)[0] == 409
    web.card.unlink()
    assert web.site.settle() == []
    assert owner.file.read_text() == kept


def test_a_change_of_something_that_has_changed_since_is_refused(web: WebApp) -> None:
    owner = Owner(web, CARD)
    seen = owner.seen()
    assert owner.save("limits", {**LIMITS, "limits.max_charge_a": "6"}, seen)[0] == 303
    status, why = owner.save("limits", {**LIMITS, "limits.max_charge_a": "7"}, seen)
    assert status == 409 and "changed since" in why
    assert owner.next_start().limits.max_charge_a == 6


def test_a_damaged_file_of_edits_is_said_and_replaced_by_the_next_edit(web: WebApp) -> None:
    owner = Owner(web, CARD)
    owner.file.parent.mkdir()
    owner.file.write_text("{", encoding="utf-8")
    (said,) = web.site.settle()
    assert "not used, and the card's file holds alone: v2h-toml.json" in said
    assert "the card’s file holds alone" in owner.page()
    assert owner.save("limits", {**LIMITS, "limits.max_charge_a": "6"})[0] == 303
    assert web.site.settle() == [] and owner.next_start().limits.max_charge_a == 6


def test_only_a_browser_of_the_owner_sees_and_edits(web: WebApp) -> None:
    owner = Owner(web, CARD)
    seen = owner.seen()
    app: Flask = owner.app
    data: dict[str, Any] = {"table": "cable", "seen": seen, "cable.scale_v_per_v": "100"}
    stranger: FlaskClient = app.test_client()
    token = web.token("configure")
    for headers in ({}, token):
        assert stranger.get("/site", headers=headers).location == "/login"
        assert stranger.post("/site", data=data, headers={**FORM, **headers}).location == "/login"
    assert owner.client.post("/site", data=data, headers=FORM).status_code == 403, "no CSRF token"
    foreign = {**FORM, "Origin": "http://evil.example"}
    sent = data | {"csrf_token": owner.csrf["X-CSRF-Token"]}
    assert owner.client.post("/site", data=sent, headers=foreign).status_code == 403
    assert not owner.file.exists()
    assert owner.client.post("/site", data=sent, headers=FORM).status_code == 303


def test_a_disk_that_refuses_is_said(web: WebApp) -> None:
    owner = Owner(web)
    (web.folder / "site").write_text("in the way", encoding="utf-8")
    status, why = owner.save("site", {"site.name": "Garage", "site.timezone": "UTC"})
    assert status == 503 and "cannot be written" in why
