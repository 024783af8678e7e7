"""The messages of the predecessor's web pages on its WebSocket: each request has one answer, in order.

Its static page and its Svelte pages work with only the address edited. What they expect: `Data`, `Mode`, `Events`,
`Debug`, or `{"ack": "ok"}`; `Records` (v2h.gateway.old_records) are for its other clients. Anything else is answered
`{"ack": "err"}`. A mode is a text, or an object with one key.

What the predecessor did wrong is not repeated: a mode without values ("Charge") is taken, a scheduled discharge
discharges, all events of a day are used, and the limits of the owner bound every value. Events replace the weekly part
of the schedule alone. In `Debug` a value that does not travel on our bus is null, never 0.
"""

import ipaddress
import json
from collections.abc import Mapping
from typing import Any, NamedTuple

from v2h.bus.states import Mode
from v2h.checks import finite
from v2h.energy.legacy_events import to_schedule
from v2h.gateway.house import House
from v2h.gateway.old_records import Wanted, wanted
from v2h.gateway.orders import Order

NAME = "the old page"
OK, ERROR = '{"ack": "ok"}', '{"ack": "err"}'
"""With the blank, as the predecessor wrote them."""
WORDS = {"idle": "Idle", "v2h": "V2h", "cover": "V2h", "solar": "Charge", "charge": "Charge", "discharge": "Discharge"}
ACTIONS = {"idle": "Sleep", "v2h": "V2h", "cover": "V2h", "solar": "Eco", "charge": "Charge", "discharge": "Discharge"}
LOCAL_ENDS = (".local", ".lan", ".home", ".internal", ".home.arpa", ".fritz.box")


class Turn(NamedTuple):
    """answer: what to send at once; None: OK or ERROR, by the reply to the order; or the rows of the log."""

    answer: str | None
    order: Order | None = None
    rows: Wanted | None = None


def turn(text: str, house: House, now: float, *, may_change: bool, may_look: bool = True) -> Turn:
    """The answer to one message, and the command that it means. may_change: whether this client may command; may_look:
    whether it has not asked too much."""
    try:
        said = json.loads(text)
        command = said["cmd"]
    except (ValueError, TypeError, KeyError, RecursionError):
        return Turn(ERROR)
    if isinstance(command, str) and command in READS:
        if not may_look:
            return Turn(ERROR)
        return Turn(json.dumps(READS[command](house, now), separators=(",", ":")))
    if not (isinstance(command, dict) and len(command) == 1):
        return Turn(ERROR)
    ((name, asked),) = command.items()
    if name == "GetRecords":
        rows = wanted(asked)
        return Turn(ERROR) if rows is None else Turn(None, rows=rows)
    if not may_change:
        return Turn(ERROR)
    if name == "SetMode":
        order = _mode(asked, house)
        return Turn(ERROR) if order is None else Turn(json.dumps({"Mode": asked}, separators=(",", ":")), order)
    if name == "SetEvents":
        order = _events_order(asked, house)
        return Turn(ERROR) if order is None else Turn(None, order)
    return Turn(ERROR)


def is_local(host: str) -> bool:
    """Whether a page of this host is one of the house, and not a foreign site in the owner's browser."""
    try:
        return ipaddress.ip_address(host).is_private
    except ValueError:
        return bool(host) and ("." not in host or host.endswith(LOCAL_ENDS))


def _mode(asked: Any, house: House) -> Order | None:
    """ "Charge", or {"Charge": {"amps", "eco", "soc_limit"}}, where each value may be missing or null."""
    if isinstance(asked, dict) and len(asked) == 1:
        ((name, params),) = asked.items()
    else:
        name, params = asked, {}
    if (
        not isinstance(name, str)
        or name not in ("Idle", "V2h", "Charge", "Discharge")
        or not isinstance(params, Mapping)
    ):
        return None
    mode = "solar" if name == "Charge" and params.get("eco") is True else name.lower()
    values: dict[str, Any] = {"mode": mode, "by": NAME}
    if mode in (Mode.CHARGE, Mode.DISCHARGE):
        limits = {
            "amps": (params.get("amps"), 0.0, house.setting(f"max_{mode}_a")),
            "soc_limit_pct": (params.get("soc_limit"), house.setting("soc_min_pct"), house.setting("soc_max_pct")),
        }
        for key, (value, low, high) in limits.items():
            if value is None:
                continue
            if not finite(value):
                return None
            values[key] = min(max(value, value if low is None else low), value if high is None else high)
    return Order("mode", values)


def _events_order(asked: Any, house: House) -> Order | None:
    document, errors = to_schedule(asked)
    if errors or not isinstance(asked, list):
        return None
    before = house.schedule.schedule if house.schedule else {}
    return Order("schedule", {"schedule": {**before, **document}})


def _mode_now(house: House, now: float) -> Any:
    manager = house.fresh_manager(now)
    mode = str(manager.mode) if manager else "idle"
    word = WORDS.get(mode, "Idle")
    if word in ("Idle", "V2h"):
        return word
    amps = house.setting("max_discharge_a" if mode == Mode.DISCHARGE else "max_charge_a")
    soc_pct = house.setting("soc_min_pct" if mode == Mode.DISCHARGE else "soc_max_pct")
    return {word: {"amps": _whole(amps), "eco": mode == Mode.SOLAR, "soc_limit": _whole(soc_pct)}}


