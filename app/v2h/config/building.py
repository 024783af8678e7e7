"""The parsed tables of v2h.toml -> the dataclasses of site.py, with a sentence for each value that does not fit."""

import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, fields, is_dataclass, replace
from typing import Any, get_type_hints

from v2h.checks import Range, hint, one_of
from v2h.config.ccs import Ccs
from v2h.config.meter_kinds import DEFAULT_KIND, KINDS, ROLES, Meter, RegisterTable, default_meters
from v2h.config.newer import Unknown
from v2h.config.site import AdcInput, Car, Config, Limits

OURS = ("errors", "newer", "aside")
"""Fields of Config that are no keys."""
OPTIONAL: dict[Any, Any] = {RegisterTable | None: RegisterTable, Ccs | None: Ccs}
"""Types of keys that hold a table or nothing -> the class of the table."""


def build(cls: Any, data: Mapping[str, Any], where: str, errors: list[str]) -> Any:
    """A `cls` from `data`; problems are appended to `errors`, named by dotted key."""
    known = {f.name: f for f in fields(cls) if f.name not in OURS}
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in data.items():
        dotted = f"{where}{key}"
        if key not in known:
            errors.append(Unknown(dotted, f"unknown key {dotted}{hint(key, known, where)}"))
        elif key == "adc":
            if _is_table(dotted, value, errors):
                values[key] = {
                    name: build(AdcInput, table, f"adc.{name}.", errors)
                    for name, table in value.items()
                    if _is_table(f"adc.{name}", table, errors)
                }
        elif key == "meter":
            if _is_table(dotted, value, errors):
                values[key] = default_meters() | _meters(value, errors)
        elif hints[key] in OPTIONAL:
            if _is_table(dotted, value, errors):
                values[key] = build(OPTIONAL[hints[key]], value, f"{dotted}.", errors)
        elif is_dataclass(hints[key]):
            if _is_table(dotted, value, errors):
                values[key] = build(hints[key], value, f"{dotted}.", errors)
        else:
            _check(known[key], hints[key], dotted, value, values, errors)
    for key, spec in known.items():
        if (what := spec.metadata.get("needed")) and key not in data:
            errors.append(f"{where}{key} is missing: {what}")
    made = cls(**values)
    if isinstance(made, Car | Limits | Config) and (wrong := made.wrong()):
        errors.append(wrong)
    return made


def _meters(tables: Mapping[str, Any], errors: list[str]) -> dict[str, Meter]:
    """The meters by role, each of the class of its kind."""
    found: dict[str, Meter] = {}
    for role, table in tables.items():
        if role not in ROLES:
            errors.append(Unknown(f"meter.{role}", f"unknown table meter.{role}{hint(role, ROLES, 'meter.')}"))
        elif _is_table(f"meter.{role}", table, errors):
            first = _meter({key: value for key, value in table.items() if key != "fallback"}, f"meter.{role}.", errors)
            second = table.get("fallback")
            if second is not None and _is_table(f"meter.{role}.fallback", second, errors):
                first = replace(first, fallback=_meter(second, f"meter.{role}.fallback.", errors))
            found[role] = first
    return found


def _meter(table: Mapping[str, Any], where: str, errors: list[str]) -> Meter:
    kind = table.get("kind", DEFAULT_KIND)
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        errors.append(f"{where}kind = {kind!r} is not one of {', '.join(KINDS)}")
        return KINDS[DEFAULT_KIND]()
    own = {f.name for f in fields(cls)} - {"fallback"}
    foreign = {name: other for other, c in KINDS.items() for name in (f.name for f in fields(c)) if name not in own}
    for key in table.keys() & foreign.keys():
        what = "a fallback has none itself" if key == "fallback" else f"it belongs to kind {foreign[key]}"
        errors.append(f"{where}{key} is not a key of kind {kind}: {what}")
    meter: Meter = build(cls, {key: value for key, value in table.items() if key not in foreign}, where, errors)
    if getattr(meter, "model", "") == "other" and getattr(meter, "registers", None) is None:
        errors.append(f'{where}registers is missing: model "other" needs the table [{where}registers]')
    return meter


def _is_table(dotted: str, value: object, errors: list[str]) -> bool:
    if isinstance(value, dict):
        return True
    errors.append(f"{dotted} = {value!r} is a value; write it as a table, [{dotted}]")
    return False


def _check(
    spec: "Field[Any]", hint: Any, dotted: str, value: object, values: dict[str, Any], errors: list[str]
) -> None:
    allowed = spec.metadata.get("allowed")
    if "secret" in spec.metadata:
        shortest, longest = spec.metadata["secret"]
        if value == "" or (isinstance(value, str) and shortest <= len(value) <= longest):
            values[spec.name] = value
        else:
            length = f"{shortest} to {longest}" if shortest else f"at most {longest}"
            errors.append(f"{dotted} is not a text in quotes of {length} characters")
        return
    if hint is float and allowed is not None:
        good, expected = value in allowed and not isinstance(value, bool), one_of(map(str, allowed))
    elif hint in (float, float | None):
        allowed_range: Range = spec.metadata["range"]
        good, expected = allowed_range.fits(value), str(allowed_range)
    elif hint is bool:
        good, expected = isinstance(value, bool), "true or false"
    else:
        good = isinstance(value, str) and (allowed is None or value in allowed)
        expected = "a text" if allowed is None else one_of(allowed)
        read = spec.metadata.get("read")
        if good and read is not None:
            try:
                read(value)
            except ValueError as error:
                good, expected = False, str(error)
    if good:
        values[spec.name] = value
    else:
        default = "" if spec.default in (MISSING, None, "") else f"; default {spec.default!r}"
        shown = re.sub("//.*@", "//…@", repr(value))  # hide a name and password in an address
        errors.append(f"{dotted} = {shown} is not {expected}{default}")
