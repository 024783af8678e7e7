"""Decisions about energy: load following, policy, schedule, settings of the owner.

May import: bus.messages, config (limits). Used by: manager, commands, web. Pure: `now` is a parameter.
"""
