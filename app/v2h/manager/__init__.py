"""The parts of the `manager` program: the owner's files and commands, and the system clock.

May import: energy, config, runtime. Used by: programs/manager.py alone.
"""
