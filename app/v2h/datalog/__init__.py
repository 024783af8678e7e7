"""The log in SQLite: schema, writer, reader, summaries, counters of energy.

May import: bus, runtime. Used by: programs/datalog.py, the only writer; `web` and the self-test are readers.
"""
