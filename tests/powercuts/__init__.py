"""Power cuts that can really fail: a log of every write to the emulated card, and the card at any moment of the log."""
