"""A house with a real Home Assistant, a real broker, and the whole tree of programs with a simulated car."""

import contextlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.support.gatewayhome import Reader
from tests.support.homeassistant import HomeAssistant
from tests.support.homebroker import Broker
from tests.support.runningtree import Tree
from v2h.rig.desk import desk_tree

CONFIG = "homeassistant/device/v2h/config"
TOML = """\
[site]
name = "Garage"
[gateway.mqtt]
host = "127.0.0.1"
port = {port}
user = "me"
password = "right"
"""


@dataclass
class House:
    """reader: a client of the broker that hears everything."""

    broker: Broker
    tree: Tree
    hass: HomeAssistant
    reader: Reader

    def device(self) -> dict[str, Any]:
        """What Home Assistant was told of our device."""
        made: dict[str, Any] = json.loads(self.reader.heard[CONFIG])
        return made

    def manager(self, key: str) -> Any:
        """A value of manager, as the page shows it."""
        return (self.tree.state().get("manager") or {}).get(key)


@contextlib.contextmanager
def hass_house(base: Path) -> Iterator[House]:
    """Ready when Home Assistant knows our device and the car follows the house. base: an empty folder."""
    (base / "broker").mkdir()
    broker = Broker(base / "broker")
    reader = Reader(broker.port)
    hass = HomeAssistant(base / "config")
    try:
        with desk_tree(toml=TOML.format(port=broker.port), past_week=True) as desk:
            tree = Tree(desk)
            hass.onboard()
            hass.add_mqtt(broker.port, "me", "right")
            hass.until("our device", lambda: '"number"' in reader.heard.get(CONFIG, ""), 60)
            tree.command("mode", mode="v2h")
            hass.until("the car", lambda: reader.heard.get("v2h/flowing") == "true", 90)
            hass.until("totals from the log", lambda: "v2h/charged_kwh" in reader.heard, 90)
            yield House(broker, tree, hass, reader)
    finally:
        hass.close()
        reader.close()
        broker.close()
