"""The time line of make-safe, step by step, for converters that obey, that do not obey, or that are absent."""

import itertools
import math
from collections.abc import Callable

import pytest

from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.safety.converter_monitor import ConverterMonitor
from v2h.safety.makesafe import FROM_SIGNALS, MakeSafe
from v2h.safety.outputs import CONTACTORS, NONE, Output

ENERGY = Output(0x7F)
ZERO, DISABLE = pre.write_amps(0.0), pre.write_enable(False)


class Run:
    """Steps a MakeSafe every 20 ms with a converter and outputs that obey, and notes when each output went off."""

    def __init__(
        self, amps: Callable[[float], float] | None, *, obeys: bool = True, outputs: Output = ENERGY, row: int = 0
    ) -> None:
        self.amps, self.obeys = amps, obeys
        self.outputs, self.heard, self.set_a = outputs, ConverterMonitor(), 14.0
        self.fell: dict[str, float] = {}
        self.sent: list[tuple[float, bytes]] = []
        self.done_t = math.inf
        self.safe = MakeSafe(100.0, row)
        self.stuck = NONE
        self.before: Callable[[float], None] = lambda t: None

    def answer(self, now: float, request: bytes) -> None:
        if self.amps is None or Output.PRE_AC not in self.outputs:
            return
        if request == ZERO:
            self.set_a = 0.0 if self.obeys else self.set_a
            reply = pre.written_answer(pre.SET_AMPS.index, 0)
        elif request == DISABLE:
            reply = pre.written_answer(pre.ENABLE.index, 0)
        else:
            entry = pre.SET_AMPS if request == pre.read_amps_setpoint() else pre.AMPS
            value = self.set_a if entry is pre.SET_AMPS else self.amps(now - 100.0)
            reply = pre.read_answer(entry, round(value * 10).to_bytes(2, "little", signed=True))
        self.heard.hear(Frame(now + 0.0004, pre.ANSWER_ID, reply))

    def until(self, end: float) -> "Run":
        for tick in range(round(end / 0.02)):
            now = 100.0 + tick * 0.02
            self.before(now - 100.0)
            for part in range(8):  # the caller steps again after each answer of the converter
                answers = self.heard.answers
                step = self.safe.step(now + part * 0.001, self.outputs, self.heard)
                for output in step.off & ~self.stuck:
                    self.fell.setdefault(str(output.name), round(now + part * 0.001 - 100.0, 3))
                self.outputs &= ~(step.off & ~self.stuck)
                if step.done:
                    self.done_t = min(self.done_t, now - 100.0)
                if step.send is not None:
                    self.sent.append((now + part * 0.001 - 100.0, step.send))
                    self.answer(now + part * 0.001, step.send)
                if self.heard.answers == answers:
                    break
        return self


def falling(a: float) -> Callable[[float], float]:
    return lambda t: max(0.0, a - 50.0 * t)


def test_a_converter_that_obeys_is_let_go_at_5_a() -> None:
    run = Run(falling(14.0)).until(2.0)
    assert run.sent[0] == (0.0, ZERO), "0 A comes first, at once"
    assert 0.18 <= run.fell["C1"] <= 0.31
    assert run.fell["PRE_AC"] <= run.fell["C1"] == run.fell["C2"] < run.fell["D2"]
    assert run.fell["D1"] - run.fell["D2"] >= 0.5
    assert run.fell["MASTER"] == run.fell["D1"]
    assert run.outputs == Output.PLUG_LOCK


def test_discharge_counts_like_charge() -> None:
    run = Run(lambda t: -max(0.0, 14.0 - 50.0 * t)).until(0.16)
    assert run.fell == {}
    assert 0.18 <= run.until(0.4).fell["C1"] <= 0.31


def test_at_no_current_contactors_open_as_soon_as_that_is_known() -> None:
    """As soon as the dead time of our own 0 A is over: until then a reversal may pass through 0 A."""
    assert 0.2 < Run(lambda t: 0.0).until(0.5).fell["C1"] < 0.35, "with the next round's measurement"


@pytest.mark.parametrize("ordered_a", [9.0, 16.0, -16.0])
def test_a_reading_that_is_low_before_the_converter_can_be_is_not_believed(ordered_a: float) -> None:
    """A frozen 2108 of 0 A: after the dead time of 0.22 s the converter needs (order - 5 A) / 50 A/s."""
    run = Run(lambda t: 0.0)
    run.heard.hear(Frame(99.5, pre.REQUEST_ID, pre.write_amps(ordered_a)))
    possible_s = 0.22 + (abs(ordered_a) - 5.0) / 50.0
    assert possible_s <= run.until(1.0).fell["C1"] <= possible_s + 0.12


