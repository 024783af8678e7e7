"""The judge's own numbers and tables, separate on purpose: a wrong number in the software cannot judge itself."""

from v2h.pre import objects as pre
from v2h.safety.outputs import CONTACTORS, Output

LOW_A = 5.0
K_OFF_S = 0.5
FAULTY_PRE_S = 1.5
STRANGER_S, UNREAD_STRANGER_S = 0.1, 0.9
"""From a foreign write after a trip to PRE AC off. The second one counts when guard dies before it has read that write:
its second replaces the order by 0 A at once, and switches the AC off at make-safe's own time."""
READS_S = 0.02
"""guard reads its bus this often while it makes safe."""
REACTION_S = 0.75
"""Time until a falling limit is obeyed: its frame 0.1 s, our look 0.05 s, the converter's dead time 0.2 s, its fall
from 15 A 0.3 s, and 0.1 s more."""
NEEDS = (
    (Output.C1, Output.C2),
    (Output.C2, Output.C1),
    (CONTACTORS, Output.PLUG_LOCK),
    (CONTACTORS, Output.D1),
    (CONTACTORS, Output.MASTER),
    (Output.D2, Output.D1),
    (Output.D2, Output.PLUG_LOCK),
    (Output.PRE_AC, Output.MASTER),
)
"""While the first output is on, the second is on too. (PRE AC may go off before the contactors, in make-safe.)"""
LONGEST_S: dict[str, float] = {
    "wake": 5.0,
    "handshake": 8.0,
    "converter": 15.0,
    "lock": 2.0,
    "insulation test": 6.0,
    "calibration": 12.0,
    "bleed": 8.0,
    "test done": 1.0,
    "contactor check": 3.0,
    "car contactors": 6.1,
    "voltage match": 3.0,
    "ready": 6.0,
    "stop": 0.8,
    "welding check": 10.0,
    "car releases": 5.0,
    "car opens": 10.0,
    "open": 1.0,
    "d2 off": 1.0,
    "unlock": 60.0,
    "farewell": 1.0,
    "make-safe": 5.0,
}
"""The longest time of a session in each state, by its name on the bus (plus one step of a slow program)."""
UNLOCK_STANDS_S = 6.5
"""The session waits in "unlock" while the cable's voltage falls by itself; otherwise it goes on within this time."""
FALLS_BY_ITSELF_V = 2.0
EMPTY_V = 10.5
"""10 V, and the rounding of a correct sensor."""
LIVE_V = 20.5
"""20 V for d2, and the same rounding."""
FALL_SEEN_FROM_V = 55.0
"""A sensor that falls to 0 V from above this, with c1 and c2 open, is a dead sensor (50 V in the software)."""
FALL_MAY_BE_SEEN_FROM_V = 45.0
"""From above this it may be taken for one."""
DEAD_AFTER_S = {"zero": 0.0, "zero before the filter": 0.055, "zero after a gap": 0.25}
"""A sensor that reads 0 V for ever: at once; as the filter before the ADC follows, with this time constant; after this
time without a reading."""
SENSOR_OFF_V = {"stuck": 3.5, "high": 0.0, "drift": 0.0, "noise": 3.5, "lost": 0.0}
"""By how much the true voltage may exceed the sensor's reading; "drift down" and the dead sensors are in the judge."""
DRIFT_V_PER_S = 5.0
PIN_DIVIDER = 100.0
"""Volts on the cable for one at the ADC's pin."""
FULL_V = 400.0
CALIBRATED_EMPTY_V, CALIBRATED_FULL_V = 11.0, 9.0
"""What a calibration may show wrong on an empty cable, whatever is broken, and at FULL_V with a sensor and a converter
that are right or of which only one is wrong."""
CLOSED_APART_V = 40.0
"""With a wrong sensor, c1 and c2 may close onto twice the usual difference ..."""
FROZEN = "stuck"
"""... and a sensor that froze while the battery came onto the cable looks the same as a low battery."""
WORD_S = 5.5
"""A person's word expires after 5 s."""
SIGNALS_OFF_S = 119.9
CLOSED_APART = "c1/c2 closed onto a voltage difference, V"
CLOSED_ONTO_PRE = "car's contactors closed onto the PRE, V"
VIOLATION_EXCUSE: dict[str, set[str]] = {
    "c1/c2 opened under current, A": {"always"},  # judged below by the rule on make-safe's step 3
    "car's contactors opened under current, A": {"car"},
    "cable live while the plug is not locked, V": {"lock"},
    "plug unlocked on a live cable, V": {"always"},  # judged below, with the person's confirmation
    CLOSED_APART: {"pre", "mad"},  # for "adc" see CLOSED_APART_V
    "car's contactors closed onto a live cable, V": {"mad"},
    CLOSED_ONTO_PRE: {"mad"},  # for "weld" see the judge: only where the cable is not measured
}
"""Misuse that the plant itself records -> what excuses it; for a misuse that is not listed there is no excuse."""
STOPPED = "current stopped that the converter gives by itself"
INSIDE = "current inside both sides' limits"
VOLTS = "volts inside the car's limits"
FLOOR = "no discharge below the car's floor"
TOLD_V = "measured volts are told"
TOLD_A = "measured amps are told"
TOLD_A_S = 1.6
"""The reported value lags by a measurement and a frame, so it differs by 3 A and more while the current moves at
20 A/s: 1.5 s from 15 A to -15 A."""
TOLD_FLOW = "109.5.0 while current flows"
END_RULES = {
    "a car that stops ends the session": 2.0,
    "a car that is silent ends the session": 2.0,
    "a car with open contactors ends the session": 1.5,
    "a converter that is silent ends the session": 2.0,
    "a converter that hides a value ends the session": 0.6,
    "a converter with odd status ends the session": 2.0,
    "a hot converter ends the session": 2.0,
    "no guard ends the session": 2.0,
}
"""How long energy may continue with each of these."""
OBJECT_STALE_S = {pre.AMPS: 1.0, pre.VOLTS: 1.0, pre.STATUS: 1.0, pre.TEMPERATURE: 5.0}
"""After this time without a value the converter counts as hiding it; 0.6 s later the energy has ended."""
CURRENT_RULES = (STOPPED, INSIDE, VOLTS, FLOOR)
TOLD_RULES = (TOLD_V, TOLD_A, TOLD_FLOW)
SET_AMPS = pre.write_amps(0.0)[:4]
ENABLE_ON = pre.write_enable(True)
