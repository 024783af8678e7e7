"""What manager keeps on the card, and what it makes of files that are bad."""

import json
from pathlib import Path
from typing import Any

import pytest

from v2h.clock import Remembered
from v2h.config import Config, Limits, Site
from v2h.energy.schedulefile import ScheduleError
from v2h.memory import Memory
from v2h.settings import SettingsError

CONFIG = Config(site=Site(timezone="Europe/London"), limits=Limits())
GOOD = {"version": 1, "weekly": [{"start": "23:30", "end": "05:30", "mode": "charge"}]}


class Kept:
    """A memory in a folder, and what it warned of."""

    def __init__(self, folder: Path, config: Config = CONFIG) -> None:
        self.warned: list[tuple[str, str]] = []
        self.memory = Memory(folder, config, lambda code, text: self.warned.append((code, text)))


def full(path: Path, text: str, mode: int = 0o644) -> None:
    """As write_text on a card without room."""
    raise OSError(28, "No space left on device")


def written(folder: Path, name: str) -> Any:
    return json.loads((folder / name).read_text())


def test_an_empty_card_is_the_sites_defaults(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    memory = kept.memory
    assert memory.schedule.empty
    assert (memory.settings.time_zone, str(memory.schedule.zone)) == ("Europe/London", "Europe/London")
    assert (memory.stopped, memory.clock, memory.schedule_source, kept.warned) == (False, None, "", [])


def test_everything_is_there_after_a_restart(tmp_path: Path) -> None:
    memory = Kept(tmp_path).memory
    memory.keep_settings({"reserve_soc_pct": 50})
    memory.keep_settings({"idle_end_min": 15})
    memory.keep_schedule(GOOD)
    memory.keep_stop(True)
    memory.keep_clock(Remembered("owner", 5.0, "b"))
    assert written(tmp_path, "settings.json") == {"idle_end_min": 15, "reserve_soc_pct": 50}
    again = Kept(tmp_path).memory
    assert (again.settings.reserve_soc_pct, again.settings.idle_end_min) == (50, 15)
    assert again.schedule == memory.schedule
    assert (again.schedule_source, again.stopped) == ("schedule.json", True)
    assert again.clock == Remembered("owner", 5.0, "b")


def test_a_refused_change_changes_nothing(tmp_path: Path) -> None:
    memory = Kept(tmp_path).memory
    memory.keep_settings({"idle_end_min": 15})
    memory.keep_schedule(GOOD)
    with pytest.raises(SettingsError):
        memory.keep_settings({"idle_end_min": 20, "soc_max_pct": 5})
    with pytest.raises(ScheduleError):
        memory.keep_schedule({**GOOD, "version": 2})
    assert (memory.settings.idle_end_min, memory.schedule.document) == (15, GOOD)
    assert (written(tmp_path, "settings.json"), written(tmp_path, "schedule.json")) == ({"idle_end_min": 15}, GOOD)


def test_what_cannot_be_written_is_not_taken_over(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept(tmp_path).memory
    monkeypatch.setattr("v2h.durable.write_text", full)
    for change in (lambda: memory.keep_settings({"idle_end_min": 15}), lambda: memory.keep_schedule(GOOD)):
        with pytest.raises(OSError, match="No space left"):
            change()
    assert (memory.settings.idle_end_min, memory.schedule.empty) == (30, True)
    with pytest.raises(OSError, match="No space left"):
        memory.keep_stop(True)
    assert memory.stopped, "a stop holds even though it cannot be written down"


def test_bad_settings_cost_only_what_is_bad(tmp_path: Path) -> None:
    (tmp_path / "settings.json").write_text('{"idle_end_min": 15, "soc_max_pct": 99, "bogus": 1}')
    kept = Kept(tmp_path)
    assert (kept.memory.settings.idle_end_min, kept.memory.settings.soc_max_pct) == (15, 90)
    assert "soc_max_pct = 99 is not a number from 30 to 90 %; unknown setting bogus" in kept.memory.settings_error
    kept.memory.keep_settings({"idle_end_min": 16})
    assert kept.memory.settings_error == ""
    (tmp_path / "settings.json").write_text("{half")
    again = Kept(tmp_path)
    assert again.memory.settings.idle_end_min == 30
    assert [code for code, _ in again.warned] == ["settings-bad"]
    assert (tmp_path / "settings.json.bad").exists()


def test_a_bad_schedule_file_leaves_the_one_before(tmp_path: Path) -> None:
    kept = Kept(tmp_path)
    memory = kept.memory
    memory.keep_schedule(GOOD)
    assert not memory.look_at_schedule()
    path = tmp_path / "schedule.json"
    for n, bad in enumerate(["{half", '{"version": 1, "weekly": [{"start": "1"}]}', "\udcff"]):
        path.write_text(bad, errors="surrogateescape")
        assert not memory.look_at_schedule()
        assert memory.schedule.document == GOOD
        assert len(kept.warned) == n + 1
        assert not memory.look_at_schedule()
        assert len(kept.warned) == n + 1, "named once"
    assert "schedule.json: " in memory.schedule_error
    path.write_text('{"version": 1, "otherwise": "v2h"}')
    assert memory.look_at_schedule()
    assert (memory.schedule.otherwise.mode, memory.schedule_error) == ("v2h", "")


def test_the_predecessors_events_are_read_when_there_is_no_schedule(tmp_path: Path) -> None:
    (tmp_path / "events.json").write_text(
        '[{"time": "23:30:00", "action": "Charge"}, {"time": "05:30", "action": "V2h"}]'
    )
    memory = Kept(tmp_path).memory
    assert (memory.schedule_source, len(memory.schedule.weekly)) == ("events.json", 2)
    memory.keep_schedule(GOOD)
    assert Kept(tmp_path).memory.schedule_source == "schedule.json"


@pytest.mark.parametrize("text", ["", "[]", "{half", '{"stopped": "no"}'])
def test_an_unreadable_stop_counts_as_a_stop_until_the_owner_says_otherwise(tmp_path: Path, text: str) -> None:
    (tmp_path / "stopped.json").write_text(text)
    for _ in range(3):
        assert Kept(tmp_path).memory.stopped, "at the first start and at every other"
    memory = Kept(tmp_path).memory
    memory.keep_stop(True)
    assert written(tmp_path, "stopped.json") == {"stopped": True}
    (tmp_path / "stopped.json").write_text(text)
    Kept(tmp_path).memory.keep_stop(False)
    assert not Kept(tmp_path).memory.stopped


def test_a_stop_that_could_not_be_written_is_tried_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    memory = Kept(tmp_path).memory
    with monkeypatch.context() as meanwhile:
        meanwhile.setattr("v2h.durable.write_text", full)
        for _ in range(2):
            with pytest.raises(OSError, match="No space left"):
                memory.keep_stop(True)
    assert not Kept(tmp_path).memory.stopped
    memory.keep_stop(True)
    assert Kept(tmp_path).memory.stopped


def test_a_new_zone_moves_the_schedule(tmp_path: Path) -> None:
    memory = Kept(tmp_path).memory
    memory.keep_schedule(GOOD)
    memory.keep_settings({"time_zone": "America/New_York"})
    assert str(memory.schedule.zone) == "America/New_York"
    assert memory.schedule.document == GOOD


def test_a_site_with_an_unknown_zone_is_told(tmp_path: Path) -> None:
    kept = Kept(tmp_path, Config(site=Site(timezone="Mars")))
    assert kept.memory.settings.time_zone == "UTC"
    assert "site.timezone = 'Mars' is not a time zone" in kept.warned[0][1]


def test_a_stop_is_written_once(tmp_path: Path) -> None:
    memory = Kept(tmp_path).memory
    memory.keep_stop(False)
    assert not (tmp_path / "stopped.json").exists()
    memory.keep_stop(True)
    written_at = (tmp_path / "stopped.json").stat().st_mtime_ns
    memory.keep_stop(True)
    assert (tmp_path / "stopped.json").stat().st_mtime_ns == written_at
