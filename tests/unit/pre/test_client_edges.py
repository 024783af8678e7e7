"""The converter's client at its limits: how long it waits, what it believes, and in which order it sends requests."""

from itertools import pairwise

import pytest

from tests.support.prebench import Bench
from v2h.pre import objects as pre
from v2h.pre.client import Pace, Phase, PreClient

RUNNING = (pre.STATUS, pre.WARNING, pre.TEMPERATURE, pre.ENABLE, pre.SET_AMPS, pre.SET_VOLTS, pre.AMPS, pre.VOLTS)


def asks(bench: Bench, since_t: float) -> list[tuple[float, str]]:
    """Return (time, object) of each request since `since_t`; a write has a star."""
    found = []
    for t, data in bench.sent:
        request = pre.parse_request(data)
        star = "*" if isinstance(request, pre.WriteRequest) else ""
        if t >= since_t:
            found.append((t, pre.DICTIONARY[request.index, request.sub].name + star))
    return found


def test_an_answer_has_100_ms() -> None:
    client = PreClient()
    first = client.next_request(0.0)
    assert first == pre.read_request(pre.DEVICE_NAME)
    assert client.next_due(0.05) == 0.1 and client.under_way
    assert client.next_request(0.0999) is None
    assert (client.link.timeouts, client.link.missed_in_row) == (0, 0)
    assert client.next_request(0.1) is None, "nothing follows before the name is known"
    assert (client.link.timeouts, client.link.missed_in_row) == (1, 1)
    assert not client.under_way and client.next_due(0.1) == 1.0
    assert client.next_request(0.97) is None
    assert client.next_request(0.99) == first, "a round may begin 20 ms early"


def test_the_start_asks_once_a_second_then_twice_then_ten_times() -> None:
    bench = Bench(deaf=True)
    bench.run(2.5)
    assert [t for t, _ in asks(bench, 0.0)] == [0.0, 1.0, 2.0]
    bench = Bench()
    bench.set(pre.STATUS, 0x0900)
    bench.run(1.9)
    polls = [t for t, name in asks(bench, 0.0) if name == "status"]
    assert [round(b - a, 2) for a, b in pairwise(polls)] == [0.5] * (len(polls) - 1)
    assert len(polls) == 4 and bench.client.phase is Phase.WAIT_READY


@pytest.mark.parametrize("pace", Pace)
def test_what_each_round_reads(pace: Pace) -> None:
    bench = Bench().running(400.0, 5.0)
    bench.client.pace = pace
    bench.run(0.3)
    bench.sent.clear()
    bench.run(1.2)
    rounds: list[list[str]] = [[]]
    for _, name in asks(bench, 0.0):
        rounds[-1].append(name)
        if name == "amps":
            rounds.append([])
    wanted = [sorted(entry.name for entry in turn if entry is not pre.VOLTS) for turn in pace.value]
    seen = [sorted(set(row) - {"amps", "volts"}) for row in rounds[:-1]]
    n = len(wanted)
    assert any(seen[:n] == [*wanted[k:], *wanted[:k]] for k in range(n)) and seen[:n] == seen[n : 2 * n]
    reads = sum(pre.VOLTS in turn for turn in pace.value)
    assert [name for _, name in asks(bench, 0.0)].count("volts") in (12 // n * reads, 12 // n * reads + 1)


READINGS = [
    *[(pre.AMPS, 300, True), (pre.AMPS, 301, False), (pre.AMPS, -300, True), (pre.AMPS, -301, False)],
    *[(pre.VOLTS, 6000, True), (pre.VOLTS, 6001, False), (pre.TEMPERATURE, 1500, True)],
    *[(pre.TEMPERATURE, 1501, False), (pre.TEMPERATURE, -500, True), (pre.TEMPERATURE, -501, False)],
]


@pytest.mark.parametrize(("entry", "raw", "believed"), READINGS)
def test_a_reading_that_no_converter_has_is_named_and_not_kept(entry: pre.Entry, raw: int, believed: bool) -> None:
    bench = Bench()
    bench.run(1.0)
    before = bench.client.telemetry
    assert before.odd == ""
    begin = bench.now
    bench.set(entry, raw)
    bench.run(0.5)
    told = {pre.AMPS: before.amps_a, pre.VOLTS: before.volts_v, pre.TEMPERATURE: before.temperature_c}[entry]
    told_t = {pre.AMPS: before.amps_t, pre.VOLTS: before.volts_t, pre.TEMPERATURE: before.temperature_t}[entry]
    assert told == (raw / 10 if believed else 0.0)
    assert (told_t > begin + 0.1) is believed
    assert (f"{raw / 10} {entry.unit} ({entry.index:04X})" in before.odd, before.odd_t > begin) == (
        not believed,
        not believed,
    )


def test_a_refusal_is_an_answer_but_no_sign_of_life() -> None:
    client = PreClient()
    client.next_request(0.0)
    client.next_request(0.2)
    assert client.link.missed_in_row == 1
    assert client.next_request(1.0) is not None
    refused = pre.abort_answer(pre.DEVICE_NAME.index, pre.DEVICE_NAME.sub, 0x06020000)
    assert client.answer(refused, 1.01)
    assert (client.link.aborts, client.link.missed_in_row, client.link.answered_t) == (1, 0, float("-inf"))
    assert client.link.last_abort == pre.Aborted(pre.DEVICE_NAME.index, pre.DEVICE_NAME.sub, 0x06020000)
    assert client.identity == {"device_name": ""}
    assert not client.answer(refused, 1.02) and client.link.strays == 1, "nobody asked"


def test_silence_of_a_second_begins_anew_with_a_zero() -> None:
    bench = Bench().running(400.0, 5.0)
    heard_t = bench.client.link.answered_t
    bench.deaf = True
    bench.run(0.9)
    assert bench.client.phase is Phase.RUN and not bench.client.enable_lost
    bench.run(0.3)
    assert bench.client.phase is Phase.IDENTIFY and bench.client.enable_lost
    begins = [t for t, data in bench.sent if data == pre.write_amps(0.0) and t > heard_t]
    assert begins and 1.0 <= begins[0] - heard_t < 1.11
    assert bench.client.identity == {}


def test_what_was_asked_for_is_rounded_to_tenths() -> None:
    bench = Bench().running(400.0, 5.0)
    bench.client.set_target(400.04, 4.96)
    bench.run(0.5)
    assert (bench.holds(pre.SET_VOLTS), bench.holds(pre.SET_AMPS)) == (400.0, 5.0)
    assert {entry.name for entry in RUNNING} <= {name for _, name in asks(bench, 0.0)}
