"""The rig's car, converter and circuit in a closed loop with a scripted charger, in virtual time."""

import copy

import pytest

from tests.support.rig_charger import ScriptedCharger
from v2h.rig.ev import Phase
from v2h.rig.plant import Plant
from v2h.safety.outputs import CONTACTORS, Output


def test_a_whole_session_gives_energy_both_ways_and_no_violation() -> None:
    plant = Plant(soc_pct=60)
    charger = ScriptedCharger(plant)
    assert list(charger.phases())[-1] == "flow"
    charger.set_pre(410, 14)
    charger.wait(60)
    assert charger.x102.charge_current_request_a == 14  # CAP1: 14 of 15 A offered
    assert charger.x200.max_discharge_current_a == 15
    assert plant.pre.out_a == pytest.approx(14)
    up_pct = plant.battery.soc_pct
    assert up_pct - 60 == pytest.approx(14 * 375 * 60 / 3600 / 224, rel=0.03)
    charger.set_pre(410, -15)
    charger.wait(60)
    assert plant.pre.out_a == pytest.approx(-15)
    assert plant.grid_w == pytest.approx(300 - 15 * plant.cable_v * 0.96 + 15, abs=1)
    assert plant.battery.soc_pct < up_pct - 0.3
    charger.end()
    assert [status for _, status in charger.sent_102 if status][-1] == "c8"
    charger.run(lambda: plant.car.phase is Phase.ASLEEP, 2)
    assert plant.violations == []
    assert plant.car.faults == {}


def test_status_bytes_of_the_car_come_in_the_recorded_order_and_time() -> None:
    plant = Plant(soc_pct=86)
    charger = ScriptedCharger(plant)
    charger.start()
    charger.wait(2)
    charger.end()
    changes = [s for i, (_, s) in enumerate(charger.sent_102) if i == 0 or s != charger.sent_102[i - 1][1]]
    assert changes == ["c8", "c9", "c1", "c0", "c8"]
    permitted_t = next(t for t, s in charger.sent_102 if s == "c9")
    assert permitted_t - 0.1 == pytest.approx(3.924, abs=0.03)
    done_t = charger.sent_102[-1][0]
    stop_t = next(t for t, s in charger.sent_102 if s == "c0")
    assert done_t - stop_t == pytest.approx(2.9, abs=0.15)


def test_pause_by_108_3_and_back_keeps_the_session() -> None:
    charger = ScriptedCharger(Plant())
    charger.start()
    charger.set_pre(410, 10)
    charger.wait(2)
    charger.set_pre(410, 0)
    charger.available_a = 0
    charger.run(lambda: charger.x102.charge_current_request_a == 0, 0.3)
    charger.wait(4.7)
    assert charger.x102.charging_enabled
    charger.available_a = 15
    charger.run(lambda: charger.x102.charge_current_request_a == 14, 1.2)


def test_snapshot_continues_exactly_alike() -> None:
    plant = Plant()
    charger = ScriptedCharger(plant)
    charger.start()
    charger.set_pre(410, 12)
    charger.wait(1)
    twin = copy.deepcopy(charger)
    for one in (charger, twin):
        one.wait(5)
    assert twin.plant is not plant
    assert twin.plant.battery.soc_pct == plant.battery.soc_pct
    assert twin.plant.grid_wh == plant.grid_wh


@pytest.mark.parametrize(
    ("misuse", "word"),
    [
        (lambda c: c.outputs(off=Output.C1), "c1/c2 opened under current"),
        (lambda c: c.outputs(off=Output.PLUG_LOCK), "plug unlocked on a live cable"),
        (lambda c: c.outputs(off=Output.D2), "car's contactors opened under current"),
    ],
)
def test_misuse_in_flow_is_recorded(misuse: object, word: str) -> None:
    charger = ScriptedCharger(Plant())
    charger.start()
    charger.set_pre(410, 12)
    charger.wait(2)
    assert charger.plant.violations == []
    misuse(charger)  # type: ignore[operator]
    assert charger.plant.violations[0].what.startswith(word)


def test_closing_onto_a_difference_is_recorded() -> None:
    charger = ScriptedCharger(Plant())
    for phase in charger.phases():
        if phase == "car closed":
            break
    charger.outputs(on=CONTACTORS)
    assert charger.plant.violations[0].what.startswith("c1/c2 closed onto a voltage difference")
    assert charger.plant.violations[0].value > 300


def test_a_silent_charger_ends_the_session_within_a_second() -> None:
    charger = ScriptedCharger(Plant())
    charger.start()
    charger.wait(2)
    charger.talk = False
    took_s = charger.run(lambda: not charger.plant.k_on, 3)
    assert took_s == pytest.approx(1.0, abs=0.15)
    assert charger.plant.car.faults == {"charging_system_fault": True}
    charger.run(lambda: not charger.plant.circuit.car_closed, 3)


def test_reporting_no_current_at_all_trips_current_deviation() -> None:
    """The predecessor never reported its current (number 13 in its list of faults)."""
    charger = ScriptedCharger(Plant())
    charger.start()
    charger.set_pre(410, 14)
    charger.wait(2)
    original = charger.plant.evse_frame

    def without_amps(now: float, can_id: int, data: bytes) -> None:
        original(now, can_id, data[:3] + b"\0" + data[4:] if can_id == 0x109 else data)

    charger.plant.evse_frame = without_amps  # type: ignore[method-assign]
    took_s = charger.run(lambda: not charger.plant.k_on, 8)
    assert took_s == pytest.approx(5, abs=0.3)
    assert charger.plant.car.faults == {"battery_current_deviation": True}


def test_no_109_charging_after_the_request_ends_the_session() -> None:
    charger = ScriptedCharger(Plant())
    for phase in charger.phases():
        if phase == "joined":
            break
    charger.run(lambda: charger.x102.charge_current_request_a > 0, 4)
    took_s = charger.run(lambda: not charger.plant.k_on, 2)
    assert took_s == pytest.approx(0.7, abs=0.1)


def test_without_d1_the_car_never_speaks_and_unplugged_it_does_not_wake() -> None:
    plant = Plant()
    plant.step(5.0)
    assert plant.car_frames_due(5.0) == []
    plant.set_plugged(False)
    plant.set_output(Output.D1, True)
    plant.step(10.0)
    assert plant.car_frames_due(10.0) == []
    plant.set_plugged(True)
    plant.step(10.12)
    assert [i for i, _ in plant.car_frames_due(10.16)] == [0x100, 0x101, 0x102, 0x200]


def test_a_locked_plug_cannot_be_pulled() -> None:
    plant = Plant()
    plant.set_output(Output.PLUG_LOCK, True)
    with pytest.raises(ValueError, match="locked"):
        plant.set_plugged(False)


def test_a_held_up_car_drops_frames_and_keeps_its_grid() -> None:
    plant = Plant()
    plant.set_output(Output.D1, True)
    plant.step(0.1)
    plant.car_frames_due(0.2)
    due = plant.car_frames_due(3.22)
    assert len(due) < 9
    assert plant.next_car_frame() > 3.22
    assert (plant.next_car_frame() - 0.1) % 0.1001 == pytest.approx(0.02, abs=0.011)
