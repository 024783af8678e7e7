"""What `python -m v2h.rig state` shows and `set` changes: the true state of the plant, and its knobs."""

from collections.abc import Callable
from typing import Any

from v2h.rig.plant import Plant
from v2h.rig.values import flag, number
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
        **car.shown(),
        "load_w": round(plant.load_w, 1),
        "charger_w": round(plant.charger_w, 1),
        "grid_w": round(plant.grid_w, 1),
        "mean_abs_grid_w": round(plant.mean_abs_grid_w, 1),
        "score_s": round(plant.score_s, 1),
        "violation_count": len(plant.violations),
        "violations": [v._asdict() for v in plant.violations[-SHOWN_VIOLATIONS:]],
    }


def apply(plant: Plant, key: str, value: str) -> None:
    """Change one knob. Raises ValueError naming key, value and what is allowed."""
    if key in KNOBS:
        KNOBS[key](plant, key, value)
    elif key in plant.car.knobs:
        plant.car.knobs[key](key, value)
    else:
        raise ValueError(f"unknown knob {key!r}; known: {', '.join((*KNOBS, *plant.car.knobs))}")


def _set_soc(plant: Plant, key: str, value: str) -> None:
    plant.battery.soc_pct = number(key, value, 0, 100)


def _set_plugged(plant: Plant, key: str, value: str) -> None:
    plant.set_plugged(flag(key, value))


def _set_load(plant: Plant, key: str, value: str) -> None:
    plant.house.override_w = None if value == "trace" else number(key, value, -20_000, 20_000)


def _set_sun(plant: Plant, key: str, value: str) -> None:
    plant.house.sun_peak_w = number(key, value, 0, 20_000)


def _cut_k(plant: Plant, key: str, value: str) -> None:
    plant.k_cut = flag(key, value)


def _silence_pre(plant: Plant, key: str, value: str) -> None:
    plant.pre.silent = flag(key, value)


def _deafen_pre(plant: Plant, key: str, value: str) -> None:
    plant.pre.deaf = flag(key, value)


def _hold_cable(plant: Plant, key: str, value: str) -> None:
    """Keep the cable's voltage until cable_v=0, so that a charger that is slow to start still finds the cable live."""
    plant.circuit.holds = flag(key, value)


def _empty_cable(plant: Plant, key: str, value: str) -> None:
    if value != "0":
        raise ValueError(f"{key}={value}: only cable_v=0, a person's shortcut through the cable's slow discharge")
    plant.circuit.discharge()


def _lose_nothing(plant: Plant, key: str, value: str) -> None:
    plant.pre.lossless = flag(key, value)


def _restart_trace(plant: Plant, key: str, value: str) -> None:
    plant.house.start_s = number(key, value, 0, plant.house.period_s) - (plant.now - plant.start)
    plant.house.override_w = None


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
}
"""Knob -> its function; a CCS car has more (ccs/car.py). load_w takes watts or `trace`, trace_s jumps to a second of
the trace; a deaf converter acknowledges writes and does not obey them."""
