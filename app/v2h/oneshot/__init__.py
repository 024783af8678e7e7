"""Boot steps and other programs that systemd starts, not supervisor.

May import: the rooms whose work they do; nothing imports them.
"""
