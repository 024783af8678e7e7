"""The plan in money: what the car does in each quarter of an hour of the coming days, and what that costs.

May import: bus, checks, energy. Used by: datalog, manager, programs, tests. Pure.
"""
