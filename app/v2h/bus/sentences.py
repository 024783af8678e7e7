"""A sentence for the owner: an id and values that travel, and the text that they make by the catalogue.

A program makes one with say("matching.covering", power_w=-1200.0). A Sentence is a str: code that only shows it needs
nothing else; on the bus it is {"id": ..., "values": {...}} (v2h.bus.coding), and the receiver makes the text again.
The texts stand in v2h.bus.catalogue alone.
"""

from collections.abc import Callable, Mapping
from functools import cache
from string import Formatter
from typing import Any, Self

from v2h.bus.catalogue import TEXTS


class Sentence(str):
    """A text with its id and its values. A value is a number, a text, a list of texts, or another Sentence."""

    __slots__ = ("id", "values")
    id: str
    values: dict[str, Any]

    def __new__(cls, sentence_id: str, values: Mapping[str, Any], text: str) -> Self:
        made = super().__new__(cls, text)
        made.id, made.values = sentence_id, dict(values)
        return made

    def __getnewargs__(self) -> tuple[str, dict[str, Any], str]:  # type: ignore[override]
        """For copies: a str alone would lose the id."""
        return self.id, self.values, str(self)

    def as_json(self) -> dict[str, Any]:
        """The form on the bus."""
        return {"id": self.id, "values": {key: to_json(value) for key, value in self.values.items()}}


def say(sentence_id: str, /, **values: Any) -> Sentence:
    """The sentence of this id. Raises KeyError for an id that is not in the catalogue, and for a missing value."""
    parts = _parts(sentence_id)
    text = "".join(literal if name is None else literal + _shown(values[name], spec) for literal, name, spec in parts)
    return Sentence(sentence_id, values, text)


def to_json(value: Any) -> Any:
    """A Sentence, or a list of them, as it travels; anything else as it is."""
    if isinstance(value, Sentence):
        return value.as_json()
    return [to_json(one) for one in value] if isinstance(value, list | tuple) else value


def from_json(value: Any) -> Any:
    """What to_json gave. For an id or values that this catalogue does not know it returns the id as a plain text: a
    text must never cost the message that it came with."""
    if isinstance(value, dict) and value.keys() == {"id", "values"}:
        try:
            return say(str(value["id"]), **{key: from_json(one) for key, one in value["values"].items()})
        except (AttributeError, KeyError, OverflowError, TypeError, ValueError):
            return str(value["id"])
    return [from_json(one) for one in value] if isinstance(value, list) else value


@cache
def _parts(sentence_id: str) -> tuple[tuple[str, str | None, str], ...]:
    """(literal, name of the value that follows, its format) each; parsed once: manager speaks ten times a second."""
    return tuple((literal, name, spec or "") for literal, name, spec, _ in Formatter().parse(TEXTS[sentence_id]))


def _shown(value: Any, spec: str) -> str:
    if spec in FORMATS:
        return FORMATS[spec](value)
    return "; ".join(map(str, value)) if isinstance(value, list | tuple) else format(value, spec)


MODE_NAMES = {"v2h": "V2H"}
FORMATS: dict[str, Callable[[Any], str]] = {
    "kw": lambda power_w: f"{abs(power_w) / 1000:.1f} kW",
    "clause": lambda sentence: str(sentence).removesuffix("."),
    "mode": lambda mode: MODE_NAMES.get(mode, mode),
    "brackets": lambda text: f" ({text})" if text else "",
}
"""Formats of our own beside those of str.format: kW from W without the sign; a sentence within another, so without its
full stop; a mode by its name; a text in brackets, nothing for an empty one. A list is joined by "; "."""
