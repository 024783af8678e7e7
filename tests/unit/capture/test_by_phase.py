"""The car of a capture follows the charger's signals: driven here by hand, with what it sends read back."""

from pathlib import Path

import pytest

from v2h.canframe import CAR_BUS, Frame
from v2h.capture.by_phase import ByPhase
from v2h.capture.formats import read_capture
from v2h.capture.phases import Phase, begins_in_the_middle, phases, sessions
from v2h.capture.surroundings import STEP_S
from v2h.chademo.frames import X102, X108, X109, CarFrame, EvseFrame, decode, encode
from v2h.safety.outputs import Output

ELSEWHERE = read_capture(Path(__file__).parents[2] / "data" / "captures" / "charge_elsewhere.log").frames
D1, D1_D2 = Output.D1, Output.D1 | Output.D2
BATTERY_V = 380


class Hand:
    """Somebody who switches d1 and d2, shows 0x109 and 0x108, and reads the car's 0x102."""

    def __init__(self, capture: list[Frame] = ELSEWHERE) -> None:
        self.car = ByPhase(capture)
        self.steps = 0
        self.said: list[X102] = []

    def show(self, *shown: EvseFrame) -> None:
        for frame in shown:
            self.car.hear(*encode(frame))

    def run(self, seconds: float, outputs: Output) -> list[Frame]:
        self.car.obey(outputs, self.steps * STEP_S)
        sent = []
        for _ in range(round(seconds / STEP_S)):
            sent += self.car.step(self.steps * STEP_S)
            self.steps += 1
        self.said = [said for f in sent if isinstance(said := decode(f.can_id, f.data), X102)]
        return sent

    def run_to_flow(self) -> None:
        self.run(4, D1)
        self.run(2, D1_D2)
        self.show(X108(available_a=10), X109(present_v=BATTERY_V, connector_locked=True))
        self.run(2, D1_D2)
        self.show(X109(present_v=BATTERY_V, connector_locked=True, charging=True, stop_control=False))
        self.run(2, D1_D2)
        assert self.car.phase is Phase.FLOW

    def stop(self) -> None:
        self.show(X109(present_v=BATTERY_V, connector_locked=True, charging=True, stop_control=True))


def test_it_sleeps_without_d1_and_waits_for_d2() -> None:
    hand = Hand()
    assert hand.run(5, Output(0)) == []
    hand.run(4, D1)
    assert hand.car.phase is Phase.PERMITTED and hand.car.k_on and hand.said[-1].charging_enabled
    sent = hand.run(30, D1)
    assert hand.car.phase is Phase.PERMITTED and not hand.car.circuit.car_closed
    assert len(sent) == pytest.approx(30 * 5 * 10, rel=0.02), "five ids, ten times a second"


def test_it_closes_a_while_after_d2_and_only_onto_an_empty_cable() -> None:
    hand = Hand()
    hand.run(4, D1)
    hand.run(1.25, D1_D2)
    assert not hand.car.circuit.car_closed and hand.said[-1].contactors_open
    hand.run(0.3, D1_D2)
    assert hand.car.circuit.car_closed and not hand.said[-1].contactors_open
    live = Hand()
    live.run(4, D1)
    live.car.circuit.cable_v, live.car.circuit.holds = 100.0, True
    live.run(4, D1_D2)
    assert not live.car.circuit.car_closed


def test_it_asks_when_0x109_shows_its_battery_and_never_for_more_than_is_offered() -> None:
    hand = Hand()
    hand.run(4, D1)
    hand.run(6, D1_D2)
    assert hand.car.phase is Phase.CLOSED and hand.said[-1].charge_current_request_a == 0
    hand.show(X108(available_a=10), X109(present_v=BATTERY_V))
    hand.run(2, D1_D2)
    assert hand.said[-1].charge_current_request_a == 10, "14 A in the capture"


@pytest.mark.parametrize("ends_s", [99.0, 20.0])
def test_it_stops_when_109_5_asks_for_it_and_opens_when_the_current_is_small(ends_s: float) -> None:
    """Also where the capture contains no stop."""
    hand = Hand([frame for frame in ELSEWHERE if frame.t < ends_s])
    hand.run_to_flow()
    hand.stop()
    hand.run(0.3, D1_D2)
    assert not hand.said[-1].charging_enabled and not hand.car.k_on
    assert hand.said[-1].charge_current_request_a == 0
    hand.run(1.4, D1_D2)
    assert hand.car.circuit.car_closed and not hand.said[-1].contactors_open
    hand.run(0.5, D1_D2)
    assert not hand.car.circuit.car_closed and not hand.said[-1].contactors_open, "welding detection comes first"
    hand.run(1.2, D1_D2)
    assert hand.said[-1].contactors_open
    assert hand.run(1, D1_D2) != []
    hand.run(0.3, Output(0))
    assert hand.run(1, Output(0)) == []


