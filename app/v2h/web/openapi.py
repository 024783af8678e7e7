"""The OpenAPI 3.1 document of the REST endpoints, made from one table.

The table is written by hand, because a generator would need a schema library at run time (marshmallow, pydantic) that
nothing else here uses and that would make each start of `web` slower. The table cannot drift: one test compares it with
the application's own routes, another runs the API against the document.
"""

import re
from functools import cache
from typing import Any, NamedTuple

from v2h import version
from v2h.bus.messages import LEVELS
from v2h.checks import Range
from v2h.config.bounds import SOC
from v2h.energy.calendar_file import MOST_TRIPS
from v2h.energy.owner_settings import TABLE
from v2h.energy.price_shapes import DIRECTIONS, MOST_ROWS, UNITS
from v2h.gateway import evcc
from v2h.update.pieces import LEAST_B, MOST_B, MOST_PIECE_B
from v2h.web.auth import BINARY
from v2h.web.auth_store import Scope
from v2h.web.commands import ANY_KEY, COMMANDS, KINDS, NEEDED, OPERATE, Kind, Rule
from v2h.web.language import LANGUAGES
from v2h.web.state_schema import state_schema

ABOUT = (
    "Powers in W, grid + is import, battery and current + is charging the car. Looking is open on the local network "
    "unless v2h.toml closes it; changes need a token made on the page /tokens, with the scope operate or configure. "
    "Ids are stable; sentences are English, or German with ?lang=de."
)
MAX_EVENTS, MAX_DAYS, MAX_SAMPLES, MAX_SESSIONS = 500, 400, 3000, 1000
PERIODS = ("day", "month", "year")
Schema = dict[str, Any]

OBJECT: Schema = {"type": "object"}
ROWS: Schema = {"type": "array", "items": OBJECT}
OBJECT_OR_NULL: Schema = {"type": ["object", "null"]}
TEXT: Schema = {"type": "string"}


def shape(**properties: Schema) -> Schema:
    """Schema of an object: all these keys are required, others are allowed."""
    return {"type": "object", "properties": properties, "required": list(properties)}


def whole(low: int, high: int) -> Schema:
    return {"type": "integer", "minimum": low, "maximum": high}


ENERGY = shape(days=ROWS, losses=OBJECT_OR_NULL)
ERROR = shape(ok={"const": False}, error=TEXT)
DONE = shape(ok={"const": True}, text=TEXT, applied=OBJECT)
REFUSED = shape(ok={"const": False}, error=TEXT, text=TEXT, applied=OBJECT)
PLAN = shape(schedule=OBJECT, source=TEXT, error=TEXT, revision=TEXT)
PREVIEW = shape(preview=ROWS, ready_by=ROWS, error=TEXT, assumed=TEXT)
OWNERS: dict[str, Schema] = {key: {"description": f"{row.label}. {row.about}"} for key, row in TABLE.items()}
SETTINGS = shape(settings={"type": "object", "properties": OWNERS}, bounds=OBJECT, error=TEXT)
SAMPLES = shape(step_s={"type": "number"}, samples=ROWS)
HEALTH = shape(ok={"type": "boolean"}, problems={"type": "array", "items": TEXT}, programs=OBJECT)
PAGE: dict[str, Schema] = {
    "limit": whole(1, MAX_EVENTS),
    "before": whole(1, 2**62) | {"description": "only those with a lower id"},
}
DAYS: dict[str, Schema] = {
    "days": whole(1, MAX_DAYS) | {"description": "how many of the last days, months or years"},
    "by": {"type": "string", "enum": list(PERIODS), "description": "what a row is; day"},
}
SESSIONS: dict[str, Schema] = {"limit": whole(1, MAX_SESSIONS)}
SPAN: dict[str, Schema] = {
    "from_s": {"type": "number", "minimum": -86400, "maximum": 1e11, "description": "s since 1970; a day before to_s"},
    "to_s": {"type": "number", "minimum": 0, "maximum": 1e11, "description": "s since 1970; now"},
    "step_s": {"type": "number", "minimum": 10, "maximum": 86400, "description": "s of one mean; 300"},
}
LEVEL: dict[str, Schema] = {"level": {"type": "string", "enum": list(LEVELS), "description": "at least this one"}}
LANGUAGE: dict[str, Schema] = {
    "lang": {"type": "string", "enum": list(LANGUAGES), "description": "of the sentences for people; en"}
}
STREAM = "text/event-stream"
BACKUP = shape(v2h_backup={"const": 1}, settings=OBJECT, schedule=OBJECT)


