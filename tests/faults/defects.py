"""Seeded defects: the software, broken on purpose in one place each, to show that the campaign can fail.

A defect is a piece of source text and what replaces it. The module is compiled from the changed text in a process of
its own, so nothing is written to disk; a text that is gone, or stands there twice, is an error. Each process takes its
own snapshots and runs a reduced campaign: the named faults at every moment, then every 37th scenario, then random
sessions, until an invariant breaks or nothing is left. An exception is no catch.
"""

import importlib.util
import subprocess
import sys
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, SourceFileLoader
from pathlib import Path
from types import CodeType, ModuleType

APP = Path(__file__).resolve().parents[2] / "app"
TIMEOUT_S = 120.0


@dataclass(frozen=True, slots=True)
class Defect:
    """file: below app/v2h. aims: names of faults that are tried first."""

    name: str
    file: str
    old: str
    new: str
    aims: tuple[str, ...] = ("none",)

    @property
    def module(self) -> str:
        return "v2h." + self.file.removesuffix(".py").replace("/", ".")

    def seeded(self) -> str:
        """The changed source. Raises ValueError when the text is not there exactly once."""
        source = (APP / "v2h" / self.file).read_text(encoding="utf-8")
        if source.count(self.old) != 1:
            raise ValueError(f"defect {self.name}: {self.file} holds {source.count(self.old)} times: {self.old!r}")
        return source.replace(self.old, self.new)


