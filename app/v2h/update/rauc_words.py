"""What RAUC says about a bundle, as a sentence for the owner. RAUC 1.13 speaks English lines for an administrator; its
texts were read from runs with bundles that are wrong in one respect each (tests/image/test_bundle.py repeats them).
"""

import re
from typing import NamedTuple

from v2h.bus.sentences import Sentence, say


class Refusal(NamedTuple):
    """A text of RAUC's last lines, and the id of the sentence for it."""

    text: re.Pattern[str]
    sentence: str


TABLE = (
    Refusal(re.compile(r"Compatible mismatch"), "update.other_board"),
    Refusal(re.compile(r"Version mismatch"), "update.older"),
    Refusal(
        re.compile(r"exceeds bundle size|[Nn]ot a RAUC|Invalid bundle|Invalid identifier|[Ss]quashfs"), "update.torn"
    ),
    Refusal(re.compile(r"not yet valid|has expired"), "update.certificate_time"),
    Refusal(
        re.compile(r"signature verification failed|self-signed certificate|unable to get local issuer"),
        "update.foreign",
    ),
    Refusal(re.compile(r"dm-verity|verity|Input/output error"), "update.damaged"),
    Refusal(re.compile(r"No space left|larger than|too large|does not fit"), "update.too_large"),
    Refusal(re.compile(r"Already processing|is busy"), "update.installing_already"),
)
"""The first row that is found counts: a torn bundle has no signature either, and the tear is the cause."""
LONGEST = 200


def refusal(said: str) -> Sentence:
    """The sentence for RAUC's output `said`; RAUC's own last line in a sentence when no row of TABLE fits."""
    for row in TABLE:
        if row.text.search(said):
            return say(row.sentence)
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return say("update.rauc", why=lines[-1][-LONGEST:] if lines else "-")


_PROGRESS = re.compile(r"^\s*(\d{1,3})% ")


def progress_pct(line: str) -> int | None:
    """The percentage that a line of `rauc install` begins with, None for any other line."""
    found = _PROGRESS.match(line)
    return min(100, int(found[1])) if found else None
