"""Values that broke programs, and the ways to put them into a document."""

import random
from collections.abc import Iterator
from typing import Any

HUGE = 10**400
MOMENTS = (
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "9999-12-31", "0001-01-01", "24:00", "24:00:01", "-1:00",
)  # fmt: skip
ENDS_OF_THE_CALENDAR = (
    ("9999-12-31T00:00", "9999-12-31T23:59:59.999999"),
    ("0001-01-01T00:00", "0001-01-01T01:00"),
    ("9999-12-31T09:00:00-14:00", "9999-12-31T09:59:59-14:00"),
)
"""One-offs whose sums and local times have no date: the two values are hostile only together."""
HOSTILE: tuple[Any, ...] = (
    *MOMENTS,
    HUGE, -HUGE, 2**63, 1e300, -1e300, 5e-324, -0.0, float("nan"), float("inf"), True, False, None, "", "\0", "\ud800x",
    "x\udfff", "é" * 41, "9" * 5000, "x" * 60_000, "\u202e", "\n", [], {}, [None] * 60, {"": {}}, [[[[[]]]]],
    "discharge", "daily", "UTC", "../../etc/passwd", "Europe/Londn",
    *({"start": start, "end": end, "mode": "idle"} for start, end in ENDS_OF_THE_CALENDAR),
)  # fmt: skip
"""Values that broke something, and their neighbours."""
RAW: tuple[bytes, ...] = (
    b"", b"\0", b"{", b"[]", b"null", b"\xff\xfe{\0}\0", b"\xef\xbb\xbf{}",
    b'{"id":"\\ud800","source":"x","values":{}}',
    b"[" * 50_000, b'{"a":' * 20_000, b"9" * 5000, b'{"id":' + b"9" * 5000 + b"}", b"1e999", b"NaN", b"-Infinity",
)  # fmt: skip
TOML = (
    "9" * 400, "9" * 5000, "1e300", "nan", "inf", "-inf", "true", '""', '"\\u0000"', '"\ud800"', "[" * 3000,
    "{a=" * 3000,
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "24:00:00", '"' + "x" * 60_000 + '"', "[[1],[2]]",
    "{a={b=1}}", '"http://["', '"tcp://a:99999999999"', '"\\u202e"', "'../../etc/passwd'", "0x" + "f" * 400, "{}", "[]",
)  # fmt: skip


def every_field(value: Any) -> Iterator[Any]:
    """Yield the document with each hostile value in the place of each of its parts."""
    yield from HOSTILE
    for key in value if isinstance(value, dict) else range(len(value)) if isinstance(value, list) else ():
        for part in every_field(value[key]):
            copy = value.copy()
            copy[key] = part
            yield copy


def spoilt(chance: random.Random, value: Any) -> Any:
    """The document with a hostile value, key or length somewhere."""
    if isinstance(value, dict) and value and chance.random() < 0.95:
        key = chance.choice(list(value))
        if chance.random() < 0.1:
            return {**value, str(chance.choice(HOSTILE))[:50]: chance.choice(HOSTILE)}
        return {**value, key: spoilt(chance, value[key])}
    if isinstance(value, list) and value and chance.random() < 0.95:
        n = chance.randrange(len(value))
        return [*value[:n], spoilt(chance, value[n]), *value[n + 1 :] * chance.choice((1, 1, 3))]
    if isinstance(value, str) and chance.random() < 0.5:
        return chance.choice(MOMENTS)
    return chance.choice(HOSTILE)
