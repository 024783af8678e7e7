"""What must hold even when another part fails: allowed outputs, guard's rules, make-safe, the safety wire.

May import: canframe, pre.objects. Pure; the I/O is in safety/shell. Shares no number with chademo on purpose:
a monitor must not read the table of what it watches. tests/unit/test_laws.py checks that each pair of numbers is equal.
"""
