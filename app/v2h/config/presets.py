"""Presets of meters: files in the folder presets/, and the owner's own in a folder `meters`, beside v2h.toml on the
card's FAT partition or on the data partition (`v2h meter preset FILE` puts them there).

NAME.toml holds kind = "mqtt", "http" or "modbus". For mqtt and http a table [layout] has the keys of JsonLayout, for
modbus [registers] those of RegisterTable. http needs the resource to request from the device, and [remedies] may say
what to do for a status of HTTP. mqtt may have `keepalive`, a topic to which an empty message is sent every half minute,
where {1} is the second level of the owner's topic.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

from v2h.checks import finite, hint
from v2h.config.files import parse_toml
from v2h.config.meter_kinds import RegisterTable
from v2h.config.terms import read_paths

SHIPPED = Path(__file__).with_name("presets")
OWN = "meters"
"""The owner's folder, beside v2h.toml or on the data partition. A file there replaces a shipped one of its name."""
KINDS = ("mqtt", "http", "modbus")


class JsonLayout(NamedTuple):
    """Where a JSON document keeps its values: paths with dots, `*` for every item of a list, one path per phase, or
    sums of paths such as "taken - given"."""

    power: tuple[str, ...]
    scale: float = 1.0
    """W per unit of power."""
    unit: str = ""
    """The unit of the power: W, kW or MW."""
    phases: tuple[str, ...] = ()
    """Power of each phase, where `power` is a total."""
    voltage: tuple[str, ...] = ()
    current: tuple[str, ...] = ()
    frequency: str = ""
    import_energy: tuple[str, ...] = ()
    export_energy: tuple[str, ...] = ()
    energy_scale: float = 1.0
    """Wh per unit of energy."""


class Preset(NamedTuple):
    """resource: what to request from an HTTP device. remedies: for a status of HTTP, what the owner can do."""

    kind: str
    layout: JsonLayout = JsonLayout(("",))
    resource: str = ""
    keepalive: str = ""
    registers: RegisterTable | None = None
    remedies: Mapping[str, str] = {}


class PresetError(ValueError):
    """A preset that does not exist or cannot be used; the text names the file and the reason."""


def data_folder() -> Path:
    """The owner's folder on the data partition; runtime/paths.py names the partition for the programs."""
    return Path(os.environ.get("V2H_DATA", "/data/v2h")) / OWN


def own_folders(configs: Sequence[Path]) -> list[Path]:
    """Where the owner's presets and certificates may be, the first first."""
    return [*(path.parent / OWN for path in configs), data_folder()]


def find(kind: str, name: str, configs: Sequence[Path]) -> Preset:
    """The preset that a meter of this kind names. configs: the files of the configuration. Raises PresetError."""
    files = _files(configs)
    if name not in files:
        raise PresetError(f"{name!r} is no preset{hint(name, sorted(files))}")
    found = read(files[name])
    if found.kind != kind:
        raise PresetError(f"{name!r} is a preset of kind {found.kind}, not of kind {kind}")
    return found


def names(kind: str, configs: Sequence[Path]) -> tuple[str, ...]:
    """The names of all presets of this kind. Raises PresetError for a file that cannot be used."""
    return tuple(name for name, path in sorted(_files(configs).items()) if read(path).kind == kind)


def _files(configs: Sequence[Path]) -> dict[str, Path]:
    """Name -> file; the owner's file of a name goes before a shipped one."""
    folders = [*own_folders(configs), SHIPPED]
    return {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.toml"))}


def read(path: Path) -> Preset:
    """The preset of one file. Raises PresetError."""
    try:
        values = parse_toml(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError) as error:
        raise PresetError(f"{path.name}: {error}") from None
    for key in values:
        if key not in Preset._fields:
            raise PresetError(f"{path.name}: unknown key {key}{hint(key, Preset._fields)}")
    kind, resource, keepalive = (values.get(key, "") for key in ("kind", "resource", "keepalive"))
    if kind not in KINDS:
        raise PresetError(f'{path.name}: kind = {kind!r} is not "mqtt", "http" or "modbus"')
    if (kind == "http") != (isinstance(resource, str) and resource.startswith("/")):
        raise PresetError(f'{path.name}: resource is for kind "http" alone, and begins with /')
    if not isinstance(keepalive, str) or (keepalive and kind != "mqtt"):
        raise PresetError(f'{path.name}: keepalive is for kind "mqtt" alone, a topic such as "R/{{1}}/keepalive"')
    remedies = _table(path, values, "remedies")
    if not all(isinstance(text, str) for text in remedies.values()):
        raise PresetError(f"{path.name}: [remedies] has a text for a status of HTTP, such as 403")
    if kind == "modbus":
        return Preset(kind, registers=_registers(path, _table(path, values, "registers")))
    return Preset(kind, _layout(path, _table(path, values, "layout")), resource, keepalive, None, remedies)


def _table(path: Path, values: Mapping[str, Any], key: str) -> dict[str, Any]:
    table = values.get(key, {})
    if not isinstance(table, dict):
        raise PresetError(f"{path.name}: {key} is a value; write it as a table, [{key}]")
    return table


def _registers(path: Path, values: dict[str, Any]) -> RegisterTable:
    known = {row.name: row.metadata for row in fields(RegisterTable)}
    for key, value in values.items():
        if key not in known:
            raise PresetError(f"{path.name}: unknown key registers.{key}{hint(key, known, 'registers.')}")
        allowed, reader = known[key].get("allowed"), known[key].get("read")
        expected = "" if allowed is None or value in allowed else f"one of {', '.join(allowed)}"
        if reader is not None:
            try:
                reader(str(value))
            except ValueError as error:
                expected = str(error)
        if expected or not isinstance(value, str):
            raise PresetError(f"{path.name}: registers.{key} = {value!r} is not {expected or 'a text'}")
    if not values.get("power"):
        raise PresetError(f"{path.name}: registers.power is missing: the registers of active power")
    return RegisterTable(**values)


def _layout(path: Path, values: object) -> JsonLayout:
    if not isinstance(values, dict):
        raise PresetError(f"{path.name}: layout = {values!r} is a value; write it as a table, [layout]")
    made: dict[str, Any] = {}
    for key, value in values.items():
        if key not in JsonLayout._fields:
            raise PresetError(f"{path.name}: unknown key layout.{key}{hint(key, JsonLayout._fields, 'layout.')}")
        kind = JsonLayout.__annotations__[key]
        if kind == tuple[str, ...] and isinstance(value, list) and all(isinstance(item, str) for item in value):
            made[key] = tuple(value)
        elif kind is str and isinstance(value, str):
            made[key] = value
        elif kind is float and finite(value):
            made[key] = float(value)
        else:
            expected = {str: "a text", float: "a number"}.get(kind, "a list of texts")
            raise PresetError(f"{path.name}: layout.{key} = {value!r} is not {expected}")
    if not made.get("power"):
        raise PresetError(f"{path.name}: layout.power is missing: a list of paths, one a phase")
    layout = JsonLayout(**made)
    texts = (value if isinstance(value, tuple) else (value,) for value in layout)
    for item in (one for group in texts for one in group if isinstance(one, str)):
        try:
            read_paths(item)
        except ValueError as error:
            raise PresetError(f"{path.name}: {item!r} is not {error}") from None
    return layout
