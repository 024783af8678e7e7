"""v2h.toml -> dataclasses: site and hardware, edited on any PC on the card's FAT partition.

Every key has a default, so an empty file is a valid one. Bounds stand where the key is declared. All errors are
found in one reading, each naming file, key, value and allowed range; a file with any error is used not at all: the
defaults apply and `errors` keeps the appliance in idle, with the page saying which key is wrong.
The rig's overlay (second path) exists only on the emulated board and on the desk.
"""

import difflib
import os
import tomllib
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass
from pathlib import Path
from typing import Any, get_type_hints

DEFAULT_PATHS = "/boot/firmware/v2h.toml:/run/v2h/rig.toml"


def number(default: float, low: float, high: float, unit: str) -> Any:
    """A bounded number key with its unit."""
    return field(default=default, metadata={"low": low, "high": high, "unit": unit})


def choice(default: str, *allowed: str) -> Any:
    """A key with a closed list of words."""
    return field(default=default, metadata={"allowed": allowed})


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


@dataclass(frozen=True, slots=True)
class Cable:
    """[cable] The cable-side voltage channel of the AD7327. Calibrated only when scale is set (not 0)."""

    adc_channel: float = number(0, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(0, -1000, 1000, "V on the cable for 1 V at the ADC pin; 0 = not calibrated")
    offset_v: float = number(0, -50, 50, "V, added after scaling")


@dataclass(frozen=True, slots=True)
class Meter:
    """[meter.NAME] One power meter; the one named "grid" is matched to zero."""

    kind: str = choice("stpm3x", "stpm3x")
    channel: float = number(1, 1, 2, "STPM3x phase")
    p_lsb_w: float = number(0.00112335, 1e-6, 1, "W per LSB of active power")
    v_lsb_v: float = number(0.035484, 1e-6, 10, "V per LSB of RMS voltage")
    i_lsb_a: float = number(0.00197861, 1e-8, 1, "A per LSB of RMS current")
    sign: float = number(1, -1, 1, "1 or -1: turn a clamp that sits the wrong way round")
    interval_s: float = number(0.1, 0.05, 60, "s between readings")
    lag_s: float = number(0.05, 0, 60, "s by which the reading trails the truth")


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
class Web:
    """[web]"""

    listen: str = "0.0.0.0:80"
    host_names: str = ""
    """Names, comma separated, by which browsers may call the page besides addresses, localhost and v2h.local."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. errors: one sentence each; empty when the files are good."""

    site: Site = field(default_factory=Site)
    limits: Limits = field(default_factory=Limits)
    car: Car = field(default_factory=Car)
    cable: Cable = field(default_factory=Cable)
    meter: Mapping[str, Meter] = field(default_factory=lambda: {"grid": Meter()})
    hardware: Hardware = field(default_factory=Hardware)
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
            data = tomllib.loads(path.read_text(encoding="utf-8"))
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
        overlay = tomllib.loads(paths[-1].read_text()) if len(paths) > 1 and paths[-1].exists() else {}
        base = _build(Config, {k: v for k, v in overlay.items() if k in ("hardware", "web")}, "", [])
        return Config(hardware=base.hardware, web=base.web, errors=tuple(errors))
    return _build(Config, merged, "", errors)  # type: ignore[no-any-return]


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
        elif key == "meter":
            if _is_table(dotted, value, errors):
                values[key] = {
                    name: _build(Meter, table, f"meter.{name}.", errors)
                    for name, table in value.items()
                    if _is_table(f"meter.{name}", table, errors)
                }
        elif is_dataclass(hints[key]):
            if _is_table(dotted, value, errors):
                values[key] = _build(hints[key], value, f"{dotted}.", errors)
        else:
            _check(known[key], hints[key], dotted, value, values, errors)
    return cls(**values)


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
    if hint is float:
        unit = spec.metadata.get("unit", "")
        good = isinstance(value, int | float) and not isinstance(value, bool) and low <= value <= high
        expected = f"a number from {low:g} to {high:g} ({unit})"
    elif hint is bool:
        good, expected = isinstance(value, bool), "true or false"
    else:
        good = isinstance(value, str) and (allowed is None or value in allowed)
        expected = "a text" if allowed is None else "one of " + ", ".join(allowed)
    if good:
        values[spec.name] = value
    else:
        default = "" if spec.default is MISSING else f"; default {spec.default!r}"
        errors.append(f"{dotted} = {value!r} is not {expected}{default}")
