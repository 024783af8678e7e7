"""V2H appliance: bidirectional charger firmware for an Indra V2G unit."""
