"""The log as CSV, line by line."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence

from v2h.web.archive import Row

EVENT_COLUMNS = ("at", "synchronised", "level", "code", "text", "source")
SAMPLE_COLUMNS = ("t", "grid_w", "power_w", "soc_pct")


def csv_lines(columns: Sequence[str], rows: Iterable[Row]) -> Iterator[str]:
    """RFC 4180 with a header line; a value that is not known is an empty cell."""
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
    """Every event, newest first. page(before): the next ones, those with an id below `before`. The first page is read
    now, so that a log that cannot be read is refused before a file begins."""
    first = page(None)

    def rest(rows: Sequence[Row]) -> Iterator[Row]:
        while rows:
            yield from rows
            rows = page(rows[-1]["id"])

    return rest(first)
