"""What the page shows, made from what is known: pure, every sentence and number ready for the screen.

`view` is the live part: the template writes it once and the script writes the same keys again on every update, so both
always agree. Data older than OLD_S are not data: their numbers are replaced by a dash, and the page says since when
they are missing. The other files make the parts of it, and the pages that do not change by themselves.
"""

from v2h.web.view.seen import OLD_S, Seen
from v2h.web.view.whole import view

__all__ = ["OLD_S", "Seen", "view"]
