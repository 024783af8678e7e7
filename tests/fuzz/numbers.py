"""The judge's own numbers, each with its source; none is taken from the software under test. SAFETY: docs/SAFETY.md,
"Hazards". CHAdeMO: the quoted standard (IEEE 2030.1.1). Times have SLACK_S added for the spacing of events."""

SLACK_S = 0.06
"""Events are up to 25 ms apart while something moves, and charger looks every 50 ms."""

OPEN_A = 5.0  # SAFETY "A contactor opens under load"; CHAdeMO: at most 5 A
OPEN_AC_OFF_S = 0.3  # the same row: above it only in make-safe, converter's AC off for 0.3 s
UNLOCK_V = 10.0  # SAFETY "The plug is pulled": never above 10 V
EMPTY_FOR_S = 1.0  # judgement of the cable: all readings of 1.0 s ...
EMPTY_READINGS = 5  # ... and at least 5 of them; fewer readings are no measurement
FALL_FROM_V = 50.0  # a fall from above this to below 10 V between two readings is a dead sensor
WORD_SIGNALS_S = 120.0  # SAFETY: unknown voltage: 120 s after d1 and d2, and a person
WORD_FRESH_S = 5.0  # a person's word expires after 5 s
UNKNOWN_S = 0.5  # after this time without a reading the voltage is unknown
D2_DEAD_V = 20.0  # SAFETY "The car's contactors close onto a live cable": below 20 V
SIGNALS_S = 0.5  # CHAdeMO S8: d2 off, 0.5 s, d1 off; SAFETY make-safe the same
CLOSE_V = 20.0  # SAFETY "Contactors close onto different voltages"; the plant's limit
MATCHED_POLLS = 2  # the same row: two polls of 2107 in a row
MATCHED_S = 0.1  # ... the last of them at most one poll interval ago
K_S, K_DISOBEYED_S = 0.5, 1.5  # SAFETY "The car takes its permission (K) back"
ORDER_S = 2.2  # SAFETY "Energy flows that nobody ordered"
UNHEARD_S = 3.2  # SAFETY "The converter falls silent": contactors open
LIMIT_S = 0.75  # SAFETY "More current than the car or the site allows"
DEVIATION_A, DEVIATION_S = 5.0, 2.0  # the same row: a deviation of more than 5 A for 2 s ends the session
CAR_SILENT_S = 1.0  # SAFETY "The car falls silent": 0 A at 0.3 s, end at 1.0 s
CHARGER_DEAD_S = 1.5  # SAFETY "charger dies, hangs or is late": contactors open
GUARD_DEAD_S = 0.35  # SAFETY "guard dies or hangs": 0 A commanded at 0.35 s
GUARD_STARTS_S = 1.5 + 1.1  # without the backup guard: a new guard after 1.5 s, make-safe's 1.1 s
FALL_S = 0.5  # the converter's dead time and fall from 16 A to 0 (facts: 0.2 s, -50 A/s)
UNTOLD_S = 1.5  # no energy after 2108, 2107 or 2101 was not read for this time
TRIP_S = 0.1  # SAFETY "A charger that was stopped goes on": 0.1 s
NOTHING_A = 1.2  # the voltage match's 1 A and the bleed's -0.2 A do not count as energy
NEAR_A, NEAR_V, NEAR_S = 2.5, 10.0, 1.0  # CHAdeMO: cars tolerate 10 V and 10 A for 5 s; we require more
AGE_S = 0.3  # 109.1-3 may be as old as a poll (0.1 s), one more poll that failed, and a frame period (0.1 s)
ALLOWED_OVER_A = 0.7  # rounding of the bytes and of the converter
OVER_V, OVER_S = 5.0, 1.5  # SAFETY "The battery is over- or undercharged": 1.5 s
BELOW_FLOOR_PCT = 2.0  # below 200.6 by more than the rounding of 102.6 and of 0.1 kWh

SEQUENCE = {
    0x20: {0x20, 0x24},
    0x24: {0x24, 0x05, 0x20, 0x25},  # 25 from 24: a fault within one cycle of the start
    0x05: {0x05, 0x25},
    0x25: {0x25, 0x24},
}
"""CHAdeMO 109.5 without its fault bits (1, 3 and 4): 20, 24, 05, 25, 24, 20."""
FAULT_BITS = 0x1A
