"""The CCS judge's own numbers, separate on purpose: a wrong number in the software cannot judge itself. They are those
of ../../docs/ccs.md, docs/SAFETY.md and of the standards as quoted there, with what a measurement and a frame take."""

MOST_W, CONVERTER_A, MOST_V = 6000.0, 15.0, 500.0
PRECHARGE_A = 2.0
"""Before the first CurrentDemandReq no more flows, whatever the car asks for."""
SLACK_A = 0.35
REACTION_S = 1.2
"""Until a falling limit is obeyed: the setpoint's period 0.25 s or the car's request 0.15 s, our look 0.1 s, the
converter's dead time 0.2 s, its fall from 15 A 0.3 s, and 0.3 s more."""
SETPOINT_LIFE_S = 1.0
NEGATIVE_A = 0.3
"""Below this a current out of the car is noise of the model."""
BLEED_A = 0.25
DEAD_V = 60.0
DEAD_WITHIN_S = 14.0
"""An open cable falls by its own bleeder from 500 V to 60 V in 10.6 s."""
TEST_ABOVE_V, TEST_WITHIN_V, TEST_S = 50.0, 12.0, 4.5
"""The cable check: so far above the car's maximum, at most MOST_V, for so long, before Valid is said."""
FAULT_OHM, WARNING_OHM = 100_000.0, 500_000.0
FAULT_TOLD_S = 1.5
"""From a fault of the insulation to an answer that says it: read once a second, and a request of the car."""
FAULT_READ_S = 1.1
"""Until a fault of the insulation is read: once a second."""
FAULT_OFF_S = 6.5
"""From a fault of the insulation to the pilot off: read within 1.1 s, and a cable that must be bled first, 3 s."""
AFTER = ("welding check", "unlock", "farewell")
"""States with c1 and c2 open: there a fault of the insulation is only told."""
PILOT_OFF_S = 1.2
"""From rest, or from a trip of guard, to the pilot off; the box's own dead man takes 0.5 s."""
TOLD_V_OFF, TOLD_A_OFF, TOLD_FOR_S = 12.0, 2.0, 0.9
TOLD_AGE_S = 0.4
"""A told value may be so old: read every 0.1 s, sent to `ccs` every 0.1 s. A cable falls by 35 V in 0.1 s."""
QUIET_S = 1.0
"""A car in the charging loop that asks nothing for so long is silent."""
K_PRE_AC_S, K_OPEN_S = 0.06, 0.45
"""From the edge of K in the charging loop (docs/SAFETY.md, ccs-k-off: 0.05 s and 0.35 s) and what an event takes."""
LONGEST_S: dict[str, float] = {
    "wake": 70.0,
    "handshake": 180.0,
    "converter": 15.0,
    "lock": 62.0,
    "insulation test": 22.0,
    "bleed": 3.0,
    "test done": 62.0,
    "voltage match": 7.0,
    "ready": 6.0,
    "stop": 10.2,
    "welding check": 20.0,
    "unlock": 60.0,
    "farewell": 5.0,
    "make-safe": 5.0,
}
"""The longest time of a session in each state, by its name on the bus."""
