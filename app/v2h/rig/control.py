"""What `python -m v2h.rig state` shows and `set` changes: the true state of the plant, and its knobs."""

from collections.abc import Callable
from typing import Any

from v2h.checks import Range
from v2h.rig.ccscar import CcsCar
from v2h.rig.evcc import Evcc
from v2h.rig.plant import Plant
from v2h.safety.outputs import names

SHOWN_VIOLATIONS = 10


def state(plant: Plant) -> dict[str, Any]:
    """The true state of everything, for tests and people. Currents and DC power: + is charging; grid: + is import."""
    circuit, pre, car = plant.circuit, plant.pre, plant.car
    return {
        "t": round(plant.now, 3),
        "outputs": names(plant.outputs),
        "k_on": plant.k_on,
        "plugged": circuit.plugged,
        "locked": circuit.locked,
        "contactors": {"c1": circuit.c1, "c2": circuit.c2, "car": circuit.car_closed},
        "cable_v": round(circuit.cable_v, 1),
        "pre": {
            "status": f"{pre.status(plant.now):04x}",
            "v": round(pre.out_v, 1),
            "a": round(pre.out_a, 2),
            "set_v": pre.set_v,
            "set_a": pre.set_a,
            "temperature_c": round(pre.temperature_c, 1),
            "ac_w": round(pre.ac_w(), 1),
            "fan_duty": round(pre.fan_duty, 2),
        },
        "car": {
            "phase": car.phase.name.lower(),
            "soc_pct": round(plant.battery.soc_pct, 2),
            "battery_a": round(circuit.battery_a, 2),
            "request_a": car.request_a,
            "discharge_a": car.discharge_a,
            "faults": sorted(car.faults),
        },
        **({"ccs": _ccs(car)} if isinstance(car, CcsCar) else {}),
        "load_w": round(plant.load_w, 1),
        "charger_w": round(plant.charger_w, 1),
        "grid_w": round(plant.grid_w, 1),
        "mean_abs_grid_w": round(plant.mean_abs_grid_w, 1),
        "score_s": round(plant.score_s, 1),
        "violation_count": len(plant.violations),
        "violations": [v._asdict() for v in plant.violations[-SHOWN_VIOLATIONS:]],
    }


def _ccs(car: CcsCar) -> dict[str, Any]:
    """The boxes of a CCS car, and the requests of its session, or of its last one.

    joined: its session runs. measured: what the car knows of itself. stops: the driver has ended the charge.
    """
    side = car.evcc
    asked = car.past if side is None else side.asked
    boxes = {"pilot": car.box.state, "relay": car.box.relay, "ohm": car.monitor.ohm, "asked": asked}
    boxes["demand_ms"] = [round(seconds * 1000, 2) for seconds in car.demand_s]
    if side is None:
        return boxes | {"joined": False}
    measured = {"battery_v": side.battery_v, "inlet_v": side.inlet_v, "soc_pct": side.soc_pct}
    return boxes | {"joined": True, "measured": measured, "stops": side.stops}


def apply(plant: Plant, key: str, value: str) -> None:
    """Change one knob. Raises ValueError naming key, value and what is allowed."""
    knob = KNOBS.get(key)
    if knob is None:
        raise ValueError(f"unknown knob {key!r}; known: {', '.join(KNOBS)}")
    knob(plant, key, value)


def _number(key: str, value: str, low: float, high: float) -> float:
    try:
        return Range(low, high).read(value)
    except ValueError as expected:
        raise ValueError(f"{key}={value} is not {expected}") from None


def _flag(key: str, value: str) -> bool:
    flags = {"true": True, "1": True, "false": False, "0": False}
    if value.lower() not in flags:
        raise ValueError(f"{key}={value} is not true or false")
    return flags[value.lower()]


def _set_soc(plant: Plant, key: str, value: str) -> None:
    plant.battery.soc_pct = _number(key, value, 0, 100)


def _set_plugged(plant: Plant, key: str, value: str) -> None:
    plant.set_plugged(_flag(key, value))


