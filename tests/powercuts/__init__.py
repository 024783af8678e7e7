"""Power cuts that can really fail: a log of every write to the emulated card, and the card as of any moment in it."""
