"""Two controllers at once: the newest order is in force whatever its kind, nobody overtakes by repeating, and what is
older goes on afterwards. The owner's hand is stronger than all of them."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.support.home import Home
from v2h.config.site import Limits
from v2h.energy.external import read_external
from v2h.energy.orders import read_order, read_slot

WALL = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
LIFE_S, AGAIN_S = 90.0, 30
Give = Callable[[Home, str], None]


def mode(name: str, **values: Any) -> Give:
    def give(home: Home, by: str) -> None:
        asked = {"mode": name, "lifetime_s": LIFE_S, "by": by, **values}
        home.controller.take(home.now, read_order(asked, Limits(), home.now, home.wall))

    return give


def slot(kind: str, **values: Any) -> Give:
    def give(home: Home, by: str) -> None:
        asked = {"slot": kind, "lifetime_s": LIFE_S, "by": by, **values}
        home.controller.take_slot(home.now, read_slot(asked, Limits(), home.now, home.wall))

    return give


def setpoint(power_w: float) -> Give:
    def give(home: Home, by: str) -> None:
        asked = {"power_w": power_w, "lifetime_s": LIFE_S, "by": by}
        external = read_external(asked, "api", home.now, home.wall, trusted=True)
        home.controller.take_external(home.now, external)

    return give


FIRST = {
    "a charge": (mode("charge", amps=8), 8 * 385.0),
    "a setpoint": (setpoint(2500.0), 2500.0),
    "a cheap slot": (slot("charge", amps=7), 7 * 385.0),
}
SECOND = {
    "a discharge": (mode("discharge", amps=4), -4 * 385.0),
    "a setpoint": (setpoint(-1200.0), -1200.0),
    "a slot": (slot("discharge", power_w=1700), -1700.0),
}
"""An order, and the power that it means."""


def powers(home: Home, seconds: int, *repeated: tuple[Give, str]) -> list[float]:
    """The power of the car at each step, while each controller repeats its order."""
    found = []
    for second in range(seconds):
        if second % AGAIN_S == 0:
            for give, by in repeated:
                give(home, by)
        home.run(seconds=1)
        found.append(home.own_w)
    return found


@pytest.mark.slow
@pytest.mark.parametrize("first", FIRST)
@pytest.mark.parametrize("second", SECOND)
def test_the_newest_is_in_force_nobody_takes_turns_and_the_older_one_goes_on(first: str, second: str) -> None:
    (older, older_w), (newer, newer_w) = FIRST[first], SECOND[second]
    home = Home(WALL, {"version": 1, "otherwise": "v2h"}, load_w=lambda hour: 600.0)
    home.run(seconds=60)
    older(home, "A")
    home.run(seconds=60)
    assert home.own_w == pytest.approx(older_w, abs=60) and home.controller.state(home.now, home.wall).by == "A"
    older(home, "A")
    newer(home, "B")
    home.run(seconds=40)
    both = powers(home, 300, (newer, "B"), (older, "A"))
    assert (min(both), max(both)) == (pytest.approx(newer_w, abs=60), pytest.approx(newer_w, abs=60))
    assert home.controller.state(home.now, home.wall).by == "B" and "B" in home.why
    one = powers(home, 180, (older, "A"))
    assert one[-1] == pytest.approx(older_w, abs=60) and home.controller.state(home.now, home.wall).by == "A"
    home.run(seconds=int(LIFE_S) + 60)
    assert home.own_w == pytest.approx(-600.0, abs=60) and home.controller.state(home.now, home.wall).by == ""


@pytest.mark.parametrize("first", FIRST)
def test_the_owners_hand_and_stop_end_what_was_lent(first: str) -> None:
    give, _ = FIRST[first]
    for way in ("mode", "stop"):
        home = Home(WALL, {"version": 1}, load_w=lambda hour: 600.0)
        home.run(seconds=30)
        give(home, "A")
        mode("discharge", amps=4)(home, "B")
        home.run(seconds=30)
        if way == "stop":
            home.controller.stop(home.now)
        else:
            home.controller.take(home.now, read_order({"mode": "idle"}, Limits(), home.now, home.wall))
        home.run(seconds=60)
        assert home.own_w == 0.0 and home.controller.state(home.now, home.wall).by == ""


def test_a_setpoint_is_given_back_by_its_own_controller() -> None:
    home = Home(WALL, {"version": 1})
    home.run(seconds=30)
    setpoint(1500.0)(home, "A")
    setpoint(-1500.0)(home, "B")
    home.controller.take_external(home.now, None, "A")
    assert home.controller.external is not None and home.controller.external.by == "B"
    setpoint(1500.0)(home, "A")
    home.controller.take_external(home.now, None, "a stranger")
    assert home.controller.external is not None and home.controller.external.by == "B", "the newest one ends"


def test_no_memory_grows() -> None:
    home = Home(WALL, {"version": 1})
    for number in range(1000):
        for give in (mode("charge"), setpoint(100.0), slot("hold")):
            give(home, f"controller {number}")
    assert len(home.controller._orders.lent.rows) == 8
