"""The doors of the simulated CCS car, as far as they need no network namespace."""

import fcntl
import os
import stat
import struct
import termios
from functools import partial
from pathlib import Path

import pytest

from v2h.ccs.messages import DIN
from v2h.drivers.pilotbox import BAUD
from v2h.ports.serialport import open_serial
from v2h.rig.ccs.car import CcsCar
from v2h.rig.ccs.evcc import PAUSE_S, Evcc
from v2h.rig.ccs.line import Pty
from v2h.rig.control import apply
from v2h.rig.plant import Plant

TIOCGEXCL = 0x8004_5440
"""asm-generic/ioctls.h: 1 after TIOCEXCL."""


def test_a_simulated_serial_line_can_be_opened_by_the_user_of_each_program() -> None:
    """On the emulated board the rig is root, and `ccs` and `charger` have their own users."""
    pty = Pty()
    try:
        assert stat.S_IMODE(Path(pty.path).stat().st_mode) == 0o666
        port = open_serial(f"serial:{pty.path}", BAUD)
        try:
            port.write(b"C 1 off*2C\n")
            termios.tcdrain(port.fileno())
            assert pty.read() == b"C 1 off*2C\n"
        finally:
            port.close()
    finally:
        pty.close()


def test_a_line_can_be_opened_again_after_the_program_that_claimed_it_was_killed() -> None:
    pty = Pty()
    try:
        port = open_serial(f"serial:{pty.path}", BAUD)
        assert claimed(port.fileno())
        port.close()
        node = os.open(pty.path, os.O_RDWR | os.O_NOCTTY)
        try:
            assert claimed(node), "the kernel keeps the claim while the rig holds the near end"
            pty.free()
            assert not claimed(node)
        finally:
            os.close(node)
    finally:
        pty.close()


def claimed(fileno: int) -> bool:
    return bool(struct.unpack("i", fcntl.ioctl(fileno, TIOCGEXCL, bytes(4)))[0])


def answered(evcc: Evcc, asked_t: float, answered_t: float) -> None:
    assert evcc.request(asked_t) is not None
    evcc.take(answered_t, {"ResponseCode": "OK"})


def test_the_car_pauses_after_each_answer_or_asks_in_a_rhythm() -> None:
    plant = Plant(car=partial(CcsCar, dialect=DIN))
    assert isinstance(plant.car, CcsCar)
    plant.car.connect()
    evcc = plant.car.evcc
    assert isinstance(evcc, Evcc)
    answered(evcc, 10.0, 10.0625)
    assert evcc.request(10.0625 + PAUSE_S - 0.001) is None
    apply(plant, "ccs_rhythm_s", "0.125")
    answered(evcc, 11.0, 11.0625)
    assert evcc.request(11.124) is None
    assert evcc.request(11.125) is not None


def test_a_rhythm_needs_a_session_of_this_car() -> None:
    with pytest.raises(ValueError, match="ccs_rhythm_s: no session of this car runs"):
        apply(Plant(car=partial(CcsCar, dialect=DIN)), "ccs_rhythm_s", "0.1")
    with pytest.raises(ValueError, match="ccs_rhythm_s: no session of this car runs"):
        apply(Plant(car=partial(CcsCar, dialect=None)), "ccs_rhythm_s", "0.1")
