"""The picture of the flow: sun, grid, house and car, each with its number, a label and the direction of its dashes.

"way" is the direction in the drawing: for grid and car "right" is towards the car, for the sun "down" is into the
house. The house's own load is calculated from the other powers, with the car's power at its DC side, so it is
approximate and not measured. An unknown power has no number, and its dashes do not move.
"""

from typing import Any

from v2h.bus.messages import ChargerState
from v2h.bus.sentences import say
from v2h.bus.states import State
from v2h.web.view.figures import NONE, watts
from v2h.web.view.headline import FLOWING_W


def flow(charger: ChargerState | None, grid_w: float | None, solar_w: float | None) -> dict[str, Any]:
    """Nodes by name, each {"power", "label", "way"}, and "text": the picture as a sentence with the same labels."""
    car_w = charger.power_w if charger else None
    if charger and car_w is None and charger.state != State.ENERGY:
        car_w = 0.0
    net_w = None if grid_w is None or car_w is None else grid_w - car_w
    house_w = None if net_w is None else net_w + (solar_w or 0.0)
    nodes = {
        "sun": _sun(net_w, solar_w),
        "grid": _node(
            grid_w, say("flow.from_grid"), say("flow.to_grid"), say("flow.grid_balanced"), say("flow.grid_unknown")
        ),
        "house": _house(house_w, solar_w),
        "car": _node(
            car_w, say("flow.into_car"), say("flow.out_of_car"), say("flow.car_rests"), say("flow.car_unknown")
        ),
    }
    return {**nodes, "text": _sentence(nodes)}


def _sentence(nodes: dict[str, dict[str, str]]) -> str:
    said = [
        say("flow.node", label=node["label"], power=node["power"]) if node["power"] != NONE else node["label"]
        for node in nodes.values()
    ]
    return say("page.sentence", what=say("flow.nodes", nodes=said))


def _node(power_w: float | None, positive: str, negative: str, zero: str, unknown: str) -> dict[str, str]:
    if power_w is None:
        return {"power": NONE, "label": unknown, "way": "none"}
    if abs(power_w) < FLOWING_W:
        return {"power": watts(power_w), "label": zero, "way": "none"}
    ahead = power_w > 0
    return {"power": watts(abs(power_w)), "label": positive if ahead else negative, "way": "right" if ahead else "left"}


def _house(house_w: float | None, solar_w: float | None) -> dict[str, str]:
    if house_w is None or (house_w < 0 and solar_w is None):
        return {"power": NONE, "label": say("flow.house_unknown"), "way": "none"}
    return {"power": watts(max(house_w, 0.0)), "label": say("flow.house_uses"), "way": "none"}


def _sun(net_w: float | None, solar_w: float | None) -> dict[str, str]:
    """The sun's power as measured; without a meter, its minimum, because the house without the car exports power."""
    if solar_w is not None:
        shines = solar_w >= FLOWING_W
        return {"power": watts(solar_w), "label": say("flow.from_sun"), "way": "down" if shines else "none"}
    if net_w is not None and net_w <= -FLOWING_W:
        return {"power": watts(-net_w), "label": say("flow.sun_at_least"), "way": "down"}
    return {"power": NONE, "label": say("flow.sun_not_metered"), "way": "none"}
