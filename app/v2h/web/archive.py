"""What the pages read from the log on the disk. Everything here may be missing: then the page says so."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

Row = Mapping[str, Any]


class ArchiveError(OSError):
    """The log cannot be read: why, in words."""


class Archive(Protocol):
    """The log, read only. Each method raises OSError when it cannot be read."""

    def samples(self, from_s: float, to_s: float, step_s: float) -> Sequence[Row]:
        """Means over steps: {"at_s", "grid_w", "power_w", "soc_pct"}, oldest first; times are s since 1970."""
        ...

    def days(self, count: int) -> Sequence[Row]:
        """Day totals, newest first: {"day", "charged_wh", "discharged_wh", "imported_wh", "exported_wh", "saved"}."""
        ...

    def events(self, limit: int, before: int | None, level: str | None) -> Sequence[Row]:
        """Newest first: {"id", "at", "synchronised", "level", "code", "text", "source"}."""
        ...
