"""Sums and paths as an owner writes them: "taken - given" for two topics, two paths or two registers.

A sum has blanks around its + and -. A path is keys and list positions joined by dots, with * for all of a list. Within
"quotation marks" nothing separates, so '"1-0:16.7.0".value' has two steps. pick() calls the cached readers for every
answer of a meter.
"""

import re
from functools import cache

OPERATOR = re.compile(r'\s+([+-])\s+(?=(?:[^"]*"[^"]*")*[^"]*$)')
"""A + or - that is not within quotation marks."""
STEP = re.compile(r'"([^"]+)"|([^".]+)')
PATH = re.compile(rf"(?:{STEP.pattern})(?:\.(?:{STEP.pattern}))*")


def read_terms(words: str) -> tuple[tuple[int, str], ...]:
    """'a - b' -> ((1, 'a'), (-1, 'b')). Raises ValueError for an empty term."""
    parts = OPERATOR.split(words.strip())
    if any(part.startswith(("+ ", "- ")) or part.endswith((" +", " -")) for part in parts):
        raise ValueError('terms with a blank, + or -, and a blank between them: "taken - given"')
    return (
        (1, parts[0]),
        *((1 if sign == "+" else -1, term) for sign, term in zip(parts[1::2], parts[2::2], strict=True)),
    )


def read_path(words: str) -> tuple[str, ...]:
    """'emeters.*.power' -> ('emeters', '*', 'power'); '' -> () (the whole document). Raises ValueError."""
    if words and not PATH.fullmatch(words):
        raise ValueError(
            "keys and list positions joined by dots, * for all of a list, quotation marks around a key that has a dot "
            """itself: "emeters.*.power", '"1-0:16.7.0".value'"""
        )
    return tuple(quoted or plain for quoted, plain in STEP.findall(words))


@cache
def read_paths(words: str) -> tuple[tuple[int, tuple[str, ...]], ...]:
    """The terms of a sum of paths. Raises ValueError."""
    return tuple((sign, read_path(term)) for sign, term in read_terms(words))


def read_topics(words: str) -> tuple[tuple[int, str], ...]:
    """The terms of a sum of topics; a topic without wildcards, because two topics would be two meters. Raises
    ValueError."""
    terms = tuple((sign, topic.strip('"')) for sign, topic in read_terms(words))
    topics = [topic for _, topic in terms]
    if not all(topics) or any("+" in topic or "#" in topic for topic in topics) or len(set(topics)) < len(topics):
        raise ValueError('one MQTT topic without + or #, or different ones as a sum: "house/taken - house/given"')
    return terms
