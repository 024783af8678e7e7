"""`gateway` calls itself online on the broker of the house only when an order from there would arrive."""

from dataclasses import replace
from typing import Any

import pytest

from tests.support.standin import StandIn
from v2h.config.neighbours import Gateway, HouseBroker
from v2h.config.site import Config
from v2h.programs import gateway


class NotedFace:
    """Stands for the connection to the broker of the house, and notes when it was made."""

    made = 0

    def __init__(self, *arguments: Any) -> None:
        type(self).made += 1

    def read(self, now: float) -> None: ...

    def look(self, now: float) -> None: ...


def test_it_goes_to_the_house_after_it_is_on_its_own_bus_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gateway, "MqttFace", NotedFace)
    program = StandIn("gateway", monkeypatch)
    program.connected = False
    program.config = replace(Config(), gateway=Gateway(mqtt=HouseBroker(host="broker.lan")))
    gateway.Gateway(program)  # type: ignore[arg-type]
    program.run(5)
    assert NotedFace.made == 0
    program.connected = True
    program.run(5)
    assert NotedFace.made == 1
