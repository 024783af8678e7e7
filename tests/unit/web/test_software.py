"""The version of the software, its date and its age in words, and when the page recommends a new card."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import v2h
from tests.support.messages import charger, manager
from tests.support.webapp import WebApp
from v2h.bus.sentences import in_language
from v2h.web.german.language import GERMAN
from v2h.web.view.document import view
from v2h.web.view.snapshot import Snapshot

BUILT = datetime(2026, 3, 12, 15, 0, tzinfo=UTC)


def seen(age: timedelta, *, trusted: bool = True) -> Snapshot:
    """An appliance with a version of BUILT, at this age."""
    clock = {"trusted": trusted, "local": (BUILT + age).isoformat(), "zone": "UTC", "source": "ntp"}
    base = Snapshot(1.0, charger(t=1.0), manager(t=1.0, clock=clock), {}, (), True, (), "Garage")
    return base._replace(version="0.3.0", built_s=BUILT.timestamp())


@pytest.mark.parametrize(
    ("days", "age", "german"),
    [
        (0, "new", "neu"),
        (1.9, "new", "neu"),
        (2, "2 days old", "2 Tage alt"),
        (60.9, "60 days old", "60 Tage alt"),
        (61, "2 months old", "2 Monate alt"),
        (366, "12 months old", "12 Monate alt"),
        (730, "23 months old", "23 Monate alt"),
        (731, "2 years old", "2 Jahre alt"),
        (3653, "10 years old", "10 Jahre alt"),
    ],
)
def test_the_foot_of_the_page_says_version_date_and_age(days: float, age: str, german: str) -> None:
    line = view(seen(timedelta(days=days)))["version"]
    assert line == f"0.3.0 of 2026-03-12, {age}"
    assert in_language(line, GERMAN) == f"0.3.0 vom 2026-03-12, {german}"


@pytest.mark.parametrize(("days", "old"), [(364, False), (365, True)])
def test_a_card_of_a_year_is_recommended_to_be_replaced(days: int, old: bool) -> None:
    rows = {row["name"]: row for row in view(seen(timedelta(days=days)))["software"]}
    assert ("old" in rows) is old
    assert rows["age"]["tone"] == ("warn" if old else "dim")
    assert not old or "Build and flash a new card" in rows["old"]["label"]


def test_without_a_trusted_clock_no_age_is_invented() -> None:
    """A board without a battery starts at the time of the build: its age would be 0 for ever."""
    shown = view(seen(timedelta(days=900), trusted=False))
    assert shown["version"] == "0.3.0 of 2026-03-12"
    assert [row["text"] for row in shown["software"]] == ["0.3.0", "2026-03-12", "unknown until the clock is right"]
    assert view(seen(timedelta(days=-1)))["version"] == "0.3.0 of 2026-03-12"


def test_a_version_without_a_date_stands_alone() -> None:
    shown = view(seen(timedelta())._replace(built_s=None))
    assert shown["version"] == "0.3.0"
    assert [row["name"] for row in shown["software"]] == ["version"]


def test_every_page_has_it_at_its_foot_and_health_in_rows(tmp_path: Path) -> None:
    web = WebApp(tmp_path)
    client = web.make().test_client()
    version = web.state.document()[0]["view"]["version"]
    assert version.values["version"] == v2h.version() and version.values["day"].startswith("20")
    assert f"V2H appliance {version} ·" in client.get("/").text
    assert f"V2H-Anlage {in_language(version, GERMAN)} ·" in client.get("/?lang=de").text
    assert '<h2 id="software-h">Software</h2>' in client.get("/health?lang=en").text
