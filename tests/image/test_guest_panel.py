"""The panel of the emulated board: its keyboard's F1 (on/off) and F2 (boost), and the read-back of the LED registers.

tests/unit tests what a press means. Here the whole path is real: keyboard, evdev, bus, `charger`, I2C, chip.
"""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import SLOWEST, Owner
from tests.support.machine import AT_LENGTH
from tests.support.truth import rig

ON_OFF, BOOST = "f1", "f2"
LOW, HIGH_Z, SLOW_BLINK, FAST_BLINK = range(4)
WHITE, BLUE, GREEN, RED = ([HIGH_Z if lit == lamp else LOW for lamp in range(4)] for lit in range(4))
"""A lamp of the logo is lit when its pin is high-Z, a segment of a bar when its pin is low."""
PAIRING = [SLOW_BLINK, LOW, LOW, LOW]
NO_BAR = [HIGH_Z] * 4
HALF_FROM_THE_FIRST, HALF_FROM_THE_LAST = [LOW, LOW, HIGH_Z, HIGH_Z], [HIGH_Z, HIGH_Z, LOW, LOW]
"""Codes of a bar's four segments: charging fills the bar from one end, discharging from the other."""
BROKER_GONE_S, STOP_S = 75, 30
READ = """
from smbus2 import SMBus, i2c_msg
with SMBus(2) as bus:
    ask, answer = i2c_msg.write(0x60, [0x16]), i2c_msg.read(0x60, 4)
    bus.i2c_rdwr(ask, answer)
    print([[byte >> 2 * n & 3 for n in range(4)] for byte in answer])
"""


@pytest.fixture
def owner(remade: Guest) -> Iterator[Owner]:
    person = Owner(remade)
    rig(remade, load_w="3000")
    person.to_idle()
    yield person
    rig(remade, pre_silent="false", load_w="trace")
    person.to_idle()


def lamps(guest: Guest) -> tuple[list[int], list[int], list[int], list[int]]:
    """Return the codes of the outputs: power bar, (unused, unused, boost, on/off), SoC bar, logo."""
    power, buttons, soc, logo = json.loads(guest.out(f"python3 -c '{READ}'"))
    return power, buttons, soc, logo


def shows(
    guest: Guest, logo: list[int], power: Callable[[list[int]], bool] = lambda _: True, within_s: int = 20
) -> None:
    """Wait until the lamps show `logo` and `power` is true for the power bar."""
    deadline = time.monotonic() + SLOWEST * within_s
    while not ((seen := lamps(guest))[3] == logo and power(seen[0])):
        assert time.monotonic() < deadline, f"{seen}, not {logo}"
        time.sleep(1)


def wait_for_open(guest: Guest, within_s: float) -> float:
    """Wait until the rig reports open contactors and an unlocked plug; return the seconds on the board's clock."""
    begin = now = rig(guest)["t"]
    while (truth := rig(guest))["outputs"]:
        now = truth["t"]
        assert now - begin < within_s, truth
        guest.sleep(0.5)
    assert truth["violations"] == [] and not truth["locked"]
    return float(now - begin)


def test_lamps_and_keys_through_a_session_and_a_fault(remade: Guest, owner: Owner) -> None:
    remade.keys(ON_OFF, hold_s=1.5)  # too long to start, too short to clear: it only wakes a dark panel
    shows(remade, WHITE, lambda bar: bar == NO_BAR)

    rig(remade, soc="60")  # the tests before may have discharged it
    remade.keys(ON_OFF)
    owner.wait_for_session("energy", 60)
    shows(remade, GREEN, lambda bar: bar == HALF_FROM_THE_LAST)
    _, buttons, soc, _ = lamps(remade)
    assert soc == HALF_FROM_THE_FIRST, "60 %"
    assert buttons[2:] == [LOW, HIGH_Z], "boost is dark, on/off is lit"

    remade.keys(BOOST)
    shows(remade, BLUE, lambda bar: bar[0] == LOW and bar[1] == LOW)
    assert lamps(remade)[1][2:] == [HIGH_Z, HIGH_Z], "boost is lit"
    remade.keys(BOOST)
    shows(remade, GREEN, lambda bar: bar == HALF_FROM_THE_LAST)

    rig(remade, pre_silent="true")
    owner.wait_for_session("fault", 30)
    shows(remade, RED, lambda bar: bar == NO_BAR)
    rig(remade, pre_silent="false", cable_v="0")
    remade.sleep(6)  # the cable empties, and is seen empty for a second: before that a fault is not cleared
    remade.keys(ON_OFF, hold_s=4)
    owner.wait_for_session("idle", 60)
    shows(remade, WHITE)
    assert rig(remade)["outputs"] == []


def test_both_keys_held_open_the_pairing_window_and_start_nothing(remade: Guest, owner: Owner) -> None:
    remade.keys(ON_OFF, BOOST, hold_s=6)
    shows(remade, PAIRING)
    assert owner.charger()["state"] == "idle" and rig(remade)["outputs"] == []


HUNG = [("manager", "v2h.programs.manager", STOP_S), ("broker", "/usr/sbin/mosquitto", BROKER_GONE_S)]
"""The broker's outage takes longest. CI has it in the tree on this machine: tests/tree/test_stop_in_outage.py."""


@pytest.mark.parametrize(("stopped", "pattern", "within_s"), HUNG if AT_LENGTH else HUNG[:1])
def test_on_off_ends_the_session_though_this_program_hangs(
    remade: Guest, owner: Owner, stopped: str, pattern: str, within_s: float
) -> None:
    """Without a broker `charger` would also end the session by itself after 60 s, and `manager` would start the next
    one a minute later. `stopped_by_owner` of `manager` shows that the press was taken: the stop is repeated until the
    hung program is back."""
    owner.start_energy("v2h")
    pid = remade.out(f"pgrep -f -o '{pattern}'")
    remade.out(f"kill -STOP {pid}")
    remade.keys(ON_OFF)
    took_s = wait_for_open(remade, within_s)
    print(f"\n{stopped} stopped, then on/off: contactors open and plug unlocked after {took_s:.1f} s")
    remade.sh(f"kill -9 {pid}")  # pulse may already have killed it
    killed_t = rig(remade)["t"]

    def stop_is_known(state: dict[str, Any]) -> bool:
        told_t = min(state["manager"]["t"], state["charger"]["t"])
        return told_t > killed_t and state["manager"]["stopped_by_owner"] is True

    back = owner.wait(stop_is_known, 60, f"{stopped} is back on the bus and the stop is known")
    assert (back["charger"]["state"], back["manager"]["mode"]) == ("idle", "idle")
    assert remade.out(f"pgrep -f -o '{pattern}'") != pid
