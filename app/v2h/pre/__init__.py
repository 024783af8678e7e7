"""The PRE 6 kW converter on can0: its object dictionary and the SDO client that drives it.

May import: no other room. Pure.
"""
