"""v2h.toml as the programs find it: the card's file, the owner's edits on the page over it, and the rig's overlay.

One reading finds all errors, and each error names file, key, value and allowed range. After any error the defaults
apply, `errors` keeps the appliance in idle, and the page names the wrong key. One value is still used, web.reading: no
error may open what the owner has closed. The owner's edits on the page are laid over a good file (page_edits.py). The
rig's overlay (second path) exists only on the emulated board and on the desk.
"""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

from v2h.checks import utf8
from v2h.config.building import build
from v2h.config.files import parse_toml
from v2h.config.newer import others, unknown_keys
from v2h.config.page_edits import NO_EDITS, Edits, Laid, lay
from v2h.config.presets import PresetError, find
from v2h.config.site import Config, Web

WEB_KEPT = ("listen", "host_names", "reading")
"""Keys of [web] that hold in spite of an error elsewhere: the owner reads the error by his own name of the page, and
nobody reads or reaches more than the owner permitted."""


def load(paths: list[Path], edits: Edits = NO_EDITS, *, newer: bool = False) -> Config:
    """Read and check all files; keys of a later file win. A missing file counts as empty. Raises nothing.

    edits: laid over the first file, the card's, if it has no error. newer: a newer version has run with these files, so
    unknown keys are left out and named in `aside`."""
    errors: list[str] = []
    merged: dict[str, Any] = {}
    perhaps_closed = False
    for path in paths:
        try:
            data = _parsed(path)
        except FileNotFoundError:
            if path != paths[0] or not edits.page:
                continue
            data = {}
        except (OSError, ValueError) as error:
            errors.append(f"{path.name}: {error}")
            perhaps_closed = perhaps_closed or _names_reading(path)
            continue
        found = _wrong(data, paths, newer=newer)
        errors += [f"{path.name}: {text}" for text in found]
        if path == paths[0] and edits.page and not found:
            data = dict(lay(data, edits, lambda content: _wrong(content, paths, newer=newer)).data)
        _merge(merged, data)
    if errors:
        # With the rig, its ports must apply even when the owner's file is bad: otherwise the programs find no chip.
        overlay = _parsed(paths[-1]) if len(paths) > 1 and paths[-1].exists() else {}
        kept = {k: v for k, v in overlay.items() if k in ("hardware", "web")}
        kept["web"] = {**_good_web(paths[0], merged), **kept.get("web", {})}
        web = merged.get("web")
        reading = web.get("reading", "open") if isinstance(web, dict) else "open"
        if perhaps_closed or reading != "open":  # no error may open what the owner has closed
            kept["web"]["reading"] = "owner"
        base = build(Config, kept, "", [])
        return Config(hardware=base.hardware, web=base.web, errors=tuple(errors), newer=newer)
    unused: list[str] = []
    config: Config = build(Config, merged, "", unused)
    return replace(config, newer=newer, aside=tuple(unknown_keys(unused)))


class Card(NamedTuple):
    """The card's file as it is now. content: {} when it is missing or has errors; then no edit is used, and `errors`
    says why. laid: the edits over it."""

    content: Mapping[str, Any]
    laid: Laid
    errors: list[str]


def read_card(paths: list[Path], edits: Edits, *, newer: bool = False) -> Card:
    """The first file, the card's, and what becomes of these edits over it. newer: as load() has it. Raises nothing."""
    nothing = Laid({}, {})
    try:
        content = _parsed(paths[0])
    except FileNotFoundError:
        content = {}
    except (OSError, ValueError) as error:
        return Card({}, nothing, [f"{paths[0].name}: {error}"])
    if errors := _wrong(content, paths, newer=newer):
        return Card({}, nothing, errors)
    return Card(content, lay(content, edits, lambda data: _wrong(data, paths, newer=newer)), [])


def _wrong(content: Mapping[str, Any], paths: list[Path], *, newer: bool) -> list[str]:
    """The errors of one file's content."""
    found: list[str] = []
    found += _wrong_presets(build(Config, content, "", found), paths)
    return others(found) if newer else found


def _good_web(path: Path, merged: Mapping[str, Any]) -> dict[str, Any]:
    """The keys WEB_KEPT of the owner's file that are good by themselves; from a file that is no TOML, the lines of its
    [web] that are. A bad value of reading means "owner": a person who writes the key wants to close the page."""
    web = dict(merged["web"]) if isinstance(merged.get("web"), dict) else _lines_of_web(path)
    good = {}
    for key in WEB_KEPT:
        found: list[str] = []
        if key in web and (build(Web, {key: web[key]}, "", found), found)[1] == []:
            good[key] = web[key]
    if "reading" in web and "reading" not in good:
        good["reading"] = "owner"
    return good


def _lines_of_web(path: Path) -> dict[str, Any]:
    try:
        text = path.read_bytes().decode(errors="replace")
    except OSError:
        return {}
    found: dict[str, Any] = {}
    for line in re.split(r"(?m)^\s*\[web\].*$", text)[1:]:
        for row in re.split(r"(?m)^\s*\[", line)[0].splitlines():
            with contextlib.suppress(ValueError):
                found |= parse_toml(row)
    return found


def _wrong_presets(config: Config, paths: list[Path]) -> list[str]:
    """The errors in the presets that the meters name, one sentence each."""
    wrong = []
    for role, first in config.meter.items():
        for where, meter in ((role, first), (f"{role}.fallback", first.fallback)):
            if meter is not None and (name := getattr(meter, "preset", "")):
                try:
                    find(meter.kind, name, paths)
                except PresetError as error:
                    wrong.append(f"meter.{where}.preset: {error}")
    return wrong


def _parsed(path: Path) -> dict[str, Any]:
    """The parsed file, without the byte order mark that Windows' Notepad writes and TOML does not permit."""
    return parse_toml(utf8(path.read_bytes()))


def _names_reading(path: Path) -> bool:
    """Whether a file that is no TOML may have said reading = "owner": a line that is no comment holds the key, in any
    encoding. Without such a line the page stays open, so that everyone can read there what is wrong."""
    try:
        content = path.read_bytes().replace(b"\0", b"")
    except OSError:
        return True
    return any(b"reading" in line for line in content.splitlines() if not line.lstrip().startswith(b"#"))


def _merge(into: dict[str, Any], data: Mapping[str, Any]) -> None:
    for key, value in data.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value
