"""Boot steps and other programs that run once: systemd starts them, not supervisor.

May import: the rooms whose work they do; nothing imports them.
"""
