"""The JSON schema of GET /state, complete: made from the messages of the bus and from the list of the page's values.

A test validates real documents against it, and it allows no key that it does not name.
"""

import dataclasses
import inspect
import types
import typing
from functools import cache
from typing import Any

from v2h.bus.coding import Message
from v2h.bus.messages import Alive, CcsState, ChargerState, ManagerState

Schema = dict[str, Any]
TEXT: Schema = {"type": "string"}
ROWS: Schema = {"type": "array", "items": {"type": "object"}}
PART: Schema = {"type": ["object", "null"]}
BOOL: Schema = {"type": "boolean"}
VIEW_TEXTS = (
    *("site", "tone", "headline", "spoken", "why", "manager_silent", "mode", "mode_text", "stop_text", "step_text"),
    *("soc", "volts", "amps", "power", "setpoint", "cable", "temperature", "accepts", "starts", "capacity", "grid"),
    *("grid_age", "plugged", "goal", "assumed", "next", "price", "fault_follows", "unlock_wait", "plan_stamp", "ccs"),
    *("version",),
)
VIEW_ROWS = (
    *("steps", "coming", "today", "faults", "outputs", "checks", "config_errors", "troubles", "programs", "ages"),
    *("meter", "events", "software"),
)
VIEW_FLAGS = ("old", "in_session", "stopped_by_owner", "locked")
VIEW_PARTS = ("flow", "battery", "log", "clock")
_KINDS: dict[Any, str] = {float: "number", int: "number", str: "string", bool: "boolean", types.NoneType: "null"}


def closed(properties: dict[str, Schema], *, optional: tuple[str, ...] = ()) -> Schema:
    """Schema of an object that has these keys and no others."""
    needed = [key for key in properties if key not in optional]
    return {"type": "object", "properties": properties, "required": needed, "additionalProperties": False}


def of_message(kind: type[Message], about: bool = True) -> Schema:
    """Schema of a message's fields. Beside a sentence stands its id as NAME_id."""
    hints = typing.get_type_hints(kind)
    fields = {field.name: _of(hints[field.name]) for field in dataclasses.fields(kind)}
    ids = {f"{name}_id": TEXT for name, schema in fields.items() if "string" in str(schema.get("type"))}
    schema = closed({**fields, **ids}, optional=tuple(ids))
    return schema | {"description": " ".join((inspect.getdoc(kind) or "").split())} if about else schema


def _of(hint: Any) -> Schema:
    origin, inner = typing.get_origin(hint), typing.get_args(hint)
    if origin is list:
        return {"type": "array", "items": _of(inner[0])}
    if origin is dict:
        return {"type": "object", "additionalProperties": _of(inner[1])}
    if origin in (types.UnionType, typing.Union):
        return {"type": [_KINDS[one] for one in inner]}
    return {} if hint is Any else {"type": _KINDS[hint]}


def _or_null(schema: Schema) -> Schema:
    return {"anyOf": [schema, {"type": "null"}]}


@cache
def state_schema() -> Schema:
    """Of the whole document."""
    view = {
        **dict.fromkeys(VIEW_TEXTS, TEXT),
        **dict.fromkeys(VIEW_ROWS, ROWS),
        **dict.fromkeys(VIEW_FLAGS, BOOL),
        **dict.fromkeys(VIEW_PARTS, PART),
        "soc_pct": {"type": ["number", "null"]},
    }
    outcome = closed({"t": {"type": "number"}, "kept": BOOL, "text": TEXT})
    return closed(
        {
            "now_t": {"type": "number", "description": "s of CLOCK_MONOTONIC, as every t"},
            "bus": BOOL | {"description": "web hears the bus"},
            "charger": _or_null(of_message(ChargerState)),
            "states": {"type": "array", "items": closed({"t": {"type": "number"}, "state": TEXT})},
            "manager": _or_null(of_message(ManagerState)),
            "ccs": _or_null(of_message(CcsState)),
            "programs": {"type": "object", "additionalProperties": of_message(Alive)},
            "config_errors": {"type": "array", "items": TEXT},
            "calibration": _or_null(outcome),
            "view": closed(view) | {"description": "What the page shows, as texts and rows"},
        }
    )
