"""The picture of the plan by prices, its words and its money."""

import re
from dataclasses import replace
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

from tests.support.moneyplan import money_plan
from v2h.bus.messages import ManagerPlan
from v2h.bus.sentences import from_json, in_language
from v2h.web.german.language import GERMAN
from v2h.web.view.plan import HEIGHT, picture

LONDON = ZoneInfo("Europe/London")
NOON = datetime(2026, 11, 30, 12, 7, tzinfo=UTC)


def sent(plan: ManagerPlan) -> ManagerPlan:
    """As it comes from the bus."""
    heard = ManagerPlan.from_json(plan.to_json())
    return replace(heard, why=[from_json(why) for why in heard.why])


def test_there_is_no_picture_without_a_plan() -> None:
    assert picture(None, LONDON, "GBP") is None
    assert picture(ManagerPlan(1.0, False), LONDON, "GBP") is None
    shown = picture(ManagerPlan(1.0, True, trouble="no price"), LONDON, "GBP")
    assert shown is not None and shown["trouble"] == "no price" and shown["slots"] == 0


def test_price_car_and_charge_lie_within_the_picture() -> None:
    shown = picture(sent(money_plan(NOON)), LONDON, "GBP")
    assert shown is not None and shown["slots"] == 144
    heights = [float(y) for bar in shown["bars"] for y in re.findall(r"[ V]([0-9.-]+)", bar["path"])]
    assert len(heights) == 2 * 144 and min(heights) >= 0 and max(heights) <= HEIGHT
    assert shown["charge"].count("L") == 143 and shown["price"].count("L") == 144 * 2 - 1
    assert (shown["expected"], shown["zero"]) == ("", None)
    charging = next(bar["path"] for bar in shown["bars"] if bar["act"] == "charge")
    assert all(float(y) < shown["middle"] - 2 for y in re.findall(r" ([0-9.]+)h", charging)), "upwards"
    assert sum(span["slots"] for span in shown["spans"]) == 144
    assert [tick["label"] for tick in shown["ticks"]] == ["18", "Tue", "6", "12", "18"]
    assert [row["label"] for row in shown["money"]] == ["With the plan", "As without a plan", "It saves"]
    assert all(row["text"].endswith(" GBP") for row in shown["money"])


def test_it_is_there_in_words_and_in_german() -> None:
    shown = picture(sent(money_plan(NOON)), LONDON, "GBP")
    assert shown is not None
    assert "Tue 00:30–05:30 Charge, then" in shown["text"]
    assert any("best price in time" in span["words"] for span in shown["spans"])
    assert re.fullmatch(r"Mon 12:00–\d\d:\d\d", shown["spans"][0]["when"])
    german = in_language(shown, GERMAN)
    assert "Di 00:30–05:30 Laden, danach" in german["text"]
    assert german["money"][0]["label"] == "Mit Plan" and "," in german["money"][0]["text"]


def test_prices_below_zero_have_a_line_and_expected_ones_are_dashed() -> None:
    plan = sent(money_plan(NOON))
    shown = picture(replace(plan, import_price=[-0.05, *plan.import_price[1:]], known=96), LONDON, "GBP")
    assert shown is not None and shown["zero"] is not None
    assert shown["expected"].startswith("M96 ") and shown["price"].endswith(f"L96 {shown['price'].split()[-1]}")


def test_the_change_of_the_clocks_keeps_the_wall_clock() -> None:
    shown = picture(sent(money_plan(datetime(2026, 10, 24, 18, 0, tzinfo=UTC))), LONDON, "GBP")
    assert shown is not None
    at = {str(tick["label"]): tick["slot"] for tick in shown["ticks"]}
    assert at["6"] - at["Sun"] == 28, "the night has an hour more"
