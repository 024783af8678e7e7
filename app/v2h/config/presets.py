"""Presets for meters whose values others publish: files in the folder presets/, and the owner's own in the folder
meters/ beside v2h.toml on the card's FAT partition.

NAME.toml holds kind = "mqtt" or "http", for http the resource to request from the device, and [layout], whose keys are
those of JsonLayout.
"""

import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

from v2h.checks import finite, hint

SHIPPED = Path(__file__).with_name("presets")
OWN = "meters"
"""The owner's folder, beside v2h.toml. A file there replaces a shipped one of the same name."""


class JsonLayout(NamedTuple):
    """Where a JSON document keeps its values: paths with dots, `*` for every item of a list, one path per phase."""

    power: tuple[str, ...]
    scale: float = 1.0
    """W per unit of power."""
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
    """resource: the resource to request from an HTTP device; "" for MQTT, where the owner names the topic."""

    kind: str
    layout: JsonLayout
    resource: str = ""


class PresetError(ValueError):
    """A preset that does not exist or cannot be used; the text names the file and the reason."""


def find(kind: str, name: str, configs: Sequence[Path]) -> Preset:
    """The preset that a meter of this kind names. configs: the files of the configuration. Raises PresetError."""
    files = _files(configs)
    if name not in files:
        raise PresetError(f"{name!r} is no preset{hint(name, sorted(files))}")
    found = _read(files[name])
    if found.kind != kind:
        raise PresetError(f"{name!r} is a preset of kind {found.kind}, not of kind {kind}")
    return found


def names(kind: str, configs: Sequence[Path]) -> tuple[str, ...]:
    """The names of all presets of this kind. Raises PresetError for a file that cannot be used."""
    return tuple(name for name, path in sorted(_files(configs).items()) if _read(path).kind == kind)


def _files(configs: Sequence[Path]) -> dict[str, Path]:
    """Name -> file; the owner's file of a name goes before a shipped one."""
    folders = [*(path.parent / OWN for path in configs), SHIPPED]
    return {path.stem: path for folder in reversed(folders) for path in sorted(folder.glob("*.toml"))}


def _read(path: Path) -> Preset:
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8-sig"))
        layout = _layout(path, values.pop("layout", {}))
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise PresetError(f"{path.name}: {error}") from None
    kind, resource = values.pop("kind", ""), values.pop("resource", "")
    if values:
        raise PresetError(f"{path.name}: unknown key {next(iter(values))}{hint(next(iter(values)), Preset._fields)}")
    if kind not in ("mqtt", "http"):
        raise PresetError(f'{path.name}: kind = {kind!r} is not "mqtt" or "http"')
    if (kind == "http") != (isinstance(resource, str) and resource.startswith("/")):
        raise PresetError(f'{path.name}: resource is for kind "http" alone, and begins with /')
    return Preset(kind, layout, resource)


def _layout(path: Path, values: dict[str, Any]) -> JsonLayout:
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
    return JsonLayout(**made)
