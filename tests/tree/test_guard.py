"""The `guard` process and the stand-alone make-safe with the rig's outputs, K and converter at their ports.

The times are those of a process on this machine, with some margin for a busy one. tests/unit/safety tests the exact
times.
"""

import os
import signal
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guardbench import Bench, Charger
from tests.support.safetypage import limit
from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, NONE, Output
from v2h.safety.wire import GuardState, Trip, pack_request

ZERO, DISABLE = pre.write_amps(0.0), pre.write_enable(False)
LOCK = Output.PLUG_LOCK
ROOM_S = 0.25
"""s; what a loaded machine may add to any of the times of `guard`."""


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    """Outputs that keep their level when `guard` dies, as the kernel's gpio-leds do."""
    bench = Bench(tmp_path, holds=True)
    yield bench
    bench.close()


def ready(bench: Bench, session: int = 7) -> Charger:
    """Start a `guard` and a charger on its safety wire; return the charger when `guard` reports READY."""
    bench.start_guard()
    charger = bench.start_charger(session)
    assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.READY, 20)
    return charger


def is_tripped(charger: Charger) -> bool:
    return charger.report is not None and charger.report.state is GuardState.TRIPPED


def assert_made_safe(bench: Bench, since: float, *, opened_within_s: float, zero_within_s: float) -> None:
    """0 A came in time, the contactors opened in time and in order, and the lock did not move."""
    rig = bench.rig
    assert rig.wait(lambda: rig.levels == LOCK, 10), f"left on: {rig.levels!r}"
    assert rig.written_at(ZERO, since) - since <= zero_within_s + ROOM_S
    c1, c2 = rig.switched_at("c1", False, since), rig.switched_at("c2", False, since)
    assert max(c1, c2) - since <= opened_within_s + ROOM_S
    assert rig.switched_at("pre-ac", False, since) <= min(c1, c2)
    d2, d1 = rig.switched_at("d2", False, since), rig.switched_at("d1", False, since)
    assert max(c1, c2) <= d2
    assert d1 - d2 >= 0.49
    assert not [name for t, name, _ in rig.switched if name == "plug-lock" and t > since]


def test_a_session_from_wake_to_unlock(bench: Bench) -> None:
    charger = ready(bench)
    assert charger.report is not None and charger.report.can_up
    charger.to_energy(14.0)
    charger.k_expected, charger.set_a = False, 0.0
    bench.rig.set_k(False)
    energy = bench.rig.levels
    for outputs in (energy & ~CONTACTORS, LOCK | Output.MASTER | Output.PRE_AC | Output.D1):
        assert charger.wish(outputs)
    assert charger.wish(LOCK | Output.MASTER | Output.PRE_AC)
    assert not charger.wish(Output.MASTER | Output.PRE_AC), "the cable is not known to be empty"
    assert charger.wish(Output.MASTER | Output.PRE_AC, cable_v=9.0)
    assert charger.wish(NONE)
    assert charger.report.trip is Trip.NONE


