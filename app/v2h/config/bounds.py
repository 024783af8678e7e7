"""Bounds of what an owner may order, for command line, API, forms and schedule. The site's own limits apply as
well."""

from v2h.checks import Range

AMPS = Range(1, 16, "A")
"""Current on the car's side. 16 A at 385 V are the converter's 6 kW."""
SOC = Range(5, 100, "%")
"""The state of charge at which an order ends."""
POWER = Range(-20_000, 20_000, "W")
"""Power that another program may ask for: more than any charger with this plug has; the owner's limits bound it
further."""
SETPOINT_LIFE = Range(5, 86_400, "s")
"""How long it holds. Not shorter than a program needs to repeat it over a slow network, not longer than a day: the
program may be gone."""
APART_PCT = 5.0
"""Least distance between floor and ceiling of the SoC window: with less the car would start and stop all day."""
