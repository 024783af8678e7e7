"""CHAdeMO: the frames on can1, the session that exchanges them, and the limits that it keeps.

May import: bus.messages, canframe, pre (telemetry), safety (outputs and the wire's layout). Pure: `now` is a parameter.
"""
