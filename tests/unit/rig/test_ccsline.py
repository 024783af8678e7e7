"""The doors of the simulated CCS car, as far as they need no network namespace."""

import stat
from collections.abc import Iterator
from contextlib import closing
from functools import partial
from pathlib import Path

import pytest

from v2h.ccs.messages import DIN
from v2h.drivers.pilotbox import BAUD
from v2h.ports.serialport import SerialPort, open_serial
from v2h.rig.ccs.car import CcsCar
from v2h.rig.ccs.evcc import PAUSE_S, Evcc
from v2h.rig.ccs.serialline import SerialLine
from v2h.rig.control import apply
from v2h.rig.plant import Plant
from v2h.rig.server import Loop


@pytest.fixture
def loop() -> Loop:
    return Loop()


@pytest.fixture
def line(tmp_path: Path, loop: Loop) -> Iterator[SerialLine]:
    """A line of the rig, whose far end repeats what it hears."""

    def heard() -> None:
        made.write(made.read())

    made = SerialLine(tmp_path / "line.sock", loop.watch, heard)
    yield made
    made.close()


def opened(line: SerialLine, loop: Loop) -> SerialPort:
    port = open_serial(f"rig:{line.path}?unit=3", BAUD)
    loop.wait(0)
    return port


def test_a_simulated_serial_line_can_be_opened_by_the_user_of_each_program(line: SerialLine, loop: Loop) -> None:
    """On the emulated board the rig is root, and `ccs` and `charger` have their own users."""
    assert stat.S_IMODE(line.path.stat().st_mode) == 0o666
    with closing(opened(line, loop)) as port:
        assert port.read() == b""
        port.write(b"C 1 off*2C\n")
        loop.wait(0)
        assert port.read() == b"C 1 off*2C\n"


def test_a_program_that_starts_again_takes_the_line(line: SerialLine, loop: Loop) -> None:
    with closing(opened(line, loop)) as before, closing(opened(line, loop)) as after:
        with pytest.raises(OSError, match="the rig has closed the line"):
            before.read()
        after.write(b"x")
        loop.wait(0)
        assert after.read() == b"x"


def test_what_is_said_while_no_program_is_there_is_lost(line: SerialLine, loop: Loop) -> None:
    line.write(b"nobody hears this")
    opened(line, loop).close()
    loop.wait(0)
    assert line.read() == b""
    with closing(opened(line, loop)) as port:
        assert port.read() == b""


def test_without_the_rig_there_is_no_line(tmp_path: Path) -> None:
    with pytest.raises(OSError, match="No such file"):
        open_serial(f"rig:{tmp_path / 'line.sock'}", BAUD)


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
