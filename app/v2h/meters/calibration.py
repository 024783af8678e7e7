"""One-point calibration of an STPM3x channel against a trusted meter on the same wire; pure.

The chip counts, and an LSB is the value of one count. One steady load and a reference reading give each LSB as
reference / count. The three are not independent: the LSB of power is 16 times the product of the other two, so any two
of watts, volts and amps give the third.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

from v2h.bus.states import RESTING, State
from v2h.checks import Range
from v2h.config.meter_kinds import Stpm3xMeter
from v2h.drivers.stpm3x_map import POWER_LSB_PER_VA_LSB

LEAST_W = 200.0
LEAST_A = 1.0
LEAST_V = 50.0
"""Below these limits the last digit of the reference meter makes a calibration worse than no calibration."""
STEADY = 0.02
"""Largest spread of the readings, as a part of their mean."""
MOST_CHANGE = 0.3
"""Largest change of an LSB, as a part of it: the parts of two boards differ by less."""


class Situation(NamedTuple):
    """What is needed to calibrate a role's power and current, as text, and the states of the charger that allow it."""

    words: str
    states: tuple[str, ...]


SITUATIONS: Mapping[str, Situation] = {
    "grid": Situation("the charger idle (v2h stop) and one steady load of 1 kW or more", RESTING),
    "charger": Situation(
        "the charger charging with a steady 1 kW or more (v2h mode charge --amps 6)", (str(State.ENERGY),)
    ),
    "solar": Situation("a steady sun of 1 kW or more", tuple(State)),
}


class CalibrationError(ValueError):
    """These readings do not allow a calibration. The text says what to do instead."""


class NotNowError(RuntimeError):
    """The charger is in a state that the calibration cannot use. The text names the state and what is needed."""


@dataclass(frozen=True, slots=True)
class Reference:
    """What the trusted meter shows; None: it does not show that. watts: + is import."""

    watts: float | None = None
    volts: float | None = None
    amps: float | None = None


def check_situation(role: str, reference: Reference, states: Sequence[str]) -> None:
    """`states`: the charger's states, as far as they were received. Raises NotNowError when one of them forbids the
    calibration of this role; the voltage alone can be calibrated in every state."""
    needs = SITUATIONS[role]
    unfit = [state for state in states if state not in needs.states]
    if unfit and (reference.watts is not None or reference.amps is not None):
        raise NotNowError(f"the charger is in state {unfit[-1]}; calibrating {role} needs {needs.words}")


def mean(name: str, readings: Sequence[float], least: float, unit: str) -> float:
    """Mean of steady readings. Raises CalibrationError."""
    if not readings:
        raise CalibrationError(f"the meter told no {name}")
    middle = sum(readings) / len(readings)
    if abs(middle) < least:
        raise CalibrationError(f"the meter shows {middle:.1f} {unit}: too little; a steady 1 kW or more is needed")
    if max(readings) - min(readings) > STEADY * abs(middle):
        raise CalibrationError(
            f"the {name} moved between {min(readings):.1f} and {max(readings):.1f} {unit}: wait for a steady load"
        )
    return middle


def calibrate(
    spec: Stpm3xMeter, reference: Reference, watts: Sequence[float], volts: Sequence[float], amps: Sequence[float]
) -> dict[str, float]:
    """Keys of [meter.ROLE] and their new values, from readings made with the present ones. Raises CalibrationError."""
    found: dict[str, float] = {}
    if reference.volts is not None:
        found["v_lsb_v"] = spec.v_lsb_v * reference.volts / mean("voltage", volts, LEAST_V, "V")
    if reference.amps is not None:
        found["i_lsb_a"] = spec.i_lsb_a * reference.amps / mean("current", amps, LEAST_A, "A")
    if reference.watts is not None:
        ratio = reference.watts / mean("power", watts, LEAST_W, "W")
        found["p_lsb_w"] = spec.p_lsb_w * abs(ratio)
        if ratio < 0:
            found["sign"] = -1.0 if spec.sign >= 0 else 1.0
    if not found:
        raise CalibrationError("no reference: say at least one of --watts, --volts, --amps")
    if any(not value for key, value in found.items()):
        raise CalibrationError("a reference of 0 calibrates nothing")
    have = found.keys() & {"p_lsb_w", "v_lsb_v", "i_lsb_a"}
    if have == {"v_lsb_v", "i_lsb_a"}:
        found["p_lsb_w"] = POWER_LSB_PER_VA_LSB * found["v_lsb_v"] * found["i_lsb_a"]
    elif have == {"p_lsb_w", "v_lsb_v"}:
        found["i_lsb_a"] = found["p_lsb_w"] / (POWER_LSB_PER_VA_LSB * found["v_lsb_v"])
    elif have == {"p_lsb_w", "i_lsb_a"}:
        found["v_lsb_v"] = found["p_lsb_w"] / (POWER_LSB_PER_VA_LSB * found["i_lsb_a"])
    for key in found.keys() - {"sign"}:
        _plausible(spec, key, found[key])
    return found


def _plausible(spec: Stpm3xMeter, key: str, value: float) -> None:
    """Raises CalibrationError when v2h.toml would not accept this LSB, or when no two boards differ by so much."""
    was = getattr(spec, key)
    allowed: Range = next(row.metadata["range"] for row in fields(spec) if row.name == key)
    change = value / was - 1
    if allowed.fits(value) and abs(change) <= MOST_CHANGE:
        return
    wrong = f"change by {100 * change:+.0f} %" if allowed.fits(value) else f"be {value:.3g}, not {allowed}"
    raise CalibrationError(
        f"{key} would {wrong}: is the reference of this wire and in this unit? "
        f"Where another sensor is fitted, write its own {key} into v2h.toml first"
    )
