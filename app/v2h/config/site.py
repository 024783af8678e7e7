"""v2h.toml -> dataclasses: site and hardware, edited on any PC on the card's FAT partition.

Every key has a default, so an empty file is valid. The bounds of a key are declared with the key. One reading finds all
errors, and each error names file, key, value and allowed range. After any error the defaults apply, `errors` keeps the
appliance in idle, and the page names the wrong key. One value is still used, web.reading: no error may open what the
owner has closed. The owner's edits on the page are laid over a good file (page_edits.py).
The rig's overlay (second path) exists only on the emulated board and on the desk.
"""

import contextlib
import re
from collections.abc import Mapping
from dataclasses import MISSING, Field, dataclass, field, fields, is_dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple, get_type_hints

from v2h.chademo.packs import known_packs, pack
from v2h.checks import Range, hint, one_of, utf8
from v2h.config.bounds import AMPS, APART_PCT
from v2h.config.ccs import Ccs
from v2h.config.fields import choice, number, port, secret, text, whole
from v2h.config.files import parse_toml
from v2h.config.meter_kinds import KINDS, ROLES, Meter, RegisterTable, default_meters
from v2h.config.neighbours import Gateway
from v2h.config.newer import Unknown, others, unknown_keys
from v2h.config.page_edits import NO_EDITS, Edits, Laid, lay
from v2h.config.presets import PresetError, find

PASSWORD_LENGTH = (10, 128)
"""Shortest and longest password of the owner, in characters."""


WEB_KEPT = ("listen", "host_names", "reading")
"""Keys of [web] that hold in spite of an error elsewhere: the owner reads the error by his own name of the page, and
nobody reads or reaches more than the owner permitted."""


def read_name(words: str) -> str:
    """A name without line ends and control characters. Raises ValueError."""
    if not words.isprintable():
        raise ValueError("a text of printable letters")
    return words


def read_zone(name: str) -> None:
    """Raises ValueError for a name that is no time zone."""
    from v2h.config.zones import ZoneError, zone  # imported only where the key is set: it costs a program's start 5 ms

    try:
        zone(name)
    except ZoneError as error:
        raise ValueError(str(error).partition(" is not ")[2]) from error


def read_listen(words: str) -> str:
    """'0.0.0.0:80', '[::]:80', 'localhost:80'. Raises ValueError."""
    host, _, number = words.rpartition(":")
    if not (re.fullmatch(r"[\w.-]+|\*|\[[0-9a-fA-F:.]+\]", host) and re.fullmatch(r"[1-9]\d{0,4}", number, re.ASCII)):
        host = ""
    if not host or int(number) > 65535:
        raise ValueError('an address and a port such as "0.0.0.0:80"')
    return words


@dataclass(frozen=True, slots=True)
class Site:
    """[site]"""

    name: str = text("V2H", read=read_name)
    timezone: str = text("UTC", read=read_zone)


@dataclass(frozen=True, slots=True)
class Limits:
    """[limits] What the installation allows; the car's and the converter's own limits apply as well."""

    max_charge_a: float = number(15, 0, AMPS.high, "A")
    max_discharge_a: float = number(15, 0, AMPS.high, "A")
    soc_min_pct: float = number(30, 5, 95, "%")
    soc_max_pct: float = number(90, 10, 100, "%")
    grid_target_w: float = number(0, -6000, 6000, "W")

    def wrong(self) -> str:
        """The error sentence for two values that do not go together, else ""."""
        if self.soc_max_pct - self.soc_min_pct >= APART_PCT:
            return ""
        return (
            f"limits.soc_min_pct = {self.soc_min_pct:g} is not at least {APART_PCT:g} % below "
            f"limits.soc_max_pct = {self.soc_max_pct:g}"
        )


@dataclass(frozen=True, slots=True)
class Car:
    """[car]"""

    protocol: float = whole(2, 0, 2, "CHAdeMO protocol number that we announce")
    cells_in_series: float = whole(
        0, 0, 120, "cells of the battery (a Leaf has 96); 0 = no session without a calibrated cable voltage"
    )
    """By naming the battery the owner permits a start on assumed voltages. Without it the voltage that c1/c2 close onto
    cannot be estimated, and an estimate for another pack is wrong by tens of volts."""
    pack_kwh: float = whole(0, 0, 100, "kWh of that battery when new, as it is sold")

    def wrong(self) -> str:
        """The error sentence if no voltages are known for the named battery, else ""."""
        if not self.cells_in_series or pack(int(self.cells_in_series), int(self.pack_kwh)) is not None:
            return ""
        return (
            f"car.cells_in_series = {self.cells_in_series:g} with car.pack_kwh = {self.pack_kwh:g}: no voltages are "
            f"known for such a battery; known here: {known_packs()}. For any other, calibrate [cable]"
        )


