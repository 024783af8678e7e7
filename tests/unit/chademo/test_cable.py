"""The one judge of the cable's voltage, alone: which readings of ADC and converter it believes, at each limit."""

from collections.abc import Iterable

import pytest

from v2h.chademo.cable import Cable, CableVoltage, Source
from v2h.chademo.car import Car
from v2h.chademo.frames import X102
from v2h.pre.telemetry import PreTelemetry
from v2h.safety.outputs import CONTACTORS, NONE, Output

SILENT = PreTelemetry()
ALONE = Car()


def shows(volts_v: float, t: float) -> PreTelemetry:
    return PreTelemetry(volts_v=volts_v, volts_t=t)


def read(cable: Cable, *volts_v: float, begin: float = 0.0, apart_s: float = 0.1) -> float:
    """Give the cable readings of the ADC with c1/c2 open; return the time of the last one."""
    now = begin
    for n, value in enumerate(volts_v):
        now = round(begin + n * apart_s, 6)
        cable.look(now, NONE, SILENT, ALONE)
        cable.sample(value, now)
    return now


def seen(cable: Cable, now: float) -> CableVoltage:
    return cable.look(now, NONE, SILENT, ALONE)


@pytest.mark.parametrize(
    ("volts_v", "read_"), [(-20.1, False), (-20.0, True), (0.0, True), (700.0, True), (700.1, False)]
)
def test_a_reading_that_no_cable_carries_is_none(volts_v: float, read_: bool) -> None:
    cable = Cable()
    cable.sample(volts_v, 1.0)
    assert seen(cable, 1.0).volts_v == (volts_v if read_ else None)
    assert bool(cable.odd()) is not read_
    assert cable.odd() == "", "said once"


def test_a_measured_voltage_lasts_half_a_second() -> None:
    cable = Cable()
    cable.sample(3.0, 1.0)
    assert seen(cable, 1.5) == CableVoltage(3.0, Source.VERIFIED, None, False, 3.0)
    assert seen(cable, 1.51) == CableVoltage(None, Source.UNKNOWN, None)


@pytest.mark.parametrize(
    ("high", "first_low_v", "apart_s", "dead"),
    [
        ((51.0,) * 3, 9.9, 0.1, True),
        ((51.0,) * 2, 9.9, 0.1, False),  # two high readings are only a spike
        ((50.0,) * 3, 9.9, 0.1, False),  # 50 V is not above the limit
        ((51.0,) * 3, 10.0, 0.1, False),  # 10 V is not below the limit
        ((51.0,) * 3, -9.9, 0.1, True),
        ((51.0,) * 3, -10.0, 0.1, False),
        ((51.0,) * 3, 9.9, 0.25, True),
        ((51.0,) * 3, 9.9, 0.3125, True),  # a lost reading hides nothing
        ((51.0,) * 3, 9.9, 1.0625, False),  # too far apart to show how quickly it fell
        ((380.0, 380.0, 380.0, 45.0), 9.9, 0.1, True),  # the filter before the ADC spreads the fall
        ((51.0,) * 3 + (30.0,) * 9, 9.9, 0.1, True),
        ((51.0,) * 3 + (30.0,) * 10, 9.9, 0.1, False),  # the bleeder
        ((51.0, 51.0, 40.0, 51.0, 51.0), 9.9, 0.1, False),  # not three in a row
    ],
)
def test_a_fall_that_the_bleeder_cannot_do_is_a_dead_sensor(
    high: tuple[float, ...], first_low_v: float, apart_s: float, dead: bool
) -> None:
    cable = Cable()
    now = read(cable, *high, first_low_v, apart_s=apart_s)
    assert (seen(cable, now).source is Source.UNKNOWN) is dead
    assert ("V within a second; not believed" in cable.odd()) is dead


def test_a_fall_within_just_a_second_is_a_dead_sensors() -> None:
    cable = Cable()
    for t in (-0.4, -0.2, 0.0):
        cable.sample(51.0, t)
    cable.look(0.1, NONE, SILENT, ALONE)
    cable.sample(1.0, 1.0)
    assert seen(cable, 1.0).source is Source.UNKNOWN


