"""The bytes of the safety wire, and the range of each field."""

from dataclasses import replace

import pytest

from v2h.safety import wire
from v2h.safety.outputs import CONTACTORS, NONE, Output, line_name, names
from v2h.safety.wire import GuardState, Report, Request, Trip, WireError

REQUEST = Request(Output.D1, 0x01020304, 0x05060708, 20, -2.5, 380.0, True, False, True, True)
REPORT = Report(Output.C1, GuardState.TRIPPED, Trip.K_OFF_CURRENT, 1, 2, True, False, True)


def test_the_bytes_of_both() -> None:
    assert wire.pack_request(REQUEST) == bytes.fromhex("02 01 0D 00 04030201 08070605 1400 E7FF D80E")
    assert wire.pack_report(REPORT) == bytes.fromhex("02 04 03 04 01000000 02000000 0500 0000")
    assert wire.unpack_request(wire.pack_request(REQUEST)) == REQUEST
    assert wire.unpack_report(wire.pack_report(REPORT)) == REPORT
    assert (wire.VERSION, wire.SILENCE_S) == (2, 0.3)


@pytest.mark.parametrize(("age_ms", "told_ms"), [(65535, 65535), (65536, 65535), (10**7, 65535)])
def test_a_longer_age_is_told_as_the_longest(age_ms: int, told_ms: int) -> None:
    assert wire.unpack_request(wire.pack_request(replace(REQUEST, loop_age_ms=age_ms))).loop_age_ms == told_ms


@pytest.mark.parametrize(
    ("value", "told"), [(3276.7, 3276.7), (9999.0, 3276.7), (-3276.7, -3276.7), (-3276.8, -3276.7), (-9999.0, -3276.7)]
)
def test_a_number_beyond_is_told_as_the_last_and_never_as_unknown(value: float, told: float) -> None:
    back = wire.unpack_request(wire.pack_request(replace(REQUEST, pre_current_a=value, cable_v=value)))
    assert (back.pre_current_a, back.cable_v) == (told, told)


def test_numbers_run_around_at_32_bits() -> None:
    request = wire.unpack_request(wire.pack_request(replace(REQUEST, session=2**32 + 5, sequence=2**32 + 6)))
    report = wire.unpack_report(wire.pack_report(replace(REPORT, session=2**32 + 5, sequence=2**32 + 6)))
    assert (request.session, request.sequence, report.session, report.sequence) == (5, 6, 5, 6)


@pytest.mark.parametrize(("at", "byte"), [(0, 1), (0, 3), (1, 0x80)])
def test_another_version_or_output_is_refused(at: int, byte: int) -> None:
    packet = bytearray(wire.pack_request(REQUEST))
    packet[at] = byte
    with pytest.raises(WireError):
        wire.unpack_request(bytes(packet))
    if at == 0:
        packet = bytearray(wire.pack_report(REPORT))
        packet[at] = byte
        with pytest.raises(WireError):
            wire.unpack_report(bytes(packet))


def test_another_length_is_refused() -> None:
    for more in (-1, 1):
        with pytest.raises(WireError):
            wire.unpack_request((wire.pack_request(REQUEST) + b"\0")[: 18 + more])
        with pytest.raises(WireError):
            wire.unpack_report((wire.pack_report(REPORT) + b"\0")[: 16 + more])


def test_what_a_request_and_a_report_do_not_say_is_false() -> None:
    assert Request(NONE, 1, 2, 3, None, None) == Request(NONE, 1, 2, 3, None, None, False, False, False, False)
    plain = Report(NONE, GuardState.READY, Trip.NONE, 1, 2, True, True)
    assert plain.cable_doubted is False


def test_the_numbers_of_states_trips_and_outputs() -> None:
    assert [int(state) for state in GuardState] == [0, 1, 2, 3]
    assert [int(trip) for trip in Trip] == list(range(12))
    assert [int(output) for output in Output] == [1, 2, 4, 8, 16, 32, 64]
    assert Trip.CHARGER_SILENT.text == "charger silent"


def test_sets_of_outputs() -> None:
    everything = Output(0x7F)
    assert names(everything) == ["d1", "d2", "c1", "c2", "plug-lock", "pre-ac", "master"]
    assert line_name(Output.PLUG_LOCK) == "plug-lock" and names(NONE) == []
    assert everything & CONTACTORS == CONTACTORS and Output.C1 | Output.C2 == CONTACTORS
    assert everything ^ Output.MASTER == Output(0x3F)
    assert CONTACTORS in everything and CONTACTORS not in Output.C1
