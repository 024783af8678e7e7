"""The converter's client in virtual time: order, deadlines, and what it must never do."""

import itertools

import pytest

from tests.support.prebench import Bench
from v2h.pre import objects as pre
from v2h.pre.client import CYCLE_S, Phase


def test_start_follows_the_vendors_way() -> None:
    bench = Bench(deaf=True)
    bench.run(2.5)
    assert [data for _, data in bench.sent] == [pre.read_request(pre.DEVICE_NAME)] * 3
    bench.deaf = False
    bench.set(pre.STATUS, 0x0902)
    start = bench.now
    bench.run(3.0)
    names = [pre.DICTIONARY[data[1] | data[2] << 8, data[3]].name for data in bench.since(start)]
    assert names[:3] == ["device_name", "hardware_version", "software_version"]
    assert set(names[3:]) == {"status"}
    polls = [t for t, data in bench.sent if data == pre.read_request(pre.STATUS)]
    assert [round(later - first, 3) for first, later in itertools.pairwise(polls)] == [0.5] * (len(polls) - 1)
    bench.set(pre.STATUS, 0x0800)
    bench.run(1.5)
    assert bench.client.phase is Phase.WAIT_READY


def test_the_running_round_and_its_period() -> None:
    bench = Bench().running(390.0, 1.0)
    start = bench.now
    bench.run(100 * CYCLE_S)
    rounds = [t for t, data in bench.sent if t >= start and data == pre.read_request(pre.STATUS)]
    assert 99 <= len(rounds) <= 101
    assert all(later - first == pytest.approx(CYCLE_S, abs=0.002) for first, later in itertools.pairwise(rounds))
    names = [pre.DICTIONARY[data[1] | data[2] << 8, data[3]].name for data in bench.since(rounds[0])]
    starts = [i for i, name in enumerate(names) if name == "status"][:4]
    three = [tuple(names[i:j]) for i, j in itertools.pairwise(starts)]
    each = ("set_amps", "amps", "volts")
    turns = [("enable",), ("set_volts",), ("warning_word", "temperature")]
    assert {one[1:-3] for one in three} == set(turns)  # the slow objects take turns
    assert all(one[0] == "status" and one[-3:] == each for one in three)
    assert not [data for data in bench.since(start) if data[0] == pre.WRITE_2]  # no read-back differs from its target


def test_enable_comes_after_zero_is_read_back_and_before_any_setpoint() -> None:
    bench = Bench()
    bench.set(pre.SET_AMPS, 140)  # left over from before
    bench.lose_writes = 1  # and the first write of 0 A gets lost
    bench.running(390.0, 14.0)
    writes = [data for _, data in bench.sent if data[0] == pre.WRITE_2]
    order = [pre.write_amps(0.0), pre.write_enable(True), pre.write_amps(14.0), pre.write_volts(390.0)]
    assert [writes.index(message) for message in order] == sorted(writes.index(message) for message in order)
    before_enable = writes[: writes.index(pre.write_enable(True))]
    assert before_enable.count(pre.write_amps(0.0)) == 2
    assert set(before_enable) <= {pre.write_amps(0.0), pre.write_volts(0.0)}


def test_a_lost_zero_is_repeated_until_the_read_back_shows_it() -> None:
    bench = Bench().running(390.0, 14.0)
    bench.lose_writes = 3
    bench.client.set_target(390.0, 0.0)
    start = bench.now
    bench.run(1.0)
    assert bench.holds(pre.SET_AMPS) == 0.0
    assert bench.since(start).count(pre.write_amps(0.0)) == 4
    assert bench.client.link.timeouts == 3


ZEROS = [
    (pre.SET_AMPS, pre.write_amps(0.0)),
    (pre.SET_VOLTS, pre.write_volts(0.0)),
    (pre.ENABLE, pre.write_enable(False)),
]


@pytest.mark.parametrize("lost", [0, 2])
@pytest.mark.parametrize(("entry", "zero"), ZEROS)
def test_a_wrong_read_back_does_not_swallow_a_stop(entry: pre.Entry, zero: bytes, lost: int) -> None:
    """The object already reads 0 while the converter still works with the value before."""
    bench = Bench().running(390.0, 14.0)
    told = bench.reply

    def reply(data: bytes) -> bytes:
        shows_it = data == pre.read_request(entry)
        return pre.read_answer(entry, bytes(entry.size)) if shows_it else told(data)

    bench.reply = reply  # type: ignore[method-assign]
    if entry is not pre.ENABLE:  # a read-back of 0 for enable would already end the session
        bench.run(1.0)
    start, bench.lose_writes = bench.now, lost
    bench.client.set_target(0.0, 0.0)
    bench.client.enable(False)
    bench.run(1.0)
    assert bench.holds(entry) == 0
    assert 1 <= bench.since(start).count(zero) <= 1 + lost, "and then it is left alone"


@pytest.mark.parametrize("lower_a", [0.0, 13.9, -1.0])
def test_less_current_does_not_wait_for_the_round(lower_a: float) -> None:
    bench = Bench().running(390.0, 14.0)
    bench.run(0.05)
    bench.client.set_target(390.0, lower_a)
    start = bench.now
    bench.run(0.005)
    assert bench.since(start)[0] == pre.write_amps(lower_a)
    assert bench.client.telemetry.set_amps_a == lower_a


