"""The log as CSV, line by line."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from v2h.web.log_source import Row

EVENT_COLUMNS = ("at", "synchronised", "level", "code", "text", "source")
DAY_COLUMNS = (
    *("day", "charged_wh", "discharged_wh", "imported_wh", "exported_wh", "cost", "saved", "energy_s", "soc_min_pct"),
    *("soc_max_pct", "battery_in_wh", "battery_out_wh", "estimated_s", "grid_missed_s", "charger_missed_s"),
)
SESSION_COLUMNS = (
    *("at", "synchronised", "lasted_s", "modes", "charged_wh", "discharged_wh", "battery_in_wh", "battery_out_wh"),
    *("cost", "saved", "estimated", "soc_begin_pct", "soc_end_pct", "why"),
)
SAMPLE_COLUMNS = ("t", "grid_w", "power_w", "soc_pct")


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """CSV lines by RFC 4180, with a header line; an unknown value is an empty cell."""
    line = io.StringIO()
    writer = csv.writer(line)
    writer.writerow(columns)
    for row in rows:
        yield line.getvalue()
        line.seek(0)
        line.truncate()
        writer.writerow([row.get(column) for column in columns])
    yield line.getvalue()


def all_events(page: Callable[[int | None], Sequence[Row]]) -> Iterator[Row]:
    """Every event, newest first. page(before) returns the next page: events with ids below `before` (None: the newest
    ones). The first page is read at once, so that an unreadable log is refused before the download begins."""
    first = page(None)

    def rest(rows: Sequence[Row]) -> Iterator[Row]:
        while rows:
            yield from rows
            rows = page(rows[-1]["id"])

    return rest(first)
