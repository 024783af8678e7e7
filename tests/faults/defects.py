"""Seeded defects: the software, broken on purpose in one place each, to show that the campaign can fail.

A defect is a piece of source text and its replacement. The module is compiled from the changed text in a separate
process, so nothing is written to disk; a text that is missing, or that occurs twice, is an error. Each process takes
its own snapshots and runs a reduced campaign: the named faults at every moment, then every 37th scenario, then random
sessions, until an invariant breaks or the campaign is complete. An exception does not count as caught.
"""

import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor

from tests.faults.ccs.defects import DEFECTS as CCS_DEFECTS
from tests.faults.seeding import Defect

TIMEOUT_S = 120.0


_D = Defect
DEFECTS: tuple[Defect, ...] = (
    # The session's deadlines and transitions.
    _D("no_deadlines", "chademo/session.py", "if now - began <= limit_s:", "if True:", ("car never permits",)),
    _D("permission_80_s", "chademo/limits.py", "PERMISSION = standard(8.0", "PERMISSION = standard(80.0",
       ("car never permits",)),
    _D("converter_1500_s", "chademo/limits.py", "CONVERTER_READY = ours(15.0", "CONVERTER_READY = ours(1500.0",
       ("PRE silent", "PRE aborts writes")),
    _D("insulation_60_s", "chademo/limits.py", "INSULATION = ours(6.0", "INSULATION = ours(60.0", ("ADC stuck",)),
    _D("welding_100_s", "chademo/limits.py", "WELDING = standard(10.0", "WELDING = standard(100.0",
       ("car's contactors welded",)),
    _D("current_stop_80_s", "chademo/limits.py", "CURRENT_STOP = ours(0.8", "CURRENT_STOP = ours(80.0",
       ("PRE does not stop", "PRE silent")),
    _D("unlocking_500_s", "chademo/limits.py", "UNLOCKING = ours(5.0", "UNLOCKING = ours(500.0",
       ("ADC drift", "ADC high")),
    _D("first_request_60_s", "chademo/limits.py", "FIRST_REQUEST = ours(6.0", "FIRST_REQUEST = ours(60.0",
       ("car hesitates",)),
    _D("match_unseen", "chademo/transitions.py",
       "    matched = abs(inputs.pre.volts_v - inputs.battery_v) <= limits.MATCH_WITHIN_V.value\n",
       "    matched = True\n"),
    _D("bleed_by_sensor_alone", "chademo/conditions.py",
       "        and converter_low(inputs, now)\n        and converter_agrees(inputs, now)\n    )\n    return lasts(",
       "    )\n    return lasts(",
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("liar_believed", "chademo/progress.py",
       "self.adc_doubted = self.adc_doubted or fault.name in ADC_DOUBTED_BY", "pass", ("ADC zero", "ADC stuck")),
    _D("stop_above_5_a", "chademo/limits.py", "OPEN_UNDER_A = standard(5.0", "OPEN_UNDER_A = standard(50.0"),
    _D("status_25_not_shown", "chademo/endings.py",
       "if session.stop_shown and small_current(inputs, now):", "if small_current(inputs, now):",
       tests=("tests/session/test_sceptic_found.py::test_every_stop_out_of_energy_shows_25",)),
    _D("owner_unheard", "chademo/session.py", "elif not self.ending and not inputs.wanted:", "elif False:"),
    _D("speaks_first", "chademo/progress.py", "self.speaking_t = self.idle_t = self.ahead_t = None",
       "self.idle_t = self.ahead_t = None; self.speaking_t = now"),
    _D("bleed_pushes", "chademo/limits.py", "BLEED_A = capture(-0.2", "BLEED_A = capture(0.2"),
    _D("hold_too_high", "chademo/session.py", "ceiling_v(inputs) if inputs.joined else self._volts_v, 0.0",
       "(limits.AVAILABLE_V.value, 1.0)", ("battery full",)),
    # Supervision.
    _D("car_fault_unwatched", "chademo/supervision.py", '    Watch("car_fault", _TALKING, _car_fault),\n', "",
       ("car says battery_overvoltage",)),
    _D("fault_bit_swapped", "chademo/layout.py", 'Flag("battery_high_temperature", 4, 3)',
       'Flag("battery_high_temperature", 4, 5)', ("car says battery_high_temperature",)),
    _D("park_unwatched", "chademo/supervision.py", '    Watch("not_in_park", _TALKING, _not_in_park),\n', "",
       ("car says not_in_park",)),
    _D("car_loss_unwatched", "chademo/supervision.py", '    Watch("car_lost", _PERMITTED, _car_lost),\n', "",
       ("0x102 lost", "car's bus off")),
    _D("car_end_unwatched", "chademo/supervision.py",
       '    Watch("car_ended", _PERMITTED, _car_ended, normal=True),\n', "", ("car says no permission",)),
    _D("k_unwatched", "chademo/supervision.py", '    Watch("k_off", _PERMITTED, _k_off, normal=True),\n', "",
       ("K wire broken", "K off")),
    _D("converter_loss_unwatched", "chademo/supervision.py",
       '    Watch("converter_lost", _ENABLED, _converter_lost),\n', "", ("PRE silent",)),
    _D("odd_status_unwatched", "chademo/supervision.py",
       '    Watch("converter_status", _ENABLED, _converter_status),\n', "", ("PRE status bit 2",)),
    _D("heat_unwatched", "chademo/limits.py", "OVER_TEMPERATURE_C = ours(85.0", "OVER_TEMPERATURE_C = ours(850.0",
       ("PRE hot",)),
    _D("deviation_50_a", "chademo/limits.py", "DEVIATION_A = ours(5.0", "DEVIATION_A = ours(50.0",
       ("PRE overshoots 8 A",)),
    # Current.
    _D("request_ignored", "chademo/flow.py", "charge_a = min(car.charge_request_a, our_charge_a)",
       "charge_a = our_charge_a", ("car says 0 A", "none")),
    _D("site_limit_ignored", "chademo/flow.py", "int(min(most_a, inputs.max_charge_a) * 10) / 10", "most_a"),
    _D("discharge_not_inverted", "chademo/layout.py", "return 0xFF - data[self.start]", "return data[self.start]",
       ("setpoint of -1 MW", "none")),
    _D("silent_car_fed", "chademo/limits.py", "CAR_QUIET = ours(0.3", "CAR_QUIET = ours(30.0",
       ("0x102 lost", "car's bus off")),
    _D("order_never_expires", "chademo/charger.py",
       "live = order is not None and now < min(order.expires_t, self._setpoint_t + SETPOINT_LIFE_S)",
       "live = order is not None", ("manager silent",)),
    _D("volts_floor_ignored", "chademo/flow.py", "measured_v > floor_v(inputs)", "measured_v > 0",
       ("car's lowest voltage rises to 400 V",)),
    _D("soc_floor_ignored", "chademo/flow.py", "soc_pct > floor_pct)", "soc_pct > 0)",
       ("battery below the car's floor",)),
    # Values reported to the car.
    _D("amps_told_0", "chademo/evse.py", "present_a=_rounded(max(0.0, amps_a)),", "present_a=0,"),
    _D("discharge_told_0", "chademo/evse.py",
       "present_discharge_current_a=_rounded(max(0.0, -amps_a)),",
       "present_discharge_current_a=0,"),
    _D("volts_told_wrong", "chademo/evse.py", "        return max(0.0, told_v)", "        return 500.0"),
    _D("lock_told_late", "chademo/evse.py", "connector_locked=shown.locked,", "connector_locked=shown.charging,"),
    _D("frames_150_ms", "chademo/charger.py", "EVSE_PERIOD_S = 0.1", "EVSE_PERIOD_S = 0.15"),
    # The converter's client.
    _D("amps_scaled_wrong", "pre/objects.py", 'AMPS = Entry(0x2108, 0, "amps", "A", 10, True',
       'AMPS = Entry(0x2108, 0, "amps", "A", 16, True'),
    _D("waits_for_ever", "pre/client.py", "if now < self._pending.deadline:", "if True:", ("PRE silent for 0.25 s",)),
    _D("written_is_believed", "pre/client.py",
       "        if self._is_sure(entry):\n            return None\n"
       "        wanted = self._wanted(entry)  # a read-back from before this write is stale\n"
       "        self._read_back.pop(entry.name, None)\n"
       "        return pre.write_request(entry, wanted)",
       "        told, wanted = self.__dict__.setdefault('told', {}), self._wanted(entry)\n"
       "        known = told.get(entry) == wanted\n"
       "        told[entry] = wanted\n        return None if known else pre.write_request(entry, wanted)",
       ("PRE drops writes for 0.4 s",)),
    _D("enable_never_off", "pre/client.py", "int(self._wished_enable and (enabled or ready))", "1",
       ("output PRE_AC does not switch",)),
    _D("gate_open", "chademo/charger.py",
       "return self.report if now - self._report_t <= limits.GUARD_LOST.value else None", "return self.report",
       ("guard stopped", "guard killed")),
    # guard and make-safe.
    _D("guard_opens_at_once", "safety/makesafe.py",
       'Row("3: c1, c2 open", 0.3, True', 'Row("3: c1, c2 open", 0.0, True',
       ("PRE does not stop", "charger killed")),
    _D("low_is_assumed", "safety/makesafe.py",
       "amps = heard.amps(now, AMPS_AGE_S, self._zero_t + DEAD_S)",
       "return True", ("charger killed",)),
    _D("contactors_stay", "safety/makesafe.py", "True, CONTACTORS)", "True, NONE)", ("charger killed",)),
    _D("safe_waits_8_s", "safety/makesafe.py", 'Row("2: PRE AC off", 0.8', 'Row("2: PRE AC off", 8.0',
       ("PRE does not stop", "PRE silent")),
    _D("safe_writes_1_a", "safety/makesafe.py", "_ZERO = pre.write_amps(0.0)", "_ZERO = pre.write_amps(1.0)",
       ("charger killed",)),
    _D("safe_unlocks", "safety/makesafe.py", 'Row("4: d1 off", 0.5, False, ALL_BUT_LOCK)',
       'Row("4: d1 off", 0.5, False, ALL_BUT_LOCK | Output.PLUG_LOCK)', ("charger killed",)),
    _D("d2_first", "safety/makesafe.py", 'Row("2: PRE AC off", 0.8, True, Output.PRE_AC)',
       'Row("2: PRE AC off", 0.0, True, Output.D2)', ("charger killed",)),
    _D("silence_30_s", "safety/wire.py", "SILENCE_S = 0.3", "SILENCE_S = 30.0", ("charger stopped for 4 s",)),
    _D("start_writes_before_reading", "safety/guarding.py", "self._wanted = self.found", "self._wanted = NONE",
       ("guard killed",)),
    _D("opens_at_any_current", "safety/rules.py",
       "return known and (request.pre_current_a is None or abs(request.pre_current_a) <= LOW_A)", "return True",
       ("charger asks for c1 and c2 off",)),
    _D("d2_without_k", "safety/rules.py",
       "lambda view, request: view.k_on\n        and not", "lambda view, request: not", ("charger asks for d2 on",)),
    _D("contactors_without_k", "safety/rules.py",
       "lambda view, request: view.k_on and D2 not in view.outputs & ~request.outputs",
       "lambda view, request: True", ("charger asks for c1 and c2 on",)),
    _D("one_contactor_alone", "safety/rules.py",
       "    Need(CONTACTORS, CONTACTORS, \"one contactor alone puts one pole of the car on the converter and measures "
       "nothing\"),\n", "", ("charger asks for c1 off",)),
    _D("d1_with_d2", "safety/rules.py",
       "not view.outputs & CONTACTORS and D2 not in view.outputs and view.d2_off_s >= D2_TO_D1_S", "True",
       ("charger asks for nothing on",)),
    _D("d2_under_load", "safety/rules.py", "not view.outputs & CONTACTORS or _current_low(view, request)", "True",
       ("charger asks for d2 off",)),
    _D("unlocks_when_asked", "safety/rules.py", "return _told_below(view, request, UNLOCK_V)", "return True",
       ("charger asks for the lock off",)),
    _D("stranger_tolerated", "safety/guarding.py", "            self._safe.drop_pre_ac(frame.t)\n", "",
       ("a stranger writes 10 A to the converter after a trip",)),
    # Found by the mutants of an independent review: the whole test suite had noticed none of these.
    _D("stale_amps_are_small", "chademo/conditions.py",
       '    return fresh and inputs.pre.amps_a is not None and abs(inputs.pre.amps_a) <= limits.OPEN_UNDER_A.value',
       '    return inputs.pre.amps_a is not None and abs(inputs.pre.amps_a) <= limits.OPEN_UNDER_A.value',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("match_on_old_volts", "chademo/transitions.py",
       '    if inputs.battery_v is None or inputs.pre.volts_v is None or now - inputs.pre.volts_t > FRESH_S:',
       '    if inputs.battery_v is None or inputs.pre.volts_v is None:',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("insulation_by_sensor_alone", "chademo/transitions.py",
       'stands = risen and converter_agrees(inputs, now) and',
       'stands = risen and',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("welding_by_sensor_alone", "chademo/endings.py", "    empty = emptied_by_converter(session, now, inputs)\n",
       "    empty = is_empty(inputs, limits.CABLE_UNLOCK_V.value)\n",
       tests=("tests/unit/chademo",)),
    _D("test_done_at_any_voltage", "chademo/transitions.py",
       'return State.CAR_CONTACTORS if is_empty(inputs, limits.CABLE_EMPTY_BEFORE_D2_V.value) else None',
       'return State.CAR_CONTACTORS',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("permission_by_can_alone", "chademo/transitions.py",
       '        inputs.guard is not None\n        and inputs.guard.k_on\n        and inputs.car.x102 is not None\n',
       '        inputs.car.x102 is not None\n',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("k_before_can_ignored", "chademo/transitions.py",
       'if inputs.guard is not None and inputs.guard.k_on and now - session.since_t > limits.K_BEFORE_CAN.value:',
       'if False:',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("unlocks_with_d1_on", "chademo/endings.py",
       'if not outputs_on(inputs) & Output.D1 and is_empty(inputs, limits.CABLE_UNLOCK_V.value):',
       'if is_empty(inputs, limits.CABLE_UNLOCK_V.value):',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("permission_from_the_first_frame", "chademo/session.py",
       '            began = self.d1_t\n',
       '            began = self.since_t\n',
       tests=("tests/session/test_survivors.py::test_the_8_s_to_the_permission_count_from_d1_and_not_from_the_first_frame",)),
    _D("d2_may_be_late", "chademo/session.py",
       'late = self.state in _BEFORE_D2 and now - self.permitted_t > limits.D2_AFTER_PERMISSION.value',
       'late = False',
       tests=("tests/session/test_survivors.py::test_d2_comes_within_20_s_of_the_permission_or_not_at_all",)),
    _D("late_gate_gone", "chademo/charger.py",
       'report.state is GuardState.READY and not late',
       'report.state is GuardState.READY',
       tests=("tests/session/test_survivors.py::test_a_turn_that_comes_late_writes_0_a",)),
    _D("old_frames_count", "chademo/charger.py",
       '            self.car = Car()  # frames from before this session do not count\n',
       '',
       tests=("tests/session/test_survivors.py::test_frames_of_the_last_session_do_not_count_in_the_next",)),
    _D("first_word_has_a_voltage", "chademo/charger.py",
       'cable_v=self._look_at_cable(now).volts_v if self.report is not None else None,',
       'cable_v=self._look_at_cable(now).volts_v,',
       tests=("tests/session/test_survivors.py::test_the_first_word_to_guard_carries_no_voltage",)),
    _D("ff_is_a_floor", "chademo/car.py",
       '        if raw == 0xFF:\n            return None\n',
       '',
       tests=("tests/unit/chademo/test_transitions.py",)),
    _D("make_safe_believes_old_amps", "safety/makesafe.py",
       'AMPS_AGE_S = 0.25',
       'AMPS_AGE_S = 2.5',
       tests=("tests/session/test_survivors.py::test_make_safe_does_not_open_on_a_current_measured_0_3_s_ago",)),
    _D("unknown_is_0_on_the_wire", "safety/wire.py",
       '_UNKNOWN = -32768',
       '_UNKNOWN = 0',
       tests=("tests/unit/safety/test_wire.py",)),
)  # fmt: skip
BY_NAME = {defect.name: defect for defect in (*DEFECTS, *CCS_DEFECTS)}


def run_one(name: str) -> tuple[str, str]:
    """(name, what caught it or ""), in a separate process."""
    command = [sys.executable, "-m", "tests.faults.reduced", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return name, ""
    lines = done.stdout.strip().splitlines()
    if done.returncode:
        print(f"  defect {name}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
    return name, lines[-1].removeprefix("caught: ") if lines and lines[-1].startswith("caught: ") else ""


def run_all(jobs: int, kind: str) -> dict[str, str]:
    """Run every defect of this kind of campaign; returns what caught each."""
    caught: dict[str, str] = {}
    names = [name for name, defect in BY_NAME.items() if defect.kind == kind]
    with ThreadPoolExecutor(jobs) as pool:
        for name, by in pool.map(run_one, names):
            caught[name] = by
            if not by or len(caught) % 10 == 0:
                print(
                    f"seeded defects: {len(caught)} of {len(names)}{'' if by else ', NOT CAUGHT: ' + name}",
                    flush=True,
                )
    return caught


def main_one(name: str) -> int:
    if name not in BY_NAME:
        print(f"no defect is called {name!r}; there are: {', '.join(BY_NAME)}")
        return 2
    _, by = run_one(name)
    print(f"{name}: {'caught: ' + by if by else 'NOT CAUGHT'}")
    return 0 if by else 1
