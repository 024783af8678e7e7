"""The owner's settings within the site's bounds."""

from typing import Any

import pytest

from v2h.config.site import Limits
from v2h.energy.owner_settings import SettingsError, bounds_as_json, check, defaults, usable

SITE = Limits(max_charge_a=12, soc_min_pct=20)


def test_what_was_never_chosen_follows_the_site() -> None:
    settings = check({}, SITE, "Europe/London")
    assert settings == defaults(SITE, "Europe/London")
    assert (settings.max_charge_a, settings.soc_min_pct, settings.reserve_soc_pct) == (12, 20, 20)
    assert settings.limits() == SITE
    assert (settings.export_limit_w, settings.fuse_a, settings.evcharge_protect_w) == (None, None, None)


def test_what_is_chosen_holds() -> None:
    chosen = {"reserve_soc_pct": 40, "export_limit_w": 0, "fuse_a": None, "time_zone": "Australia/Lord_Howe"}
    settings = check(chosen, SITE, "UTC")
    assert {key: getattr(settings, key) for key in chosen} == chosen


@pytest.mark.parametrize(
    ("chosen", "words"),
    [
        ({"max_charge_a": 13}, "max_charge_a = 13 is not a number from 0 to 12 A"),
        ({"soc_min_pct": 10}, "soc_min_pct = 10 is not a number from 20 to 90 %"),
        ({"soc_min_pct": None}, "soc_min_pct = None is not a number"),
        ({"idle_end_min": True}, "idle_end_min = True is not a number from 5 to 1440 min"),
        ({"idle_end_min": float("nan")}, "idle_end_min = nan is not"),
        ({"export_limit_w": -1}, "from 0 to 20000 W, or null for no limit"),
        ({"fuse_a": "63"}, "fuse_a = '63' is not a number from 10 to 200 A"),
        ({"time_zone": "Europe/Londn"}, "time_zone = 'Europe/Londn' is not a time zone such as"),
        ({"currency": "pounds"}, "currency = 'pounds' is not three capital letters"),
        ({"currency": 5}, "currency = 5 is not three"),
        ({"plan": 1}, "plan = 1 is not true or false"),
        ({"wear_per_kwh": 1.5}, "wear_per_kwh = 1.5 is not a number from 0 to 1 per kWh"),
        ({"idle_end": 5}, "unknown setting idle_end; did you mean idle_end_min?"),
        (
            {"values": {"fuse_a": 60}},
            'unknown setting values; write the keys of the settings themselves, as in {"fuse_a',
        ),
        ({"zzz": 5}, "unknown setting zzz; known here: soc_min_pct"),
        ({"soc_min_pct": 60, "soc_max_pct": 62}, "soc_min_pct = 60 is not at least 5 % below soc_max_pct = 62"),
        ({"reserve_soc_pct": 85, "soc_max_pct": 80}, "reserve_soc_pct = 85 is above soc_max_pct = 80"),
    ],
)
def test_a_refusal_names_key_value_and_range(chosen: dict[str, Any], words: str) -> None:
    with pytest.raises(SettingsError) as caught:
        check(chosen, SITE, "UTC")
    assert words in str(caught.value)


def test_all_errors_at_once_and_the_good_keys_of_a_file_are_kept() -> None:
    chosen = {"max_charge_a": 13, "bogus": 1, "idle_end_min": 15}
    with pytest.raises(SettingsError) as caught:
        check(chosen, SITE, "UTC")
    assert len(caught.value.errors) == 2
    good, wrong = usable(chosen, SITE)
    assert (good, len(wrong)) == ({"idle_end_min": 15}, 2)


def test_the_page_is_told_every_numbers_bounds() -> None:
    bounds = bounds_as_json(SITE)
    assert bounds["max_charge_a"] == {"low": 0, "high": 12, "unit": "A", "null": False}
    assert set(check({}, SITE, "UTC").as_json()) == {*bounds, "plan", "time_zone", "currency"}
