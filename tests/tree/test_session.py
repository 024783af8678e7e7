"""A person charges the car, lets it feed the house, and stops: through page, bus, safety wire, CAN and contactors."""

from tests.support.chargingtree import charger
from tests.support.runningtree import Tree


def test_charge_then_feed_the_house_then_stop(tree: Tree) -> None:
    in_fault = charger(tree, lambda c: c["state"] == "fault")
    # An earlier test may have left a fault, which can be cleared only after the cable has been measured empty.
    tree.until(lambda: not in_fault() or tree.command("clear-fault")["ok"], 60, "nothing is latched")
    tree.until(charger(tree, lambda c: c["state"] == "idle"), 150, "charger is idle")
    before = tree.rig()

    answer = tree.command("mode", mode="charge", amps=10)
    assert answer["ok"], answer
    tree.until(charger(tree, lambda c: c["state"] == "energy"), 60, "energy may flow")
    tree.until(charger(tree, lambda c: 9 <= (c["amps_a"] or 0) <= 10.5), 30, "charging with 10 A")
    truth = tree.rig()
    assert truth["contactors"] == {"c1": True, "c2": True, "car": True}
    assert truth["locked"]
    assert 9 <= truth["car"]["battery_a"] <= 11

    assert tree.command("mode", mode="v2h")["ok"]
    tree.until(charger(tree, lambda c: (c["power_w"] or 0) < -200), 30, "the car feeds the house")
    tree.until(lambda: abs(tree.rig()["grid_w"]) < 100, 30, "the grid is near zero")

    assert tree.command("stop")["ok"]
    tree.until(charger(tree, lambda c: c["state"] == "idle"), 60, "the session has ended")
    truth = tree.rig()
    assert truth["contactors"] == {"c1": False, "c2": False, "car": False}
    assert not truth["locked"]
    assert truth["outputs"] == []
    assert truth["violation_count"] == before["violation_count"], truth["violations"]
    assert tree.state()["manager"]["mode"] == "idle"