def test_contactors_are_held_while_current_flows(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    assert not charger.wish(bench.rig.levels & ~CONTACTORS)
    assert charger.report is not None
    assert (charger.report.state, charger.report.outputs) == (GuardState.READY, bench.rig.levels)


@pytest.mark.parametrize("amps", [14.0, -14.0])
def test_a_silent_charger(bench: Bench, amps: float) -> None:
    charger = ready(bench)
    charger.to_energy(amps)
    since = time.monotonic()
    charger.silent = True
    assert_made_safe(bench, since, opened_within_s=0.3 + 0.5, zero_within_s=0.3)


def test_a_dead_charger_and_a_converter_that_does_not_obey(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    bench.rig.converter.obeys = False
    since = time.monotonic()
    charger.end()
    assert_made_safe(bench, since, opened_within_s=1.1, zero_within_s=0.05)
    assert bench.rig.switched_at("c1", False, since) - since >= 1.0, "it waits for the current as long as it may"


def test_the_latch_holds_until_a_new_session_wants_nothing(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    charger.set_a = None
    charger.trip_wanted = True
    assert bench.rig.wait(lambda: is_tripped(charger))
    assert charger.report is not None and charger.report.trip is Trip.CHARGER_ASKED
    charger.outputs, charger.trip_wanted = NONE, False
    since = time.monotonic()
    assert not bench.rig.wait(lambda: not is_tripped(charger), 1.0), "the same session"
    zeros = [t for t, _, data in bench.rig.frames if data == ZERO and since < t < since + 1]
    disables = [t for t, _, data in bench.rig.frames if data == DISABLE and since < t < since + 1]
    assert min(len(zeros), len(disables)) >= 7
    charger.session = 8
    assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.READY)
    assert bench.rig.levels == LOCK
    assert charger.wish(LOCK | Output.MASTER | Output.D1)


def test_current_written_after_a_trip_costs_the_mains(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    bench.rig.converter.obeys = False
    charger.trip_wanted = True  # and the charger continues to write 14 A
    since = time.monotonic()
    assert bench.rig.wait(lambda: Output.PRE_AC not in bench.rig.levels)
    assert bench.rig.switched_at("pre-ac", False, since) - since < 0.5, "not after the 0.8 s of step 2"
    assert bench.rig.wait(lambda: is_tripped(charger))
    assert charger.report is not None and charger.report.trip is Trip.WROTE_AFTER_TRIP


def test_k_off_with_a_charger_that_reacts(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    charger.set_a = None
    since = time.monotonic()
    bench.rig.set_k(False)
    assert bench.rig.wait(lambda: bench.rig.written_at(ZERO, since) < since + 10)
    assert bench.rig.written_at(ZERO, since) - since < 0.05 + ROOM_S
    assert bench.rig.wait(lambda: any(t > since and not report.k_on for t, report in charger.reports))
    charger.k_expected = False
    assert not bench.rig.wait(lambda: bench.rig.levels != 0x7F, 1.2)
    assert charger.report is not None and charger.report.state is GuardState.READY


def test_k_off_with_a_current_that_stays(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    bench.rig.converter.obeys = False
    charger.set_a = None
    since = time.monotonic()
    bench.rig.set_k(False)
    assert bench.rig.wait(lambda: is_tripped(charger))
    assert charger.report is not None and charger.report.trip is Trip.K_OFF_CURRENT
    off_s = bench.rig.switched_at("pre-ac", False, since) - since
    assert 0.8 <= off_s < 0.8 + ROOM_S + 0.3, (
        "the converter's 0.8 s count from the edge of K, charger's chance included"
    )


def test_killed_under_current_and_started_again(bench: Bench) -> None:
    """The kernel keeps the outputs on. The new `guard` makes safe without a request, and refuses the old session."""
    charger = ready(bench)
    charger.to_energy(14.0)
    bench.kill_with_its_second(bench.guards[0])
    assert bench.rig.levels == 0x7F
    charger.set_a = None
    since = time.monotonic()
    bench.start_guard()
    assert_made_safe(bench, since, opened_within_s=1.1 + 2.0, zero_within_s=2.0)  # 2 s: the start of an interpreter
    assert bench.rig.wait(lambda: is_tripped(charger))
    assert charger.report is not None and charger.report.trip is Trip.FOUND_CLOSED_AT_START
    charger.outputs = NONE
    assert not bench.rig.wait(lambda: not is_tripped(charger), 0.5)
    charger.session = 8
    assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.READY)


def test_killed_with_open_contactors_and_started_again(bench: Bench) -> None:
    charger = ready(bench)
    assert charger.wish(Output.MASTER | Output.PRE_AC | Output.D1 | LOCK)
    bench.guards[0].kill()
    bench.guards[0].wait(10)
    charger.outputs = NONE
    bench.start_guard()
    assert bench.rig.wait(lambda: bench.rig.levels == LOCK)
    assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.READY)
    assert charger.report is not None and charger.report.trip is Trip.NONE


def test_a_stopped_guard_is_given_up_by_charger_and_does_no_harm_when_it_goes_on(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    since = time.monotonic()
    os.kill(bench.guards[0].pid, signal.SIGSTOP)
    assert bench.rig.wait(lambda: charger.link.lost(time.monotonic()) or time.monotonic() > since + 2, 3)
    assert 0.19 < time.monotonic() - since < 0.4 + ROOM_S  # 0.3 s from a request that may be 0.1 s old
    assert bench.rig.levels == 0x7F
    charger.set_a = 0.0  # what `charger` does without `guard`
    bench.rig.wait(lambda: time.monotonic() > since + 1.0)  # until the charger has also given up the wire
    os.kill(bench.guards[0].pid, signal.SIGCONT)
    assert bench.rig.wait(lambda: bench.rig.levels == LOCK)


def test_a_second_client_and_nonsense_are_refused(bench: Bench) -> None:
    charger = ready(bench)
    assert charger.wish(Output.MASTER)
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as second:
        second.settimeout(5)
        second.connect(str(bench.wire))
        assert second.recv(64) == b""
    charger.end()
    with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as third:
        third.settimeout(5)
        third.connect(str(bench.wire))
        third.send(b"nonsense")
        third.send(pack_request(charger.last_request))
        assert len(third.recv(64)) == 16, "the next good packet is answered"


def test_an_output_that_flips_behind_guards_back(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(0.0)
    since = time.monotonic()
    bench.rig.switch("d2", False)
    assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.MAKING_SAFE)
    assert time.monotonic() - since < limit("output-not-written", "make-safe begins") + ROOM_S
    assert bench.rig.wait(lambda: is_tripped(charger))
    assert charger.report is not None and charger.report.trip is Trip.OUTPUT_FAILED


def test_an_output_that_can_no_longer_be_written_or_read(bench: Bench) -> None:
    """The driver of one output is gone: all others go off, and a new `guard` gets to open the lines again."""
    charger = ready(bench)
    charger.to_energy(0.0)
    since = time.monotonic()
    bench.rig.unplug("d2")
    assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.MAKING_SAFE)
    assert time.monotonic() - since < limit("output-not-written", "make-safe begins") + ROOM_S
    assert bench.rig.wait(lambda: bench.rig.levels == LOCK | Output.D2)
    assert charger.report is not None and charger.report.trip is Trip.OUTPUT_FAILED
    assert bench.guards[0].wait(15) == 1


def test_sigterm_makes_safe_before_the_end(bench: Bench) -> None:
    charger = ready(bench)
    charger.to_energy(14.0)
    charger.set_a = None
    since = time.monotonic()
    bench.guards[0].terminate()
    assert_made_safe(bench, since, opened_within_s=0.5, zero_within_s=0.05)
    assert bench.guards[0].wait(10) == 0
    assert any(report.trip is Trip.GUARD_STOPS for _, report in charger.reports)


def test_guard_ends_for_a_fresh_start_when_its_lines_are_lost(tmp_path: Path) -> None:
    bench = Bench(tmp_path, holds=False)
    try:
        ready(bench)
        bench.rig.close()
        assert bench.guards[0].wait(15) == 1
    finally:
        bench.close()


def test_guard_waits_for_its_lines(tmp_path: Path) -> None:
    """`guard` starts before the rig: it reports STARTING, and READY when its lines exist."""
    bench = Bench(tmp_path, holds=True)
    try:
        moved = bench.rig.path.rename(tmp_path / "away.sock")
        bench.start_guard()
        charger = bench.start_charger(7)
        assert bench.rig.wait(lambda: charger.report is not None, 20)
        assert charger.report is not None and charger.report.state is GuardState.STARTING
        moved.rename(bench.rig.path)
        assert bench.rig.wait(lambda: charger.report is not None and charger.report.state is GuardState.READY)
    finally:
        bench.close()


def test_the_wire_is_a_socket_of_its_own_folder(bench: Bench) -> None:
    ready(bench)
    assert stat.S_ISSOCK(bench.wire.stat().st_mode)


# The stand-alone make-safe


def energise(bench: Bench, outputs: Output) -> None:
    """Set the outputs and 14 A as a tree of programs that has died leaves them."""
    for name in ("master", "pre-ac", "plug-lock", "d1", "d2", "c1", "c2"):
        bench.rig.switch(name, Output[name.upper().replace("-", "_")] in outputs)
    bench.rig.converter.set_a = 14.0


def test_make_safe_finds_nothing_to_do(bench: Bench) -> None:
    energise(bench, LOCK)
    done = bench.make_safe()
    assert done.returncode == 0
    assert "nothing to do" in done.stderr
    assert bench.rig.levels == LOCK
    assert bench.rig.frames == []


def test_make_safe_of_a_tree_that_is_gone(bench: Bench) -> None:
    energise(bench, Output(0x7F))
    since = time.monotonic()
    done = bench.make_safe()
    assert done.returncode == 0, done.stderr
    assert_made_safe(bench, since, opened_within_s=0.5 + 1.0, zero_within_s=1.0)  # 1 s: the start of an interpreter
    assert bench.rig.written_at(DISABLE, since) > bench.rig.switched_at("d1", False, since)


def test_make_safe_without_can_opens_in_time_all_the_same(bench: Bench, tmp_path: Path) -> None:
    energise(bench, Output(0x7F))
    config = (tmp_path / "v2h.toml").read_text().replace(bench.rig.can_url, f"can:rig/{tmp_path}/nobody.sock")
    (tmp_path / "v2h.toml").write_text(config)
    since = time.monotonic()
    done = bench.make_safe()
    assert done.returncode == 0, done.stderr
    assert "bus cannot be opened" in done.stderr
    assert bench.rig.levels == LOCK
    assert bench.rig.switched_at("c1", False, since) - bench.rig.switched_at("pre-ac", False, since) >= 0.25
    assert bench.rig.switched_at("d1", False, since) - since < 3.0 + ROOM_S


def test_make_safe_with_one_output_out_of_reach_switches_the_others(bench: Bench) -> None:
    energise(bench, Output(0x7F))
    bench.rig.broken.add("c2")
    done = bench.make_safe()
    assert done.returncode == 1
    assert "c2 cannot be opened" in done.stderr
    assert bench.rig.levels == LOCK | Output.C2
