"""V2H appliance: bidirectional charger firmware for an Indra V2G unit."""

__version__ = "0.1.0"
