"""The rig's converter against bytes and times of capture CAP1."""

import pytest

from v2h.pre import objects
from v2h.rig.pre import Pre

READ_STATUS = bytes.fromhex("40 01 21 00 00 00 00 00")


def powered(now: float = 10.0) -> Pre:
    pre = Pre()
    pre.set_ac(0.0, True)
    pre.request(now, objects.write_enable(True))
    return pre


def test_start_sequence_is_the_recorded_one() -> None:
    pre = Pre()
    assert pre.request(0.0, READ_STATUS) is None
    pre.set_ac(0.0, True)
    assert pre.request(0.9, READ_STATUS) is None
    polls = {t: pre.request(t, READ_STATUS) for t in (1.1, 1.5, 6.0, 6.5, 7.5, 8.0)}
    words = [answer[4:6][::-1].hex() for answer in polls.values() if answer is not None]
    assert words == ["0902", "0902", "0902", "0800", "0800", "0000"]


@pytest.mark.parametrize(
    ("request_bytes", "answer"),
    [
        ("40 08 10 04 00 00 00 00", "43 08 10 04 56 47 36 20"),
        ("40 09 10 04 00 00 00 00", "43 09 10 04 34 2e 30 30"),
        ("40 0a 10 04 00 00 00 00", "43 0a 10 04 33 2e 30 32"),
        ("2b 09 21 00 04 10 00 00", "60 09 21 00 00 00 00 00"),
        ("40 50 21 00 00 00 00 00", "43 50 21 00 00 00 00 00"),
        ("40 01 21 00 00 00 00 00", "4b 01 21 00 01 00 00 00"),
        ("40 00 99 00 00 00 00 00", "80 00 99 00 00 00 02 06"),
        ("40 01 21 07 00 00 00 00", "80 01 21 07 11 00 09 06"),
        ("2b 01 21 00 00 00 00 00", "80 01 21 00 02 00 01 06"),
        ("23 09 21 00 00 00 00 00", "80 09 21 00 10 00 07 06"),
        ("2b 0a 21 00 ff 7f 00 00", "80 0a 21 00 30 00 09 06"),
        ("a0 0a 21 00 00 00 00 00", "80 0a 21 00 01 00 04 05"),
    ],
)
def test_answers(request_bytes: str, answer: str) -> None:
    got = powered().request(10.0, bytes.fromhex(request_bytes))
    assert got is not None
    assert got.hex(" ") == answer


def test_negative_setpoint_is_read_back_as_16_bits_and_shows_in_the_status_later() -> None:
    pre = powered()
    pre.request(10.0, bytes.fromhex("2b 0a 21 00 fe ff ff ff"))
    read_back = pre.request(10.0, bytes.fromhex("40 0a 21 00 00 00 00 00"))
    assert read_back is not None
    assert read_back.hex(" ") == "4b 0a 21 00 fe ff 00 00"
    pre.step(10.1, 0.1)
    assert pre.status(10.1) == 0x0001
    pre.step(10.21, 0.11)
    assert pre.status(10.21) == 0x0401


def test_enable_before_ready_does_not_stick() -> None:
    pre = Pre()
    pre.set_ac(0.0, True)
    assert pre.request(3.0, objects.write_enable(True)) == objects.written_answer(0x2100, 0)
    assert not pre.enabled
    pre.request(9.0, objects.write_enable(True))
    assert pre.enabled


@pytest.mark.parametrize(
    ("first_a", "second_a", "seconds"), [(0, 14, 14 / 30), (14, 0, 14 / 55), (11, -6, 11 / 55 + 0.2)]
)
def test_ramps_after_the_dead_time(first_a: float, second_a: float, seconds: float) -> None:
    pre = powered()
    now = 10.0

    def until(goal_a: float) -> float:
        nonlocal now
        start = now
        while abs(pre.demand_a - goal_a) > 1e-6:
            now += 0.001
            pre.step(now, 0.001)
            assert now - start < 3
        return now - start

    pre.request(now, objects.write_amps(first_a))
    until(first_a)
    now += 0.5
    pre.step(now, 0.5)
    pre.request(now, objects.write_amps(second_a))
    assert until(second_a) == pytest.approx(0.2 + seconds, abs=0.005)


def test_losing_ac_stops_the_output_and_forgets_the_setpoints() -> None:
    pre = powered()
    pre.request(10.0, objects.write_amps(10))
    pre.step(11.0, 1.0)
    assert pre.demand_a == 10
    pre.set_ac(11.0, False)
    pre.step(11.1, 0.1)
    assert pre.demand_a == 0
    assert pre.request(11.2, READ_STATUS) is None
    pre.set_ac(12.0, True)
    assert pre.status(20.0) == 0
    assert pre.set_a == 0
