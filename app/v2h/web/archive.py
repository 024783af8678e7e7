"""What the page and the API read from the log on the disk. Everything here may be missing: then they say so."""

from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO, Protocol

Row = Mapping[str, Any]


class Archive(Protocol):
    """The log, read only (v2h.store.LogReader). Each method raises OSError when it cannot be read."""

    def samples(self, from_t: float, to_t: float, step_s: float = 60.0) -> Sequence[Row]:
        """Means over steps: {"t" (s since 1970), "grid_w", "power_w", "soc_pct", ...}, oldest first."""
        ...

    def days(self, n: int = 30) -> Sequence[Row]:
        """Day totals, oldest first: {"day", "charged_wh", "discharged_wh", "imported_wh", "exported_wh", "saved"}."""
        ...

    def events(self, limit: int = 50, before: int | None = None, level: str = "info") -> Sequence[Row]:
        """Newest first, of this level or graver: {"id", "at", "synchronised", "level", "code", "text", "source"}."""
        ...

    def copy(self) -> BinaryIO:
        """The whole database as an SQLite file without a name."""
        ...
