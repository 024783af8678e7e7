"""What Home Assistant shows when the gateway or the broker is lost, and afterwards."""

import os
import signal
import time

from tests.support.hasshouse import House
from tests.support.homeassistant import Availability

SOC = "sensor.v2h_soc_pct"
WITHIN_S = 10.0


def test_a_killed_gateway_is_unavailable_within_10_s_and_comes_back_by_itself(house: House) -> None:
    """supervisor restarts it before the last will is due, so each new one is killed too until it shows."""
    killed: set[int] = set()

    def is_shown() -> bool:
        _, pid = house.tree.processes()["gateway"]
        if pid and pid not in killed:
            killed.add(pid)
            os.kill(pid, signal.SIGKILL)
        return house.hass.state(SOC) == "unavailable"

    began_t = time.monotonic()
    house.hass.until("it is unavailable", is_shown, 30)
    assert time.monotonic() - began_t < WITHIN_S
    assert house.hass.state("select.v2h_mode") == "unavailable"
    house.hass.until("it is back", lambda: house.hass.state(SOC) not in ("unavailable", "unknown"), 60)
    house.hass.until_state("select.v2h_mode", house.manager("mode"), 15)


def test_a_restart_of_the_broker_does_not_flap(house: House) -> None:
    """Home Assistant itself shows every entity as unavailable while it has no broker. Once, and not again after it."""
    watch, before = Availability(house.hass, SOC), len(house.reader.order)

    def repeated() -> bool:
        """Whether all was published twice since: a late message would have made it flap by then."""
        return sum(topic == "v2h/capacity_kwh" for topic, _ in house.reader.order[before:]) >= 2

    house.broker.restart()
    house.hass.until("it is back", lambda: house.hass.state(SOC) not in ("unavailable", "unknown"), 90)
    house.hass.until("a repetition", repeated, 60)
    assert watch.until_now() in ([True], [False, True])
