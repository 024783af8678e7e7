"""The converter's client in virtual time: order, deadlines, and what it must never do."""

import itertools
from dataclasses import dataclass, field

import pytest

from v2h.pre import objects as pre
from v2h.pre.client import CYCLE_S, Phase, PreClient

LATENCY_S = 0.00035  # median of 2676 answers in CAP1


def blank_objects() -> dict[tuple[int, int], bytes]:
    values = {key: bytes(entry.size) for key, entry in pre.DICTIONARY.items()}
    for entry, text in ((pre.DEVICE_NAME, b"VG6 "), (pre.HARDWARE, b"4.00"), (pre.SOFTWARE, b"3.02")):
        values[entry.index, entry.sub] = text
    return values


@dataclass
class Bench:
    """A client and a converter of bytes. deaf: requests are lost; mute: obeyed, but the answers are lost."""

    client: PreClient = field(default_factory=PreClient)
    objects: dict[tuple[int, int], bytes] = field(default_factory=blank_objects)
    now: float = 0.0
    deaf: bool = False
    mute: bool = False
    lose_writes: int = 0
    sent: list[tuple[float, bytes]] = field(default_factory=list)

    def reply(self, data: bytes) -> bytes:
        request = pre.parse_request(data)
        key = request.index, request.sub
        if isinstance(request, pre.WriteRequest):
            self.objects[key] = request.raw
            return pre.written_answer(*key)
        return pre.read_answer(pre.DICTIONARY[key], self.objects[key])

    def run(self, seconds: float) -> None:
        end = self.now + seconds
        while self.now < end:
            request = self.client.next_request(self.now)
            if request is None:
                due = self.client.next_due(self.now)
                assert due > self.now, "would spin"
                self.now = min(due, end)
                continue
            self.sent.append((self.now, request))
            lost = self.deaf
            if request[0] == pre.WRITE_2 and self.lose_writes:
                self.lose_writes -= 1
                lost = True
            if not lost:
                answer = self.reply(request)
                if not self.mute:
                    self.now += LATENCY_S
                    assert self.client.answer(answer, self.now)

    def set(self, entry: pre.Entry, raw: int) -> None:
        self.objects[entry.index, entry.sub] = raw.to_bytes(entry.size, "little", signed=entry.signed)

    def holds(self, entry: pre.Entry) -> pre.Value:
        return entry.value(self.objects[entry.index, entry.sub])

    def since(self, t: float) -> list[bytes]:
        return [data for sent_t, data in self.sent if sent_t >= t]

    def running(self, volts_v: float, amps_a: float) -> "Bench":
        self.client.set_target(volts_v, amps_a)
        self.client.enable(True)
        self.run(1.0)
        assert self.client.telemetry.set_amps_a == amps_a
        return self


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
    assert {one[1:-3] for one in three} == set(turns)  # the slow ones take turns
    assert all(one[0] == "status" and one[-3:] == each for one in three)
    assert not [data for data in bench.since(start) if data[0] == pre.WRITE_2]  # nothing differs


def test_enable_comes_after_zero_is_read_back_and_before_any_setpoint() -> None:
    bench = Bench()
    bench.set(pre.SET_AMPS, 140)  # left over from before
    bench.lose_writes = 1  # and the first attempt at zero gets lost
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
    bench.run(3 * CYCLE_S + 0.02)  # 2100 has its turn in every third round
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
    bench.mute = True  # it still hears us
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
        ("4B 08 21 00 00 00 00 00", 0x5B0),  # another object: an answer that comes late
        ("4B 01 21 01 00 00 00 00", 0x5B0),  # another sub-index
        ("4B 01 21 00 00 00 00 00", 0x5B1),  # another node
        ("60 01 21 00 00 00 00 00", 0x5B0),  # a write was not asked for
        ("43 01 21 00 00 00 00 00", 0x5B0),  # four bytes where two belong
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
