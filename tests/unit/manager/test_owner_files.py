"""The files that manager keeps on the card, and how it handles bad ones."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from v2h.config.site import Config, Limits, Site
from v2h.energy.clock_trust import Remembered
from v2h.energy.owner_settings import SettingsError
from v2h.energy.schedulefile import ScheduleError
from v2h.manager.owner_files import OwnerStore

CONFIG = Config(site=Site(timezone="Europe/London"), limits=Limits())
GOOD = {"version": 1, "weekly": [{"start": "23:30", "end": "05:30", "mode": "charge"}]}


class Kept:
    """A store in a folder, and its warnings."""

    def __init__(self, folder: Path, config: Config = CONFIG) -> None:
        self.warned: list[tuple[str, str]] = []
        self.store = OwnerStore(folder, config, lambda code, text: self.warned.append((code, text)))


def full(path: Path, text: str, mode: int = 0o644) -> None:
    """Fails like write_text on a full card."""
    raise OSError(28, "No space left on device")


def written(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def test_an_empty_card_is_the_sites_defaults(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    store = kept.store
    assert store.schedule.empty
    assert (store.settings.time_zone, str(store.schedule.zone)) == ("Europe/London", "Europe/London")
    assert (store.stopped, store.clock, store.schedule_source, kept.warned) == (False, None, "", [])


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    store = Kept(tmp_path).store
    store.keep_settings({"reserve_soc_pct": 50})
    store.keep_settings({"idle_end_min": 15})
    store.keep_schedule(GOOD)
    store.keep_stop(True, 5.0)
    store.keep_clock(Remembered("owner", 5.0, "b"))
    assert written(tmp_path, "settings.json") == {"idle_end_min": 15, "reserve_soc_pct": 50}
    again = Kept(tmp_path).store
    assert (again.settings.reserve_soc_pct, again.settings.idle_end_min) == (50, 15)
    assert again.schedule == store.schedule
    assert (again.schedule_source, again.stopped) == ("schedule.json", True)
    assert again.clock == Remembered("owner", 5.0, "b")


def test_a_refused_change_changes_nothing(tmp_path: Path) -> None:
    store = Kept(tmp_path).store
    store.keep_settings({"idle_end_min": 15})
    store.keep_schedule(GOOD)
    with pytest.raises(SettingsError):
        store.keep_settings({"idle_end_min": 20, "soc_max_pct": 5})
    with pytest.raises(ScheduleError):
        store.keep_schedule({**GOOD, "version": 2})
    assert (store.settings.idle_end_min, store.schedule.document) == (15, GOOD)
    assert (written(tmp_path, "settings.json"), written(tmp_path, "schedule.json")) == ({"idle_end_min": 15}, GOOD)


def test_what_cannot_be_written_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Kept(tmp_path).store
    monkeypatch.setattr("v2h.runtime.atomic_file.write_text", full)
    for change in (lambda: store.keep_settings({"idle_end_min": 15}), lambda: store.keep_schedule(GOOD)):
        with pytest.raises(OSError, match="No space left"):
            change()
    assert (store.settings.idle_end_min, store.schedule.empty) == (30, True)
    with pytest.raises(OSError, match="No space left"):
        store.keep_stop(True, 5.0)
    assert store.stopped, "a stop holds even though it cannot be written down"


def test_bad_settings_cost_only_what_is_bad(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"idle_end_min": 15, "soc_max_pct": 99, "bogus": 1}')
    kept = Kept(tmp_path)
    assert (kept.store.settings.idle_end_min, kept.store.settings.soc_max_pct) == (15, 90)
    assert "soc_max_pct = 99 is not a number from 30 to 90 %; unknown setting bogus" in kept.store.settings_error
    kept.store.keep_settings({"idle_end_min": 16})
    assert kept.store.settings_error == ""
    (tmp_path / "settings.json").write_text("{half")
    again = Kept(tmp_path)
    assert again.store.settings.idle_end_min == 30
    assert [code for code, _ in again.warned] == ["settings-bad"]
    assert (tmp_path / "settings.json.bad").exists()


def test_a_bad_schedule_file_leaves_the_one_before(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    store = kept.store
    store.keep_schedule(GOOD)
    assert not store.look_at_schedule()
    path = tmp_path / "schedule.json"
    for n, bad in enumerate(["{half", '{"version": 1, "weekly": [{"start": "1"}]}', "\udcff"]):
        path.write_text(bad, errors="surrogateescape")
        assert not store.look_at_schedule()
        assert store.schedule.document == GOOD
        assert len(kept.warned) == n + 1
        assert not store.look_at_schedule()
        assert len(kept.warned) == n + 1, "named once"
    assert "schedule.json: " in store.schedule_error
    path.write_text('{"version": 1, "otherwise": "v2h"}')
    assert store.look_at_schedule()
    assert (store.schedule.otherwise.mode, store.schedule_error) == ("v2h", "")


def test_the_predecessors_events_are_read_when_there_is_no_schedule(tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text(
        '[{"time": "23:30:00", "action": "Charge"}, {"time": "05:30", "action": "V2h"}]'
    )
    store = Kept(tmp_path).store
    assert (store.schedule_source, len(store.schedule.weekly)) == ("events.json", 2)
    store.keep_schedule(GOOD)
    assert Kept(tmp_path).store.schedule_source == "schedule.json"


@pytest.mark.parametrize("text", ["", "[]", "{half", '{"stopped": "no"}'])
def test_an_unreadable_stop_counts_as_a_stop_until_the_owner_says_otherwise(tmp_path: Path, text: str) -> None:
    (tmp_path / "stopped.json").write_text(text)
    for _ in range(3):
        assert Kept(tmp_path).store.stopped, "at the first start and at every other"
    store = Kept(tmp_path).store
    store.keep_stop(True, 5.0)
    assert written(tmp_path, "stopped.json")["stopped"] is True
    (tmp_path / "stopped.json").write_text(text)
    Kept(tmp_path).store.keep_stop(False, 5.0)
    assert not Kept(tmp_path).store.stopped


def test_a_stop_that_could_not_be_written_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = Kept(tmp_path).store
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("v2h.runtime.atomic_file.write_text", full)
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                store.keep_stop(True, 5.0)
    assert not Kept(tmp_path).store.stopped
    store.keep_stop(True, 5.0)
    assert Kept(tmp_path).store.stopped


def test_a_new_zone_moves_the_schedule(tmp_path: Path) -> None:
    store = Kept(tmp_path).store
    store.keep_schedule(GOOD)
    store.keep_settings({"time_zone": "America/New_York"})
    assert str(store.schedule.zone) == "America/New_York"
    assert store.schedule.document == GOOD


def test_a_stop_is_written_once(tmp_path: Path) -> None:
    store = Kept(tmp_path).store
    store.keep_stop(False, 5.0)
    assert not (tmp_path / "stopped.json").exists()
    store.keep_stop(True, 5.0)
    written_at = (tmp_path / "stopped.json").stat().st_mtime_ns
    store.keep_stop(True, 5.0)
    assert (tmp_path / "stopped.json").stat().st_mtime_ns == written_at


NEWER = replace(CONFIG, newer=True)


def test_settings_of_a_newer_version_are_kept_aside_and_written_again(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"soc_max_pct": 70, "moon_phase": "full", "idle_end_min": 9999}')
    kept = Kept(tmp_path, NEWER)
    assert kept.store.settings.soc_max_pct == 70 and kept.store.settings_error == ""
    assert [code for code, _ in kept.warned] == ["newer-keys"] and "moon_phase; idle_end_min" in kept.warned[0][1]
    kept.store.keep_settings({"soc_max_pct": 75})
    assert written(tmp_path, "settings.json") == {"soc_max_pct": 75, "moon_phase": "full", "idle_end_min": 9999}
    kept.store.keep_settings({"idle_end_min": 60})
    assert written(tmp_path, "settings.json")["idle_end_min"] == 60


def test_a_schedule_of_a_newer_version_holds_without_its_new_fields(tmp_path: Path) -> None:
    newer = {**GOOD, "holidays": [], "weekly": [{**GOOD["weekly"][0], "tariff": "night"}, "not an entry"]}
    (tmp_path / "schedule.json").write_text(json.dumps({**newer, "weekly": newer["weekly"][:1]}))
    kept = Kept(tmp_path, NEWER)
    assert not kept.store.schedule.empty and kept.store.schedule_error == ""
    assert [code for code, _ in kept.warned] == ["newer-keys"] and "holidays; weekly: tariff" in kept.warned[0][1]
    assert "tariff" in (tmp_path / "schedule.json").read_text(), "the file stays for the newer version"
    (tmp_path / "schedule.json").write_text(json.dumps(newer))
    assert "not an entry" in Kept(tmp_path, NEWER).store.schedule_error, "any other error remains one"


def test_without_a_newer_version_an_unknown_field_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "schedule.json").write_text(json.dumps({**GOOD, "holidays": []}))
    assert "holidays" in Kept(tmp_path).store.schedule_error
