"""The owner's settings: settings.json on the data partition, changed from the page; v2h.toml's [limits] bound them.

Only the keys that the owner chose are stored, so the others follow the site. null means "no limit" where a key allows
it. Pure: `manager` reads and writes the file.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from typing import Any

from v2h.bus.sentences import say
from v2h.checks import Range, shown, similar
from v2h.config.bounds import APART_PCT
from v2h.config.site import Limits
from v2h.config.zones import ZoneError, zone


class SettingsError(ValueError):
    """The settings are refused; `errors` holds one sentence for each error: key, value and what is allowed; `sentence`
    is all of them."""

    def __init__(self, errors: list[str]) -> None:
        super().__init__("; ".join(errors))
        self.errors, self.sentence = tuple(errors), say("refused.settings", errors=errors)


@dataclass(frozen=True, slots=True)
class Setting:
    """One row of the table below. range: the range of a number as this site allows it; None for a text or a switch.
    wrong: for a text or a switch, returns what is wrong with it, or "". group, label, about: for the form on the page
    and for docs/reference.md."""

    group: str
    label: str
    about: str
    range: Callable[[Limits], Range] | None = None
    wrong: Callable[[object], str] | None = None


def _number(default: Any, allowed: Range | Callable[[Limits], Range], group: str, label: str, about: str) -> Any:
    at_site = (lambda site: allowed) if isinstance(allowed, Range) else allowed
    return field(default=default, metadata={"setting": Setting(group, label, about, range=at_site)})


def _text(default: str, wrong: Callable[[object], str], group: str, label: str, about: str) -> Any:
    return field(default=default, metadata={"setting": Setting(group, label, about, wrong=wrong)})


def _switch(default: bool, group: str, label: str, about: str) -> Any:
    return field(default=default, metadata={"setting": Setting(group, label, about, wrong=_switch_wrong)})


def _switch_wrong(value: object) -> str:
    return "" if isinstance(value, bool) else f"{shown(value)} is not true or false"


def _zone_wrong(value: object) -> str:
    try:
        zone(value)
    except ZoneError as error:
        if error.meant:
            return say("setting.zone_meant", value=shown(value), meant=error.meant)
        return say("setting.zone", value=shown(value))
    return ""


def _currency_wrong(value: object) -> str:
    if isinstance(value, str) and len(value) == 3 and value.isascii() and value.isalpha() and value.isupper():
        return ""
    return say("setting.currency", value=shown(value))


def _soc(site: Limits) -> Range:
    return Range(site.soc_min_pct, site.soc_max_pct, "%")


def _charge(site: Limits) -> Range:
    return Range(0, site.max_charge_a, "A")


def _discharge(site: Limits) -> Range:
    return Range(0, site.max_discharge_a, "A")


@dataclass(frozen=True, slots=True)
class Settings:
    """All settings in force; a field is a key of the file and a row of the table: default, what is allowed, group,
    label, what it does. A new setting is a row here and a line where it is used.

    Where [limits] of v2h.toml has the same key, the site's value replaces the default here (see defaults()).
    """

    # fmt: off
    soc_min_pct: float = _number(30.0, _soc, "Battery", "Discharge down to", "The floor, in every mode")
    soc_max_pct: float = _number(90.0, _soc, "Battery", "Charge up to", "V2H and Solar stop here")
    reserve_soc_pct: float = _number(30.0, _soc, "Battery", "Reserve",
        "V2H leaves this much for driving; a discharge that you ask for may go below it, down to the floor")
    max_charge_a: float = _number(15.0, _charge, "Currents", "Charge with at most", "Current at the battery")
    max_discharge_a: float = _number(15.0, _discharge, "Currents", "Discharge with at most", "Current at the battery")
    grid_target_w: float = _number(0.0, Range(-6000, 6000, "W"), "Grid", "Grid target",
        "What V2H holds the grid at; plus is import")
    export_limit_w: float | None = _number(None, Range(0, 20000, "W", null=True), "Grid", "Export at most",
        "Empty: no limit. 0: never export")
    fuse_a: float | None = _number(None, Range(10, 200, "A", null=True), "Grid", "Main fuse",
        "Of each phase; charging steps back before it; empty: not guarded")
    idle_end_min: float = _number(30.0, Range(5, 1440, "min"), "Session", "End an idle session after",
        "It starts again by itself when there is something to do")
    evcharge_protect_w: float | None = _number(None, Range(1000, 50000, "W", null=True), "Grid",
        "Spare the car’s battery above", "Above this load the car does not discharge: other cars charging")
    soft_start_s: float = _number(10.0, Range(0, 120, "s"), "Session", "Soft start",
        "From nothing to full current, in charge and discharge")
    plan: bool = _switch(False, "Plan", "Plan by prices",
        "Fills the time that the schedule leaves open, so that the energy costs least")
    wear_per_kwh: float = _number(0.05, Range(0, 1, "per kWh"), "Plan", "Wear of the battery",
        "What each kWh out of the battery costs in wear; the plan discharges only for more")
    time_zone: str = _text("UTC", _zone_wrong, "Region", "Time zone", "By name, as Europe/London")
    currency: str = _text("GBP", _currency_wrong, "Region", "Currency", "Shown with prices and savings")
    # fmt: on

    def as_json(self) -> dict[str, Any]:
        return asdict(self)

    def limits(self) -> Limits:
        """The limits in the form that policy uses."""
        return Limits(self.max_charge_a, self.max_discharge_a, self.soc_min_pct, self.soc_max_pct, self.grid_target_w)


TABLE: dict[str, Setting] = {row.name: row.metadata["setting"] for row in fields(Settings)}
"""Every setting by its key, in the order of the form."""


def defaults(site: Limits, time_zone: str) -> Settings:
    """The settings while the owner has chosen nothing: the site's own limits."""
    shared = {row.name: getattr(site, row.name) for row in fields(site) if row.name in TABLE}
    return Settings(**shared, reserve_soc_pct=site.soc_min_pct, time_zone=time_zone)


