"""The supervised programs: wiring only, each owns one thing. Only the code that starts them imports them."""
