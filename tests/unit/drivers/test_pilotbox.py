"""The pilot box at the far end of a pseudo-terminal."""

import os
import re
import tty
from collections.abc import Iterator

import pytest

from v2h.ccs.pilot import Order, checksum
from v2h.ccs.record import Pilot
from v2h.drivers.pilotbox import LONGEST_B, PilotBox


def line(count: int, body: str) -> bytes:
    text = f"P {count} {body}".encode()
    return text + f"*{checksum(text):02X}\n".encode()


B, C = "B 9000 -12000 50 0 0", "C 6000 -12000 50 1 0"


@pytest.fixture
def ends() -> Iterator[tuple[int, PilotBox]]:
    far, near = os.openpty()
    tty.setraw(near)
    box = PilotBox(f"serial:{os.ttyname(near)}")
    yield far, box
    box.close()
    os.close(near)
    os.close(far)


def test_it_reads_lines_in_pieces_and_says_the_state(ends: tuple[int, PilotBox]) -> None:
    far, box = ends
    assert box.pilot(10.0) is Pilot.UNKNOWN
    whole = line(1, B) + line(2, C)
    os.write(far, whole[:30])
    box.read(10.0)
    os.write(far, whole[30:])
    box.read(10.05)
    assert box.last is not None and box.last.count == 2 and box.bad == 0
    assert box.pilot(10.05) is Pilot.B, "C counts after it has lasted"
    os.write(far, line(3, C))
    box.read(10.2)
    assert box.pilot(10.2) is Pilot.C
    assert box.pilot(10.6) is Pilot.UNKNOWN, "the box is silent"


def test_noise_is_counted_and_dropped(ends: tuple[int, PilotBox]) -> None:
    far, box = ends
    os.write(far, b"P 1 B 9000\n" + line(2, B))
    box.read(10.0)
    assert box.bad == 1 and "no line of the pilot box" in box.why_bad and box.pilot(10.0) is Pilot.B
    os.write(far, b"x" * (LONGEST_B + 1))
    box.read(10.05)
    os.write(far, line(3, B))
    box.read(10.1)
    assert box.last is not None and box.last.count == 3, "noise without an end is not put before the next line"


def test_orders_are_counted(ends: tuple[int, PilotBox]) -> None:
    far, box = ends
    for count, order in ((1, b"off"), (2, b"pwm")):
        box.send(Order(order.decode()))
        # The kernel hands lines over in the background, so one read need not bring two of them.
        assert re.fullmatch(rb"C %d %s\*[0-9A-F]{2}\n" % (count, order), os.read(far, 100))


def test_one_process_holds_the_line(ends: tuple[int, PilotBox]) -> None:
    _, box = ends
    if os.geteuid() == 0:
        pytest.skip("the kernel lets root open a line that another process holds")
    with pytest.raises(OSError, match="busy"):
        PilotBox(f"serial:{os.ttyname(box.fileno())}")