def _data(house: House, now: float) -> dict[str, Any]:
    """dc_kw and meter_kw are W, as the predecessor sent them."""
    charger, manager = house.fresh_charger(now), house.fresh_manager(now)
    return {
        "Data": {
            "dc_kw": house.car_w(now),
            "soc": _whole(charger.soc_pct if charger else None),
            "volts": charger.volts_v if charger else None,
            "temp": charger.temperature_c if charger else None,
            "amps": charger.amps_a if charger else None,
            "state": WORDS.get(str(manager.mode), "Idle") if manager else "Idle",
            "requested_amps": charger.setpoint_a if charger else None,
            "fan": _whole(charger.fan_pct if charger else None),
            "meter_kw": house.grid_w(now),
        }
    }


def _events(house: House, now: float) -> dict[str, Any]:
    """The weekly windows as times of day: each begins an action, and its end another one where nothing follows. Days of
    the week are not known there."""
    document = house.schedule.schedule if house.schedule else {}
    rest = ACTIONS.get(str(document.get("otherwise", "idle")), "Sleep")
    weekly = [row for row in document.get("weekly", ()) if isinstance(row, dict)]
    starts = {_time(row.get("start")): ACTIONS.get(str(row.get("mode")), "Sleep") for row in weekly}
    ends = {_time(row.get("end")): rest for row in weekly}
    found = {**ends, **starts}
    return {"Events": [{"time": time, "action": found[time]} for time in sorted(found) if time]}


def _debug(house: House, now: float) -> dict[str, Any]:
    charger = house.fresh_charger(now)
    shape: dict[str, dict[str, Any]] = {name: dict.fromkeys(keys) for name, keys in FRAMES.items()}
    shape["x102"] |= {"faults": dict.fromkeys(FAULTS), "status": dict.fromkeys(EV_STATUS)}
    shape["x109"] |= {"status": dict.fromkeys(STATUS)}
    if charger is not None:
        shape["x101"]["rated_battery_capacity"] = charger.capacity_kwh
        shape["x102"]["state_of_charge"] = charger.soc_pct
        shape["x108"]["available_output_current"] = charger.max_charge_a
        shape["x109"] |= {"output_voltage": charger.volts_v, "output_current": charger.amps_a}
        shape["x109"]["status"] |= {"status_vehicle_connector_lock": "plug-lock" in charger.outputs}
    state = str(charger.state) if charger else "unknown"
    return {"Debug": {**shape, "state": state, "amps": charger.setpoint_a if charger else None}}


FRAMES = {
    "x100": ("minimum_charge_current", "minimum_battery_voltage", "maximum_battery_voltage",
             "constant_of_charging_rate_indication"),
    "x101": ("max_charging_time_10s_bit", "max_charging_time_1min_bit", "estimated_charging_time",
             "rated_battery_capacity"),
    "x102": ("control_protocol_number_ev", "target_battery_voltage", "charging_current_request", "state_of_charge"),
    "x108": ("available_output_current", "avaible_output_voltage", "welding_detection", "threshold_voltage"),
    "x109": ("control_protocol_number_qc", "output_voltage", "output_current", "discharge_compatitiblity",
             "remaining_charging_time_10s_bit", "remaining_charging_time_1min_bit"),
    "x200": ("maximum_discharge_current", "minimum_discharge_voltage", "minimum_battery_discharge_level",
             "max_remaining_capacity_for_charging"),
    "x208": ("discharge_current", "input_voltage", "input_current", "lower_threshold_voltage"),
    "x209": ("sequence", "remaing_discharge_time"),
}  # fmt: skip
"""The keys that its page reads, with its spelling."""
FAULTS = (
    "fault_battery_voltage_deviation", "fault_high_battery_temperature", "fault_battery_current_deviation",
    "fault_battery_undervoltage", "fault_battery_overvoltage",
)  # fmt: skip
EV_STATUS = (
    "status_discharge_compatible", "status_normal_stop_request", "status_vehicle", "status_charging_system",
    "status_vehicle_shifter_position", "status_vehicle_charging",
)  # fmt: skip
STATUS = (
    "status_charger_stop_control", "fault_charging_system_malfunction", "fault_battery_incompatibility",
    "status_vehicle_connector_lock", "fault_station_malfunction", "status_station",
)  # fmt: skip
READS = {
    "GetData": _data,
    "GetMode": lambda house, now: {"Mode": _mode_now(house, now)},
    "GetEvents": _events,
    "GetDebug": _debug,
}


def _time(text: Any) -> str:
    """'23:30' -> '23:30:00'; '' for none, and for the end of the day."""
    parts = str(text or "").split(":")
    if len(parts) not in (2, 3) or not all(part.isdigit() for part in parts) or int(parts[0]) > 23:
        return ""
    return ":".join(part.zfill(2) for part in (*parts, "00")[:3])


def _whole(value: float | None) -> int | None:
    return None if value is None else round(value)
