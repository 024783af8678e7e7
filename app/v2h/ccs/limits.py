"""Every number of a CCS session: value, unit, source and reason. The numbers that the charger has for any car
(contactors, converter, cable) stay in chademo/limits.py.

origin: "standard" is DIN SPEC 70121, ISO 15118-2 or IEC 61851-23 as quoted by open implementations (the paid text was
not opened); "capture" was recorded at public chargers; "ours" is our own choice inside the other two. No number here is
certified.
"""

from v2h.chademo.limits import Limit, capture, ours, standard

# Messages (secc.py)
SEQUENCE = standard(60.0, "s", "from a response to the next request, in any state; then the connection is closed")
SETUP = standard(18.0, "s", "from TCP to SessionSetupReq; the car itself gives up after 20 s")
ANSWER = standard(1.5, "s", "an answer that waits for the charger is sent after so long; the car waits for 2 s")
ANSWER_POWER = standard(4.5, "s", "the same for PowerDelivery in ISO 15118-2, where the car waits for 5 s")
PARAMETERS = standard(60.0, "s", "ChargeParameterDiscovery may stay Ongoing so long")
CABLE_CHECK = ours(30.0, "s", "the whole cable check as the car sees it; it gives up after 40 s, a BYD before 30 s")
PRECHARGE = ours(10.0, "s", "the whole precharge as the car sees it; our own power session gives itself 7 s")
PILOT_C = standard(1.5, "s", "from the first CableCheckReq to pilot C or D [V2G-DC-547]")
LINGER = standard(5.0, "s", "after SessionStopRes the car closes the connection; then we do")

# What is offered
MOST_V = ours(500.0, "V", "the converter's highest voltage, and the system voltage of the cable check")
MOST_W = ours(6000.0, "W", "the converter's power")
LEAST_A = ours(0.0, "A", "charge only: no order of a car, an owner or a program makes the current negative")
RIPPLE_A = standard(1.5, "A", "EVSEPeakCurrentRipple below 10 Hz; the converter's own figure is not measured yet")
PMAX_MOST_W = standard(32767.0, "W", "PMax of DIN SPEC 70121 is a short integer in W")
SCHEDULE_S = standard(86400.0, "s", "the one schedule entry that every charger offers lasts a day")

# The power session (power_states.py)
LINK = standard(70.0, "s", "SLAC within 50 s and SDP, TCP and SessionSetup within 20 s, then the car does not want it")
HELLO = capture(180.0, "s", "up to the parameters; the longest wait for an authorisation in a capture is 159 s")
CAR_NEXT = standard(62.0, "s", "the car's next request comes within 60 s, or `ccs` ends the session; and a margin")
INSULATION = ours(22.0, "s", "test voltage and measurement; with the bleed 25 s, because a BYD leaves before 30 s")
ISOLATION_SETTLE = ours(5.0, "s", "the monitor's measurement counts so long after the test voltage stands")
TEST_ABOVE_CAR_V = standard(50.0, "V", "test voltage above the car's maximum (IEC 61851-23:2023 CC.4.1.2)")
TEST_WITHIN_V = ours(10.0, "V", "the test voltage is reached; the converter's own accuracy")
BLED_V = standard(60.0, "V", "no contactor closes above, and the car's plug unlocks below")
BLEED_STUCK = ours(3.0, "s", "-0.2 A takes 0.7 s (capture); a cable above 60 V then is held by something: 0 A")
PRECHARGE_A = standard(2.0, "A", "our own limit in the precharge, whatever the car asks for")
PRECHARGE_WITHIN_V = ours(10.0, "V", "converter and cable against the car's target; the car closes within 20 V")
PRECHARGE_POWER = standard(7.0, "s", "target reached and power started; EcoG's car gives up after 7 s")
PRECHARGE_LEAST_V = ours(150.0, "V", "the converter's lowest voltage; for a lower target it waits at 0 V")
FIRST_DEMAND = ours(6.0, "s", "from PowerDelivery to the first CurrentDemandReq; captures need less than 1 s")
DEMAND_LOST = ours(1.0, "s", "no CurrentDemandReq: loss; captures show one every 90 to 220 ms")
OFFER_HEARD = ours(1.0, "s", "so long after a higher offer the car may still ask by the lower one; it asks each 0.25 s")
ASKS_FOR_ALL_A = ours(
    1.0, "A", "a car that asks for as little less than the offer asks for all; some ask for whole amps"
)
CURRENT_GONE_A = standard(1.0, "A", "PowerDelivery(stop) is answered below")
CAR_STOPS = ours(10.0, "s", "from EVSE_Shutdown to PowerDelivery(stop); then the pilot goes off")
WELDING = ours(20.0, "s", "welding detection; then the session ends without SessionStop")
FAREWELL = standard(3.0, "s", "the pilot stays on so long after the end, at least 1.5 s (CPOscillatorRetain)")
FAREWELL_MOST = ours(5.0, "s", "the deadline of the same")
BACKFEED_A = ours(1.0, "A", "measured out of the car although the order is never negative ...")
BACKFEED_FOR = ours(0.3, "s", "... for three polls of 2108: an error stop")
OVER_VOLTAGE_FOR = standard(0.4, "s", "cable above the car's maximum (IEC 61851-23 CC.6.2): emergency")
OVER_VOLTAGE_V = ours(10.0, "V", "tolerance of that, the accuracy of our measurement")

# The insulation monitor (insulation.py)
FAULT_OHM = standard(100_000.0, "ohm", "below: Fault. 100 ohm per V asks for 50 kohm at 500 V; the larger counts")
WARNING_OHM = standard(500_000.0, "ohm", "below: Warning, the car may stop by itself")
MONITOR_LOST = ours(3.0, "s", "no answer of the monitor for so long: not measured. It is read once a second")

# The pilot (pilot.py)
PILOT_LOST = ours(0.3, "s", "no line of the pilot box: its state is unknown. It sends one each 50 ms")
PILOT_STEADY = ours(0.1, "s", "a state that permits energy counts after so long; one that ends it, at once")


def table() -> dict[str, Limit]:
    """All limits by name."""
    return {name: value for name, value in globals().items() if isinstance(value, Limit)}


def charge_only_a(amps_a: float) -> float:
    """The only place that decides about a negative current: it forbids it. Every current that a car asks for, and every
    current that the power session orders in a phase with a car, passes here. NaN is 0 A as well."""
    return amps_a if amps_a > LEAST_A.value else LEAST_A.value
