"""The owner's settings: settings.json on the data partition, changed from the page; v2h.toml's [limits] bound them.

Only what the owner chose is kept, so what was never chosen follows the site. null stands for "no limit" where a key
allows it. Pure: manager reads and writes the file.
"""

import difflib
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from math import isfinite
from typing import Any

from v2h.config import Limits

APART_PCT = 5.0
"""Least distance between floor and ceiling of the SoC window: less would start and stop the car all day."""


class SettingsError(ValueError):
    """Settings that are not taken: `errors` holds one sentence each, with key, value and what is allowed."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors = tuple(errors)


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force; a field is a key of the file.

    reserve_soc_pct: matching the house does not go below it, though it is above the floor soc_min_pct, which holds in
    every mode. export_limit_w: what the car may send to the grid, 0: nothing. fuse_a: main fuse of each phase.
    idle_end_min: with nothing useful to do for so long the session ends. evcharge_protect_w: while the house alone
    draws more, for other cars or heaters, the car is not discharged. soft_start_s: from 0 to full power in charge and
    discharge.
    """

    soc_min_pct: float = 30.0
    soc_max_pct: float = 90.0
    reserve_soc_pct: float = 30.0
    max_charge_a: float = 15.0
    max_discharge_a: float = 15.0
    grid_target_w: float = 0.0
    export_limit_w: float | None = None
    fuse_a: float | None = None
    idle_end_min: float = 30.0
    evcharge_protect_w: float | None = None
    soft_start_s: float = 10.0
    time_zone: str = "UTC"
    currency: str = "GBP"

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def limits(self) -> Limits:
        """As policy wants them."""
        return Limits(self.max_charge_a, self.max_discharge_a, self.soc_min_pct, self.soc_max_pct, self.grid_target_w)


@dataclass(frozen=True, slots=True)
class Bound:
    """A number's range and unit; null: None is allowed and means no limit."""

    low: float
    high: float
    unit: str
    null: bool = False


def bounds(site: Limits) -> dict[str, Bound]:
    """Every number's range at this site."""
    soc = Bound(site.soc_min_pct, site.soc_max_pct, "%")
    return {
        "soc_min_pct": soc,
        "soc_max_pct": soc,
        "reserve_soc_pct": soc,
        "max_charge_a": Bound(0, site.max_charge_a, "A"),
        "max_discharge_a": Bound(0, site.max_discharge_a, "A"),
        "grid_target_w": Bound(-6000, 6000, "W"),
        "export_limit_w": Bound(0, 20000, "W", null=True),
        "fuse_a": Bound(10, 200, "A", null=True),
        "idle_end_min": Bound(5, 1440, "min"),
        "evcharge_protect_w": Bound(1000, 50000, "W", null=True),
        "soft_start_s": Bound(0, 120, "s"),
    }


def defaults(site: Limits, time_zone: str) -> Settings:
    """What holds while the owner has chosen nothing: the site's own limits."""
    return Settings(
        soc_min_pct=site.soc_min_pct,
        soc_max_pct=site.soc_max_pct,
        reserve_soc_pct=site.soc_min_pct,
        max_charge_a=site.max_charge_a,
        max_discharge_a=site.max_discharge_a,
        grid_target_w=site.grid_target_w,
        time_zone=time_zone,
    )


def check(chosen: Mapping[str, Any], site: Limits, time_zone: str) -> Settings:
    """The settings in force when the owner chose `chosen`. Raises SettingsError naming everything that is wrong."""
    errors = [text for key, value in chosen.items() if (text := _wrong(key, value, site))]
    if errors:
        raise SettingsError(errors)
    settings = replace(defaults(site, time_zone), **chosen)
    if settings.soc_max_pct - settings.soc_min_pct < APART_PCT:
        text = f"soc_min_pct = {settings.soc_min_pct:g} is not at least {APART_PCT:g} % below soc_max_pct"
        raise SettingsError([f"{text} = {settings.soc_max_pct:g}"])
    if settings.reserve_soc_pct > settings.soc_max_pct:
        text = f"reserve_soc_pct = {settings.reserve_soc_pct:g} is above soc_max_pct = {settings.soc_max_pct:g}"
        raise SettingsError([text])
    return settings


def usable(chosen: Mapping[str, Any], site: Limits) -> tuple[dict[str, Any], list[str]]:
    """What of a file is good, and what is wrong with the rest: a limit that the site no longer allows, or a word that
    somebody mistyped, must not cost the owner all other settings."""
    wrong = {key: text for key, value in chosen.items() if (text := _wrong(key, value, site))}
    return {key: value for key, value in chosen.items() if key not in wrong}, list(wrong.values())


def bounds_as_json(site: Limits) -> dict[str, dict[str, Any]]:
    return {key: asdict(bound) for key, bound in bounds(site).items()}


def _wrong(key: str, value: object, site: Limits) -> str:
    """What is wrong with one key, or ""."""
    numbers = bounds(site)
    words = {"time_zone": _zone_wrong, "currency": _currency_wrong}
    if key in words:
        return words[key](value)
    if key not in numbers:
        known = [*numbers, *words]
        close = difflib.get_close_matches(key, known, n=1)
        return f"unknown setting {key}" + (f"; did you mean {close[0]}?" if close else f"; known: {', '.join(known)}")
    bound = numbers[key]
    if value is None and bound.null:
        return ""
    good = isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
    if good and bound.low <= value <= bound.high:  # type: ignore[operator]
        return ""
    null = ", or null for no limit" if bound.null else ""
    return f"{key} = {value!r} is not a number from {bound.low:g} to {bound.high:g} {bound.unit}{null}"


def _zone_wrong(value: object) -> str:
    from v2h.energy.walltime import ZoneError, zone

    try:
        zone(value)
    except ZoneError as error:
        return f"time_zone = {error}"
    return ""


def _currency_wrong(value: object) -> str:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper():
        return ""
    return f"currency = {value!r} is not three capital letters such as EUR"
