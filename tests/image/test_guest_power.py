"""Power that goes while energy flows, once for real and a hundred times on paper. By `make powercuts`, not in CI: with
its second boot it takes a quarter of an hour.
"""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from guest import Guest
from owner import Owner
from truth import rig

from conftest import BOOT_S
from powercuts.cutting import cut_recording
from powercuts.judge import COUNTERS
from powercuts.recording import change_things, followed, prepare

pytestmark = pytest.mark.power
V2H_S, CHANGES_S = 120, 60
CUTS = 100
BOOT_ID = "cat /proc/sys/kernel/random/boot_id"


@dataclass
class PowerCut:
    """A cut in V2H: boot and log before it."""

    boot: str
    before: dict[str, Any]


@pytest.fixture(scope="module")
def power_cut(guest: Guest) -> PowerCut:
    """The emulator is killed in V2H, and the same card booted again; from then on every write to it is recorded."""
    owner = Owner(guest)
    owner.to_idle()
    owner.press("settings", soc_min_pct=37)
    owner.start_energy("v2h")
    cut = PowerCut(guest.out(BOOT_ID), log_of(guest))
    card = guest.cut_power()
    guest.restore_power(BOOT_S, *prepare(guest.run_dir.parent, card))
    return cut


@pytest.fixture(scope="module")
def recording(guest: Guest, power_cut: PowerCut) -> Path:
    """V2H of some minutes, in the last of which settings and schedule change; a folder as powercuts wants it."""
    owner, folder = Owner(guest), guest.run_dir.parent
    owner.to_idle()
    owner.start_energy("v2h")
    guest.sleep(60)  # the first minute is on the card
    with followed(guest, owner, folder):
        guest.sleep(V2H_S)
        change_things(guest, owner, CHANGES_S)
        owner.stop_to_idle()
    return folder


def test_after_a_power_cut_in_v2h_the_board_rests_and_knows_what_it_knew(guest: Guest, power_cut: PowerCut) -> None:
    owner, before = Owner(guest), power_cut.before
    owner.wait_for_session("idle", 60)
    assert guest.out(BOOT_ID) != power_cut.boot
    assert rig(guest)["outputs"] == [], "a start alone switches nothing on"
    assert json.loads(guest.http("/api/v1/settings")[1])["settings"]["soc_min_pct"] == 37
    after = log_of(guest)
    assert after["integrity"] == "ok" and after["boots"] == before["boots"] + 1
    assert all(after[name] >= before[name] - 0.0005 for name in COUNTERS), (before, after)
    assert after["events"] > before["events"] and guest.sh("ls /data/v2h/*.broken* /data/v2h/*.bad")[0] != 0


def test_power_cuts_lose_a_minute_at_most(recording: Path) -> None:
    """The card as of 100 moments of V2H, a random part of what was not flushed lost each time."""
    tally = cut_recording(recording, CUTS, seed=1)
    print(f"\n{tally.words()}")
    assert not tally.wrong
    assert sum(cut.kept < cut.later for cut in tally.cuts) > CUTS / 10, "hardly a cut that could have lost anything"
    for name in ("settings.json", "schedule.json"):
        assert sum(name in cut.verdict.files for cut in tally.cuts) > CUTS / 10, f"hardly a cut after {name}"
    assert all(cut.age_s is not None for cut in tally.cuts)


def log_of(guest: Guest) -> dict[str, Any]:
    """What the board's log holds by now, as its own SQLite reads it."""
    sums = ", ".join(f"(select coalesce(sum({name}), 0.0) from days) {name}" for name in COUNTERS)
    counts = "(select count(*) from boots) boots, (select count(*) from events) events"
    query = f"select {counts}, {sums}"
    read = (
        "import json, sqlite3; c = sqlite3.connect('file:/data/v2h/v2h.sqlite3?mode=ro', uri=True); "
        f"c.row_factory = sqlite3.Row; row = dict(c.execute('{query}').fetchone()); "
        "row['integrity'] = c.execute('pragma integrity_check').fetchone()[0]; print(json.dumps(row))"
    )
    found: dict[str, Any] = json.loads(guest.out(f'python3 -I -S -c "{read}"'))
    return found
