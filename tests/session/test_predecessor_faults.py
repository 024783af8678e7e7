"""The known faults of this charger's earlier free firmware that could hurt a person (A) or did the wrong thing (B).
Each fault names the tests of the correct behaviour. Tests that belong to no other file stand below the table.
"""

import ast
from itertools import pairwise
from pathlib import Path

import pytest

from tests.support.boards import change
from tests.support.virtual import VirtualBoard
from v2h.bus.states import State
from v2h.chademo import frames, limits
from v2h.chademo.cable import CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.frames import X109
from v2h.chademo.interface import Inputs
from v2h.chademo.session import Session
from v2h.chademo.transitions import NEXT
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, Output

ROOT = Path(__file__).resolve().parents[2]
HERE = "session/test_predecessor_faults.py"
WHOLE, FAULTY, NORMAL = (
    "session/test_whole_session.py",
    "session/test_faulty_session.py",
    "session/test_normal_session.py",
)
WATCHED, FLOW = "session/test_supervision.py", "unit/chademo/test_flow.py"
CLIENT, RULES, GUARDING = "unit/pre/test_client.py", "unit/safety/test_rules.py", "unit/safety/test_guarding.py"
FRAMES, POLICY, PANEL = "unit/chademo/test_frames.py", "unit/energy/test_policy.py", "unit/panel/test_lamps.py"

