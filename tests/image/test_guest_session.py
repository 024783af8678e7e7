"""The main job on the emulated board: a whole session that an owner controls, and what it writes to the card.

test_guest_kills.py kills `charger`, `guard` and supervisord under current, test_guest_panel.py kills `manager`.

Every test starts and ends in idle. Besides the page, the tests read the true state (contactors, misuse) from the rig.
"""

import time
from collections.abc import Iterator
from itertools import groupby

import pytest

from tests.support.boardday import Day
from tests.support.guest import Guest
from tests.support.guest_owner import SLOWEST, Owner
from tests.support.truth import rig

MEAN_GRID_LIMIT_W = 100.0
CARD_MB_A_DAY = 80.0
ROAD = [
    *("wake", "handshake", "converter", "lock", "insulation test", "bleed", "test done"),
    *("contactor check", "car contactors"),
    *("voltage match", "ready", "energy", "stop", "welding check", "open", "d2 off", "unlock", "farewell", "idle"),
]
"""The states of a session. Each is an event in the log; a page that is polled twice a second would miss some."""
HARMLESS = ("panel", "datalog", "web", "meter", "pulse", "broker")
PROGRAMS = ("broker", "guard", "charger", "meter", "manager", "panel", "datalog", "web", "pulse")


@pytest.fixture
def owner(guest: Guest) -> Iterator[Owner]:
    person = Owner(guest)
    person.to_idle()
    yield person
    person.to_idle()


def statuses(guest: Guest) -> dict[str, tuple[str, int]]:
    """Return program -> (supervisor's state, pid); the pid is 0 when the program does not run."""
    lines = guest.sh("supervisorctl status")[1].splitlines()
    words = [line.split() for line in lines if len(line.split()) >= 2]
    return {w[0].split(":")[-1]: (w[1], int(w[3].rstrip(",")) if w[1] == "RUNNING" else 0) for w in words}


def pid_of(guest: Guest, program: str) -> int:
    """Return the pid, or 0 when the program does not run. supervisorctl is not used: it starts an interpreter, which
    takes seconds on this board."""
    pattern = "/usr/sbin/mosquitto" if program == "broker" else f"v2h.programs.{program}"
    return int(guest.sh(f"pgrep -f -o '{pattern}'")[1].strip() or 0)


def kill_and_wait(guest: Guest, *programs: str) -> None:
    """Kill the programs (-9) one after the other; return when each has a new pid and supervisor reports RUNNING."""
    old = {program: pid_of(guest, program) for program in programs}
    assert all(old.values()), old
    for pid in old.values():
        guest.out(f"kill -9 {pid}")
    deadline = time.monotonic() + SLOWEST * 60
    for program in programs:
        while pid_of(guest, program) in (0, old[program]):
            assert time.monotonic() < deadline, f"{program} did not come back"
            guest.sleep(1)
    running = {program: statuses(guest).get(program, ("", 0))[0] for program in programs}
    while set(running.values()) != {"RUNNING"}:
        assert time.monotonic() < deadline, running
        running = {program: statuses(guest).get(program, ("", 0))[0] for program in programs}


def test_charge_then_cover_the_house_then_stop(day: Day) -> None:
    assert day.page[0] == 200 and "V2H" in day.page[1]
    assert {"c1", "c2", "d2", "plug-lock"} <= set(day.charging["outputs"])
    print(f"\nmean |grid|, {day.scored_s} s of the rig's day: page {day.seen_w:.1f} W, truth {day.true_w:.1f} W")
    assert day.seen_w <= MEAN_GRID_LIMIT_W and day.true_w <= MEAN_GRID_LIMIT_W
    assert [state for state, _ in groupby(day.states)] == ROAD
    assert day.truth["outputs"] == [] and day.truth["violations"] == []


def test_the_card_is_written_little(day: Day) -> None:
    ours, predecessor = day.written["ours"], day.written["predecessor"]
    print(f"\nin {day.written['s']:.0f} s of V2H, a day: {ours:.1f} MB, the predecessor's way {predecessor:.1f} MB")
    assert ours <= CARD_MB_A_DAY and ours <= predecessor / 4


def test_rows_are_in_the_log(guest: Guest, owner: Owner) -> None:
    query = "import sqlite3; c = sqlite3.connect('file:/data/v2h/v2h.sqlite3?mode=ro', uri=True); "
    events = guest.out(f"python3 -c \"{query} print(c.execute('select count(*) from events').fetchone()[0])\"")
    samples = guest.out(f"python3 -c \"{query} print(c.execute('select count(*) from samples').fetchone()[0])\"")
    assert int(events) > 5 and int(samples) > 0


def test_nothing_failed_and_every_program_runs(guest: Guest, owner: Owner) -> None:
    assert guest.out("systemctl --failed --no-legend --plain") == ""
    running = {name: word for name, (word, _) in statuses(guest).items()}
    assert running == dict.fromkeys(PROGRAMS, "RUNNING")


def test_programs_without_current_in_their_hands_die_without_harm(guest: Guest, owner: Owner) -> None:
    owner.start_energy("v2h")
    kill_and_wait(guest, *HARMLESS)
    owner.to_idle()
    truth = rig(guest)
    assert truth["outputs"] == [] and truth["violations"] == []
