"""A kernel panic resets the board at once, with the card's own settings. The board is booted only for this test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.guest import Guest
from tests.support.machine import BOOT_S
from tests.support.safetypage import limit

SPIN = "(while :; do :; done) >/dev/null 2>&1 &"


@pytest.fixture
def bare(build: Path) -> Iterator[Guest]:
    """A board that starts only a shell, which takes half the time."""
    with Guest(build / "guest" / "bare" / "run", extra=("--init", "/bin/bash")) as booted:
        booted.wait_for_shell(BOOT_S)
        yield booted


@pytest.mark.guest
@pytest.mark.timeout(2 * BOOT_S)
def test_a_panic_resets_the_board_at_once(bare: Guest) -> None:
    bare.out("/usr/lib/systemd/systemd-sysctl /etc/sysctl.d/v2h.conf")
    bare.out(SPIN)
    took_s = bare.seconds_to_reset("echo c >/proc/sysrq-trigger", BOOT_S)
    assert "Kernel panic - not syncing" in bare.last_words()
    print(f"\n{took_s:.3f} s of the board from the order to panic to the last look before the reset")
    # Nearly all of the limit is for this machine, which may type late: the reset itself takes less than 0.1 s.
    assert took_s <= limit("kernel-stops", "panic to reset")
