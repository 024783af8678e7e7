"""docs/api.md: everything that another controller can read or command, made from the source."""

import json
from typing import Any

from docs.tables.bus import topics
from docs.tables.markdown import code, plain, prose, table
from v2h.bus.messages import ManagerSettings
from v2h.checks import Range
from v2h.config.site import Limits
from v2h.energy.owner_settings import bounds_as_json, check
from v2h.gateway import evcc, home_assistant, old_records, predecessor, prometheus
from v2h.gateway import topics as outside
from v2h.gateway.house import House
from v2h.gateway.orders import WISHES
from v2h.gateway.values import VALUES
from v2h.web.commands import ANY_KEY, COMMANDS, KINDS, NEEDED, OPERATE, Kind, Rule
from v2h.web.openapi import document

SIGNS = (
    "Powers are in W, energies in kWh, currents in A. Grid power + is import. Power and current of the car + is "
    "charging; `battery_power_w` alone has the sign of a home battery: + is discharging. A value that nobody knows is "
    "null, an empty topic, or no line: never 0."
)


def routes() -> str:
    rows = []
    for path, operations in document()["paths"].items():
        for method, operation in operations.items():
            answer = operation["responses"]["200"]["content"]
            token = "a token" if "security" in operation else ""
            rows.append([code(f"{method.upper()} /api/v1{path}"), operation["summary"], token, ", ".join(answer)])
    rows.append([code("GET /metrics"), "Figures for Prometheus", "", prometheus.CONTENT_TYPE.partition(";")[0]])
    about = prose(
        "The page's server answers. Whether everyone may read is the key `reading` of `[web]`; a change needs a token "
        "of the page `/tokens` in the header `Authorization: Bearer ...`, and `Content-Type: application/json`. "
        "`GET /api/v1/openapi.json` is the same with every schema."
    )
    return about + table(("route", "what", "needs", "answers"), rows)


def _rule(rule: Rule) -> str:
    if isinstance(rule, Range):
        return f"{rule.low:g} to {rule.high:g} {rule.unit}".strip()
    return plain(str(KINDS[rule])) if isinstance(rule, Kind) else ", ".join(map(code, rule))


def commands() -> str:
    rows = []
    for name, keys in COMMANDS.items():
        needed = NEEDED.get(name, ())
        shown = [
            f"{code(key)}{' (needed)' if key in needed else ''}: {_rule(rule)}"
            for key, rule in keys.items()
            if key != ANY_KEY
        ]
        values = "; ".join(shown) or ("the settings to change" if ANY_KEY in keys else "")
        rows.append([code(name), values, "operate" if name in OPERATE else "configure"])
    about = prose(
        "One vocabulary for the page, the API (`POST /api/v1/command/NAME`), MQTT, and the bus (`v2h/command/NAME`). "
        "`manager` bounds every value by the owner's limits and answers what is in force. `until` or `lifetime_s` ends "
        "an order, `by` names the controller that gives it, and the sentence of the page says so. A mode with an end "
        "and a name is refused while the owner's own choice or stop is in force; without an end it is the owner's own "
        "hand. A slot works within V2H, solar and the schedule. Of the modes, setpoints and slots of several "
        "controllers the newest is in force; to repeat one does not make it newer, and when it ends the one before "
        "goes on. The answer to one that waits says so."
    )
    return about + table(("command", "values", "scope of the token"), rows)


def values() -> str:
    rows = ([code(value.key), value.unit, value.about] for value in VALUES)
    return prose(SIGNS) + table(("key", "unit", "what"), rows)


def mqtt() -> str:
    _, head, *rest = (outside.__doc__ or "").partition("| topic")
    lines = [line for line in f"{head}{rest[0]}".splitlines() if line.startswith("|")]
    about = prose(
        "`[gateway.mqtt]` in `v2h.toml` names the broker of the house and the base topic, by default `v2h`. The values "
        f"are those [above](#values), repeated every {outside.REPEAT_S:g} s. A command is never retained. Its lifetime "
        "is that of the message (MQTT v5, message expiry) or stands in the payload. A payload is one word, one number, "
        "or a JSON object with the values of the command."
    )
    wishes = ", ".join(code(f"{name}/set") for name in WISHES)
    reads = ", ".join(
        code(f"evcc/{name}") for name in ("status", "enabled", "power_w", "battery_power_w", *evcc.NUMBERS)
    )
    writes = ", ".join(code(f"evcc/{name}/set") for name in evcc.NAMES)
    return (
        about
        + "\n".join(lines)
        + "\n\n"
        + prose(f"Commands: {wishes}.")
        + prose(f"evcc reads {reads}, and writes {writes}.").rstrip()
        + "\n"
    )


def discovery() -> str:
    settings = ManagerSettings(0.0, check({}, Limits(), "UTC").as_json(), bounds_as_json(Limits()))
    made = home_assistant.discovery("homeassistant", "v2h", "v2h", House("V2H", "", settings=settings))
    parts: dict[str, dict[str, Any]] = json.loads(made.payload)["components"]
    rows = (
        [
            code(part["default_entity_id"]),
            part["name"],
            ", ".join(part[key] for key in ("device_class", "state_class") if part.get(key)),
            part.get("unit_of_measurement", ""),
        ]
        for part in parts.values()
    )
    about = prose(
        f"One retained message on {code(made.topic)} describes the device. It is published again when Home Assistant "
        "starts, and removed with `discovery = false`."
    )
    return about + table(("entity", "name", "classes", "unit"), rows)


def figures() -> str:
    counted = prometheus.Counted({}, {})
    rows = ([code(metric.name), metric.kind, metric.about] for metric in prometheus.metrics(House(), counted, 0.0))
    return table(("name", "type", "what"), rows)


def old_page() -> str:
    reads = ", ".join(code(name) for name in predecessor.READS)
    return (
        prose(
            f'`[gateway.websocket]`. A client asks {{"cmd": NAME}} with one of {reads}, or commands '
            '`{"cmd": {"SetMode": ...}}` and `{"cmd": {"SetEvents": [...]}}`. Commands need the token in the address, '
            "or a client that is listed. `SetEvents` replaces the weekly part of the schedule alone."
        )
        + prose(
            'Rows of the log come with `{"cmd": {"GetRecords": ...}}` and `"GetAllRecords"`, `{"GetLastNRecords": n}`, '
            '`{"GetRecordsFromHours": h}` or `{"GetRecordsBetween": [from, to]}` (ISO times): at most '
            f"{old_records.MOST} rows of at most {old_records.DAY_H:g} hours. In `Data`, `dc_kw` and `meter_kw` are W, "
            "as the predecessor sent them; in `Records` they are kW."
        ).rstrip()
        + "\n"
    )


CHAPTERS = {
    "Routes": routes,
    "Commands": commands,
    "Values": values,
    "MQTT in the house": mqtt,
    "Home Assistant": discovery,
    "Prometheus": figures,
    "The predecessor's WebSocket": old_page,
    "The inner bus": topics,
}
HEAD = """# The interfaces for other controllers

`scripts/docs-tables` writes this page from the source. Do not edit it. [Neighbours](neighbours.md) shows how to connect
Home Assistant, evcc, Prometheus and others.
"""


def page() -> str:
    return HEAD + "".join(f"\n## {title}\n\n{make()}" for title, make in CHAPTERS.items())
