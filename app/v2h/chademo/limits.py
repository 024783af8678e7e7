"""Every safety number of the charger: value, unit, source and reason.

origin: "standard" is IEEE 2030.1.1 or the V2H guideline as quoted by open implementations (the paid text was not
opened); "capture" was recorded with the vendor's charger and a Leaf; "ours" is our own choice inside the other two.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limit:
    """One number. The code uses `.value`; the rest is for people, pages and tests."""

    value: float
    unit: str
    origin: str
    why: str


def standard(value: float, unit: str, why: str) -> Limit:
    return Limit(value, unit, "standard", why)


def capture(value: float, unit: str, why: str) -> Limit:
    return Limit(value, unit, "capture", why)


def ours(value: float, unit: str, why: str) -> Limit:
    return Limit(value, unit, "ours", why)


# Deadlines of the states, counted from entering the state unless the reason says otherwise
WAKE = ours(5.0, "s", "first car frames after d1; cars in the field answer within 3 s")
K_BEFORE_CAN = ours(1.0, "s", "charge permission on although the car has not spoken for so long after d1")
PERMISSION = standard(8.0, "s", "T-time from d1 to k on and 102.5.0 = 1; captures need 3.4 to 3.9 s")
CONVERTER_READY = ours(15.0, "s", "the PRE needs 8.0 s from its first poll to status 0000 in the capture")
LOCKING = ours(2.0, "s", "solenoid and the check of the cable; 0.3 s pass before it is believed")
LOCK_SETTLE = ours(0.3, "s", "the solenoid has no feedback input; give it time to drop in")
INSULATION = ours(6.0, "s", "raise to test voltage and hold; the vendor takes 2.3 s")
INSULATION_HOLD = capture(0.25, "s", "490 V or more for 0.3 s in the shorter of two sessions of the vendor's charger")
CALIBRATION = ours(12.0, "s", "1.3 s until the cable is seen empty, three voltages of 2 s each, and a margin")
BLEED = ours(4.0, "s", "cable below 10 V after the test; the vendor needs 0.5 s at -0.2 A")
BLEED_FALLING = ours(8.0, "s", "the same in all while the cable still falls; d2 has 20 s from the permission")
CONTACTOR_CHECK = ours(3.0, "s", "raise the converter to 50 V with c1/c2 open and look at the cable; 0.9 s are usual")
CHECK_HOLD = ours(0.6, "s", "the cable stays empty so long beside a raised converter: longer than a reading is valid")
D2_AFTER_PERMISSION = standard(20.0, "s", "C-time from k on and 102.5.0 = 1 to d2")
CAR_CONTACTORS = standard(4.0, "s", "from d2 to 102.5.3 = 0; 1 to 2 s are typical")
BATTERY_SEEN = ours(2.0, "s", "from 102.5.3 = 0 to a steady battery voltage on the cable; the capture needs 0.64 s")
CAR_OPENS_UNFLAGGED = standard(2.0, "s", "before any current a car without contactor flag counts as open after so long")
D2_HELD_UNFLAGGED = standard(4.0, "s", "CHAdeMO 0.9: d2 is held so long after 109.5.0 = 0, then it falls")
CAR_RELEASES = ours(5.0, "s", "d2 off to an empty cable, for a car whose contactors hang on d2")
CAR_OPEN_FOR = ours(0.3, "s", "102.5.3 = 1 in energy flow for three frames: the car has opened its contactors")
VOLTAGE_MATCH = ours(3.0, "s", "raise the PRE to the battery; the car wants to ask for current within 4 s")
CABLE_SEEN_FOR = ours(0.05, "s", "two readings above 50 V: the battery of a car without contactor flag is on")
CABLE_SETTLE = capture(0.4, "s", "the cable-side ADC shows a step fully after 3 to 4 frames")
FIRST_REQUEST = ours(6.0, "s", "the car asks within 4 s of 5.3 = 0, counted here from c1/c2 closed, plus margin")
CURRENT_STOP = ours(0.8, "s", "0 A commanded to <= 5 A; the capture needs 0.2 to 0.3 s; then guard makes safe")
WELDING = standard(10.0, "s", "T-time from 102.5.0 = 0 to 102.5.3 = 1, here from 5 A or less; captures need 2.8 s")
CABLE_SAFE = ours(5.0, "s", "cable <= 10 V after the car opened; the standard asks 2 s, older cars are slower")
OPENING = ours(1.0, "s", "c1/c2 open is seen by read-back within one exchange with guard")
D2_TO_D1 = standard(0.5, "s", "d2 off, then d1 off")
UNLOCKING = ours(5.0, "s", "cable <= 10 V measured; else the plug stays locked and a person is asked")
UNLOCKING_FALLING = ours(60.0, "s", "the same in all while the measured cable still falls: it may bleed by itself")
LEFT_ALONE_V = ours(20.0, "V", "a cable that fell by so much with c1/c2 open has no battery on it any more")
STILL_FALLS_V = ours(1.0, "V", "a cable that fell by so much since the deadline last began still falls")
AGREED_FOR = ours(0.2, "s", "c1/c2 open when ADC and converter have shown an empty cable for so long")
FOLLOWS_AFTER = ours(0.3, "s", "what 2107 shows counts so long after an order; its dead time is 0.2 s (capture)")
BLED_BY = ours(1.2, "s", "of -0.2 A: a converter that stands alone is empty; with the cable it took 0.7 s (capture)")
CONDUCTS_A = ours(1.0, "A", "a measured current above: c1 and c2 really connect converter and car")
STOP_SHOWN = capture(0.3, "s", "the vendor shows 25 for 0.300 s: longer than a rising current goes on rising")
FAREWELL = capture(0.3, "s", "the vendor sends for 0.27 s after the car's last frame; so do we, whatever state it is")
UNLOCK_WORD_S = ours(5.0, "s", "a person's word counts for so long: guard needs one exchange of it")

# Voltages and currents
TEST_V = capture(500.0, "V", "insulation test voltage and available voltage of the vendor")
TEST_A = capture(1.0, "A", "current limit of test and voltage match")
BLEED_A = capture(-0.2, "A", "empties the cable after the test and at the end")
CALIBRATION_LOW_V = ours(150.0, "V", "calibration of the cable's ADC: the lowest voltage that a battery may have")
CALIBRATION_MID_V = ours(
    325.0, "V", "halfway between the lowest and the test voltage: shows a line that is not straight"
)
CALIBRATION_SETTLE = ours(0.5, "s", "after the converter is steady: the sense path shows 98 % of a step after 0.3 s")
CALIBRATION_HOLD = ours(1.0, "s", "of readings at each voltage: ten polls of 2107, twenty of the ADC")
CALIBRATION_STEADY_V = ours(3.0, "V", "readings of the converter at one voltage lie so close together")
CALIBRATION_NOISE_V = ours(5.0, "V", "readings of the ADC at one voltage lie so close together")
CALIBRATION_BENT_V = ours(3.0, "V", "no point is farther from the line: a third of what unlocks the plug")
CALIBRATION_ZERO_V = ours(5.0, "V", "the empty cable by the line against the converter: half of what unlocks the plug")
CALIBRATION_LEAST_V_PER_V = ours(50.0, "V/V", "500 V must not be above the ADC's 10 V")
CALIBRATION_MOST_V_PER_V = ours(500.0, "V/V", "a step of the ADC is 1.2 V then: coarser cannot tell an empty cable")
CABLE_EMPTY_BEFORE_TEST_V = standard(10.0, "V", "the car's contactors are surely open")
CABLE_EMPTY_BEFORE_D2_V = standard(20.0, "V", "after the insulation test")
CABLE_UNLOCK_V = standard(10.0, "V", "the plug stays locked above")
BATTERY_PRESENT_V = standard(50.0, "V", "the cable must exceed it once the car closed its contactors, until a stop")
BATTERY_GONE_FOR = ours(0.5, "s", "below with c1/c2 closed for so long: error stop")
CABLE_LEAST_V = ours(-20.0, "V", "a reading of the cable below is not believed")
CABLE_MOST_V = ours(700.0, "V", "a reading of the cable above is not believed: we ask for 500 V at most")
CABLE_STEADY_FOR = ours(0.15, "s", "c1/c2 close onto a battery voltage whose readings of so long ...")
CABLE_STEADY_V = ours(5.0, "V", "... lie so close together: the sense path shows 98 % of a step after 0.3 s (capture)")
CHECK_V = ours(50.0, "V", "converter in the contactor check: more than the cable may show, less than hurts")
CHECK_RISEN_V = ours(40.0, "V", "2107 in the contactor check from which the cable is judged")
WELDED_V = ours(100.0, "V", "2107 with c1/c2 commanded open and 0 V ordered: they are welded, this is the battery")
WELDED_FOR = ours(0.2, "s", "two polls of 2107")
PRERAISED = ours(0.7, "1", "of its target, for a car without contactor flag: the converter waits below any battery")
LOWEST_TOLD_V = ours(50.0, "V", "100.2-3 below is no battery's lowest voltage; an e-NV200 tells 1 V")
TEST_OVERSHOOT_V = ours(20.0, "V", "cable or PRE above the test voltage by more than this: the test ends in an error")
MATCH_OFFSET_V = capture(8.0, "V", "PRE above the battery before c1/c2 close")
MATCH_WITHIN_V = ours(10.0, "V", "PRE output against battery when c1/c2 close")
AT_CEILING_V = ours(3.0, "V", "so close below its ceiling the converter holds the voltage, not the current")
OPEN_UNDER_A = standard(5.0, "A", "no contactor opens above; 109.5.0 falls below")
AVAILABLE_V = capture(500.0, "V", "108.1-2 and 208.1-2")
ASSUMED_WITHIN_V = ours(20.0, "V", "battery seen by the PRE after c1/c2 closed against the voltage assumed before")
AVAILABLE_A = capture(15.0, "A", "108.3 and 208.3")
LOWER_THRESHOLD_V = capture(250.0, "V", "208.6-7")
OUTPUT_MIN_V = ours(150.0, "V", "a battery below cannot be matched")

# Supervision
CAR_QUIET = ours(0.3, "s", "no 102 (or, for discharge, no 200): 0 A; three of the car's cycles")
CAR_LOST = ours(1.0, "s", "no 102: error stop; no figure of the standard is quoted, other chargers take 1 s")
PRE_QUIET = ours(0.35, "s", "measured current of the PRE not told, three polls: 0 A is commanded")
PRE_LOST = ours(1.0, "s", "current (2108), voltage (2107) or status (2101) not told: error stop")
READ_BACK_LOST = ours(2.0, "s", "2100, 2109 or 210A not read back: error stop; in flow each is read every 0.4 s")
PRE_SLOW_LOST = ours(5.0, "s", "temperature (2104) or word 2150 not told: error stop")
AMPS_TOLD_FOR = ours(0.5, "s", "a measured current older than this is not told to the car")
GUARD_LOST = ours(0.3, "s", "no report: PRE 0 A at once")
CABLE_LOST_FOR = ours(1.0, "s", "the cable's calibrated ADC gives nothing for so long: error stop")
STOP_REQUEST_FOR = ours(4.0, "s", "102.5.4 before the first current ends the session when it lasts; some go on")
K_AGAINST_CAN_FOR = ours(
    1.0, "s", "K and 102.5.0 differ in a stop for so long: a remark; each alone has ended the flow"
)
REQUEST_OVER_FOR = ours(2.0, "s", "the car asks for more than 108.3: limited at once, told after so long")
DEVIATION_A = ours(5.0, "A", "measured against commanded current ...")
DEVIATION_FOR = ours(2.0, "s", "... for so long: error stop; the car itself trips at 10 A for 5 s")
REMAINS_A = ours(1.0, "A", "measured after a stop, while 0 or -0.2 A is ordered ...")
REMAINS_FOR = ours(1.0, "s", "... for so long: error stop; the converter falls from 5 A to 0 in 0.1 s")
OFFER_AHEAD_A = ours(9.0, "A", "108.3 is at most so far above what flows; two public cars trip at 10 and 12 A ...")
OFFER_AHEAD_FOR = ours(3.0, "s", "... for 5 s: it is lowered after so long")
CURRENT_GONE_A = ours(0.5, "A", "a car without flag that takes less at the ceiling though more is ordered is open ...")
CURRENT_GONE_FOR = ours(5.0, "s", "... or full: the current of a full battery falls over minutes, so nothing is lost")
OVER_VOLTAGE_FOR = ours(0.2, "s", "three readings: one spike ends nothing")
DEVIATION_WARN_A = ours(3.0, "A", "told after the same time")
UNHEEDED_A = ours(2.0, "A", "current setpoint read back from the PRE against the one wanted ...")
UNHEEDED_FOR = ours(1.0, "s", "... for so long: error stop; a write is repeated every 0.1 s until it is seen")
CABLE_AGAINST_PRE_V = ours(10.0, "V", "cable voltage against PRE output with c1/c2 closed ...")
CABLE_AGAINST_PRE_FOR = ours(1.0, "s", "... for so long: error stop")
UNDER_VOLTAGE_FOR = ours(2.0, "s", "current still drawn at or below 200.4-5 or 208.6-7 for so long: error stop")
UNDER_VOLTAGE_A = ours(1.0, "A", "what counts as drawn; the PRE's own bleed is 0.2 A")
DERATE_FROM_C = ours(75.0, "degC", "PRE temperature from which less is offered; 47 degC at 14 A in the capture")
OVER_TEMPERATURE_C = ours(85.0, "degC", "PRE temperature: error stop; no data sheet is public")
DERATED_SHARE = ours(0.2, "1", "of the current, left just below the temperature that stops")
SLEW_A_PER_S = standard(20.0, "A/s", "the car's own request slews no faster")
PAUSE_AFTER = ours(10.0, "s", "nothing wished for so long: 108.3 = 0 and 208.3 = FF, as the vendor pauses a session")
RESUME = ours(2.0, "s", "the car's offer is rising again after a pause: 20 A/s in its own cycle of 0.1 s")
LOOP_LATE = ours(0.2, "s", "a loop older than this may write 0 A only")
NO_BUS_FOR = ours(60.0, "s", "no bus or manager for so long: the session ends in order")


def table() -> dict[str, Limit]:
    """All limits by name."""
    return {name: value for name, value in globals().items() if isinstance(value, Limit)}