@dataclass(frozen=True, slots=True)
class Cable:
    """[cable] The cable-side voltage channel of the AD7327. Calibrated only when scale is set (not 0)."""

    adc_channel: float = whole(0, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(0, -1000, 1000, "V on the cable for 1 V at the ADC pin; 0 = not calibrated")
    offset_v: float = number(0, -50, 50, "V, added after scaling")
    by: str = choice("meter", "meter", "converter")
    """What it was calibrated with. "converter" (`v2h cable calibrate`): sensor and converter are not independent."""


@dataclass(frozen=True, slots=True)
class AdcInput:
    """[adc.NAME] A further input of the AD7327, which is only shown under its name."""

    channel: float = whole(1, 0, 7, "AD7327 input")
    scale_v_per_v: float = number(1, -1000, 1000, "V there for 1 V at the ADC's pin")
    offset_v: float = number(0, -50, 50, "V, added after scaling")


@dataclass(frozen=True, slots=True)
class Hardware:
    """[hardware] Where each chip and line is, as port URLs (see v2h.ports)."""

    pre_can: str = port("can:socketcan/can0")
    car_can: str = port("can:socketcan/can1")
    stpm3x: str = port("spi:/dev/spidev1.0")
    ad7327: str = port("spi:/dev/spidev1.1")
    pca9552: str = port("i2c:/dev/i2c-2?addr=0x60")
    buttons: str = port("keys:gpio-keys")
    k: str = port("gpio:K")
    fan: str = port("pwm:48304200.pwm")
    outputs: str = port("led:")
    """Prefix of the seven outputs: `led:` gives led:d1, led:c1 ...; on the desk `rig:PATH/`."""
    can_identity: bool = True
    """Check that can0 is 481cc000.can and can1 481d0000.can; false only where the rig is."""


@dataclass(frozen=True, slots=True)
class Panel:
    """[panel]"""

    button_lamps_inverted: bool = True
    """The lamps in the buttons light on a high pin, as the logo does; set false if they are on when they should be off.
    """


@dataclass(frozen=True, slots=True)
class Web:
    """[web]"""

    listen: str = text("0.0.0.0:80", read=read_listen)
    host_names: str = ""
    """Names, comma separated, by which browsers may call the page besides addresses, localhost and v2h.local."""
    reading: str = choice("open", "open", "owner")
    """Who may read the page: everyone on the network, or only the owner. Only the owner may change something."""
    password: str = secret(*PASSWORD_LENGTH)
    """The owner's new password. A step at boot takes it out of the file before any program starts."""


@dataclass(frozen=True, slots=True)
class Config:
    """The whole configuration. errors: one sentence for each error; empty when the files are good."""

    site: Site = field(default_factory=Site)
    limits: Limits = field(default_factory=Limits)
    car: Car = field(default_factory=Car)
    cable: Cable = field(default_factory=Cable)
    adc: Mapping[str, AdcInput] = field(default_factory=dict)
    meter: Mapping[str, Meter] = field(default_factory=default_meters)
    hardware: Hardware = field(default_factory=Hardware)
    panel: Panel = field(default_factory=Panel)
    web: Web = field(default_factory=Web)
    gateway: Gateway = field(default_factory=Gateway)
    ccs: Ccs | None = None
    """None: the plug is CHAdeMO."""
    errors: tuple[str, ...] = ()
    newer: bool = False
    """A newer version has run with these files."""
    aside: tuple[str, ...] = ()
    """The keys that only that version knows."""

    def wrong(self) -> str:
        """The error sentence for tables that do not go together, else "". A charger has one plug at a time."""
        if self.ccs is None or not self.car.cells_in_series:
            return ""
        return (
            f"[ccs] and car.cells_in_series = {self.car.cells_in_series:g} do not go together: a battery is named for "
            "a CHAdeMO car on assumed voltages, and CCS needs a measured cable. Remove one of the two"
        )


OURS = ("errors", "newer", "aside")
"""Fields of Config that are no keys."""
OPTIONAL: dict[Any, Any] = {RegisterTable | None: RegisterTable, Ccs | None: Ccs}
"""Types of keys that hold a table or nothing -> the class of the table."""


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
        base = _build(Config, kept, "", [])
        return Config(hardware=base.hardware, web=base.web, errors=tuple(errors), newer=newer)
    unused: list[str] = []
    config: Config = _build(Config, merged, "", unused)
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
    found += _wrong_presets(_build(Config, content, "", found), paths)
    return others(found) if newer else found


def _good_web(path: Path, merged: Mapping[str, Any]) -> dict[str, Any]:
    """The keys WEB_KEPT of the owner's file that are good by themselves; from a file that is no TOML, the lines of its
    [web] that are. A bad value of reading means "owner": a person who writes the key wants to close the page."""
    web = dict(merged["web"]) if isinstance(merged.get("web"), dict) else _lines_of_web(path)
    good = {}
    for key in WEB_KEPT:
        found: list[str] = []
        if key in web and (_build(Web, {key: web[key]}, "", found), found)[1] == []:
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


def _build(cls: Any, data: Mapping[str, Any], where: str, errors: list[str]) -> Any:
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
                    name: _build(AdcInput, table, f"adc.{name}.", errors)
                    for name, table in value.items()
                    if _is_table(f"adc.{name}", table, errors)
                }
        elif key == "meter":
            if _is_table(dotted, value, errors):
                values[key] = default_meters() | _meters(value, errors)
        elif hints[key] in OPTIONAL:
            if _is_table(dotted, value, errors):
                values[key] = _build(OPTIONAL[hints[key]], value, f"{dotted}.", errors)
        elif is_dataclass(hints[key]):
            if _is_table(dotted, value, errors):
                values[key] = _build(hints[key], value, f"{dotted}.", errors)
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