def test_a_fall_that_the_converter_has_shown_before_c1_and_c2_opened_was_true() -> None:
    cable = Cable()
    for n in range(4):
        cable.look(n / 10, CONTACTORS, shows(380.0, n / 10), ALONE)
        cable.sample(380.0, n / 10)
    cable.look(0.45, CONTACTORS, shows(50.0, 0.44), ALONE)
    cable.sample(20.0, 0.45)
    cable.look(0.5, NONE, SILENT, ALONE)
    cable.sample(9.0, 0.5)
    assert seen(cable, 0.5).volts_v == 9.0


@pytest.mark.parametrize("outputs", [None, CONTACTORS, Output.C1, Output.C2])
def test_with_a_contactor_closed_or_guard_silent_a_fall_may_be_true(outputs: Output | None) -> None:
    cable = Cable()
    read(cable, 380.0, 380.0, 380.0)
    cable.look(0.25, outputs, SILENT, ALONE)
    cable.sample(2.0, 0.3)
    assert cable.look(0.3, outputs, SILENT, ALONE).volts_v == 2.0


@pytest.mark.parametrize(
    ("pre", "dead"),
    [(SILENT, True), (shows(380.0, 0.35), True), (shows(50.0, 0.35), False), (shows(51.0, 0.35), True)],
)
def test_a_fall_with_c1_and_c2_closed_that_the_converter_has_not_shown_is_a_dead_sensors_once_they_open(
    pre: PreTelemetry, dead: bool
) -> None:
    """Seed 3003489 of the fuzzer: the converter stopped answering, the sensor died, and the plug unlocked at 211 V."""
    cable = Cable()
    for n in range(4):
        cable.look(n / 10, CONTACTORS, shows(380.0, n / 10), ALONE)
        cable.sample(380.0, n / 10)
    cable.sample(1.0, 0.35)
    cable.look(0.4, CONTACTORS, pre, ALONE)
    cable.sample(1.0, 0.4)
    assert cable.look(0.45, NONE, SILENT, ALONE).source is (Source.UNKNOWN if dead else Source.VERIFIED)
    assert ("converter did not show it" in cable.odd()) is dead


@pytest.mark.parametrize(("shown_after_s", "dead"), [(0.4, False), (0.9, False), (1.2, True), (6.0, True)])
def test_the_converter_must_show_a_fall_within_a_second(shown_after_s: float, dead: bool) -> None:
    """Later the cable has emptied by itself, and the sensor shows 0 V whatever there is."""
    cable, fell_t = Cable(), 0.3
    for step in range(140):
        now = step * 0.05
        volts_v = 380.0 if now < fell_t + shown_after_s else 20.0
        cable.sample(380.0 if now < fell_t else 0.0, now)
        cable.look(now, CONTACTORS, PreTelemetry(volts_v=volts_v, volts_t=now), ALONE)
    assert (cable.look(7.0, NONE, SILENT, ALONE).source is Source.UNKNOWN) is dead
    assert ("converter did not show it" in cable.odd()) is dead


def test_a_fall_with_c1_and_c2_closed_is_forgotten_when_the_voltage_is_back() -> None:
    cable = Cable()
    for n, volts_v in enumerate((380.0, 380.0, 380.0, 1.0, 380.0)):
        cable.look(n / 10, CONTACTORS, SILENT, ALONE)
        cable.sample(volts_v, n / 10)
    assert cable.look(0.45, NONE, SILENT, ALONE).source is Source.VERIFIED


def test_a_dead_sensor_is_heard_again_after_three_high_readings_and_not_before() -> None:
    cable = Cable()
    now = read(cable, 380.0, 380.0, 380.0, 2.0)
    for n, (volts_v, heard) in enumerate(
        [(3.0, False), (380.0, False), (380.0, False), (2.0, False), (51.0, False), (51.0, False), (51.0, True)], 1
    ):
        t = now + n / 10
        read(cable, volts_v, begin=t)
        assert (seen(cable, t).volts_v is not None) is heard, n
    read(cable, 1.0, begin=now + 0.8)
    assert seen(cable, now + 0.8).source is Source.UNKNOWN, "it dies a second time"


