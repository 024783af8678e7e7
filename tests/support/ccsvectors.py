"""Messages of CCS sessions that a foreign encoder wrote, with the values that it read from them (tests/data/ccs).

`din.jsonl` and `iso2.jsonl`: complete sessions of the car and the charger of the open package iso15118 (Apache-2.0),
encoded by EXIficient. Left out: one fragment that is no message. `generated.jsonl.gz`: 1,560 random valid messages, 30
of each of 52 kinds, with every optional field, enum, negative and long number; `decoded` is what EXIficient read, with
every value as a text in a list of its own, as it stands in XML.
"""

import gzip
import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

DATA = Path(__file__).parents[1] / "data" / "ccs"


class Vector(NamedTuple):
    """One message: the namespace of its dialect, its bytes, and V2G_Message or the message of the handshake as JSON."""

    namespace: str
    data: bytes
    document: dict[str, object]


@cache
def session(dialect: str) -> tuple[Vector, ...]:
    """The messages of a whole session, both directions, in their order. dialect: "din" or "iso2"."""
    rows = map(json.loads, (DATA / f"{dialect}.jsonl").read_text(encoding="utf-8").splitlines())
    return tuple(Vector(row["ns"], bytes.fromhex(row["hex"]), row["json"]) for row in rows)


@cache
def generated() -> tuple[Vector, ...]:
    """The random messages."""
    text = gzip.decompress((DATA / "generated.jsonl.gz").read_bytes()).decode()
    rows = map(json.loads, text.splitlines())
    return tuple(Vector(row["ns"], bytes.fromhex(row["hex"]), row["decoded"]) for row in rows)


def all_vectors() -> tuple[Vector, ...]:
    """Both sessions and the random messages."""
    return session("din") + session("iso2") + generated()


def differences(ours: object, theirs: object, where: str = "") -> Iterator[str]:
    """Where a decoded value is not what the other decoder read.

    theirs: with real values, or in the form of XML: lists of one for values, texts for numbers and booleans, @ before
    the name of an attribute. A text is compared after the type that we give it.
    """
    if isinstance(theirs, list) and not isinstance(ours, list):
        if len(theirs) != 1:
            yield f"{where}: {ours!r}, not {theirs!r}"
            return
        theirs = theirs[0]
    if isinstance(ours, dict):
        named = {name.removeprefix("@"): value for name, value in (theirs or {}).items()}  # type: ignore[attr-defined]
        for name in ours.keys() | named.keys():
            yield from differences(ours.get(name), named.get(name), f"{where}.{name}")
    elif isinstance(ours, list):
        for number in range(max(len(ours), len(theirs))):  # type: ignore[arg-type]
            yield from differences(ours[number], theirs[number], f"{where}[{number}]")  # type: ignore[index]
    elif isinstance(theirs, str) and not isinstance(ours, str):
        if (str(ours).lower() if isinstance(ours, bool) else str(ours)) != theirs:
            yield f"{where}: {ours!r}, not {theirs!r}"
    elif (type(ours), ours) != (type(theirs), theirs):
        yield f"{where}: {ours!r}, not {theirs!r}"
