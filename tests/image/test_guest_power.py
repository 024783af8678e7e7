"""Power cuts while energy flows: some calculated from the recording of the day's session, and a real one.
`make powercuts` does more of both."""

import json
import os
from dataclasses import dataclass
from typing import Any

import pytest

from tests.powercuts.cutting import cut_recording
from tests.powercuts.judge import COUNTERS
from tests.support.boardday import Day
from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.machine import BOOT_S
from tests.support.truth import rig

pytestmark = pytest.mark.power
KILLS = int(os.environ.get("KILLS", "1"))
"""The number of real cuts. Each needs a boot, which takes some minutes."""
FIRST_S = 60
"""After this time a part of the session is on the card."""
CUTS = 40


@dataclass
class PowerCut:
    """A power cut in V2H: what the board's log held before and after it."""

    before: dict[str, Any]
    after: dict[str, Any]
    settings: dict[str, Any]
    outputs: list[str]


@pytest.fixture(scope="module")
def power_cuts(guest: Guest, day: Day) -> list[PowerCut]:
    """After the recorded day: kill the emulator in V2H and boot the same card again, KILLS times."""
    owner, cuts = Owner(guest), []
    owner.to_idle()
    owner.press("settings", soc_min_pct=37)
    for number in range(KILLS):
        owner.start_energy("v2h")
        guest.sleep(FIRST_S)
        before = known(guest)
        guest.cut_power()
        guest.restore_power(BOOT_S)
        owner.wait_for_session("idle", 60)
        settings = json.loads(guest.http("/api/v1/settings")[1])["settings"]
        cuts.append(PowerCut(before, known(guest), settings, rig(guest)["outputs"]))
        print(f"\npower cut {number + 1} of {KILLS}: before {before}, after {cuts[-1].after}")
    return cuts


def test_power_cuts_lose_a_minute_at_most(guest: Guest, day: Day) -> None:
    """The card is rebuilt as of CUTS moments of V2H; each time a random part of the writes not yet flushed is lost."""
    guest.halt(True)  # until the next test
    tally = cut_recording(guest.run_dir.parent, CUTS, seed=1)
    print(f"\n{tally.words()}")
    assert not tally.wrong
    assert sum(cut.kept < cut.later for cut in tally.cuts) > CUTS / 10, "hardly a cut that could have lost anything"
    for name in ("settings.json", "schedule.json"):
        assert sum(name in cut.verdict.files for cut in tally.cuts) > CUTS / 10, f"hardly a cut after {name}"
    assert all(cut.age_s is not None for cut in tally.cuts)


def test_after_a_power_cut_in_v2h_the_board_rests_and_knows_what_it_knew(power_cuts: list[PowerCut]) -> None:
    assert len(power_cuts) == KILLS
    for cut in power_cuts:
        assert cut.after["boot"] != cut.before["boot"]
        assert cut.outputs == [], "a start alone switches nothing on"
        assert cut.settings["soc_min_pct"] == 37
        assert cut.after["integrity"] == "ok" and cut.after["boots"] == cut.before["boots"] + 1
        assert all(cut.after[name] >= cut.before[name] - 0.0005 for name in COUNTERS), cut
        assert cut.after["events"] > cut.before["events"]
        assert not cut.after["broken"], "files moved aside"
        assert cut.after["layout"] == cut.before["layout"], "only the first boot grows the data partition"


def known(guest: Guest) -> dict[str, Any]:
    """Return what the board's log holds now, as the board's SQLite reads it, the boot's id, and the files that were
    found broken."""
    sums = ", ".join(f"(select coalesce(sum({name}), 0.0) from days) {name}" for name in COUNTERS)
    counts = "(select count(*) from boots) boots, (select count(*) from events) events"
    query = f"select {counts}, {sums}"
    read = (
        "import json, sqlite3; c = sqlite3.connect('file:/data/v2h/v2h.sqlite3?mode=ro', uri=True); "
        f"c.row_factory = sqlite3.Row; row = dict(c.execute('{query}').fetchone()); "
        "row['integrity'] = c.execute('pragma integrity_check').fetchone()[0]; print(json.dumps(row))"
    )
    found: dict[str, Any] = json.loads(guest.out(f'python3 -I -S -c "{read}"'))
    found["boot"] = guest.out("cat /proc/sys/kernel/random/boot_id")
    found["layout"] = guest.out(
        "head -c 512 /dev/vda | sha256sum; dumpe2fs -h $(findmnt -no SOURCE /data) 2>/dev/null | grep '^Block count'"
    )
    found["broken"] = guest.out("find /data/v2h -name '*.broken*' -o -name '*.bad'").split()
    return found