TABLE: dict[int, tuple[str, tuple[str, ...]]] = {
    # number: (what was wrong, tests of the correct behaviour)
    1: (
        "insulation test skipped, d2 raised without looking at the voltage",
        (f"{HERE}::test_d2_rises_only_after_the_test_and_on_a_cable_measured_empty",),
    ),
    2: (
        "the shutdown loop had no deadline",
        (
            f"{HERE}::test_a_car_that_never_lets_go_ends_locked_in_a_fault",
            f"{NORMAL}::test_no_state_lacks_a_deadline_or_a_way_out",
        ),
    ),
    3: (
        "plug unlocked whatever the voltage",
        (f"{FAULTY}::test_unlock_waits_for_an_empty_cable", f"{RULES}::test_the_lock"),
    ),
    4: (
        "a stop only cut the converter's mains",
        (f"{WHOLE}::test_the_converter_is_at_0_a_and_disabled_before_its_mains_go",),
    ),
    5: (
        "K and the car's flags not watched in energy flow",
        (f"{WATCHED}::test_it_ends_by_its_name_and_in_time", f"{FAULTY}::test_k_off_in_energy_is_a_normal_stop"),
    ),
    6: (
        "without 0x200 the loop hung with contactors closed",
        (
            f"{HERE}::test_a_car_without_0x200_is_charged_and_let_go",
            f"{HERE}::test_losing_0x200_alone_forbids_discharge_alone",
        ),
    ),
    7: (
        "with a fault bit of the car set nothing was read or sent any more",
        (f"{HERE}::test_with_a_fault_bit_of_the_car_both_sides_go_on_talking",),
    ),
    8: (
        "a frame of wrong length or a failing line ended the process, outputs on",
        (
            f"{HERE}::test_a_frame_of_wrong_length_is_counted_and_the_session_goes_on",
            f"{GUARDING}::test_a_lost_line_makes_safe",
        ),
    ),
    9: ("asking for the mode drove every output low", (f"{HERE}::test_only_guard_and_make_safe_can_reach_an_output",)),
    10: (
        "a stop left the converter at its last current",
        (f"{HERE}::test_a_stop_is_0_a_at_once_whatever_the_car_does",),
    ),
    11: (
        "precharge voltage guessed from the state of charge",
        (
            f"{HERE}::test_the_converter_is_matched_to_the_measured_battery",
            "session/test_assumed_cable.py::test_without_adc_and_without_a_named_battery_nothing_starts",
        ),
    ),
    12: (
        "the converter compared with its own setpoint, not with the battery",
        (f"{HERE}::test_a_match_is_a_match_with_the_cable",),
    ),
    13: (
        "measured volts and amps never told to the car",
        (f"{NORMAL}::test_measured_amps_are_told_to_the_car_in_both_directions",),
    ),
    14: ("an empty car could not be charged", (f"{HERE}::test_an_empty_car_is_charged",)),
    15: (
        "charging announced before contactors and request",
        (f"{HERE}::test_charging_is_announced_only_after_contactors_and_request",),
    ),
    16: (
        "stop bits out of order with the current",
        (f"{HERE}::test_the_charging_bit_falls_with_the_current_and_stays_down",),
    ),
    17: (
        "contactors opened whatever flowed, d1 and d2 dropped together",
        (
            f"{RULES}::test_contactors_do_not_open_above_5_a_or_at_an_unknown_current",
            f"{RULES}::test_d1_falls_half_a_second_after_d2",
        ),
    ),
    18: ("discharge from idle ignored", (f"{HERE}::test_discharge_starts_from_idle_as_charging_does",)),
    19: ("discharge limit inverted", (f"{POLICY}::test_a_reached_limit_ends_the_order",)),
    20: ("a scheduled discharge became a charge", (f"{POLICY}::test_fixed_current_both_ways",)),
    21: (
        "only one event of the schedule, and not by itself",
        ("unit/energy/test_schedule.py::test_preview_and_now_never_disagree",),
    ),
    22: (
        "the button could only start",
        ("unit/panel/test_gestures.py::test_on_off_stops_at_the_press_whatever_else_is_held",),
    ),
    23: ("a lost meter froze the setpoint", (f"{POLICY}::test_a_stale_meter_means_0_w_until_it_answers",)),
    24: (
        "no slew, no clamp",
        (
            f"{FLOW}::test_current_rises_by_20_a_a_second_and_falls_at_once",
            f"{FLOW}::test_never_beyond_the_smaller_limit",
        ),
    ),
    25: ("any frame taken for the answer", (f"{CLIENT}::test_what_was_not_asked_for_is_not_believed",)),
    26: ("a lost 0 A was not repeated", (f"{CLIENT}::test_a_lost_zero_is_repeated_until_the_read_back_shows_it",)),
    28: ("5 s for a converter that needs 8", (f"{HERE}::test_a_converter_that_takes_12_s_still_starts",)),
    29: (
        "aborts dropped, status and warning words not judged",
        (f"{CLIENT}::test_a_refused_write_is_counted_and_named", f"{WATCHED}::test_it_ends_by_its_name_and_in_time"),
    ),
    30: (
        "orders of an ended session survived into the next",
        (f"{HERE}::test_nothing_of_an_ended_session_reaches_the_next",),
    ),
    31: (
        "frames piled up before the start, then came in bursts",
        (f"{HERE}::test_a_held_up_loop_skips_frames_and_never_makes_up_for_them",),
    ),
    32: (
        "0x200.6 inverted, fault bits reversed, capacity unscaled",
        (f"{FRAMES}::test_golden_bytes_both_ways", f"{FRAMES}::test_fault_names_follow_the_order_of_the_standard"),
    ),
    33: ("the threshold voltage was a constant", (f"{HERE}::test_the_threshold_is_the_smaller_of_both_maxima",)),
    34: (
        "the live limit went into the wrong byte",
        (f"{WATCHED}::test_a_warm_converter_gives_less_and_tells_the_car",),
    ),
    35: (
        "charging from the sun ignored the limit of charge",
        (f"{POLICY}::test_bounds_are_the_narrowest_of_all_limits",),
    ),
    37: (
        "anybody on the network could order discharge",
        ("unit/web/test_auth.py::test_every_change_from_another_site_is_refused_even_with_the_owners_session",),
    ),
    40: (
        "one refused connection ended the meter for good",
        ("tree/test_manager.py::test_a_dead_meter_means_0_w_and_goes_on_by_itself",),
    ),
}
HARMLESS = {27, 36, 38, 39}
"""The numbers of the faults that are rated C."""
LATER = {21: "app/v2h/energy/schedule.py"}
"""Number of a fault: the file that must exist before its tests are required."""


def test_every_fault_that_matters_has_its_tests() -> None:
    assert set(TABLE) | HARMLESS == set(range(1, 41))


@pytest.mark.parametrize("number", [n for n in TABLE if n not in LATER or (ROOT / LATER[n]).exists()])
def test_each_named_test_exists(number: int) -> None:
    for named in TABLE[number][1]:
        file, _, function = named.partition("::")
        tree = ast.parse((ROOT / "tests" / file).read_text(encoding="utf-8"))
        found = {node.name for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)}
        assert function in found, f"fault {number}: {named} is gone"


def in_energy(power_w: float = 3000.0, **kwargs: float) -> VirtualBoard:
    board = VirtualBoard(**kwargs)  # type: ignore[arg-type]
    board.power_w = power_w
    board.run_until(State.ENERGY)
    board.run(4)
    return board


