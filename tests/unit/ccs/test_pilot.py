"""The pilot box's lines, and the pilot state over time."""

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from v2h.ccs.pilot import BoxLine, Order, PilotError, PilotWatch, checksum, pilot_of, read_line, write_line
from v2h.ccs.record import Pilot

HIGH_MV = {"A": 12000, "B": 9000, "C": 6000, "D": 3000, "E": 0, "F": -12000}


def line(
    count: int, state: str, high: int | None = None, low: int = -12000, duty: int = 50, tail: str = "1 0"
) -> bytes:
    body = f"P {count} {state} {HIGH_MV[state] if high is None else high} {low} {duty} {tail}".encode()
    return body + f"*{checksum(body):02X}\n".encode()


def summed(body: str) -> bytes:
    return f"{body}*{checksum(body.encode()):02X}\n".encode()


def test_the_two_lines() -> None:
    assert line(7, "C") == b"P 7 C 6000 -12000 50 1 0*18\n"
    assert read_line(b"P 7 C 6000 -12000 50 1 0*18\r\n") == BoxLine(7, Pilot.C, 6.0, -12.0, 50, True, False)
    assert write_line(65536 + 3, Order.PWM) == b"C 3 pwm*1A\n"
    assert write_line(3, Order.OFF) == b"C 3 off*1F\n"


@pytest.mark.parametrize(
    "bad",
    [
        b"",
        b"P 7 C 6000 -12000 50 1 0\n",
        b"P 7 C 6000 -12000 50 1 0*19\n",
        summed("P 7 G 6000 -12000 50 1 0"),
        summed("P 7 C 6000 -12000 50 2 0"),
        summed("P 7 C 6000 -12000 50 1"),
        summed("C 7 pwm"),
        line(70000, "C"),
        line(7, "C", duty=1001),
        b"P 7 C 6000 -12000 50 1 0*18\nP 8 C 6000 -12000 50 1 0*17\n",
        "P ٧ C 6000 -12000 50 1 0*18\n".encode(),
    ],
)
def test_another_line_is_refused(bad: bytes) -> None:
    with pytest.raises(PilotError):
        read_line(bad)


@given(st.binary(max_size=80))
def test_any_bytes_are_a_line_or_refused(found: bytes) -> None:
    with suppress(PilotError):
        read_line(found)


@given(
    st.integers(0, 0xFFFF),
    st.sampled_from("ABCDEF"),
    st.integers(-13000, 13000),
    st.integers(-13000, 0),
    st.integers(0, 1000),
)
def test_a_line_comes_back_as_it_was(count: int, state: str, high: int, low: int, duty: int) -> None:
    found = read_line(line(count, state, high, low, duty))
    assert found == BoxLine(count, Pilot[state], high / 1000, low / 1000, duty, True, False)


@given(st.binary(min_size=1, max_size=1), st.integers(0, 26))
def test_one_changed_byte_is_noticed(byte: bytes, at: int) -> None:
    good = line(123, "C")
    bad = good[:at] + byte + good[at + 1 :]
    if bad != good and at < good.index(b"*"):
        with pytest.raises(PilotError):
            read_line(bad)


@pytest.mark.parametrize("state", "ABCDEF")
def test_the_peaks_must_bear_the_state(state: str) -> None:
    assert pilot_of(read_line(line(1, state))) is Pilot[state]
    assert pilot_of(read_line(line(1, state, HIGH_MV[state] + 1001))) is Pilot.UNKNOWN


@pytest.mark.parametrize("state", "BCD")
def test_without_a_diode_it_is_no_car(state: str) -> None:
    assert pilot_of(read_line(line(1, state, low=-HIGH_MV[state]))) is Pilot.E
    assert pilot_of(read_line(line(1, state, low=0, duty=1000))) is Pilot[state], "steady +12 V has no negative half"


def run(watch: PilotWatch, states: str, began: float = 0.0) -> list[Pilot]:
    """One line each 50 ms; returns what was seen after each."""
    seen = []
    for step, state in enumerate(states):
        now = began + step * 0.05
        watch.take(read_line(line(round(now * 20) & 0xFFFF, state)), now)
        seen.append(watch.look(now))
    return seen


def test_a_state_that_permits_energy_must_last_and_one_that_ends_it_counts_at_once() -> None:
    seen = run(PilotWatch(), "BBCCCCDDBCCCE")
    b, c, d = Pilot.B, Pilot.C, Pilot.D
    assert seen == [b, b, b, b, c, c, d, d, b, b, b, c, Pilot.E]


def test_a_silent_box_is_unknown_and_must_show_its_state_again() -> None:
    watch = PilotWatch()
    run(watch, "CCCC")
    assert watch.look(0.45) is Pilot.C
    assert watch.look(0.46) is Pilot.UNKNOWN
    assert run(watch, "CCC", 1.0) == [Pilot.B, Pilot.B, Pilot.C]


def test_a_box_that_repeats_its_line_is_silent() -> None:
    watch = PilotWatch()
    for step in range(20):
        watch.take(read_line(line(5, "C")), step * 0.05)
    assert watch.look(0.95) is Pilot.UNKNOWN