_D = Defect
DEFECTS: tuple[Defect, ...] = (
    # The session's deadlines and transitions.
    _D("no_deadlines", "chademo/session.py", "if now - began <= limit_s:", "if True:", ("car never permits",)),
    _D("permission_80_s", "chademo/limits.py", "PERMISSION = _standard(8.0", "PERMISSION = _standard(80.0",
       ("car never permits",)),
    _D("converter_1500_s", "chademo/limits.py", "CONVERTER_READY = _ours(15.0", "CONVERTER_READY = _ours(1500.0",
       ("PRE silent", "PRE aborts writes")),
    _D("insulation_60_s", "chademo/limits.py", "INSULATION = _ours(6.0", "INSULATION = _ours(60.0", ("ADC stuck",)),
    _D("welding_100_s", "chademo/limits.py", "WELDING = _standard(10.0", "WELDING = _standard(100.0",
       ("car's contactors welded",)),
    _D("current_stop_80_s", "chademo/limits.py", "CURRENT_STOP = _ours(0.8", "CURRENT_STOP = _ours(80.0",
       ("PRE does not stop", "PRE silent")),
    _D("unlocking_500_s", "chademo/limits.py", "UNLOCKING = _ours(5.0", "UNLOCKING = _ours(500.0",
       ("ADC drift", "ADC high")),
    _D("first_request_60_s", "chademo/limits.py", "FIRST_REQUEST = _ours(6.0", "FIRST_REQUEST = _ours(60.0",
       ("car hesitates",)),
    _D("match_unseen", "chademo/transitions.py",
       "return State.READY if abs(i.pre.volts_v - i.battery_v) <= limits.MATCH_WITHIN_V.value else None",
       "return State.READY"),
    _D("bleed_by_sensor_alone", "chademo/transitions.py",
       "empty = _empty(i, limits.CABLE_EMPTY_BEFORE_TEST_V.value) and _converter_agrees(i, now)",
       "empty = _empty(i, limits.CABLE_EMPTY_BEFORE_TEST_V.value)", ("ADC zero", "ADC stuck")),
    _D("liar_believed", "chademo/progress.py",
       "self.adc_doubted = self.adc_doubted or fault.name in ADC_DOUBTED_BY", "pass", ("ADC zero", "ADC stuck")),
    _D("stop_above_5_a", "chademo/limits.py", "OPEN_UNDER_A = _standard(5.0", "OPEN_UNDER_A = _standard(50.0"),
    _D("status_25_not_shown", "chademo/limits.py", "STOP_SHOWN = _capture(0.3", "STOP_SHOWN = _capture(0.0",
       ("none", "manager silent")),
    _D("owner_unheard", "chademo/session.py", "elif not self.ending and not i.wanted:", "elif False:"),
    _D("speaks_first", "chademo/progress.py", "self.speaking_t = self.idle_t = None",
       "self.idle_t = None; self.speaking_t = now"),
    _D("bleed_pushes", "chademo/limits.py", "BLEED_A = _capture(-0.2", "BLEED_A = _capture(0.2"),
    _D("hold_too_high", "chademo/session.py", "ceiling_v if CONTACTORS in _on(i) else self._volts_v, 0.0",
       "(limits.AVAILABLE_V.value, 1.0)"),
    # Supervision.
    _D("car_fault_unwatched", "chademo/supervision.py", '    Watch("car_fault", _TALKING, _car_fault, bit=""),\n', "",
       ("car says battery_overvoltage",)),
    _D("fault_bit_swapped", "chademo/layout.py", 'Flag("battery_high_temperature", 4, 3)',
       'Flag("battery_high_temperature", 4, 5)', ("car says battery_high_temperature",)),
    _D("park_unwatched", "chademo/supervision.py", '    Watch("not_in_park", _TALKING, _not_in_park, bit=""),\n', "",
       ("car says not_in_park",)),
    _D("car_loss_unwatched", "chademo/supervision.py", '    Watch("car_lost", _TALKING, _car_lost),\n', "",
       ("0x102 lost", "car's bus off")),
    _D("car_end_unwatched", "chademo/supervision.py",
       '    Watch("car_ended", _PERMITTED, _car_ended, normal=True),\n', "", ("car says no permission",)),
    _D("k_unwatched", "chademo/supervision.py", '    Watch("k_off", _PERMITTED, _k_off, normal=True),\n', "",
       ("K wire broken", "K off")),
    _D("converter_loss_unwatched", "chademo/supervision.py",
       '    Watch("converter_lost", _ENABLED, _converter_lost),\n', "", ("PRE silent",)),
    _D("odd_status_unwatched", "chademo/supervision.py",
       '    Watch("converter_status", _ENABLED, _converter_status),\n', "", ("PRE status bit 2",)),
    _D("heat_unwatched", "chademo/limits.py", "OVER_TEMPERATURE_C = _ours(85.0", "OVER_TEMPERATURE_C = _ours(850.0",
       ("PRE hot",)),
    _D("deviation_50_a", "chademo/limits.py", "DEVIATION_A = _ours(5.0", "DEVIATION_A = _ours(50.0",
       ("PRE overshoots 8 A",)),
    # Current.
    _D("request_ignored", "chademo/flow.py", "charge_a = min(car.charge_request_a, our_charge_a)",
       "charge_a = our_charge_a", ("car says 0 A", "none")),
    _D("site_limit_ignored", "chademo/flow.py", "int(min(most_a, i.max_charge_a) * 10) / 10", "most_a"),
    _D("discharge_not_inverted", "chademo/layout.py", "return 0xFF - data[self.start]", "return data[self.start]",
       ("setpoint of -1 MW", "none")),
    _D("silent_car_fed", "chademo/limits.py", "CAR_QUIET = _ours(0.3", "CAR_QUIET = _ours(30.0",
       ("0x102 lost", "car's bus off")),
    _D("order_never_expires", "chademo/charger.py",
       "live = order is not None and now < min(order.expires_t, self._setpoint_t + SETPOINT_LIFE_S)",
       "live = order is not None", ("manager silent",)),
    _D("volts_floor_ignored", "chademo/flow.py", "measured_v > floor_v(i)", "measured_v > 0",
       ("car's lowest voltage rises to 400 V",)),
    _D("soc_floor_ignored", "chademo/flow.py", "soc_pct > floor_pct)", "soc_pct > 0)",
       ("battery below the car's floor",)),
    # What the car is told.
    _D("amps_told_0", "chademo/evse.py", "present_a=_rounded(max(0.0, amps_a)),", "present_a=0,"),
    _D("discharge_told_0", "chademo/evse.py",
       "present_discharge_current_a=_rounded(max(0.0, -amps_a)) if shown.charging else 0,",
       "present_discharge_current_a=0,"),
    _D("volts_told_wrong", "chademo/evse.py", "        return max(0.0, i.cable_v)", "        return 500.0"),
    _D("lock_told_late", "chademo/evse.py", "connector_locked=shown.locked,", "connector_locked=shown.charging,"),
    _D("frames_150_ms", "chademo/charger.py", "EVSE_PERIOD_S = 0.1", "EVSE_PERIOD_S = 0.15"),
    # The converter's client.
    _D("amps_scaled_wrong", "pre/objects.py", 'AMPS = Entry(0x2108, 0, "amps", "A", 10, True',
       'AMPS = Entry(0x2108, 0, "amps", "A", 16, True'),
    _D("waits_for_ever", "pre/client.py", "if now < self._pending.deadline:", "if True:", ("PRE silent for 0.25 s",)),
    _D("written_is_believed", "pre/client.py",
       "        return None if self._read_back.get(entry.name) == wanted else pre.write_request(entry, wanted)",
       "        told = self.__dict__.setdefault('told', {})\n        known = told.get(entry) == wanted\n"
       "        told[entry] = wanted\n        return None if known else pre.write_request(entry, wanted)",
       ("PRE drops writes for 0.4 s",)),
    _D("enable_never_off", "pre/client.py", "int(self._wished_enable and (enabled or ready))", "1",
       ("charger stopped for 0.5 s", "none")),
    _D("gate_open", "chademo/charger.py",
       "return self.report if now - self._report_t <= limits.GUARD_LOST.value else None", "return self.report",
       ("guard stopped", "guard killed")),
    # guard and make-safe.
    _D("guard_opens_at_once", "safety/makesafe.py",
       'Row("3: c1, c2 open", 0.3, True', 'Row("3: c1, c2 open", 0.0, True',
       ("PRE does not stop", "charger killed")),
    _D("low_is_assumed", "safety/makesafe.py",
       "return amps is not None and abs(amps) <= LOW_A and heard.set_t > self._zero_t and heard.set_a == 0.0",
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
       "lambda view, request: view.k_on and not (view.outputs | request.outputs) & CONTACTORS",
       "lambda view, request: True", ("charger asks for d2 on",)),
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
    _D("unlocks_when_asked", "safety/rules.py", "return abs(request.cable_v) <= UNLOCK_V", "return True",
       ("charger asks for the lock off",)),
    _D("stranger_tolerated", "safety/guarding.py", "            self._safe.drop_pre_ac()\n", "",
       ("a stranger writes 10 A to the converter after a trip",)),
)  # fmt: skip
BY_NAME = {defect.name: defect for defect in DEFECTS}


