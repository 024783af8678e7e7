"""The bench of `v2h match`: a plant, known laws, a score, and recorded traces. No program runs it.

May import: energy. Used by: commands and tests. Pure.
"""
