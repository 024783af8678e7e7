"""A charger in energy flow, for tests."""

from v2h.bus.messages import ChargerState

CAR = ChargerState(
    t=100.0, state="energy", since_t=50.0, reason="", soc_pct=60.0, volts_v=380.0, amps_a=0.0, power_w=0.0,
    t_power=100.0, setpoint_a=0.0, max_charge_a=14.0, max_discharge_a=15.0, k_on=True, outputs=[], faults=[],
    guard="ready", status_109_5="05", cable_v=None, temperature_c=None, session=7,
)  # fmt: skip
