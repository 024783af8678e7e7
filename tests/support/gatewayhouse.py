"""A house as the faces of the gateway see it, for their tests."""

import time
from typing import Any

from tests.support.messages import charger, manager
from v2h.bus.messages import ManagerSettings
from v2h.config.site import Limits
from v2h.energy.owner_settings import bounds_as_json, check
from v2h.gateway.house import House


def house(**changes: Any) -> House:
    """A car that charges; `changes` replace fields of the charger's state. Its `now` is time.monotonic()."""
    settings = ManagerSettings(time.monotonic(), check({}, Limits(), "UTC").as_json(), bounds_as_json(Limits()))
    return House("Garage", "1.0", charger(**changes), manager(), settings, totals_wh=(12_345.0, 6_789.0))