@pytest.mark.parametrize(("apart_s", "stretch"), [(0.046875, False), (0.05, True)])
def test_three_high_readings_are_a_stretch_after_0_1_s(apart_s: float, stretch: bool) -> None:
    cable = Cable()
    now = read(cable, 51.0, 51.0, 51.0, apart_s=apart_s)
    assert seen(cable, now).alive is stretch, "an ADC that has shown a live cable"
    cable.sample(2.0, now + 0.005)
    assert (seen(cable, now + 0.005).source is Source.UNKNOWN) is stretch


def test_a_fall_before_the_first_look_is_a_dead_sensors_too() -> None:
    cable = Cable()
    for tenth, volts_v in enumerate((51.0, 51.0, 51.0, 2.0)):
        cable.sample(volts_v, tenth / 10)
    assert seen(cable, 0.3).source is Source.UNKNOWN


def test_once_alive_it_stays_so() -> None:
    cable = Cable()
    now = read(cable, 51.0, 51.0, 40.0, 51.0, 51.0, 50.0, 50.0, 50.0)
    assert not seen(cable, now).alive
    now = read(cable, 51.0, 51.0, 51.0, 40.0, 30.0, begin=1.0)
    assert seen(cable, now).alive


def test_a_new_session_hears_a_dead_sensor_again() -> None:
    cable = Cable()
    now = read(cable, 380.0, 380.0, 380.0, 2.0)
    cable.trust()
    cable.sample(2.0, now + 0.1)
    assert seen(cable, now + 0.1).volts_v == 2.0


def test_what_was_read_before_the_sensor_died_proves_nothing_afterwards() -> None:
    cable = Cable()
    now = read(cable, *([60.0] * 12), 2.0)
    cable.trust()
    read(cable, *([2.0] * 10), begin=now + 0.1)
    assert seen(cable, now + 1.0).highest_v is None
    cable.sample(2.0, now + 1.1)
    assert seen(cable, now + 1.1).highest_v == 2.0


def test_the_highest_of_a_second_is_known_after_a_second() -> None:
    cable = Cable()
    now = read(cable, *([4.0] * 10))
    assert seen(cable, now).highest_v is None
    cable.sample(-8.0, 1.0)
    assert seen(cable, 1.0).highest_v == 8.0
    assert seen(cable, 1.0).volts_v == -8.0


@pytest.mark.parametrize(("outputs", "known_from"), [(NONE, 1.0), (Output.C1, 2.3), (CONTACTORS, 2.3)])
def test_with_a_contactor_closed_nothing_counts_from_before_0_3_s_after_the_last_order(
    outputs: Output, known_from: float
) -> None:
    cable = Cable()
    for tenth in range(31):
        now = tenth / 10
        cable.sample(4.0, now)
        known = cable.look(now, outputs, SILENT, ALONE, pushed_t=1.0).highest_v is not None
        assert known is (now >= known_from), now


@pytest.mark.parametrize(("step_v", "steady"), [(5.0, True), (5.1, False)])
def test_steady_is_a_spread_of_5_v_over_0_15_s(step_v: float, steady: bool) -> None:
    cable = Cable()
    now = read(cable, 380.0, 380.0 + step_v, 380.0, 380.0, apart_s=0.075)
    assert seen(cable, now).steady is steady, "0.15 s reach back to the second reading"
    now = read(cable, 380.0, begin=0.3)
    assert seen(cable, 0.3).steady is True


def closed(cable: Cable, readings: Iterable[tuple[float, float]], pushed_t: float = float("-inf")) -> CableVoltage:
    last = CableVoltage(None, Source.UNKNOWN, None)
    for t, volts_v in readings:
        last = cable.look(t, CONTACTORS, shows(volts_v, t), ALONE, pushed_t=pushed_t)
    return last


