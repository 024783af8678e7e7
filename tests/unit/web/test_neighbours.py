"""What other controllers ask the page's server for, and who may."""

import time
from pathlib import Path

import pytest
from flask.testing import FlaskClient

from tests.support.gatewayhouse import house
from tests.support.webapp import JSON, WebApp
from v2h.bus.messages import Event, ManagerSchedule

HOST = {"Host": "v2h.local"}


@pytest.fixture
def web(tmp_path: Path) -> WebApp:
    made, seen = WebApp(tmp_path), house()
    assert seen.charger and seen.manager and seen.settings
    made.state.put_bus(True)
    made.state.put_charger(seen.charger)
    made.state.put_manager(seen.manager)
    made.state.put_settings(seen.settings)
    return made


@pytest.fixture
def client(web: WebApp) -> FlaskClient:
    return web.make().test_client()


def test_metrics_follow_the_rule_of_reading(web: WebApp, client: FlaskClient) -> None:
    for fault in ("weld", "weld", "k"):
        web.state.put_event(Event(time.monotonic(), "fault", "session-state", "x", "charger", {"fault": fault}))
    answer = client.get("/metrics", headers=HOST)
    assert answer.status_code == 200 and answer.content_type.startswith("text/plain; version=0.0.4")
    assert 'v2h_faults_total{code="weld"} 2.0\n' in answer.text and "v2h_ev_power_watts 3807.0\n" in answer.text
    closed = web.make(reading_open=False).test_client()
    assert closed.get("/metrics", headers=HOST).status_code in (401, 403)
    assert closed.get("/metrics", headers=HOST).is_json, "a program gets no login page"
    assert closed.get("/metrics", headers=HOST | web.token("read")).status_code == 200


def test_evcc_needs_a_token_that_may_operate(web: WebApp, client: FlaskClient) -> None:
    put = {"path": "/api/v1/evcc/batterymode", "data": "2"}
    assert client.put(**put, headers=HOST | JSON).status_code in (401, 403)
    assert client.put(**put, headers=HOST | JSON | web.token("read")).status_code == 403
    assert client.put(**put, headers=HOST | web.token("operate")).status_code == 415
    assert client.put(**put, headers=HOST | JSON | web.token("operate")).status_code == 200
    assert web.orders == [("slot", {"slot": "hold", "lifetime_s": 90.0, "by": "evcc"})]


def test_evcc_reads_its_last_command_at_once(web: WebApp, client: FlaskClient) -> None:
    headers = HOST | JSON | web.token("operate")
    assert client.get("/api/v1/evcc", headers=HOST).json == {
        "status": "C", "enabled": True, "power_w": 3807.0, "battery_power_w": -3807.0, "soc_pct": 62.0,
        "capacity_kwh": 24.0,
    }  # fmt: skip
    assert client.put("/api/v1/evcc/enable", data="false", headers=headers).status_code == 200
    assert client.get("/api/v1/evcc", headers=HOST).json["enabled"] is False
    assert web.orders[-1] == ("slot", {"slot": "charge", "amps": 0.0, "lifetime_s": 90.0, "by": "evcc"})
    for name, body in (("enable", "2x"), ("enable", "[true]"), ("batterymode", "7"), ("maxcurrent", "-1")):
        assert client.put(f"/api/v1/evcc/{name}", data=body, headers=headers).status_code == 400
    assert client.put("/api/v1/evcc/boost", data="1", headers=headers).status_code == 404


def test_the_plan_as_a_calendar(web: WebApp, client: FlaskClient) -> None:
    assert client.get("/api/v1/schedule/preview.ics", headers=HOST).status_code == 503
    part = {"start": "2026-11-22T12:00:00+00:00", "end": "2026-11-22T13:00:00+00:00", "mode": "v2h", "why": "window"}
    web.state.put_plan(ManagerSchedule(time.monotonic(), {}, [part]))
    answer = client.get("/api/v1/schedule/preview.ics", headers=HOST)
    assert answer.content_type == "text/calendar; charset=utf-8" and "SUMMARY:V2H\r\n" in answer.text
