"""`v2h plan`: the plan as a table and as JSON, and a dry run."""

import json
from datetime import UTC, datetime

import pytest

from tests.support.moneyplan import money_plan
from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerPlan
from v2h.cli import main
from v2h.commands.plan import plan_text

NOON = datetime(2026, 11, 30, 12, 7, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _london(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "Europe/London")


def test_the_plan_is_shown_with_prices_powers_reasons_and_money(
    host: str, web: WebApp, capsys: pytest.CaptureFixture[str]
) -> None:
    web.state.put_money_plan(ManagerPlan.from_json(money_plan(NOON).to_json()))
    assert main(["plan", "--host", host]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "The plan is on."
    first = next(line for line in lines if line.startswith("Mon 30 Nov 12:00"))
    assert " 0.240   0.050 " in first
    night = next(line for line in lines if "Tue 01 Dec" in line and " charge " in line)
    assert " 0.070 " in night and "best price in time" in night
    assert any(" discharge " in line and "selling at 0.220 pays" in line for line in lines)
    assert lines[-1].startswith("expected cost ") and "without a plan" in lines[-1]
    assert web.orders == []


def test_a_dry_run_orders_a_plan_and_shows_it(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    web.state.put_money_plan(money_plan(NOON, on=False))
    assert main(["plan", "run", "--host", host, "--json"]) == 0
    assert web.orders == [("plan", {})]
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["on"] is False and len(plan["why"]) == len(plan["acts"]) == len(plan["soc_pct"]) == 144


def test_what_is_not_there_is_said(host: str, web: WebApp, capsys: pytest.CaptureFixture[str]) -> None:
    web.state.put_money_plan(ManagerPlan(1.0, False))
    assert main(["plan", "--host", host]) == 0
    assert "v2h plan run" in capsys.readouterr().out


@pytest.mark.slow
def test_expected_prices_are_marked_and_missing_energy_is_said() -> None:
    plan = {name: getattr(money_plan(NOON), name) for name in ManagerPlan.__dataclass_fields__}
    text = plan_text({**plan, "known": 100, "missed_kwh": 2.0})
    assert "0.240   0.050* " in text and "* not known yet" in text and "targets lack 2.0 kWh" in text
    assert "*" not in plan_text(plan)
    assert plan_text({**plan, "trouble": "no price"}) == "no price"
