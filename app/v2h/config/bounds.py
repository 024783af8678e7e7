"""Bounds of what an owner may order, for command line, API, forms and schedule. The site's own limits apply as
well."""

from v2h.checks import Range

AMPS = Range(1, 16, "A")
"""Current on the car's side. 16 A at 385 V are the converter's 6 kW."""
SOC = Range(5, 100, "%")
"""The state of charge at which an order ends."""
APART_PCT = 5.0
"""Least distance between floor and ceiling of the SoC window: with less the car would start and stop all day."""
