"""What ConverterMonitor reads from the converter's bus, at each limit."""

import pytest

from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.safety.converter_monitor import ConverterMonitor


def measured(heard: ConverterMonitor, t: float, tenths: int) -> None:
    heard.hear(Frame(t, pre.ANSWER_ID, pre.read_answer(pre.AMPS, tenths.to_bytes(2, "little", signed=True))))


@pytest.mark.parametrize(("tenths", "heard_"), [(300, True), (301, False), (-300, True), (-301, False)])
def test_the_largest_current_that_is_believed(tenths: int, heard_: bool) -> None:
    heard = ConverterMonitor()
    measured(heard, 1.0, tenths)
    assert (heard.amps_t == 1.0) is heard_ and heard.answers == 1 and heard.answered_t == 1.0


@pytest.mark.parametrize(("replaced_t", "kept"), [(1.0, 1), (1.001, 2)])
def test_an_order_that_was_replaced_a_second_ago_is_forgotten(replaced_t: float, kept: int) -> None:
    heard = ConverterMonitor()
    for t, amps_a in ((0.5, 9.0), (replaced_t, 3.0), (2.0, 1.0)):
        heard.hear(Frame(t, pre.REQUEST_ID, pre.write_amps(amps_a)))
    assert [amps_a for _, amps_a in heard.asked] == [9.0, 3.0, 1.0][2 - kept :]


def test_the_same_order_again_is_no_new_one() -> None:
    heard = ConverterMonitor()
    for t in (0.1, 0.2, 0.3):
        assert heard.hear(Frame(t, pre.REQUEST_ID, pre.write_amps(3.0))) == 3.0
    assert [amps_a for _, amps_a in heard.asked] == [0.0, 3.0]


@pytest.mark.parametrize(("before_t", "soon_a"), [(1.125, 9.0), (1.2, 9.0), (1.22, 1.0), (1.25, 1.0)])
def test_an_order_counts_until_0_22_s_before_the_older_measurement(before_t: float, soon_a: float) -> None:
    heard = ConverterMonitor()
    for t, amps_a in ((0.5, 9.0), (1.0, 0.5)):
        heard.hear(Frame(t, pre.REQUEST_ID, pre.write_amps(amps_a)))
    measured(heard, before_t, 10)
    measured(heard, 1.3, 10)
    assert heard.amps_soon(1.3, 0.3) == soon_a


@pytest.mark.parametrize(("now", "age_s", "since_t", "known"), [
    (2.25, 0.25, 0.0, True),
    (2.26, 0.25, 0.0, False),
    (2.0, 0.125, 0.0, True),
    (2.0, 0.12, 0.0, False),
    (2.0, 0.3, 1.75, False),
    (2.0, 0.3, 1.74, True),
])  # fmt: skip
def test_how_old_both_measurements_may_be(now: float, age_s: float, since_t: float, known: bool) -> None:
    heard = ConverterMonitor()
    measured(heard, 1.75, 20)
    measured(heard, 2.0, 10)
    assert (heard.amps(now, age_s, since_t) == 2.0) is known