def check(chosen: Mapping[str, Any], site: Limits, time_zone: str) -> Settings:
    """The settings in force when the owner chose `chosen`. Raises SettingsError naming everything that is wrong."""
    errors = [text for key, value in chosen.items() if (text := _wrong(key, value, site))]
    if errors:
        raise SettingsError(errors)
    settings = replace(defaults(site, time_zone), **chosen)
    if settings.soc_max_pct - settings.soc_min_pct < APART_PCT:
        low, high = settings.soc_min_pct, settings.soc_max_pct
        raise SettingsError([say("setting.too_close", low_pct=low, apart_pct=APART_PCT, high_pct=high)])
    if settings.reserve_soc_pct > settings.soc_max_pct:
        reserve, high = settings.reserve_soc_pct, settings.soc_max_pct
        raise SettingsError([say("setting.reserve_above", reserve_pct=reserve, high_pct=high)])
    return settings


def usable(chosen: Mapping[str, Any], site: Limits) -> tuple[dict[str, Any], list[str]]:
    """The good keys of a file, and what is wrong with the others: a limit that the site no longer allows, or a typing
    mistake, must not cost the owner all other settings."""
    wrong = {key: text for key, value in chosen.items() if (text := _wrong(key, value, site))}
    return {key: value for key, value in chosen.items() if key not in wrong}, list(wrong.values())


def bounds_as_json(site: Limits) -> dict[str, dict[str, Any]]:
    """Every number's range at this site, for the form and for the API: {key: {"low", "high", "unit", "null"}}."""
    return {key: asdict(row.range(site)) for key, row in TABLE.items() if row.range is not None}


def _wrong(key: str, value: object, site: Limits) -> str:
    """What is wrong with one key, or ""."""
    row = TABLE.get(key)
    if row is None:
        return _unknown(key if key.isprintable() else shown(key), value)
    if row.wrong is not None:
        return say("setting.wrong", key=key, wrong=text) if (text := row.wrong(value)) else ""
    assert row.range is not None
    allowed = row.range(site)
    if allowed.fits(value):
        return ""
    ends = {"low": allowed.low, "high": allowed.high, "unit": allowed.unit}
    said = say("allowed.range_or_null" if allowed.null else "allowed.range", **ends)
    return say("command.bad_value", key=key, value=shown(value), allowed=said)


def _unknown(name: str, value: object) -> str:
    if isinstance(value, Mapping):
        return say("setting.not_flat", key=name)
    meant = similar(name, TABLE)
    return say("setting.meant", key=name, meant=meant) if meant else say("setting.unknown", key=name, known=list(TABLE))