def test_d2_rises_only_after_the_test_and_on_a_cable_measured_empty() -> None:
    board = VirtualBoard()
    highest_v = 0.0
    while Output.D2 not in board.plant.outputs:
        board.step()
        highest_v = max(highest_v, board.plant.cable_v)
        assert board.now < 60
    assert highest_v > 490 and State.INSULATION in board.states
    assert board.plant.cable_v < limits.CABLE_EMPTY_BEFORE_D2_V.value
    assert not board.plant.outputs & CONTACTORS

    charged = VirtualBoard()
    charged.run_until(State.TEST_OPEN, State.BLEED)
    charged.adc_bias_v = 30.0  # a charge that bleeding does not remove
    charged.run_until(State.FAULT, within_s=40)
    assert State.CAR_CONTACTORS not in charged.states


def test_a_car_that_never_lets_go_ends_locked_in_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    board = in_energy()
    board.spoil_car = change(0x102, contactors_open=False, charging_enabled=True)
    monkeypatch.setattr(type(board.plant.circuit), "set_car_contactors", lambda circuit, now, closed: None)  # welded
    board.wanted = False
    stopped = board.now
    board.run_until(State.FAULT)
    assert board.now - stopped < 30
    board.run(0.2)
    assert board.plant.outputs == Output.PLUG_LOCK, "the battery is on the plug's pins"
    board.run(60)
    assert board.plant.outputs == Output.PLUG_LOCK


def test_a_car_without_0x200_is_charged_and_let_go() -> None:
    board = VirtualBoard()
    board.spoil_car = lambda can_id, data: None if can_id == 0x200 else data
    board.run_until(State.ENERGY)
    board.run(4)
    assert board.plant.pre.out_a > 7
    board.power_w = -3000.0
    board.run(3)
    assert board.plant.pre.out_a == 0.0
    board.wanted = False
    board.run_until(State.IDLE)
    board.run(0.2)
    board.assert_safe()


def test_losing_0x200_alone_forbids_discharge_alone() -> None:
    board = in_energy(-3000.0)
    assert board.plant.pre.out_a < -7
    board.spoil_car = lambda can_id, data: None if can_id == 0x200 else data
    board.run(1)
    assert board.plant.pre.out_a == 0.0 and board.state is State.ENERGY
    sent = len(board.sent)
    board.power_w = 3000.0
    board.run(4)
    assert board.plant.pre.out_a > 7
    assert len(board.sent) - sent == pytest.approx(160, abs=4), "frames go on"


def test_with_a_fault_bit_of_the_car_both_sides_go_on_talking() -> None:
    board = in_energy()
    board.spoil_car = change(0x102, battery_high_temperature=True)
    began, sent = board.now, len(board.sent)
    board.run_until(State.FAULT)
    assert len(board.sent) - sent == pytest.approx(40 * (board.now - began), rel=0.1)
    assert board.charger.car.x102 is not None and not board.charger.car.x102.charging_enabled, "it was read to the end"
    board.run(0.2)
    board.assert_safe()


@pytest.mark.parametrize("can_id", [0x100, 0x101, 0x102, 0x200])
def test_a_frame_of_wrong_length_is_counted_and_the_session_goes_on(can_id: int) -> None:
    board = in_energy()
    once = [True]

    def spoil(seen_id: int, data: bytes) -> bytes:
        if seen_id == can_id and once:
            once.clear()
            return data[:5]
        return data

    board.spoil_car = spoil
    board.run(2)
    assert board.charger.car.bad_frames == 1 and "5 data bytes" in board.charger.car.last_bad
    assert board.state is State.ENERGY


def test_only_guard_and_make_safe_can_reach_an_output() -> None:
    users = set()
    for path in (ROOT / "app" / "v2h").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and any(alias.name == "open_output" for alias in node.names):
                users.add(path.relative_to(ROOT / "app" / "v2h").as_posix())
    assert users == {"programs/guard.py", "safety/shell/sweep.py"}


def test_a_stop_is_0_a_at_once_whatever_the_car_does() -> None:
    board = in_energy(5000.0)
    board.spoil_car = change(0x102, charging_enabled=True, charge_current_request_a=14)
    board.charger.stop()
    board.run(0.05)
    assert board.plant.pre.set_a == 0.0
    board.run(0.5)
    assert board.plant.pre.out_a <= limits.OPEN_UNDER_A.value