class _Loader(SourceFileLoader):
    """Compiles the changed text; no bytecode is read or written."""

    def __init__(self, defect: Defect, path: str) -> None:
        super().__init__(defect.module, path)
        self._defect = defect

    def get_code(self, fullname: str) -> CodeType:
        return compile(self._defect.seeded(), self.path, "exec", dont_inherit=True)


class _Finder(MetaPathFinder):
    def __init__(self, defect: Defect) -> None:
        self._defect = defect

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        if fullname != self._defect.module:
            return None
        file = str(APP / "v2h" / self._defect.file)
        return importlib.util.spec_from_file_location(fullname, file, loader=_Loader(self._defect, file))


def seed(defect: Defect) -> None:
    """From here on this process imports the broken module. Call before anything of v2h is imported."""
    if defect.module in sys.modules:
        raise ValueError(f"{defect.module} is imported already")
    defect.seeded()
    sys.meta_path.insert(0, _Finder(defect))


def run_one(name: str) -> tuple[str, str]:
    """(name, what caught it or ""), in a process of its own."""
    command = [sys.executable, "-m", "tests.faults.reduced", name]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired:
        return name, ""
    lines = done.stdout.strip().splitlines()
    if done.returncode:
        print(f"  defect {name}: {done.stderr.strip().splitlines()[-1:]}", flush=True)
    return name, lines[-1].removeprefix("caught: ") if lines and lines[-1].startswith("caught: ") else ""


def run_all(jobs: int) -> dict[str, str]:
    """Every defect; what caught it."""
    caught: dict[str, str] = {}
    with ThreadPoolExecutor(jobs) as pool:
        for name, by in pool.map(run_one, BY_NAME):
            caught[name] = by
            if not by or len(caught) % 10 == 0:
                print(
                    f"seeded defects: {len(caught)} of {len(BY_NAME)}{'' if by else ', NOT CAUGHT: ' + name}",
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
