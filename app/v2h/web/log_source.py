"""What the page and the API read from the log on the disk. All of it may be missing; they report that."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, BinaryIO, Protocol

Row = Mapping[str, Any]
CAPTURES = {".log": "text/plain", ".pcap": "application/vnd.tcpdump.pcap"}
"""The files that datalog keeps after a fault, by the end of their name, with their media type: of the CAN buses, and of
the power line to a CCS car."""


def kept_captures(folder: Path) -> list[Path]:
    """The captures in the folder, oldest first; none where it does not exist."""
    return sorted(path for suffix in CAPTURES for path in folder.glob(f"*{suffix}"))


class Archive(Protocol):
    """The log, read only (v2h.datalog.reader.LogReader). Each method raises OSError when the log cannot be read."""

    def samples(self, from_t: float, to_t: float, step_s: float = 60.0) -> Sequence[Row]:
        """The mean of each step: {"t" (s since 1970), "grid_w", "power_w", "soc_pct", ...}, oldest first."""
        ...

    def days(self, n: int = 30, by: str = "day") -> Sequence[Row]:
        """Totals by day, month or year, oldest first: {"day", "charged_wh", "discharged_wh", "imported_wh",
        "exported_wh", "saved", "cost", "battery_in_wh", "battery_out_wh", "estimated_s", ...}."""
        ...

    def sessions(self, n: int = 50) -> Sequence[Row]:
        """Newest first: {"at", "synchronised", "lasted_s", "charged_wh", "discharged_wh", "cost", "saved", "why"}."""
        ...

    def plan_days(self, n: int = 30) -> Sequence[Row]:
        """What the plan saved, oldest first: {"day", "cost", "cost_without", "saved", "quarters"}."""
        ...

    def events(self, limit: int = 50, before: int | None = None, level: str = "info") -> Sequence[Row]:
        """Newest first, this level or above: {"id", "at", "synchronised", "level", "code", "text", "source"}."""
        ...

    def energy(self, spans: Sequence[tuple[float, float]]) -> Sequence[tuple[float, float] | None]:
        """For each (from, to) in s since 1970: Wh into and out of the car; None where nothing was counted."""
        ...

    def copy(self) -> BinaryIO:
        """The whole database as an SQLite file without a name; the same copy is served for an hour."""
        ...
