"""CAN captures: file formats, the black box, decoding, replay, and the jitter of our own frames.

May import: chademo, pre, safety, rig (the replay plays the recorded car), ports, runtime. Used by: commands, datalog.
"""