def _rule(rule: Rule) -> Schema:
    if isinstance(rule, Range):
        kind = ["number", "null"] if rule.null else "number"
        return {"type": kind, "minimum": rule.low, "maximum": rule.high, "description": rule.unit}
    if isinstance(rule, tuple):
        return {"type": "string", "enum": list(rule)}
    known: dict[Kind, Schema] = {
        Kind.MOMENT: {"type": "string", "format": "date-time"},
        Kind.DAY: {"type": "string", "format": "date"},
        Kind.OBJECT: {"type": "object"},
        Kind.TEXT: {"type": "string"},
        Kind.VALUE: {},
    }
    return known[rule] | {"description": KINDS[rule]}


_MOMENT: Schema = {"type": "string", "format": "date-time", "description": "with offset, on a quarter of an hour"}
_PRICE: Schema = {"type": ["number", "null"], "description": "per kWh, in the currency or in hundredths; see unit"}
_RATES: Schema = {
    "type": "array",
    "maxItems": MOST_ROWS,
    "items": {
        "type": "object",
        "description": "start, end, value or price; or as Octopus names them",
    },
}
_SERIES: dict[str, Schema] = {
    "start": _MOMENT,
    "step_min": {"enum": [15, 30, 60]},
    "values": {"type": "array", "items": _PRICE},
}
DIRECTED: dict[str, Schema] = {
    "direction": {"type": "string", "enum": list(DIRECTIONS), "description": "of rates, results or values; import"},
    "unit": {"type": "string", "enum": list(UNITS), "description": "minor: pence or cents; Octopus: minor, else major"},
}
"""Also allowed in the body, so that the answer of evcc or Octopus can be posted as it came."""
TRIPS: Schema = {
    "type": "object",
    "description": "ics: a calendar file, with soc_pct for events that name none; or the trips themselves",
    "properties": {
        "ics": {"type": "string", "description": "text of an .ics file; at most about 100 kB"},
        "soc_pct": {"type": ["number", "null"], "minimum": SOC.low, "maximum": SOC.high},
        "trips": {
            "type": "array",
            "maxItems": MOST_TRIPS,
            "items": {
                "type": "object",
                "properties": {"name": TEXT, "at": {"type": "string", "format": "date-time"}, "soc_pct": _rule(SOC)},
                "required": ["at", "soc_pct"],
            },
        },
    },
    "example": {"trips": [{"name": "airport", "at": "2026-12-24T05:00:00+01:00", "soc_pct": 90}]},
}
PRICES: Schema = {
    "type": "object",
    "description": "One of: import, export and sun (W), each with values or rates; rates of evcc; results of Octopus",
    "properties": {
        "import": {"type": ["object", "array"], "properties": _SERIES},
        "export": {"type": ["object", "array"], "properties": _SERIES},
        "sun": {"type": ["object", "array"], "properties": _SERIES},
        "rates": _RATES,
        "results": _RATES,
        **_SERIES,
        **DIRECTED,
    },
    "example": {"results": [{"valid_from": "2026-01-01T00:00:00Z", "valid_to": None, "value_inc_vat": 24.5}]},
}

UPDATE = shape(
    update=shape(
        version=TEXT,
        possible={"type": "boolean"},
        other={"type": ["object", "null"]},
        upload={"type": ["object", "null"]},
        phase={"enum": ["none", "uploading", "uploaded", "installing", "installed", "refused"]},
        text={"type": ["string", "null"]},
        development_key={"type": ["string", "null"]},
    )
)
STATEMENT: Schema = shape(
    name=TEXT | {"description": "of the file, with .raucb at its end"},
    size_b=whole(LEAST_B, MOST_B),
    sha256=TEXT | {"pattern": "^[0-9a-f]{64}$"},
) | {"additionalProperties": True}
OFFSET: dict[str, Schema] = {"offset_b": whole(0, 2**31) | {"description": "bytes of the file before this piece"}}

EVCC = shape(status={"enum": ["A", "B", "C", "F"]}, enabled={"type": "boolean"})
EVCC_A: Schema = {"type": "number", "minimum": 0, "maximum": evcc.MOST_A}
EVCC_MODE: Schema = {"enum": [evcc.NORMAL, evcc.HOLD, evcc.CHARGE]}

WORDS = {
    400: "What was sent cannot be used; the error says which part and what is allowed.",
    401: "Only the owner may: the token is missing, unknown or revoked.",
    403: "Foreign host, foreign site, wrong CSRF token, a token without this scope, or no password is set yet.",
    404: "There is no such thing.",
    409: "Understood, and refused by the program that decides: not now, or not here.",
    413: "Too long.",
    415: "A body that is not application/json.",
    503: "Not known yet, or no seat free; the error says which.",
    504: "The program that decides did not answer in time.",
}
READ = (401, 403)
SOURCED, ASKED, CHANGED = (*READ, 503), (400, *READ, 503), (400, *READ, 409, 413, 415, 504)
"""Statuses besides 200. READ: every endpoint. SOURCED: one that needs a source. ASKED: one that takes a query. CHANGED:
a change."""
OWNERS_READING = ("/database", "/update")
OPEN: Schema = {}
"""No credential is needed, unless v2h.toml closes reading."""


