"""CCS as the charger (DIN SPEC 70121, ISO 15118-2 DC): an experiment, off unless the configuration has [ccs].

The EXI codec with its tables, the matching of car and charger (SLAC), the discovery (SDP) and the framing (V2GTP).
Pure: it takes bytes, values and `now`, and returns bytes and values. docs/ccs.md says what it is and what it is not.
"""
