"""v2h.toml -> dataclasses: site and hardware, edited on any PC on the card's FAT partition.

Every key has a default, so an empty file is a valid one. Bounds stand where the key is declared. All errors are
found in one reading, each naming file, key, value and allowed range; a file with any error is used not at all: the
defaults apply and `errors` keeps the appliance in idle, with the page saying which key is wrong.
The rig's overlay (second path) exists only on the emulated board and on the desk.
"""

import difflib
import os
import re
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, get_type_hints

from v2h.configkeys import choice, number, secret
from v2h.meterconfig import KINDS, ROLES, Meter, RegisterTable, default_meters

DEFAULT_PATHS = "/boot/firmware/v2h.toml:/run/v2h/rig.toml"
PASSWORD_LENGTH = (10, 128)
"""Characters of the owner's password."""


@dataclass(frozen=True, slots=True)
class Site:
    """[site]"""

    name: str = "V2H"
    timezone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Limits:
    """[limits] What the installation allows; the car's and the converter's own limits hold besides."""

    max_charge_a: float = number(15, 0, 16, "A")
    max_discharge_a: float = number(15, 0, 16, "A")
    soc_min_pct: float = number(30, 5, 95, "%")
    soc_max_pct: float = number(90, 10, 100, "%")
    grid_target_w: float = number(0, -6000, 6000, "W")


@dataclass(frozen=True, slots=True)
class Car:
    """[car]"""

    protocol: float = number(2, 0, 2, "CHAdeMO protocol number that we announce")
    cells_in_series: float = number(
        0, 0, 120, "cells of the battery (a Leaf has 96); 0 = no session without a calibrated cable voltage"
    )
    """Naming the battery is the owner's leave to start on assumed voltages. Without the number nobody could guess the
    voltage that c1/c2 close onto, and a guess for another pack is wrong by tens of volts."""


