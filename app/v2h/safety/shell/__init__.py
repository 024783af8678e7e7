"""The I/O around the pure safety rules: the wire's two sockets, the backup guard, the sweep, pulse's listener.

May import: safety, pre, ports, config, runtime. Used by: programs and oneshot.
"""
