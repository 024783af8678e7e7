"""One chip or line per file, each behind a port URL.

May import: ports, config. Used by: programs, meters, panel.
"""