def test_disable_zeroes_at_once() -> None:
    bench = Bench().running(390.0, -14.0)
    bench.run(0.05)
    bench.client.enable(False)
    start = bench.now
    bench.run(0.3)
    writes = [data for data in bench.since(start) if data[0] == pre.WRITE_2]
    assert writes == [pre.write_amps(0.0), pre.write_volts(0.0), pre.write_enable(False)]
    assert next(t for t, data in bench.sent if t >= start and data[0] == pre.WRITE_2) - start < 0.001


def test_switched_off_by_somebody_else_it_stays_off() -> None:
    bench = Bench().running(390.0, 14.0)
    bench.set(pre.ENABLE, 0)
    bench.set(pre.SET_AMPS, 0)
    bench.run(3 * CYCLE_S + 0.02)  # 2100 is read in every third round
    assert bench.client.enable_lost
    start = bench.now
    bench.client.enable(True)
    bench.client.set_target(390.0, 14.0)
    bench.run(2.0)
    assert {data for data in bench.since(start) if data[0] == pre.WRITE_2} <= {
        pre.write_volts(0.0),
        pre.write_amps(0.0),
    }
    bench.client.enable(False)
    bench.client.enable(True)
    bench.run(0.5)
    assert bench.client.telemetry.enabled is True


def test_silence_ends_in_zero_and_a_new_start_without_enable() -> None:
    bench = Bench().running(390.0, 14.0)
    bench.mute = True  # it still receives our requests
    start = bench.now
    bench.run(3.0)
    assert bench.client.phase is Phase.IDENTIFY
    assert bench.client.enable_lost
    assert bench.holds(pre.SET_AMPS) == 0.0
    assert bench.client.link.missed_in_row >= 10
    assert pre.write_amps(14.0) not in bench.since(start)
    bench.mute = False
    bench.run(2.0)
    assert bench.client.phase is Phase.RUN
    assert bench.client.link.missed_in_row == 0
    assert bench.holds(pre.ENABLE) == 0


def test_a_running_converter_found_at_start_is_zeroed_and_disabled() -> None:
    bench = Bench()
    for entry, raw in ((pre.STATUS, 0x0401), (pre.ENABLE, 1), (pre.SET_AMPS, -140), (pre.SET_VOLTS, 3000)):
        bench.set(entry, raw)
    bench.run(1.0)
    assert (bench.holds(pre.ENABLE), bench.holds(pre.SET_AMPS), bench.holds(pre.SET_VOLTS)) == (0, 0.0, 0.0)


@pytest.mark.parametrize(
    ("text", "can_id"),
    [
        ("4B 08 21 00 00 00 00 00", 0x5B0),  # another object: a late answer
        ("4B 01 21 01 00 00 00 00", 0x5B0),  # another sub-index
        ("4B 01 21 00 00 00 00 00", 0x5B1),  # another node
        ("60 01 21 00 00 00 00 00", 0x5B0),  # an answer to a write, but the request was a read
        ("43 01 21 00 00 00 00 00", 0x5B0),  # four bytes instead of two
        ("41 01 21 00 00 00 00 00", 0x5B0),  # segmented
        ("4B 01 21 00 00 00 00", 0x5B0),  # seven bytes
    ],
)
def test_what_was_not_asked_for_is_not_believed(text: str, can_id: int) -> None:
    bench = Bench()
    bench.set(pre.STATUS, 0x0902)
    bench.run(0.1)
    bench.now = bench.client.next_due(bench.now)
    assert bench.client.next_request(bench.now) == pre.read_request(pre.STATUS)
    before = bench.client.telemetry
    assert not bench.client.answer(bytes.fromhex(text), bench.now + 0.001, can_id)
    assert bench.client.telemetry == before
    assert bench.client.link.strays == 1
    assert bench.client.next_request(bench.now + 0.002) is None  # still waiting for the right one
    assert bench.client.answer(bytes.fromhex("4B 01 21 00 00 08 00 00"), bench.now + 0.003)
    assert bench.client.telemetry.status == 0x0800
    assert bench.client.telemetry.status_t == pytest.approx(bench.now + 0.003)


def test_a_refused_write_is_counted_and_named() -> None:
    bench = Bench().running(390.0, 1.0)
    bench.client.set_target(390.0, 0.5)
    assert bench.client.next_request(bench.now) == pre.write_amps(0.5)
    assert bench.client.answer(pre.abort_answer(0x210A, 0, 0x08000022), bench.now)
    abort = bench.client.link.last_abort
    assert abort is not None
    assert pre.abort_name(abort.code) == "data cannot be stored: device state"
    bench.run(0.3)
    assert bench.holds(pre.SET_AMPS) == 0.5


@pytest.mark.parametrize(
    ("volts_v", "amps_a"), [(400.0, 16.1), (400.0, -16.1), (500.1, 1.0), (-1.0, 1.0), (400.0, float("nan"))]
)
def test_a_target_out_of_range_is_refused_and_changes_nothing(volts_v: float, amps_a: float) -> None:
    bench = Bench().running(390.0, 1.0)
    with pytest.raises(pre.SdoError, match="allowed"):
        bench.client.set_target(volts_v, amps_a)
    bench.run(0.3)
    assert (bench.holds(pre.SET_VOLTS), bench.holds(pre.SET_AMPS)) == (390.0, 1.0)
