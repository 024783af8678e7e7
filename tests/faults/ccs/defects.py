"""Seeded defects of the CCS code (see tests/faults/defects.py), each caught by the CCS campaign."""

from tests.faults.seeding import Defect


def _d(name: str, file: str, old: str, new: str, *aims: str) -> Defect:
    return Defect(name, file, old, new, aims or ("none",), kind="ccs")


_FLOW, _SESSION, _MOVES = "ccs/power_flow.py", "ccs/power_session.py", "ccs/power_transitions.py"
_LIMITS, _WATCH, _ANSWERS, _PLUG = "ccs/limits.py", "ccs/power_supervision.py", "ccs/answers.py", "ccs/plug.py"
DEFECTS: tuple[Defect, ...] = (
    # Current.
    _d("ccs_target_ignored", _FLOW, "most = [ours_a(inputs), car.target_a]", "most = [ours_a(inputs)]",
       "car asks for 2.5 A"),
    _d("ccs_car_limit_ignored", _FLOW, "[] if car.max_a is None else [car.max_a]", "[]", "car asks for a limit of 4 A"),
    _d("ccs_car_watts_ignored", _FLOW, "[] if car.max_w is None else [car.max_w / at_v]", "[]",
       "car asks for a limit of 1.5 kW"),
    _d("ccs_setpoint_ignored", _FLOW, "min(limits.MOST_W.value, inputs.setpoint_w)", "limits.MOST_W.value"),
    _d("ccs_6_kw_ignored", _FLOW, "min(limits.MOST_W.value, inputs.setpoint_w)", "inputs.setpoint_w",
       "setpoint of 1 MW"),
    _d("ccs_site_limit_ignored", _FLOW, "min(offered_a(inputs)[0], power_w / at_v)", "power_w / at_v"),
    _d("ccs_bleeds_the_car", _SESSION, "return self._volts_v, 0.0",
       "return self._volts_v, charger_limits.BLEED_A.value"),
    _d("ccs_unready_car_fed", _FLOW, "or not car.ready or", "or", "car is not ready"),
    _d("ccs_precharge_15_a", _LIMITS, "PRECHARGE_A = standard(2.0", "PRECHARGE_A = standard(15.0"),
    # The insulation.
    _d("ccs_isolation_unwatched", _WATCH,
       '    Watch("isolation_fault", (*_SPOKEN, State.STOP_CURRENT), _isolation),\n', "",
       "isolation at 50 kohm, relay welded, car deaf"),
    _d("ccs_fault_forgotten", _ANSWERS, "Isolation.FAULT if view.isolation_failed else charger.isolation",
       "Isolation.VALID if view.isolation_failed else charger.isolation",
       "isolation at 50 kohm, relay welded, car deaf"),
    _d("ccs_valid_unmeasured", _SESSION, "return inputs.isolation if self.isolated else Isolation.INVALID",
       "return inputs.isolation"),
    _d("ccs_valid_at_once", _LIMITS, "ISOLATION_SETTLE = ours(5.0", "ISOLATION_SETTLE = ours(0.0"),
    _d("ccs_test_too_low", _LIMITS, "TEST_ABOVE_CAR_V = standard(50.0", "TEST_ABOVE_CAR_V = standard(0.0"),
    _d("ccs_not_bled", _MOVES, "if not (is_empty(inputs, limits.BLED_V.value) and pre_low and fresh):", "if False:"),
    # Stops.
    _d("ccs_silence_unwatched", _WATCH, '    Watch("car_lost", (State.ENERGY,), _demand_lost),\n', "", "car silent"),
    _d("ccs_stop_answered_early", _SESSION, "return self.ending and (opened or current_gone(self, inputs, now))",
       "return self.ending"),
    _d("ccs_polite_for_ever", _LIMITS, "CAR_STOPS = ours(10.0", "CAR_STOPS = ours(1000.0",
       "car does not obey our stop"),
    _d("ccs_searches_for_ever", _LIMITS, "LINK = standard(70.0", "LINK = standard(700.0", "car never matches"),
    _d("ccs_never_cuts", _SESSION, "            cut=self._cuts(),\n", "",
       "isolation at 50 kohm, relay welded, car deaf"),
    _d("ccs_pilot_left_on", _PLUG,
       "asks = self._wanted and not self._dropped and charger is not None and not charger.cut",
       "asks = self._wanted", "charger killed", "charger stopped for 0.5 s"),
    _d("ccs_edge_of_k_waits", "safety/guarding.py",
       "return self.ccs and expected and not self.k_on and bool(outputs & CONTACTORS)", "return False",
       "pilot at E", "K wire broken"),
    _d("ccs_dead_sensor_believed", _WATCH, "tuple(state for state in JOINED if state is not State.BLEED)",
       "(State.READY, State.ENERGY)", "ADC zero after a gap", "ADC zero"),
    # What we answer the car.
    _d("ccs_volts_told_wrong", _ANSWERS, "        present_v=view.present_v,\n", "        present_v=charger.max_v,\n"),
    _d("ccs_amps_told_0", _ANSWERS, "        present_a=view.present_a,\n", "        present_a=0.0,\n"),
)  # fmt: skip