class Endpoint(NamedTuple):
    """One operation. answer: JSON schema of the 200 response, or its media type if not JSON. also: other statuses.
    scope: what a token must be allowed to do. media: type of the body."""

    method: str
    path: str
    summary: str
    answer: Schema | str
    also: tuple[int, ...] = READ
    query: dict[str, Schema] = {}  # noqa: RUF012 - never written to
    body: Schema | None = None
    scope: Scope = "read"
    media: str = "application/json"


def _command_body(name: str) -> Schema:
    keys = COMMANDS[name]
    return {
        "type": "object",
        "properties": {key: _rule(rule) for key, rule in keys.items() if key != ANY_KEY}
        | (OWNERS if name == "settings" else {}),
        "required": list(NEEDED.get(name, ())),
        "additionalProperties": ANY_KEY in keys,
    }


ENDPOINTS = (
    Endpoint("get", "/state", "Everything the page shows, as of now", state_schema(), READ, LANGUAGE),
    Endpoint("get", "/stream", "The same, live, as server-sent events; 8 at a time", STREAM, SOURCED, LANGUAGE),
    Endpoint("get", "/health", "Is all in order, and what is not", HEALTH),
    Endpoint("get", "/openapi.json", "This document", OBJECT),
    Endpoint("get", "/settings", "Owner's settings in force, with bounds", SETTINGS, SOURCED),
    Endpoint("get", "/schedule", "The schedule as it was last given", PLAN, SOURCED),
    Endpoint("get", "/plan", "The plan by prices: what, why, and the money", shape(plan=OBJECT), SOURCED, LANGUAGE),
    Endpoint("get", "/plan/days", "What the plan saved, beside a simulated day", shape(days=ROWS), ASKED, DAYS),
    Endpoint("get", "/schedule/preview", "What it will do in the next 7 days", PREVIEW, SOURCED),
    Endpoint("get", "/schedule/preview.ics", "The same as a calendar", "text/calendar", SOURCED),
    Endpoint("get", "/evcc", "What evcc reads; unknown values are left out", EVCC),
    Endpoint(
        "put", "/evcc/enable", "evcc charges, or rests at 0 W", DONE, CHANGED, LANGUAGE, {"type": "boolean"}, "operate"
    ),
    Endpoint("put", "/evcc/maxcurrent", "evcc's current, A at 230 V", DONE, CHANGED, LANGUAGE, EVCC_A, "operate"),
    Endpoint(
        "put", "/evcc/batterymode", "evcc: 1 normal, 2 hold, 3 charge", DONE, CHANGED, LANGUAGE, EVCC_MODE, "operate"
    ),
    Endpoint(
        "get", "/prices", "Dated prices and forecast of the sun as they were pushed", shape(prices=OBJECT), SOURCED
    ),
    Endpoint(
        "post",
        "/prices",
        "Push dated prices or a forecast of the sun; the range they cover is replaced",
        DONE,
        CHANGED,
        DIRECTED | LANGUAGE,
        PRICES,
        "operate",
    ),
    Endpoint(
        "post", "/trips", "Trips from a calendar, in place of those before", DONE, CHANGED, LANGUAGE, TRIPS, "operate"
    ),
    Endpoint(
        "post",
        "/setpoint",
        "Set the power for lifetime_s; a mode by hand and a stop are stronger",
        DONE,
        CHANGED,
        LANGUAGE,
        _command_body("setpoint"),
        "operate",
    ),
    Endpoint("get", "/log", "Events, newest first", shape(events=ROWS), ASKED, PAGE | LEVEL),
    Endpoint("get", "/log.csv", "All events as CSV", "text/csv", ASKED, LEVEL),
    Endpoint("get", "/energy", "Totals of the last days, months or years, oldest first", ENERGY, ASKED, DAYS),
    Endpoint("get", "/energy.csv", "The same as CSV", "text/csv", ASKED, DAYS),
    Endpoint("get", "/sessions", "Sessions, newest first", shape(sessions=ROWS), ASKED, SESSIONS | LANGUAGE),
    Endpoint("get", "/sessions.csv", "The same as CSV", "text/csv", ASKED, SESSIONS | LANGUAGE),
    Endpoint("get", "/samples", f"Means over time, at most {MAX_SAMPLES}", SAMPLES, ASKED, SPAN),
    Endpoint("get", "/samples.csv", "The same as CSV", "text/csv", ASKED, SPAN),
    Endpoint("get", "/database", "The whole log, up to an hour old; owner only", "application/vnd.sqlite3", SOURCED),
    Endpoint(
        "get",
        "/captures",
        "Recordings that were kept after a fault: CAN logs, and with CCS what the car said",
        shape(captures=ROWS),
    ),
    Endpoint(
        "get", "/captures/{name}", "One of them: a CAN log as candump writes it, or a pcap", "text/plain", (*READ, 404)
    ),
    Endpoint("get", "/backup", "Settings and schedule; no password, no token", BACKUP, SOURCED),
    Endpoint("get", "/update", "Version in force, upload and installation; owner only", UPDATE, READ, LANGUAGE),
    Endpoint(
        "post",
        "/update/upload",
        "State an update, or go on with its upload: have_b is the next offset",
        DONE,
        CHANGED,
        LANGUAGE,
        STATEMENT,
        "configure",
    ),
    Endpoint(
        "put",
        "/update/upload",
        f"A piece of it, at most {MOST_PIECE_B} bytes",
        DONE,
        CHANGED,
        OFFSET | LANGUAGE,
        {"type": "string", "format": "binary"},
        "configure",
        BINARY,
    ),
    Endpoint(
        "post", "/update/install", "Install the upload in the other slot", DONE, CHANGED, LANGUAGE, OBJECT, "configure"
    ),
    Endpoint(
        "post",
        "/update/restart",
        "Start again with the installed version",
        DONE,
        CHANGED,
        LANGUAGE,
        OBJECT,
        "configure",
    ),
    Endpoint(
        "post",
        "/update/back",
        "Start again with the version in the other slot",
        DONE,
        CHANGED,
        LANGUAGE,
        OBJECT,
        "configure",
    ),
    Endpoint(
        "post",
        "/update/read",
        "The owner has read why the other slot was given up",
        DONE,
        CHANGED,
        LANGUAGE,
        OBJECT,
        "configure",
    ),
    Endpoint("post", "/restore", "Settings and schedule from a backup", DONE, CHANGED, LANGUAGE, BACKUP, "configure"),
)


