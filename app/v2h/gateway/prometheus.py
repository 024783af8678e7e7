"""The figures for Prometheus, as text (exposition format 0.0.4).

Names follow Prometheus' rules: base units (ratio instead of %, joules instead of kWh), the unit in plural at the end,
counters end with _total, one unit for each name. A value that nobody knows has no line. Frames of the CAN buses and
late loops have no name here: no program tells them on the bus.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from v2h.bus.sentences import Sentence
from v2h.gateway.house import House

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
LIMITED = {
    "matching.car_full": "car_full",
    "matching.car_empty": "car_empty",
    "matching.storing_at_limit": "current_limit",
    "matching.covering_at_limit": "current_limit",
    "matching.hold": "hold",
    "matching.held_by": "hold",
}
"""Id of the sentence of manager -> what keeps V2H from its target."""
J_PER_WH = 3600.0


class Counted(NamedTuple):
    """What is not in the house's messages. faults: by id, since this program started. alive: program -> whether it is
    on the bus. written_bytes: written to the card since the start, None where it is not known."""

    faults: Mapping[str, int]
    alive: Mapping[str, bool]
    written_bytes: int | None = None


class Metric(NamedTuple):
    """samples: labels and value each."""

    name: str
    kind: str
    about: str
    samples: list[tuple[Mapping[str, str], float]]


def metrics(house: House, counted: Counted, now: float) -> Iterator[Metric]:
    """Every metric, also one that has no sample now."""
    charger, manager = house.fresh_charger(now), house.fresh_manager(now)

    def one(value: float | None, **labels: str) -> list[tuple[Mapping[str, str], float]]:
        return [] if value is None else [(labels, float(value))]

    soc_pct = charger.soc_pct if charger else None
    capacity_kwh = house.charger.battery_kwh if house.charger else None
    yield Metric("v2h_grid_power_watts", "gauge", "Power from the grid; positive is import.", one(house.grid_w(now)))
    yield Metric("v2h_ev_power_watts", "gauge", "Power into the car; negative is discharging.", one(house.car_w(now)))
    yield Metric(
        "v2h_ev_soc_ratio", "gauge", "State of charge of the car.", one(None if soc_pct is None else soc_pct / 100)
    )
    yield Metric(
        "v2h_ev_capacity_joules", "gauge", "Capacity of the car's battery, as it reports it.",
        one(None if capacity_kwh is None else capacity_kwh * 1000 * J_PER_WH),
    )  # fmt: skip
    yield Metric("v2h_dc_voltage_volts", "gauge", "Voltage at the battery.", one(charger.volts_v if charger else None))
    yield Metric(
        "v2h_dc_current_amperes", "gauge", "Current at the battery; positive is charging.",
        one(charger.amps_a if charger else None),
    )  # fmt: skip
    yield Metric(
        "v2h_temperature_celsius", "gauge", "Temperature by sensor.",
        one(charger.temperature_c if charger else None, sensor="converter"),
    )  # fmt: skip
    wh = dict(zip(("charge", "discharge"), house.totals_wh or (), strict=False))
    yield Metric(
        "v2h_energy_joules_total", "counter", "Energy into and out of the car since the log began.",
        [({"direction": name}, value * J_PER_WH) for name, value in wh.items()],
    )  # fmt: skip
    yield Metric(
        "v2h_meter_age_seconds", "gauge", "Age of the newest reading of a meter.",
        one(house.grid_age_s(now), source="grid"),
    )  # fmt: skip
    yield Metric(
        "v2h_meter_interval_seconds", "gauge", "Measured time between two readings of a meter.",
        [({"source": role}, status.interval_s) for role, status in house.meters.items()],
    )  # fmt: skip
    yield Metric(
        "v2h_tracking_error_watts", "gauge", "Mean distance of the grid from its target in V2H.",
        one(manager.tracking.get("mean_w") if manager else None),
    )  # fmt: skip
    reason = LIMITED.get(_innermost(manager.why).id, "") if manager and isinstance(manager.why, Sentence) else ""
    yield Metric(
        "v2h_control_limited", "gauge", "1 while something keeps V2H from its target.",
        [({"reason": each}, float(each == reason)) for each in dict.fromkeys(LIMITED.values())] if manager else [],
    )  # fmt: skip
    yield Metric(
        "v2h_fault_active", "gauge", "1 for each fault that stops the charger.",
        [({"code": code}, 1.0) for code in (charger.faults if charger else ())],
    )  # fmt: skip
    yield Metric(
        "v2h_faults_total", "counter", "Faults since the program of the page started.",
        [({"code": code}, float(number)) for code, number in counted.faults.items()],
    )  # fmt: skip
    yield Metric(
        "v2h_sd_written_bytes_total", "counter", "Bytes written to the card since the board started.",
        one(counted.written_bytes),
    )  # fmt: skip
    yield Metric(
        "v2h_program_up", "gauge", "Whether a program is on the bus.",
        [({"program": name}, float(up)) for name, up in counted.alive.items()],
    )  # fmt: skip
    mode = one(1, mode=str(manager.mode)) if manager else []
    yield Metric("v2h_mode_info", "gauge", "The mode that is in force.", mode)
    state = one(1, state=str(charger.state)) if charger else []
    yield Metric("v2h_session_info", "gauge", "The state of the session.", state)
    yield Metric("v2h_build_info", "gauge", "The version of the software.", one(1, version=house.version))


def exposition(found: Iterable[Metric]) -> str:
    """The text that Prometheus reads."""
    lines = []
    for metric in found:
        if not metric.samples:
            continue
        lines.append(f"# HELP {metric.name} {metric.about}")
        lines.append(f"# TYPE {metric.name} {metric.kind}")
        lines += [f"{metric.name}{_labels(labels)} {value!r}" for labels, value in metric.samples]
    return "\n".join(lines) + "\n"


def _labels(labels: Mapping[str, str]) -> str:
    pairs = ",".join(f'{name}="{_escaped(value)}"' for name, value in labels.items())
    return f"{{{pairs}}}" if pairs else ""


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace('"', r"\"").replace("\n", r"\n")


def _innermost(sentence: Sentence) -> Sentence:
    """The sentence within the one that only adds to it."""
    inner = sentence.values.get("said")
    return _innermost(inner) if isinstance(inner, Sentence) else sentence