@dataclass(frozen=True, slots=True)
class Cable:
    """[cable] The cable-side voltage channel of the AD7327. Calibrated only when scale is set (not 0)."""

    adc_channel: float = number(0, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(0, -1000, 1000, "V on the cable for 1 V at the ADC pin; 0 = not calibrated")
    offset_v: float = number(0, -50, 50, "V, added after scaling")


@dataclass(frozen=True, slots=True)
class AdcInput:
    """[adc.NAME] A further input of the AD7327, shown under its name and used for nothing else."""

    channel: float = number(1, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(1, -1000, 1000, "V there for 1 V at the ADC's pin")
    offset_v: float = number(0, -50, 50, "V, added after scaling")


@dataclass(frozen=True, slots=True)
class Hardware:
    """[hardware] Where each chip and line is, as port URLs (see v2h.ports)."""

    pre_can: str = "can:socketcan/can0"
    car_can: str = "can:socketcan/can1"
    stpm3x: str = "spi:/dev/spidev1.0"
    ad7327: str = "spi:/dev/spidev1.1"
    pca9552: str = "i2c:/dev/i2c-2?addr=0x60"
    buttons: str = "keys:gpio-keys"
    k: str = "gpio:K"
    fan: str = "pwm:48304200.pwm"
    outputs: str = "led:"
    """Prefix of the seven outputs: `led:` gives led:d1, led:c1 ...; on the desk `rig:PATH/`."""
    can_identity: bool = True
    """Check that can0 is 481cc000.can and can1 481d0000.can; false only where the rig is."""


@dataclass(frozen=True, slots=True)
class Panel:
    """[panel]"""

    button_lamps_inverted: bool = True
    """The lamps in the buttons light on a high pin, as the logo does; false where they are seen to be lit all wrong."""


@dataclass(frozen=True, slots=True)
class Web:
    """[web]"""

    listen: str = "0.0.0.0:80"
    host_names: str = ""
    """Names, comma separated, by which browsers may call the page besides addresses, localhost and v2h.local."""
    reading: str = choice("open", "open", "owner")
    """Who may look: everyone on the network, or the owner alone. Changes are the owner's in any case."""
    password: str = secret(*PASSWORD_LENGTH)
    """The owner's new password. A step at boot takes it out of the file before any program starts."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. errors: one sentence each; empty when the files are good."""

    site: Site = field(default_factory=Site)
    limits: Limits = field(default_factory=Limits)
    car: Car = field(default_factory=Car)
    cable: Cable = field(default_factory=Cable)
    adc: Mapping[str, AdcInput] = field(default_factory=dict)
    meter: Mapping[str, Meter] = field(default_factory=default_meters)
    hardware: Hardware = field(default_factory=Hardware)
    panel: Panel = field(default_factory=Panel)
    web: Web = field(default_factory=Web)
    errors: tuple[str, ...] = ()


def config_paths() -> list[Path]:
    """The files to read, in order; V2H_CONFIG (colon separated) replaces the board's."""
    return [Path(path) for path in os.environ.get("V2H_CONFIG", DEFAULT_PATHS).split(":")]


def load(paths: list[Path]) -> Config:
    """Read and check all files; keys of a later file win. A missing file counts as empty. Raises nothing."""
    errors: list[str] = []
    merged: dict[str, Any] = {}
    for path in paths:
        try:
            data = _parsed(path)
        except FileNotFoundError:
            continue
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
            errors.append(f"{path.name}: {error}")
            continue
        found: list[str] = []
        _build(Config, data, "", found)
        errors += [f"{path.name}: {text}" for text in found]
        _merge(merged, data)
    if errors:
        # Where the rig is, its ports must hold even though the owner's file is bad: else the programs find no chip.
        overlay = _parsed(paths[-1]) if len(paths) > 1 and paths[-1].exists() else {}
        kept = {k: v for k, v in overlay.items() if k in ("hardware", "web")}
        web = merged.get("web")
        if isinstance(web, dict) and web.get("reading") == "owner":  # no mistake elsewhere opens what the owner closed
            kept["web"] = {**kept.get("web", {}), "reading": "owner"}
        base = _build(Config, kept, "", [])
        return Config(hardware=base.hardware, web=base.web, errors=tuple(errors))
    return _build(Config, merged, "", errors)  # type: ignore[no-any-return]


def _parsed(path: Path) -> dict[str, Any]:
    """Windows' Notepad writes a mark before the first letter, which TOML does not know."""
    return tomllib.loads(path.read_text(encoding="utf-8-sig"))


def _merge(into: dict[str, Any], data: Mapping[str, Any]) -> None:
    for key, value in data.items():
        if isinstance(value, dict) and isinstance(into.get(key), dict):
            _merge(into[key], value)
        else:
            into[key] = value


def _build(cls: Any, data: Mapping[str, Any], where: str, errors: list[str]) -> Any:
    """A `cls` from `data`; problems are appended to `errors`, named by dotted key."""
    known = {f.name: f for f in fields(cls) if f.name != "errors"}
    hints = get_type_hints(cls)
    values: dict[str, Any] = {}
    for key, value in data.items():
        dotted = f"{where}{key}"
        if key not in known:
            close = difflib.get_close_matches(key, known, n=1)
            hint = f"; did you mean {where}{close[0]}?" if close else f"; known here: {', '.join(known)}"
            errors.append(f"unknown key {dotted}{hint}")
        elif key == "adc":
            if _is_table(dotted, value, errors):
                values[key] = {
                    name: _build(AdcInput, table, f"adc.{name}.", errors)
                    for name, table in value.items()
                    if _is_table(f"adc.{name}", table, errors)
                }
        elif key == "meter":
            if _is_table(dotted, value, errors):
                values[key] = default_meters() | _meters(value, errors)
        elif hints[key] == RegisterTable | None:
            if _is_table(dotted, value, errors):
                values[key] = _build(RegisterTable, value, f"{dotted}.", errors)
        elif is_dataclass(hints[key]):
            if _is_table(dotted, value, errors):
                values[key] = _build(hints[key], value, f"{dotted}.", errors)
        else:
            _check(known[key], hints[key], dotted, value, values, errors)
    for key, spec in known.items():
        if (what := spec.metadata.get("needed")) and key not in data:
            errors.append(f"{where}{key} is missing: {what}")
    return cls(**values)


def _meters(tables: Mapping[str, Any], errors: list[str]) -> dict[str, Meter]:
    """The meters by role, each of the class of its kind."""
    found: dict[str, Meter] = {}
    for role, table in tables.items():
        if role not in ROLES:
            close = difflib.get_close_matches(role, ROLES, n=1)
            hint = f"did you mean meter.{close[0]}?" if close else f"known here: {', '.join(ROLES)}"
            errors.append(f"unknown table meter.{role}; {hint}")
        elif _is_table(f"meter.{role}", table, errors):
            first = _meter({key: value for key, value in table.items() if key != "fallback"}, f"meter.{role}.", errors)
            second = table.get("fallback")
            if second is not None and _is_table(f"meter.{role}.fallback", second, errors):
                first = replace(first, fallback=_meter(second, f"meter.{role}.fallback.", errors))
            found[role] = first
    return found


def _meter(table: Mapping[str, Any], where: str, errors: list[str]) -> Meter:
    kind = table.get("kind", "stpm3x")
    cls = KINDS.get(kind) if isinstance(kind, str) else None
    if cls is None:
        errors.append(f"{where}kind = {kind!r} is not one of {', '.join(KINDS)}")
        return KINDS["stpm3x"]()
    own = {f.name for f in fields(cls)} - {"fallback"}
    foreign = {name: other for other, c in KINDS.items() for name in (f.name for f in fields(c)) if name not in own}
    for key in table.keys() & foreign.keys():
        what = "a fallback has none itself" if key == "fallback" else f"it belongs to kind {foreign[key]}"
        errors.append(f"{where}{key} is not a key of kind {kind}: {what}")
    meter: Meter = _build(cls, {key: value for key, value in table.items() if key not in foreign}, where, errors)
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
    low, high = spec.metadata.get("low", 0.0), spec.metadata.get("high", 0.0)
    allowed = spec.metadata.get("allowed")
    if "secret" in spec.metadata:
        shortest, longest = spec.metadata["secret"]
        if value == "" or (isinstance(value, str) and shortest <= len(value) <= longest):
            values[spec.name] = value
        else:
            length = f"{shortest} to {longest}" if shortest else f"at most {longest}"
            errors.append(f"{dotted} is not a text in quotes of {length} characters")
        return
    if hint in (float, float | None):
        unit = spec.metadata.get("unit", "")
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        expected = f"a number from {low:g} to {high:g} ({unit})"
    elif hint is bool:
        good, expected = isinstance(value, bool), "true or false"
    else:
        good = isinstance(value, str) and (allowed is None or value in allowed)
        expected = "a text" if allowed is None else "one of " + ", ".join(allowed)
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
        shown = re.sub("//.*@", "//…@", repr(value))  # name and password do not belong into an address
        errors.append(f"{dotted} = {shown} is not {expected}{default}")
