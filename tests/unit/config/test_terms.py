"""Sums and paths as an owner writes them."""

from collections.abc import Callable

import pytest

from v2h.config.terms import read_path, read_paths, read_terms, read_topics


@pytest.mark.parametrize(
    ("words", "terms"),
    [
        ("a", ((1, "a"),)),
        ("a - b + c", ((1, "a"), (-1, "b"), (1, "c"))),
        ("a-b", ((1, "a-b"),)),
        ('"a - b" - c', ((1, '"a - b"'), (-1, "c"))),
        ("", ((1, ""),)),
    ],
)
def test_terms(words: str, terms: object) -> None:
    assert read_terms(words) == terms


def test_paths_and_topics() -> None:
    assert read_path("") == ()
    assert read_path("emeters.*.power") == ("emeters", "*", "power")
    assert read_path('"1-0:16.7.0".value') == ("1-0:16.7.0", "value")
    assert read_paths('"a - b".w - c') == ((1, ("a - b", "w")), (-1, ("c",)))
    assert read_topics('"house/a - b" - house/c') == ((1, "house/a - b"), (-1, "house/c"))


@pytest.mark.parametrize(
    ("reader", "words"),
    [
        (read_path, "a..b"),
        (read_path, ".a"),
        (read_path, "a."),
        (read_path, '"a'),
        (read_path, 'a"b"'),
        (read_paths, "a -  - b"),
        (read_paths, "a - "),
        (read_topics, "- a"),
        (read_topics, ""),
        (read_topics, "a/+/b"),
        (read_topics, "a/# - b"),
        (read_topics, "a - a"),
    ],
)
def test_what_cannot_be_read_is_refused(reader: Callable[[str], object], words: str) -> None:
    with pytest.raises(ValueError, match=r"joined by dots|MQTT topic|a blank between them"):
        reader(words)
