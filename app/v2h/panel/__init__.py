"""The parts of the `panel` program: gestures of the two buttons, the lamps, and a stop that waits for its answer.

May import: bus, drivers. Used by: programs/panel.py alone. Pure.
"""