def test_who_has_not_heard_the_orders_believes_no_low_reading_before_15_a_can_have_fallen() -> None:
    run = Run(lambda t: 1.0)
    run.heard = ConverterMonitor.late()
    assert 0.42 <= run.until(1.0).fell["C1"] <= 0.42 + 0.12


def test_an_order_of_0_a_some_time_before_the_trip_costs_no_time() -> None:
    run = Run(lambda t: 0.0)
    for t, amps in ((99.0, 16.0), (99.5, 0.0)):
        run.heard.hear(Frame(t, pre.REQUEST_ID, pre.write_amps(amps)))
    assert run.until(1.0).fell["C1"] < 0.35


def test_an_order_that_crosses_our_first_0_a_is_replaced_by_the_next_one() -> None:
    """charger still wrote 14 A when guard tripped: the frame came 13 us after our own."""
    run = Run(falling(14.0))
    run.before = lambda t: (
        run.heard.hear(Frame(100.000013, pre.REQUEST_ID, pre.write_amps(14.0))) if t == pytest.approx(0.02) else None
    )
    assert 0.3 < run.until(1.0).fell["C1"] < 0.65


@pytest.mark.parametrize("converter", ["silent", "keeps its current"])
def test_a_converter_that_does_not_obey_loses_mains_at_0_8_and_contactors_at_1_1(converter: str) -> None:
    run = Run(None if converter == "silent" else (lambda t: 14.0), obeys=False).until(3.0)
    assert run.fell["PRE_AC"] == pytest.approx(0.8, abs=0.021)
    assert run.fell["C1"] == run.fell["C2"] == pytest.approx(1.1, abs=0.021)
    assert 1.15 <= run.fell["D2"] <= 1.2
    assert run.fell["D1"] - run.fell["D2"] >= 0.5
    assert run.done_t < 2.0
    assert run.outputs == Output.PLUG_LOCK


def test_a_small_current_with_another_setpoint_is_a_ramp_and_not_low() -> None:
    """4 A on the way up to 14 A must not open the contactors: the setpoint 0 A has to be read back."""
    assert Run(lambda t: 4.0, obeys=False).until(0.7).fell == {}


def test_what_was_measured_before_the_trip_proves_nothing() -> None:
    run = Run(None)
    for entry in (pre.AMPS, pre.SET_AMPS):
        run.heard.hear(Frame(99.99, pre.ANSWER_ID, pre.read_answer(entry, b"\0\0")))
    assert run.until(0.7).fell == {}


def test_a_current_measured_before_the_trip_proves_nothing_even_when_0_a_is_read_back_after_it() -> None:
    run = Run(None)
    run.safe.step(100.0, ENERGY, run.heard)
    run.heard.hear(Frame(99.99, pre.ANSWER_ID, pre.read_answer(pre.AMPS, b"\0\0")))
    run.heard.hear(Frame(100.01, pre.ANSWER_ID, pre.read_answer(pre.SET_AMPS, b"\0\0")))
    assert run.safe.step(100.02, ENERGY, run.heard).off == NONE
    run.heard.hear(Frame(100.21, pre.ANSWER_ID, pre.read_answer(pre.AMPS, b"\0\0")))
    assert run.safe.step(100.22, ENERGY, run.heard).off == NONE, "within its dead time it may pass through 0 A"
    run.heard.hear(Frame(100.23, pre.ANSWER_ID, pre.read_answer(pre.AMPS, b"\0\0")))
    assert run.safe.step(100.24, ENERGY, run.heard).off == NONE, "one reading alone opens nothing"
    run.heard.hear(Frame(100.25, pre.ANSWER_ID, pre.read_answer(pre.AMPS, b"\0\0")))
    assert run.safe.step(100.26, ENERGY, run.heard).off == Output.PRE_AC | CONTACTORS


@pytest.mark.parametrize(("now", "off"), [(100.49, Output.PRE_AC | CONTACTORS), (100.51, NONE)])
def test_a_measurement_grows_old(now: float, off: Output) -> None:
    """A small current is stale two and a half polls of 0.1 s after it was read."""
    run = Run(None)
    run.safe.step(100.0, ENERGY, run.heard)
    for t, entry in ((100.01, pre.SET_AMPS), (100.23, pre.AMPS), (100.25, pre.AMPS)):
        run.heard.hear(Frame(t, pre.ANSWER_ID, pre.read_answer(entry, b"\0\0")))
    assert run.safe.step(now, ENERGY, run.heard).off == off


def test_zero_and_read_back_every_100_ms_then_disable_for_ever() -> None:
    run = Run(None).until(5.0)
    zeros = [t for t, data in run.sent if data == ZERO]
    assert all(0.09 <= b - a <= 0.11 for a, b in itertools.pairwise(zeros))
    assert zeros[-1] > 4.85
    reads = [t for t, data in run.sent if data == pre.read_amps_setpoint()]
    assert reads[:3] == pytest.approx([0.02, 0.12, 0.22])
    disables = [t for t, data in run.sent if data == DISABLE]
    assert disables[0] > run.fell["D1"], "step 5 comes last"
    assert disables[0] < run.done_t
    assert disables[-1] > 4.85