@cache
def document() -> dict[str, Any]:
    """The whole document."""
    paths: dict[str, Any] = {}
    for endpoint in (*ENDPOINTS, *_commands()):
        paths.setdefault(endpoint.path, {})[endpoint.method] = _operation(endpoint)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "V2H appliance",
            "version": version(),
            "description": ABOUT,
        },
        "servers": [{"url": "/api/v1"}],
        "paths": paths,
        "components": {"securitySchemes": {"token": {"type": "http", "scheme": "bearer"}}},
    }


def _commands() -> list[Endpoint]:
    """One operation for each command, because each command has its own keys."""
    endpoints = []
    for name in COMMANDS:
        body = _command_body(name)
        scope: Scope = "operate" if name in OPERATE else "configure"
        endpoints.append(Endpoint("post", f"/command/{name}", f"Order: {name}", DONE, CHANGED, LANGUAGE, body, scope))
    return endpoints


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    closed = endpoint.method != "get" or endpoint.path in OWNERS_READING
    operation: dict[str, Any] = {
        "operationId": endpoint.method + re.sub(r"\W+", "_", endpoint.path),
        "summary": endpoint.summary,
        "description": f"Scope of the token: {endpoint.scope}.",
        "security": [{"token": [endpoint.scope]}] if closed else [OPEN, {"token": [endpoint.scope]}],
        "responses": {
            "200": _answer("Done." if endpoint.body else "Here it is.", endpoint.answer),
            **{
                str(status): _answer(WORDS[status], REFUSED if status == 409 else ERROR)
                for status in sorted(endpoint.also)
            },
        },
    }
    parameters: list[Schema] = [
        {"name": name, "in": "query", "schema": schema} for name, schema in endpoint.query.items()
    ]
    if "{name}" in endpoint.path:
        parameters.append({"name": "name", "in": "path", "required": True, "schema": TEXT})
    if parameters:
        operation["parameters"] = parameters
    if endpoint.body is not None:
        needed = bool(
            endpoint.media == BINARY or endpoint.body.get("properties") or endpoint.body.get("additionalProperties")
        )
        operation["requestBody"] = {"required": needed, "content": {endpoint.media: {"schema": endpoint.body}}}
    return operation


def _answer(words: str, answer: Schema | str) -> dict[str, Any]:
    media, schema = (answer, TEXT) if isinstance(answer, str) else ("application/json", answer)
    return {"description": words, "content": {media: {"schema": schema}}}
