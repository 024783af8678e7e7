"""What the page shows: pure functions that turn the known values into every sentence and number for the screen.

`view` makes the live part: the template writes it once and the script writes the same keys again on every update, so
both always agree. Data older than STATE_OLD_S are stale: a dash replaces their numbers, and the page shows since when
they are missing. The other files make the parts of the view, and the pages that are not updated live.
"""