def test_the_converter_counts_0_1_s_after_both_contactors_closed() -> None:
    cable = Cable()
    for outputs in (NONE, Output.C1, Output.C2):
        assert cable.look(0.0, outputs, shows(5.0, 0.0), ALONE).source is Source.UNKNOWN
    assert cable.look(0.25, CONTACTORS, shows(5.0, 0.25), ALONE).source is Source.UNKNOWN
    assert cable.look(0.34, CONTACTORS, shows(5.0, 0.34), ALONE).source is Source.UNKNOWN
    assert cable.look(0.35, CONTACTORS, shows(5.0, 0.35), ALONE) == CableVoltage(5.0, Source.ASSUMED, None, False, 5.0)
    assert cable.look(0.85, CONTACTORS, shows(5.0, 0.35), ALONE).volts_v == 5.0
    assert cable.look(0.86, CONTACTORS, shows(5.0, 0.35), ALONE).source is Source.UNKNOWN, "0.5 s old"


def test_the_same_reading_looked_at_twice_is_one_reading() -> None:
    cable = Cable()
    cable.look(0.0, CONTACTORS, SILENT, ALONE)
    for tenth in range(1, 15):
        now, told_t = tenth / 10, 0.1 + 0.35 * int((tenth - 1) / 3.5)
        assert cable.look(now, CONTACTORS, shows(5.0, told_t), ALONE).highest_v is None, now


TENTHS = [(tenth / 10, 5.0) for tenth in range(13)]


@pytest.mark.parametrize(
    ("left_v", "believed"), [(9.0, True), (10.0, True), (10.1, False), (None, False)], ids=lambda v: str(v)
)
def test_what_the_converter_left_is_believed_when_empty(left_v: float | None, believed: bool) -> None:
    cable = Cable()
    readings = [(t, 5.0 if left_v is None else left_v) for t, _ in (TENTHS[:8] if left_v is None else TENTHS)]
    closed(cable, readings)
    for now in (1.3, 9.0):
        after = cable.look(now, NONE, SILENT, ALONE)
        wanted = CableVoltage(left_v, Source.ASSUMED, left_v) if believed else CableVoltage(None, Source.UNKNOWN, None)
        assert after == wanted


@pytest.mark.parametrize(
    ("outputs", "car", "believed"),
    [
        (NONE, Car(x102=X102(protocol=2, contactors_open=True)), True),
        (NONE, Car(x102=X102(protocol=2, contactors_open=False)), False),
        (NONE, Car(x102=X102(protocol=1, contactors_open=False)), True),  # protocol 1 has no such flag
        (Output.D1, ALONE, True),
        (Output.D2, ALONE, False),
        (Output.C1, ALONE, False),
        (Output.C2, ALONE, False),
        (None, ALONE, False),
    ],
)
def test_what_was_left_is_forgotten_when_anything_may_have_joined(
    outputs: Output | None, car: Car, believed: bool
) -> None:
    cable = Cable()
    closed(cable, TENTHS)
    assert (cable.look(1.3, outputs, SILENT, car).source is Source.ASSUMED) is believed
    assert (cable.look(1.4, NONE, SILENT, ALONE).source is Source.ASSUMED) is believed, "and stays so"


def test_d2_that_stays_on_joins_nothing() -> None:
    cable = Cable()
    for t, volts_v in TENTHS:
        cable.look(t, CONTACTORS | Output.D2, shows(volts_v, t), ALONE)
    assert cable.look(1.3, Output.D2, SILENT, ALONE).source is Source.ASSUMED
    assert cable.look(1.4, NONE, SILENT, ALONE).source is Source.ASSUMED
    assert cable.look(1.5, Output.D2, SILENT, ALONE).source is Source.UNKNOWN


def test_contactors_that_close_again_begin_again() -> None:
    cable = Cable()
    closed(cable, TENTHS)
    cable.look(1.3, NONE, SILENT, ALONE)
    assert cable.look(1.4, CONTACTORS, shows(5.0, 1.4), ALONE).source is Source.UNKNOWN
    assert cable.look(1.5, NONE, SILENT, ALONE).source is Source.UNKNOWN
    assert closed(cable, [(2.0 + t, v) for t, v in TENTHS[:11]]).highest_v is None
    assert closed(cable, [(2.0 + t, v) for t, v in TENTHS[11:]]).highest_v == 5.0


