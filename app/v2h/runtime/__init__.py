"""What every program is built on: event loop, heartbeat, paths, real-time priority, atomic files.

May import: bus, config, ports. Used by: programs and their rooms; never by a pure room.
"""
