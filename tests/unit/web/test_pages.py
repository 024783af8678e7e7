"""The pages through HTTP requests: without any data, with a week of data, with a log that cannot be read."""

import html
import re
import shutil
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask.testing import FlaskClient

import v2h.web.pages
from tests.support import lived_in
from tests.support.messages import charger, manager
from tests.support.webapp import WebApp, browser
from v2h.bus.messages import ManagerSchedule, ManagerSettings
from v2h.web.download import DAY_COLUMNS, SESSION_COLUMNS
from v2h.web.log_source import Archive

NOW = datetime(2026, 11, 22, 20, 0, tzinfo=ZoneInfo("Europe/London"))
PAGES = ("/", "/schedule", "/settings", "/log", "/health")


def owners(web: WebApp, archive: Archive | None) -> FlaskClient:
    client, _ = browser(web.make(archive=archive), web.session())
    return client


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    return WebApp(tmp_path)


def known(web: WebApp) -> None:
    web.state.put_bus(True)
    web.state.put_charger(charger())
    web.state.put_manager(manager())
    web.state.put_settings(lived_in.settings(0.0))
    web.state.put_plan(lived_in.plan(0.0, NOW))


@pytest.mark.parametrize("path", PAGES)
def test_each_page_stands_with_nothing_known(web: WebApp, path: str) -> None:
    said = {
        "/": "The manager has not reported yet.",
        "/schedule": "The manager has not told its schedule yet.",
        "/settings": "The manager has not told its settings yet.",
        "/log": "There is no log here.",
        "/health": "The charger has not said what it verifies.",
    }
    answer = owners(web, None).get(path)
    assert answer.status_code == 200
    assert said[path] in answer.get_data(as_text=True)


def test_a_file_that_changes_has_another_address(web: WebApp, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version may stay the same over many builds, and a browser keeps a file for a day."""

    def addresses() -> dict[str, str]:
        page = owners(web, None).get("/schedule").get_data(as_text=True)
        return dict(re.findall(r'"/static/([\w.-]+)\?v=([0-9a-f]{12})"', page))

    before = addresses()
    assert before.keys() == {"icon.svg", "icon-180.png", "app.webmanifest", "page.css", "page.js", "edit.js"}
    newer = tmp_path / "static"
    shutil.copytree(v2h.web.pages.STATIC, newer)
    with (newer / "edit.js").open("a") as file:
        file.write("// newer\n")
    monkeypatch.setattr(v2h.web.pages, "STATIC", newer)
    after = addresses()
    assert {name for name in before if before[name] != after[name]} == {"edit.js"}


@pytest.mark.parametrize("path", PAGES)
def test_no_page_has_inline_code_or_an_outside_address(web: WebApp, path: str) -> None:
    known(web)
    page = owners(web, lived_in.Week(NOW)).get(path).get_data(as_text=True)
    assert " style=" not in page and "<style" not in page and " onclick" not in page
    assert page.count("<script") == page.count("<script src=") in (1, 2)
    assert "http://" not in page.replace("http://www.w3.org/2000/svg", "") and "https://" not in page


def test_a_log_that_cannot_be_read_takes_away_its_rows_alone(web: WebApp) -> None:
    page = owners(web, lived_in.Week(NOW, "disk I/O error")).get("/log").get_data(as_text=True)
    assert "The log cannot be read: disk I/O error" in page
    assert "No day has been counted yet." in page and "/api/v1/database" in page


def test_events_and_samples_are_offered_as_csv(web: WebApp) -> None:
    client = owners(web, lived_in.Week(NOW))
    links = re.findall(r'href="([^"]*\.csv[^"]*)" download', client.get("/log").get_data(as_text=True))
    heads = []
    for link in links:
        answer = client.get(html.unescape(link))
        assert answer.status_code == 200, answer.get_data(as_text=True)
        heads.append(answer.get_data(as_text=True).split("\r\n")[0])
        answer.close()
    assert heads == [
        "at,synchronised,level,code,text,source",
        ",".join(DAY_COLUMNS),
        ",".join(SESSION_COLUMNS),
        *["t,grid_w,power_w,soc_pct"] * 2,
    ]


@pytest.mark.slow
@pytest.mark.parametrize("query", ["?before=99999999999999999999999", "?before=-1", "?before=x", "?level=loud"])
def test_a_senseless_query_shows_the_newest(web: WebApp, query: str) -> None:
    client = owners(web, lived_in.Week(NOW))
    assert client.get(f"/log{query}").get_data(as_text=True) == client.get("/log").get_data(as_text=True)


def test_what_manager_refuses_is_told(web: WebApp) -> None:
    web.state.put_settings(ManagerSettings(0.0, {"currency": "GBP"}, {}, "settings.json: fuse_a = 5 is too small"))
    web.state.put_plan(ManagerSchedule(0.0, {}, error="weekly 1: <b>end</b> is missing"))
    client = owners(web, None)
    assert "fuse_a = 5 is too small" in client.get("/settings").get_data(as_text=True)
    assert "weekly 1: &lt;b&gt;end&lt;/b&gt; is missing" in client.get("/schedule").get_data(as_text=True)


@pytest.mark.slow
def test_a_missing_chart_library_is_named(web: WebApp, monkeypatch: pytest.MonkeyPatch) -> None:
    client = owners(web, None)
    monkeypatch.setattr("v2h.web.pages.CHART_LIBRARY", Path("/nowhere/dygraph.min.js"))
    answer = client.get("/chart-library.js")
    assert answer.status_code == 404
    assert "libjs-dygraphs" in answer.get_data(as_text=True)


def test_captures_are_offered_newest_first(web: WebApp) -> None:
    folder = web.data / "captures"
    folder.mkdir()
    for name in ("2026-01-01.log", "2026-02-01.log", "half.tmp"):
        (folder / name).write_text("")
    page = owners(web, None).get("/log").get_data(as_text=True)
    assert 0 < page.index("2026-02-01.log") < page.index("2026-01-01.log")
    assert "half.tmp" not in page


def test_days_months_and_sessions_are_tables_with_what_is_estimated_marked(web: WebApp) -> None:
    client = owners(web, lived_in.Week(NOW))
    text = client.get("/log").get_data(as_text=True)
    assert "≈ 6.4 kWh" in text and "65 % to 80 %" in text and "≈ −0.45" in text
    assert "Charged to 80 %: done." in text
    month = f"{NOW:%Y-%m}"
    assert f'<th scope="row">{month}</th>' in client.get("/log?by=month").get_data(as_text=True)
    assert f'<th scope="row">{month[:4]}</th>' in client.get("/log?by=year").get_data(as_text=True)
    assert client.get("/api/v1/energy?by=decade").status_code == 400
    assert client.get("/api/v1/sessions?lang=de").get_json()["sessions"][0]["why"] != "Charged to 80 %: done."
