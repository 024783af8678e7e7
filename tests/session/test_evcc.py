"""evcc drives the charger in virtual time, with the requests that it makes from the files in docs/evcc."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

import v2h.web.neighbours
from tests.support.home import Home
from tests.support.simulatedevcc import BatteryControl, Device, Loadpoint
from tests.support.webapp import WebApp
from v2h.bus.messages import ManagerSettings, Reply
from v2h.config.site import Limits
from v2h.energy.orders import read_order, read_slot
from v2h.energy.owner_settings import bounds_as_json
from v2h.gateway import evcc, topics
from v2h.gateway.values import values

FILES = Path(__file__).resolve().parents[2] / "docs/evcc"
WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIFE_S, STEP_S = evcc.LIFE_S, 2.0
KINDS = ("http", "mqtt")


class World:
    """A house whose owner chose V2H and lets nobody else read, the page's server, and a broker."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.home = home = Home(WALL, {"version": 1}, soc_pct=40.0, load_w=lambda hour: 900.0)
        monkeypatch.setattr(v2h.web.neighbours, "time", SimpleNamespace(monotonic=lambda: home.now))
        self.web = WebApp(folder)
        self.web.send = self.send  # type: ignore[method-assign]
        self.client = self.web.make(reading_open=False).test_client()
        self.token = self.web.token("operate")["Authorization"].removeprefix("Bearer ")
        settings = home.controller.settings
        self.web.state.put_settings(ManagerSettings(home.now, settings.as_json(), bounds_as_json(Limits())))
        self.web.state.put_bus(True)
        self._evcc, self._states = evcc.Evcc(), topics.States("v2h")
        self._broker: dict[str, tuple[str, float]] = {}
        home.controller.take(home.now, read_order({"mode": "v2h"}, Limits(), home.now, WALL))
        self.run(120)

    def run(self, seconds: float, other: Loadpoint | BatteryControl | None = None) -> list[float]:
        """The power of the car at each step."""
        powers, home = [], self.home
        end = home.now + seconds
        while home.now < end:
            home.step()
            charger = home.controller.charger_state
            assert charger is not None
            now = home.now
            self.web.state.put_charger(replace(charger, t=now, power_w=home.own_w, ages_s={"car": 0.1}))
            self.web.state.put_manager(home.controller.state(now, home.wall))
            house = self.web.state.house()
            for topic, payload, _ in self._states.due(now, values(house, now), evcc.reading(self._evcc, house, now)):
                self._broker[topic] = payload, now
            if other is not None:
                other.step(now)
            powers.append(home.own_w)
        return powers

    def device(self, name: str) -> Device:
        found = yaml.safe_load((FILES / name).read_text().replace("v2h_TOKEN", self.token))
        ((only,),) = found.values()
        return Device(only, self)

    def send(self, name: str, order: Mapping[str, Any]) -> Reply:
        """What manager does with a command."""
        assert name == "slot"
        self.home.controller.take_slot(self.home.now, read_slot(order, Limits(), self.home.now, self.home.wall))
        return Reply("1", True, "done")

    # The network of evcc.

    def http(self, method: str, uri: str, headers: dict[str, str], body: str) -> Any:
        path = urlsplit(uri)
        answer = self.client.open(path.path, method=method, data=body, headers={**headers, "Host": path.netloc})
        assert answer.status_code == 200, answer.text
        return json.loads(answer.text)

    def publish(self, topic: str, payload: str) -> None:
        wish = topics.wish("v2h", topic)
        assert wish is not None and wish.of_evcc
        house = self.web.state.house()
        self._evcc, order = evcc.asked(self._evcc, wish.name, payload, house, self.home.now)
        self.send(*order)

    def latest(self, topic: str) -> tuple[str, float] | None:
        found = self._broker.get(topic)
        return None if found is None else (found[0], self.home.now - found[1])


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> World:
    return World(tmp_path, monkeypatch)


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "hours"), [("http", 3.0), ("mqtt", 3.0)])
def test_it_charges_for_three_hours_and_the_owners_mode_is_back_after_its_death(
    world: World, kind: str, hours: float
) -> None:
    assert world.run(10)[-1] < -800.0, "V2H covers the house"
    loadpoint = Loadpoint(world.device(f"charger-{kind}.yaml"), 16)
    world.run(90, loadpoint)
    powers = world.run(hours * 3600 - 90, loadpoint)
    assert min(powers) == pytest.approx(16 * 230, rel=0.02) and max(powers) == pytest.approx(16 * 230, rel=0.02)
    assert loadpoint.troubles == [] and loadpoint.status == "C"
    assert "evcc asked for it" in world.home.why and world.home.sessions == 1
    dead = world.run(LIFE_S + 10)
    assert dead[int((LIFE_S - 30 - 2 * STEP_S) / STEP_S)] > 3000.0, "a repetition may be late"
    assert dead[-1] < -800.0 and "evcc" not in world.home.why


@pytest.mark.parametrize("kind", KINDS)
def test_it_pauses_and_goes_on_without_a_new_session(world: World, kind: str) -> None:
    loadpoint = Loadpoint(world.device(f"charger-{kind}.yaml"), 10)
    world.run(120, loadpoint)
    loadpoint.amps = 0
    world.run(60, loadpoint)
    assert set(world.run(240, loadpoint)) == {0.0} and loadpoint.status == "B"
    loadpoint.amps = 10
    assert world.run(120, loadpoint)[-1] == pytest.approx(2300, rel=0.02)
    assert loadpoint.troubles == [] and world.home.sessions == 1


@pytest.mark.parametrize("kind", KINDS)
def test_it_holds_and_charges_the_battery(world: World, kind: str) -> None:
    control = BatteryControl(world.device(f"battery-{kind}.yaml"))
    assert world.run(60, control)[-1] < -800.0 and control.power_w == pytest.approx(900, abs=60)
    control.mode = 2
    world.run(40, control)
    assert set(world.run(600, control)) == {0.0}
    assert world.home.why.startswith("evcc holds the car from discharging")
    control.mode = 3
    world.run(60, control)
    assert min(world.run(300, control)) > 5000.0
    control.mode = 1
    assert world.run(60, control)[-1] < -800.0, "normal again at once, not after the lifetime"
    control.mode = 2
    world.run(60, control)
    assert world.run(LIFE_S + 10)[-1] < -800.0, "evcc died"


def test_nothing_is_said_where_evcc_would_read_0_as_unknown(world: World) -> None:
    state = world.web.state
    house = state.house()
    assert house.charger is not None
    house.charger = replace(house.charger, soc_pct=0.0, capacity_kwh=None)
    house.totals_wh = (0.0, 0.0)
    said = evcc.reading(evcc.Evcc(), house, world.home.now)
    assert said.keys() == {"status", "enabled", "power_w", "battery_power_w"}
