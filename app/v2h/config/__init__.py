"""v2h.toml: dataclasses with bounds and units, and an error sentence for each value that does not fit.

May import: chademo.limits, for the bounds of amps. Used by: every program and command.
"""
