"""The supervised programs: wiring only, each owns one thing."""
