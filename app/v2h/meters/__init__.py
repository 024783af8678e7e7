"""One meter source per file behind one interface."""
