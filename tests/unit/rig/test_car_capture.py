"""The rig's car gets the charger's frames of capture CAP1 and does what the recorded Leaf did, at the same times."""

import pytest

from tests.support.recorded import LEAF_SESSION, needs_leaf_session
from v2h.canframe import CAR_BUS, Frame
from v2h.capture.formats import read_capture
from v2h.chademo.frames import CAR_IDS, EVSE_IDS
from v2h.rig.battery import Battery
from v2h.rig.cable import Circuit
from v2h.rig.ev import Car

pytestmark = needs_leaf_session

WAKE_T = -0.1
"""d1 is not in the capture; the first frame comes 0.1 s after it."""
D2_T = 15.93
"""d2 is not in the capture either: the time is inferred from the contactors, which follow 1.3 s later."""
D2_OFF_T = 66.95
D1_OFF_T = 67.45


def replayed() -> tuple[list[Frame], list[Frame], Car]:
    """(recorded, modelled) frames of the car; times count from the first recorded one. The third value is the car."""
    frames = sorted(f for f in read_capture(LEAF_SESSION).frames if f.bus == CAR_BUS)
    start = next(f.t for f in frames if f.can_id == 0x100)
    recorded = [f._replace(t=f.t - start) for f in frames if f.can_id in CAR_IDS]
    evse = [f._replace(t=f.t - start) for f in frames if f.can_id in EVSE_IDS]
    circuit = Circuit(Battery(86.0))
    car = Car(circuit)
    modelled: list[Frame] = []
    car.set_lines(WAKE_T, True, False)
    lines = [(D2_T, True, True), (D2_OFF_T, True, False), (D1_OFF_T, False, False)]
    now, at = WAKE_T, 0
    while now < 68.5:
        now = round(now + 0.005, 3)
        while lines and lines[0][0] <= now:
            _, d1, d2 = lines.pop(0)
            car.set_lines(now, d1, d2)
        while at < len(evse) and evse[at].t <= now:
            frame = evse[at]
            car.evse_frame(now, frame.can_id, frame.data)
            if frame.can_id == 0x109:
                # the circuit is not modelled here: its values are those that the recorded charger measured
                circuit.cable_v = float(frame.data[1] | frame.data[2] << 8)
                circuit.battery_a = float(frame.data[3])
            at += 1
        car.step(now)
        modelled += [Frame(now, can_id, data) for can_id, data in car.frames_due(now)]
    return recorded, modelled, car


def changes(frames: list[Frame], can_id: int) -> list[Frame]:
    """The frames of one identifier whose data differs from the frame before."""
    mine = [f for f in frames if f.can_id == can_id]
    return [f for n, f in enumerate(mine) if n == 0 or f.data != mine[n - 1].data]


def test_every_change_of_every_frame_is_the_recorded_one() -> None:
    recorded, modelled, car = replayed()
    for can_id in (0x100, 0x101, 0x102, 0x200):
        was, now = changes(recorded, can_id), changes(modelled, can_id)
        assert [f.data.hex(" ") for f in now] == [f.data.hex(" ") for f in was]
        late_s = [b.t - a.t for a, b in zip(was, now, strict=True)]
        assert max(map(abs, late_s)) < 0.12, f"0x{can_id:03x}: {late_s}"
    assert car.faults == {}
    assert car.circuit.violations == []


@pytest.mark.slow
def test_as_many_frames_at_the_recorded_pace() -> None:
    recorded, modelled, _ = replayed()
    for can_id in (0x100, 0x101, 0x102, 0x200):
        was = [f.t for f in recorded if f.can_id == can_id]
        now = [f.t for f in modelled if f.can_id == can_id]
        assert abs(len(was) - len(now)) <= 2
        assert max(abs(a - b) for a, b in zip(was, now, strict=False)) < 0.03
