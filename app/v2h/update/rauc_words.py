"""What RAUC says about a bundle, as a sentence for the owner. RAUC 1.13 speaks English lines for an administrator; its
texts were read from runs with bundles that are wrong in one respect each (tests/image/test_bundle.py repeats them).
"""

import re
from typing import NamedTuple

from v2h.bus.sentences import Sentence, say


class Refusal(NamedTuple):
    """A text in RAUC's error, and the sentence for it."""

    text: re.Pattern[str]
    sentence: Sentence


TABLE = (
    Refusal(re.compile(r"Compatible mismatch"), say("update.other_board")),
    Refusal(re.compile(r"Version mismatch"), say("update.older")),
    Refusal(re.compile(r"exceeds bundle size|Invalid bundle|Invalid identifier"), say("update.torn")),
    Refusal(re.compile(r"not yet valid|has expired"), say("update.certificate_time")),
    Refusal(
        re.compile(r"signature verification failed|self-signed certificate|unable to get local issuer"),
        say("update.foreign"),
    ),
    Refusal(re.compile(r"verity|Input/output error"), say("update.damaged")),
    Refusal(re.compile(r"No space left|larger than|too large|does not fit"), say("update.too_large")),
    Refusal(re.compile(r"Already processing|is busy"), say("update.installing_already")),
)
"""The first row that is found counts: a torn bundle has no signature either, and the tear is the cause."""
MARK, LONGEST = "LastError: ", 200


def refusal(said: str) -> Sentence:
    """The sentence for RAUC's output `said`: of "LastError: ..." by `rauc install`, or of the last line. RAUC's own
    words in a sentence when no row of TABLE fits."""
    lines = [line.strip() for line in said.splitlines() if line.strip()] or ["-"]
    why = next((line.removeprefix(MARK) for line in lines if line.startswith(MARK)), lines[-1])
    found = next((row.sentence for row in TABLE if row.text.search(why)), None)
    return found or say("update.rauc", why=why[-LONGEST:])


_PROGRESS = re.compile(r"^\s*(\d{1,3})% ")


def progress_pct(line: str) -> int | None:
    """The percentage that a line of `rauc install` begins with, None for any other line."""
    found = _PROGRESS.match(line)
    return min(100, int(found[1])) if found else None