def test_it_stops_at_a_fault_of_the_charger() -> None:
    hand = Hand()
    hand.run(4, D1)
    hand.show(X109(system_malfunction=True))
    hand.run(0.4, D1)
    assert hand.car.phase is Phase.STOP and not hand.said[-1].charging_enabled


@pytest.mark.parametrize("protocol", [1, 2])
def test_a_phase_may_be_too_short_for_a_frame_of_its_own(protocol: int) -> None:
    """Two old conversions permit, close and ask within 0.1 s."""
    said = [X102(protocol=protocol, contactors_open=protocol > 1)] * 30
    said += [X102(protocol=protocol, contactors_open=protocol > 1, charging_enabled=True)] * (protocol - 1)
    said += [X102(protocol=protocol, charging_enabled=True, charge_current_request_a=5)] * 30
    hand = Hand([Frame(n / 10, *encode(x102), CAR_BUS) for n, x102 in enumerate(said)])
    hand.run(5, D1)
    assert hand.car.phase is Phase.PERMITTED and hand.said[-1].charging_enabled
    assert hand.said[-1].contactors_open is (protocol > 1)
    hand.run(3, D1_D2)
    assert hand.car.phase is Phase.CLOSED and not hand.said[-1].contactors_open
    assert hand.said[-1].charge_current_request_a == 0


def test_d2_holds_its_contactors() -> None:
    hand = Hand()
    hand.run_to_flow()
    hand.run(0.02, D1)
    assert not hand.car.circuit.car_closed


def test_it_goes_on_to_its_own_stop_as_recorded() -> None:
    hand = Hand()
    hand.run_to_flow()
    hand.run(9, D1_D2)
    assert hand.car.phase is Phase.FLOW
    hand.run(3, D1_D2)
    assert hand.car.phase is Phase.STOP and not hand.car.over


def test_a_battery_voltage_is_that_of_the_first_current() -> None:
    """Before the current flows a charger may show its own output."""
    shown = [
        f._replace(data=bytes((*f.data[:1], 0xA0, *f.data[2:]))) if f.can_id == 0x109 and f.t < 13.3 else f
        for f in ELSEWHERE
    ]
    assert phases(shown).battery_v == BATTERY_V
    assert phases([f for f in ELSEWHERE if f.can_id != 0x109]).battery_v is None


def first_frames(car: CarFrame, *evse: EvseFrame) -> list[Frame]:
    return [Frame(0.1 * n, *encode(frame), CAR_BUS) for n, frame in enumerate((car, *evse))]


@pytest.mark.parametrize(
    ("frames", "middle"),
    [
        (first_frames(X102(contactors_open=True)), False),
        (first_frames(X102(charging_enabled=True, contactors_open=True)), False),
        (first_frames(X102(charging_enabled=True, contactors_open=False)), True),
        (first_frames(X102(protocol=1, charging_enabled=True), X109(present_v=0)), False),
        (first_frames(X102(protocol=1, charging_enabled=True), X109(present_v=380)), True),
        (first_frames(X102(protocol=1, charging_enabled=True), X109(charging=True)), True),
        (first_frames(X102(protocol=1, charging_enabled=True, charge_current_request_a=20)), True),
        (first_frames(X102(protocol=1, charging_enabled=True, charge_current_request_a=1)), False),
    ],
)
def test_a_capture_begins_in_the_middle(frames: list[Frame], middle: bool) -> None:
    assert begins_in_the_middle(frames) is middle


def test_a_car_that_wakes_up_again_begins_another_session() -> None:
    later = [frame._replace(t=frame.t + 60.0) for frame in ELSEWHERE]
    first, second = sessions(ELSEWHERE + later)
    assert [frame.data for frame in first] == [frame.data for frame in second] == [frame.data for frame in ELSEWHERE]
    assert second[0].t == 0.0
    assert sessions(ELSEWHERE) == [ELSEWHERE]
