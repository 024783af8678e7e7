"""The simulated charger: car, PRE, cable, the chips at register level, house and sun.

May import: codecs, ports, safety's outputs. Used by: tests, the demo, the emulated board, and capture's replay.
"""
