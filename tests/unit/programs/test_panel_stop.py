"""A stop that `panel` keeps, and another press before it is acknowledged: the rows of the program, on a bus that may be
down."""

import pytest

import v2h.programs.panel
from tests.support.finger import Finger
from tests.support.messages import charger, manager
from tests.support.standin import StandIn
from v2h.bus.messages import Command
from v2h.panel.gestures import BOOST, ON_OFF
from v2h.programs.panel import Panel


@pytest.mark.parametrize("bus_up", [True, False])
def test_a_press_that_starts_something_ends_the_repetition_while_the_bus_is_up(
    monkeypatch: pytest.MonkeyPatch, bus_up: bool
) -> None:
    program = StandIn("panel", monkeypatch, v2h.programs.panel)
    panel, finger = Panel(program), Finger()  # type: ignore[arg-type]
    panel.start()
    panel._keys = finger  # type: ignore[assignment]

    def nobody_obeys() -> None:
        program.hear(charger(state="energy", t=program.now))
        program.hear(manager(mode="v2h", t=program.now))

    def press(button: str) -> None:
        for pressed in (True, False):
            finger.edges.append((button, pressed))
            panel._on_keys(program.now)
            program.run(0.2)

    def ordered(name: str) -> int:
        return sum(isinstance(said, Command) and topic.endswith(f"/{name}") for topic, said in program.published)

    nobody_obeys()
    press(ON_OFF)
    assert ordered("stop") == 1
    program.connected = bus_up
    press(BOOST)
    assert ordered("mode") == 1
    program.connected = True
    program.run(5.0, nobody_obeys)
    assert (ordered("stop") == 1) is bus_up
