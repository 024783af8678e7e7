"""The simulated CCS car, and what stands between it and the charger: modems, pilot box, insulation monitor.

May import: the rig, CCS, ports. Used by: tests, the demo, the emulated board. A card holds these files only as sources.
"""
