"""A charge by hand, a stop and a `manager` that dies: what goes on afterwards, and what never does."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from tests.support.restarts import VOLTS_V, Restarts
from v2h.manager import suspects

CHARGE = {"mode": "charge", "amps": 10, "soc_limit_pct": 80}
FULL_W = pytest.approx(10 * VOLTS_V)
IN_SIX_HOURS = "2026-11-23T02:00:00+00:00"


@pytest.fixture
def world(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Restarts:
    return Restarts(tmp_path, monkeypatch)


def restart(world: Restarts) -> None:
    world.kill()
    world.settled_w(2)
    world.start()


@pytest.mark.slow
def test_without_an_order_the_schedule_discharges_the_car(world: Restarts) -> None:
    """Without this, the tests below would prove nothing."""
    assert world.settled_w(80) < -900


def test_a_charge_goes_on_after_a_crash_with_its_limit(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE)
    assert world.settled_w() == FULL_W
    for _ in range(3):
        restart(world)
        assert min(world.run(30)) >= 0.0
        assert world.settled_w() == FULL_W
        assert "until 80 %" in world.why()
        assert "order-goes-on" in world.codes()
    world.soc_pct = 80.0
    world.settled_w()
    assert not world.order_file.exists(), "the charge is done"
    world.soc_pct = 60.0
    restart(world)
    assert world.settled_w(80) < -900


def test_a_charge_ends_at_its_time_also_after_a_crash(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE, until=IN_SIX_HOURS)
    restart(world)
    assert world.settled_w() == FULL_W
    assert "until Mon 02:00" in world.why()
    world.pass_time(5.9)
    assert world.settled_w() == FULL_W
    world.pass_time(0.1)
    assert world.settled_w(80) < -900
    assert "mode-ended" in world.codes()
    assert not world.order_file.exists()


def test_a_charge_whose_time_passed_meanwhile_is_over(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE, until=IN_SIX_HOURS)
    world.kill()
    world.pass_time(6)
    world.start()
    assert world.settled_w(80) < -900
    assert "mode-ended" in world.codes()
    assert not world.order_file.exists()


def test_a_charge_with_an_end_goes_on_after_a_reboot(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE, until=IN_SIX_HOURS)
    world.reboot(timedelta(hours=1), clock_is_right=True)
    assert world.settled_w() == FULL_W
    world.pass_time(4.9)
    assert world.settled_w() == FULL_W
    world.pass_time(0.1)
    assert world.settled_w(80) < -900


def test_a_reboot_without_a_clock_waits_for_it(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE, until=IN_SIX_HOURS)
    world.reboot(timedelta(hours=1), clock_is_right=False)
    assert set(world.run(80)) == {0.0}
    assert "goes on when the time of day is known" in world.why()
    assert world.codes().count("order-waits") == 1
    restart(world)
    assert set(world.run(10)) == {0.0}
    world.clock_is_right = True
    assert world.settled_w() == FULL_W


def test_a_reboot_without_a_clock_beyond_the_end_leaves_it_to_the_schedule(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE, until=IN_SIX_HOURS)
    world.reboot(timedelta(hours=9), clock_is_right=False)
    assert set(world.run(10)) == {0.0}
    world.clock_is_right = True
    assert world.settled_w(80) < -900


@pytest.mark.slow
@pytest.mark.parametrize("chosen", [("resume", {}), ("mode", {"mode": "v2h"})])
def test_a_charge_without_an_end_is_lost_in_a_reboot_and_nothing_starts_until_a_person_chooses(
    world: Restarts, chosen: tuple[str, dict[str, str]]
) -> None:
    assert world.ask("mode", **CHARGE)
    world.reboot(timedelta(minutes=1), clock_is_right=True)
    for _ in range(2):
        assert set(world.run(80)) == {0.0}
        assert "was lost in a restart. Choose a mode" in world.why()
        restart(world)
    assert world.ask(chosen[0], **chosen[1])
    assert world.settled_w(80) < -900
    restart(world)
    assert world.settled_w(80) < -900


@pytest.mark.slow
@pytest.mark.parametrize(
    "text", ["", "[]", "{half", "{}", '{"mode": "discharge"}', '{"mode": "charge", "boot": "boot-1", "t": 1e999}', "\0"]
)
def test_a_file_that_cannot_be_read_is_a_lost_order(world: Restarts, text: str) -> None:
    assert world.ask("mode", **CHARGE)
    world.kill()
    world.order_file.write_text(text)
    for _ in range(2):
        world.start()
        assert set(world.run(80)) == {0.0}
        assert "was lost in a restart. Choose a mode" in world.why()
        world.kill()
    world.start()
    assert world.ask("mode", **CHARGE)
    restart(world)
    assert world.settled_w() == FULL_W


@pytest.mark.parametrize(
    "last", [{"mode": "discharge", "amps": 5}, {"mode": "v2h"}, {"mode": "solar"}, {"mode": "idle"}]
)
def test_another_choice_erases_the_charge(world: Restarts, last: dict[str, str | int]) -> None:
    assert world.ask("mode", **CHARGE)
    assert world.order_file.exists()
    assert world.ask("mode", **last)
    assert not world.order_file.exists()


def test_a_stop_erases_the_charge(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE)
    assert world.ask("stop")
    assert not world.order_file.exists()
    for _ in range(2):
        restart(world)
        assert set(world.run(80)) == {0.0}


@pytest.mark.slow
@pytest.mark.parametrize("by_hand", [True, False])
def test_a_stop_while_manager_was_away_is_kept(world: Restarts, by_hand: bool) -> None:
    """Only `charger` got it, and it would start again with the next order number."""
    if by_hand:
        assert world.ask("mode", **CHARGE)
    assert abs(world.settled_w(80)) > 900
    world.kill()
    world.settled_w(1)
    world.ask("stop")
    for _ in range(2):
        world.start()
        assert set(world.run(80)) == {0.0}
        assert world.why().startswith("Stopped by you")
        world.kill()
    assert world.charger.starts == 1, "not even at 0 A"
    world.start()
    assert world.ask("resume")
    restart(world)
    assert world.settled_w(80) < -900, "a stop before the last choice of the owner is an old one"


def test_a_stop_wins_over_a_charge_that_was_written_but_not_yet_carried_out(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE)
    text = world.order_file.read_text()
    assert world.ask("stop")
    world.kill()
    world.order_file.write_text(text)
    world.start()
    assert set(world.run(80)) == {0.0}
    assert not world.order_file.exists()


def test_a_charge_that_cannot_be_written_runs_and_says_so(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE, until=IN_SIX_HOURS)
    world.card_is_full = True
    assert world.ask("mode", mode="charge", amps=5)
    assert world.settled_w() == pytest.approx(5 * VOLTS_V)
    assert world.program is not None
    assert [text for code, text in world.program.events() if code == "command"][-1].endswith(
        "could not be written to the card (No space left on device): until it can be, a restart forgets it."
    )
    assert not world.order_file.exists(), "a restart must not go on with the order before"
    world.card_is_full = False
    world.settled_w(11)
    restart(world)
    assert world.settled_w() == pytest.approx(5 * VOLTS_V)


def test_a_charge_that_has_nothing_to_do_after_a_restart_leaves_the_stop(world: Restarts) -> None:
    assert world.ask("stop")
    world.settled_w(2)
    assert world.ask("mode", mode="charge", soc_limit_pct=50), "the car at rest does not report its 60 %"
    restart(world)
    assert set(world.run(80)) == {0.0}
    assert "Nothing to do: the car has 60 % already" in world.why()
    restart(world)
    assert set(world.run(80)) == {0.0}


def test_a_charge_with_which_manager_died_three_times_is_set_aside(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE)
    for _ in range(3):
        suspects.note_death(world.data, "boot-1", world.now)
    assert suspects.set_aside(world.data)["order.json"].startswith("order.json")
    assert not world.order_file.exists()


def test_an_order_is_written_once(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE)
    written = world.order_file.stat().st_mtime_ns
    world.settled_w(60)
    restart(world)
    world.settled_w(60)
    assert world.order_file.stat().st_mtime_ns == written
    assert json.loads(world.order_file.read_text())["mode"] == "charge"


def test_an_orderly_end_keeps_the_charge(world: Restarts) -> None:
    assert world.ask("mode", **CHARGE)
    assert world.program is not None
    assert world.program.terminate()
    world.kill()
    world.start()
    assert world.settled_w() == FULL_W