def _set_load(plant: Plant, key: str, value: str) -> None:
    plant.house.override_w = None if value == "trace" else _number(key, value, -20_000, 20_000)


def _set_sun(plant: Plant, key: str, value: str) -> None:
    plant.house.sun_peak_w = _number(key, value, 0, 20_000)


def _cut_k(plant: Plant, key: str, value: str) -> None:
    plant.k_cut = _flag(key, value)


def _silence_pre(plant: Plant, key: str, value: str) -> None:
    plant.pre.silent = _flag(key, value)


def _deafen_pre(plant: Plant, key: str, value: str) -> None:
    plant.pre.deaf = _flag(key, value)


def _hold_cable(plant: Plant, key: str, value: str) -> None:
    """Keep the cable's voltage until cable_v=0, so that a charger that is slow to start still finds the cable live."""
    plant.circuit.holds = _flag(key, value)


def _empty_cable(plant: Plant, key: str, value: str) -> None:
    if value != "0":
        raise ValueError(f"{key}={value}: only cable_v=0, a person's shortcut through the cable's slow discharge")
    plant.circuit.discharge()


def _lose_nothing(plant: Plant, key: str, value: str) -> None:
    plant.pre.lossless = _flag(key, value)


def _restart_trace(plant: Plant, key: str, value: str) -> None:
    plant.house.start_s = _number(key, value, 0, plant.house.period_s) - (plant.now - plant.start)
    plant.house.override_w = None


def _ccs_car(plant: Plant, key: str) -> CcsCar:
    if not isinstance(plant.car, CcsCar):
        raise ValueError(f"{key}: this rig has no CCS car (python -m v2h.rig serve --ccs din)")
    return plant.car


def _set_ohm(plant: Plant, key: str, value: str) -> None:
    _ccs_car(plant, key).monitor.ohm = _number(key, value, 0, 1e8)


def _silence_box(plant: Plant, key: str, value: str) -> None:
    _ccs_car(plant, key).box.silent = _flag(key, value)


def _act(plant: Plant, key: str, value: str) -> None:
    """What a program that speaks for the car does: pilot C, contactors, the end of the session."""
    car = _ccs_car(plant, key)
    if car.dialect is not None or car.evcc is None:
        raise ValueError(f"{key}: no session of another program runs (python -m v2h.rig serve --ccs outside)")
    setattr(car.evcc, key.removeprefix("ccs_"), _flag(key, value))


def _set_rhythm(plant: Plant, key: str, value: str) -> None:
    """Of the session that runs: how often the car asks."""
    evcc = _ccs_car(plant, key).evcc
    if not isinstance(evcc, Evcc):
        raise ValueError(f"{key}: no session of this car runs (python -m v2h.rig serve --ccs din)")
    evcc.rhythm_s = _number(key, value, 0, 2)


def _stop_car(plant: Plant, key: str, value: str) -> None:
    if value != "stop":
        raise ValueError(f"{key}={value}: only car=stop, the driver ends the charge at the car")
    plant.car.end_session(plant.now)


def _reset_score(plant: Plant, key: str, value: str) -> None:
    if value != "reset":
        raise ValueError(f"{key}={value}: only score=reset")
    plant.reset_score()


KNOBS: dict[str, Callable[[Plant, str, str], None]] = {
    "soc": _set_soc,
    "plugged": _set_plugged,
    "load_w": _set_load,
    "trace_s": _restart_trace,
    "sun_peak_w": _set_sun,
    "k_cut": _cut_k,
    "pre_silent": _silence_pre,
    "pre_lossless": _lose_nothing,
    "pre_deaf": _deafen_pre,
    "cable_v": _empty_cable,
    "cable_holds": _hold_cable,
    "score": _reset_score,
    "car": _stop_car,
    "ccs_ohm": _set_ohm,
    "ccs_box_silent": _silence_box,
    "ccs_wants_energy": _act,
    "ccs_closed": _act,
    "ccs_over": _act,
    "ccs_rhythm_s": _set_rhythm,
}
"""Knob -> its function. load_w takes watts or `trace`, trace_s jumps to a second of the trace; a deaf converter
acknowledges writes and does not obey them."""