@pytest.mark.parametrize("pack_offset_v", [-60.0, 0.0, 15.0])
def test_the_converter_is_matched_to_the_measured_battery(
    pack_offset_v: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    board = VirtualBoard()
    leaf_v = board.plant.battery.ocv_v()
    monkeypatch.setattr(type(board.plant.battery), "ocv_v", lambda battery: leaf_v + pack_offset_v)
    board.run_until(State.MATCH)
    apart_v = float("nan")
    while CONTACTORS not in board.plant.outputs:
        apart_v = board.plant.pre.out_v - board.plant.cable_v
        board.step()
    assert abs(apart_v) <= limits.MATCH_WITHIN_V.value
    board.run_until(State.ENERGY)
    assert board.plant.violations == []


def test_a_match_is_a_match_with_the_cable() -> None:
    session = Session(1)
    world = Inputs(
        car=Car(),
        guard=None,
        pre=PreTelemetry(volts_v=392.0, volts_t=1.0, set_volts_v=392.0),
        cable=CableVoltage(350.0, Source.VERIFIED, 350.0, steady=True),
        wanted=True,
        order=1,
        setpoint_w=0.0,
        max_charge_a=15,
        max_discharge_a=15,
    )
    assert NEXT[State.MATCH](session, 1.0, world) is None


def test_an_empty_car_is_charged() -> None:
    board = in_energy(3000.0, soc_pct=3.0)
    assert board.plant.pre.out_a > 7


def test_charging_is_announced_only_after_contactors_and_request() -> None:
    board = VirtualBoard()
    while board.status_109_5()[-1:] != [0x05]:
        board.step()
        assert board.now < 60
    assert board.plant.circuit.car_closed and board.plant.circuit.joined
    assert board.plant.car.request_a > 0
    assert board.status_109_5() == [0x20, 0x24, 0x05]


def test_the_charging_bit_falls_with_the_current_and_stays_down() -> None:
    board = in_energy(5000.0)
    board.wanted = False
    seen: list[tuple[bool, float]] = []
    while board.state is not State.IDLE:
        sent = len(board.sent)
        amps = abs(board.plant.pre.out_a)
        board.step()
        for frame in board.sent[sent:]:
            said = frames.decode(frame.can_id, frame.data)
            if isinstance(said, X109) and said.stop_control:
                seen.append((said.charging, amps))
    assert all(charging for charging, amps in seen if amps > limits.OPEN_UNDER_A.value)
    bits = [charging for charging, _ in seen]
    assert bits[0] and not bits[-1]
    assert bits == sorted(bits, reverse=True), "once down it stays down"


def test_discharge_starts_from_idle_as_charging_does() -> None:
    board = in_energy(-2500.0)
    assert board.plant.pre.out_a == pytest.approx(-2500 / board.plant.cable_v, abs=0.1)


def test_a_converter_that_takes_12_s_still_starts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.rig.pre.BOOT_S", 9.5)
    board = VirtualBoard()
    board.run_until(State.ENERGY)
    assert board.charger.session.fault is None


def test_nothing_of_an_ended_session_reaches_the_next() -> None:
    board = in_energy(5000.0)
    board.plant.pre.temperature_c = 90.0
    board.run_until(State.FAULT)
    board.plant.pre.temperature_c = 40.0
    board.order += 1  # an order that comes while the fault is latched
    board.run(2)
    board.charger.clear_fault(unlock_confirmed=False)
    board.run(5)
    assert board.state is State.IDLE, "what was ordered during the fault is not carried out when it is cleared"
    board.order += 1
    board.run_until(State.HANDSHAKE)
    assert board.charger.converter.telemetry.set_amps_a is None and board.charger.session.commanded_a == 0.0
    board.run_until(State.ENERGY)
    assert abs(board.plant.pre.out_a) <= limits.TEST_A.value


def test_a_held_up_loop_skips_frames_and_never_makes_up_for_them() -> None:
    board = in_energy()
    board.charger_runs = False
    board.run(0.15)
    board.charger_runs = True
    sent = len(board.sent)
    board.run(1)
    times = [frame.t for frame in board.sent[sent - 8 :] if frame.can_id == 0x108]
    assert min(b - a for a, b in pairwise(times)) >= 0.04
    assert len(board.sent) - sent <= 4 * 11


@pytest.mark.parametrize(("battery_v", "threshold_v"), [(435, 435), (420, 420), (600, 500)])
def test_the_threshold_is_the_smaller_of_both_maxima(battery_v: int, threshold_v: int) -> None:
    board = VirtualBoard()
    board.spoil_car = change(0x100, max_battery_v=battery_v)
    board.run_until(State.CONVERTER)
    board.run(0.2)
    said = next(f for f in reversed(board.sent) if f.can_id == 0x108)
    decoded = frames.decode(said.can_id, said.data)
    assert isinstance(decoded, frames.X108) and decoded.threshold_v == threshold_v
