"""What ConverterMonitor reads from the converter's bus, and what it ignores."""

from v2h.canframe import Frame
from v2h.pre import objects as pre
from v2h.safety.converter_monitor import ConverterMonitor


def test_measured_and_set_current_come_from_answers_only() -> None:
    heard = ConverterMonitor()
    heard.hear(Frame(1.0, pre.ANSWER_ID, pre.read_answer(pre.AMPS, (-75).to_bytes(2, "little", signed=True))))
    heard.hear(Frame(2.0, pre.ANSWER_ID, pre.read_answer(pre.SET_AMPS, (140).to_bytes(2, "little"))))
    assert (heard.amps_a, heard.amps_t, heard.set_a, heard.set_t, heard.answers) == (-7.5, 1.0, 14.0, 2.0, 2)
    assert heard.hear(Frame(3.0, pre.REQUEST_ID, pre.write_amps(3.0))) == 3.0
    assert heard.set_a == 14.0


def test_writes_of_others_are_seen_with_sign_and_only_on_210a() -> None:
    heard = ConverterMonitor()
    assert heard.hear(Frame(0, pre.REQUEST_ID, pre.write_amps(-0.2))) == -0.2
    assert heard.hear(Frame(0, pre.REQUEST_ID, pre.write_amps(0.0))) == 0.0
    for other in (pre.write_volts(410), pre.write_enable(True), pre.read_amps_setpoint(), pre.read_amps()):
        assert heard.hear(Frame(0, pre.REQUEST_ID, other)) is None
    assert heard.hear(Frame(0, pre.ANSWER_ID, pre.write_amps(1.0))) is None
    assert heard.hear(Frame(0, pre.REQUEST_ID, pre.write_amps(1.0)[:7])) is None, "wrong length"


def test_age() -> None:
    heard = ConverterMonitor()
    assert heard.amps(1.0, 0.3) is None
    measured(heard, 0.9, 20)
    assert heard.amps(0.91, 0.3) is None, "one reading is not data"
    measured(heard, 1.0, 10)
    assert heard.amps(1.29, 0.3) == 2.0, "the larger of the last two"
    assert heard.amps(1.31, 0.3) is None
    assert heard.amps(1.1, 0.3, since=0.9) is None
    measured(heard, 1.55, 10)
    assert heard.amps(1.59, 0.3) == 1.0
    assert heard.amps(1.61, 0.3) is None, "the one before is twice as old as the last may be"


def test_a_current_that_no_converter_has_is_not_heard() -> None:
    heard = ConverterMonitor()
    for t, tenths in ((1.0, 140), (1.1, 140), (1.2, 32767), (1.2, -32768), (1.2, 301)):
        measured(heard, t, tenths)
    assert (heard.amps_a, heard.amps_t, heard.before_t) == (14.0, 1.1, 1.0)


def test_one_reading_of_0_among_others_is_not_small() -> None:
    heard = ConverterMonitor()
    measured(heard, 1.0, 140)
    measured(heard, 1.1, 0)
    assert heard.amps(1.1, 0.3) == 14.0


def test_other_objects_and_aborts_are_no_current() -> None:
    heard = ConverterMonitor()
    for reply in (pre.read_answer(pre.VOLTS, b"\x0a\0"), pre.abort_answer(pre.AMPS.index, 0, 0x06090011)):
        heard.hear(Frame(1.0, pre.ANSWER_ID, reply))
    assert heard.amps(1.0, 9.9) is None
    assert heard.answers == 2


def measured(heard: ConverterMonitor, t: float, tenths: int) -> None:
    heard.hear(Frame(t, pre.ANSWER_ID, pre.read_answer(pre.AMPS, tenths.to_bytes(2, "little", signed=True))))


def asked(heard: ConverterMonitor, t: float, amps: float) -> None:
    heard.hear(Frame(t, pre.REQUEST_ID, pre.write_amps(amps)))


def test_a_small_current_is_believed_when_it_was_measured_after_the_orders_before_it_had_ended() -> None:
    heard = ConverterMonitor()
    asked(heard, 0.0, 14.0)
    asked(heard, 1.0, -14.0)
    asked(heard, 1.1, 0.0)
    for t, tenths, expected in (
        (1.15, 30, None),
        (1.21, 10, 14.0),
        (1.23, -10, 14.0),
        (1.26, -10, -14.0),
        (1.31, -30, -14.0),
        (1.33, -29, -14.0),
        (1.35, -29, -2.9),
    ):
        measured(heard, t, tenths)
        assert heard.amps_soon(t + 0.01, 0.3) == expected, t
    assert heard.amps_soon(1.7, 0.3) is None, "an old measurement"
    asked(heard, 1.8, -15.0)
    measured(heard, 1.805, -10)
    measured(heard, 1.81, -10)
    assert heard.amps_soon(1.82, 0.3) == -15.0, "the order that it is on its way to"


def test_a_charger_that_changes_its_mind_for_days_fills_no_memory() -> None:
    heard = ConverterMonitor()
    for i in range(10_000):
        asked(heard, i * 0.1, float(i % 7))
    assert len(heard.asked) < 15