def test_requests_to_a_silent_converter_keep_20_ms_apart() -> None:
    times = [t for t, _ in Run(None).until(3.0).sent]
    assert min(b - a for a, b in itertools.pairwise(times)) > 0.0149


def test_the_next_request_waits_for_an_answer_or_20_ms() -> None:
    safe, heard = MakeSafe(100.0), ConverterMonitor()
    assert safe.step(100.0, ENERGY, heard).send == ZERO
    assert safe.step(100.005, ENERGY, heard).send is None
    heard.hear(Frame(100.006, pre.ANSWER_ID, pre.written_answer(pre.SET_AMPS.index, 0)))
    assert safe.step(100.006, ENERGY, heard).send == pre.read_amps_setpoint()
    assert safe.step(100.02, ENERGY, heard).send is None
    assert safe.step(100.026, ENERGY, heard).send == pre.read_amps()


def test_the_lock_is_never_touched() -> None:
    for outputs in (Output(bits) for bits in range(128)):
        run = Run(None, outputs=outputs).until(2.2)
        assert run.outputs == outputs & Output.PLUG_LOCK


def test_an_output_that_does_not_fall_is_asked_again_and_holds_nothing_up() -> None:
    run = Run(None)
    run.stuck = CONTACTORS
    run.until(2.2)
    assert run.outputs == Output.PLUG_LOCK | CONTACTORS
    assert run.safe.step(103.0, run.outputs, run.heard).off == CONTACTORS
    assert run.done_t < 2.0


def test_a_write_after_the_trip_costs_the_mains_at_once() -> None:
    run = Run(lambda t: 14.0, obeys=False).until(0.2)
    assert run.fell == {}
    run.safe.drop_pre_ac(100.2)
    assert run.safe.step(100.2, run.outputs, run.heard).off == Output.PRE_AC
    assert run.safe.step(100.48, run.outputs, run.heard).off & CONTACTORS == NONE
    assert run.safe.step(100.5, run.outputs, run.heard).off & CONTACTORS == CONTACTORS


@pytest.mark.parametrize("late_s", [0.1, 0.76, 0.9, 1.06])
def test_who_takes_over_goes_on_from_the_first_beginning(late_s: float) -> None:
    """`guard` dies in its make-safe: the waits of its second are not added to its own (times from the beginning)."""
    run = Run(lambda t: 14.0, obeys=False)

    def take_over(t: float) -> None:
        if abs(t - late_s) < 0.001:
            run.safe = MakeSafe(run.safe.since_t)

    run.before = take_over
    run.until(2.0)
    assert run.fell["PRE_AC"] == pytest.approx(0.8, abs=0.03)
    assert run.fell["C1"] == run.fell["C2"] == pytest.approx(1.1, abs=0.03)


def test_who_takes_over_after_a_stranger_wrote_switches_the_mains_off_at_once() -> None:
    run = Run(lambda t: 14.0, obeys=False).until(0.2)
    run.safe.drop_pre_ac(100.2)
    after = MakeSafe(run.safe.since_t)
    assert after.step(100.21, run.outputs, run.heard).off & Output.PRE_AC
    assert after.step(100.48, run.outputs, run.heard).off & CONTACTORS == NONE
    assert after.step(100.5, run.outputs, run.heard).off & CONTACTORS == CONTACTORS


def test_with_contactors_found_open_only_the_signals_go_in_order() -> None:
    run = Run(None, outputs=ENERGY & ~CONTACTORS, row=FROM_SIGNALS).until(2.0)
    assert run.fell["D2"] < 0.1
    assert run.fell["D1"] - run.fell["D2"] >= 0.5
    assert run.outputs == Output.PLUG_LOCK


@pytest.mark.parametrize(("tenths", "low"), [(50, True), (51, False), (-50, True), (-51, False)])
def test_5_a_is_low_and_nothing_above(tenths: int, low: bool) -> None:
    safe, heard = MakeSafe(100.0), ConverterMonitor()
    assert safe.step(100.0, ENERGY, heard).off == NONE, "it begins with 0 A and waits before PRE AC goes off"
    heard.hear(Frame(100.25, pre.ANSWER_ID, pre.read_answer(pre.SET_AMPS, b"\0\0")))
    for t in (100.25, 100.27):
        raw = tenths.to_bytes(2, "little", signed=True)
        heard.hear(Frame(t, pre.ANSWER_ID, pre.read_answer(pre.AMPS, raw)))
    assert (safe.step(100.28, ENERGY, heard).off != NONE) is low