def test_a_silent_guard_begins_the_converters_readings_again() -> None:
    cable = Cable()
    closed(cable, TENTHS)
    cable.look(1.25, None, shows(5.0, 1.25), ALONE)
    assert closed(cable, [(1.3 + t, v) for t, v in TENTHS[:11]]).highest_v is None


DOUBTED = [
    # ADC, converter, the highest voltage that is then known
    (4.0, 5.0, 5.0),
    (6.0, 5.0, 6.0),
    (10.0, 10.0, 10.0),
    (10.1, 5.0, None),
    (-10.1, 5.0, None),
    (4.0, 10.1, None),
]


@pytest.mark.parametrize(("adc_v", "converter_v", "highest_v"), DOUBTED)
def test_in_doubt_only_what_both_call_empty_is_known(adc_v: float, converter_v: float, highest_v: float | None) -> None:
    cable = Cable()
    last = CableVoltage(None, Source.UNKNOWN, None)
    for t, _ in TENTHS:
        cable.sample(adc_v, t)
        last = cable.look(t, CONTACTORS, shows(converter_v, t), ALONE, doubted=True)
    empty = highest_v is not None
    source = Source.ASSUMED if empty else Source.UNKNOWN
    volts_v = adc_v if empty else abs(adc_v) if abs(adc_v) > 10.0 else None
    assert last == CableVoltage(volts_v, source, highest_v, False, adc_v)
    assert cable.look(2.0, CONTACTORS, shows(5.0, 2.0), ALONE, doubted=True) == CableVoltage(None, Source.UNKNOWN, None)


def test_in_doubt_a_live_reading_stands_for_a_second() -> None:
    cable = Cable()
    now = read(cable, *([4.0] * 11), 374.0, *([4.0] * 8))
    for volts_v in (374.0, 374.0, None):
        now += 0.1
        cable.sample(4.0, now)
        seen_ = cable.look(now, NONE, SILENT, ALONE, doubted=True)
        assert seen_ == CableVoltage(volts_v, Source.UNKNOWN, None, False, 4.0)
    first = Cable()
    first.sample(374.0, 0.0)
    assert first.look(0.0, NONE, SILENT, ALONE, doubted=True).volts_v == 374.0, "one is enough to doubt a word"


def test_in_doubt_one_of_both_alone_knows_nothing() -> None:
    cable = Cable()
    now = read(cable, *([4.0] * 13))
    assert cable.look(now, NONE, SILENT, ALONE, doubted=True) == CableVoltage(None, Source.UNKNOWN, None, False, 4.0)


@pytest.mark.parametrize(
    ("adc_v", "converter_v", "highest_v"), [(3.0, 5.0, 5.0), (12.0, 5.0, 12.0), (3.0, 12.0, 12.0), (3.0, None, None)]
)
def test_calibrated_by_the_converter_only_both_together_show_an_empty_cable_while_it_is_connected(
    adc_v: float, converter_v: float | None, highest_v: float | None
) -> None:
    cable = Cable(by_converter=True)
    for tenth in range(30):
        now = tenth / 10
        cable.sample(adc_v, now)
        pre = SILENT if converter_v is None else shows(converter_v, now)
        looked = cable.look(now, CONTACTORS, pre, ALONE)
    assert (looked.source, looked.volts_v, looked.highest_v) == (Source.BY_CONVERTER, adc_v, highest_v)


def test_calibrated_by_the_converter_the_sensor_alone_judges_a_cable_that_is_not_connected() -> None:
    cable = Cable(by_converter=True)
    now = read(cable, *(3.0,) * 12)
    assert (seen(cable, now).source, seen(cable, now).highest_v) == (Source.BY_CONVERTER, 3.0)
    assert cable.look(now, NONE, SILENT, ALONE, doubted=True).highest_v is None, "but it unlocks nothing"
