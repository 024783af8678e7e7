"""The keys of v2h.toml, read from the dataclasses of its tables, and the shipped presets."""

import ast
import dataclasses
import inspect
import textwrap
import tomllib
import typing
from pathlib import Path

from docs.tables.markdown import code, number, plain, prose, table
from v2h.checks import Whole
from v2h.config import building, meter_kinds, presets, site


def notes(kind: type) -> dict[str, str]:
    """The text below a field of a dataclass, by the field's name."""
    body = ast.parse(textwrap.dedent(inspect.getsource(kind))).body[0]
    assert isinstance(body, ast.ClassDef)
    found, last = {}, ""
    for node in body.body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            last = node.target.id
        elif isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and last:
            found[last] = plain(str(node.value.value))
    return found


def keys(kind: type) -> list[list[str]]:
    said: dict[str, str] = {}
    for cls in reversed(kind.__mro__):
        said |= notes(cls) if dataclasses.is_dataclass(cls) else {}
    rows = []
    for field in dataclasses.fields(kind):
        meta, about, default = field.metadata, said.get(field.name, ""), field.default
        if field.name == "fallback" or "RegisterTable" in str(field.type):
            continue
        if dataclasses.is_dataclass(field.type):
            continue  # a table of its own
        if "range" in meta:
            span = meta["range"]
            unit = span.unit
            allowed = f"{number(span.low)} to {number(span.high)}{', whole' if isinstance(span, Whole) else ''}"
            about = ". ".join(part for part in (unit, about) if part)
        elif meta.get("allowed"):
            allowed = ", ".join(code(str(word)) if word else "empty" for word in meta["allowed"])
        elif "secret" in meta:
            allowed = f"{meta['secret'][0]} to {meta['secret'][1]} characters, or empty"
        elif field.type is bool:
            allowed = "`true`, `false`"
        else:
            allowed = "a text"
            about = ". ".join(part for part in (meta.get("needed", ""), about) if part)
        if meta.get("needed"):
            shown = "none: needed"
        elif default is None:
            shown = "not set"
        elif isinstance(default, bool):
            shown = code(str(default).lower())
        else:
            shown = code(f"{default:g}") if isinstance(default, float | int) else code(default) or "empty"
        rows.append([code(field.name), allowed, shown, about])
    return rows


def toml() -> str:
    parts = [
        prose(
            "The file lies on the card's FAT partition; every key has a default, so an empty file is valid. An unknown "
            "key or a value outside its bounds keeps the charger idle, and the page names it. The file on the card "
            "([v2h.toml](../image/firmware/v2h.toml)) explains each key with an example."
        ).rstrip()
        + "\n"
    ]
    head = ("key", "allowed", "default", "unit and meaning")
    named: list[tuple[str, type]] = [("[adc.NAME]", site.AdcInput)]
    for field in dataclasses.fields(site.Config):
        kind = typing.get_type_hints(site.Config)[field.name]
        kind = building.OPTIONAL.get(kind, kind)
        if dataclasses.is_dataclass(kind):
            inner = [(each.name, typing.get_type_hints(kind)[each.name]) for each in dataclasses.fields(kind)]
            tables = [(f"[{field.name}.{name}]", each) for name, each in inner if dataclasses.is_dataclass(each)]
            named += typing.cast(list[tuple[str, type]], tables or [(f"[{field.name}]", kind)])
    named += [(f'[meter.ROLE], kind = "{name}"', kind) for name, kind in meter_kinds.KINDS.items()]
    named.append(("[meter.ROLE.registers]", meter_kinds.RegisterTable))
    for title, kind in sorted(named, key=lambda pair: pair[0].startswith(("[adc", "[meter"))):
        parts.append(f"### `{title}`\n\n" + table(head, keys(kind)))
    roles = ", ".join(code(role) for role in meter_kinds.ROLES)
    parts.append(f"ROLE is one of {roles}. `[meter.ROLE.fallback]` has the same keys.\n")
    shipped = ((path.stem, presets.find(kind, path.stem, ())) for path, kind in _presets())
    rows = ([code(name), code(preset.kind), code(preset.resource)] for name, preset in shipped)
    about = prose(
        "A preset knows where a meter keeps its values; [Meters](meters.md) shows each in use. An owner can add one, "
        "made like those in `app/v2h/config/presets/`: a file NAME.toml in a folder `meters` beside `v2h.toml`, or on "
        "the data partition by `v2h meter preset FILE`."
    )
    parts.append("### Presets\n\n" + about + table(("preset", "kind", "asks for"), rows))
    return "\n".join(parts)


def _presets() -> list[tuple[Path, str]]:
    """Each shipped preset and its kind."""
    files = sorted(presets.SHIPPED.glob("*.toml"))
    return [(path, tomllib.loads(path.read_text(encoding="utf-8"))["kind"]) for path in files]
