"""A sentence for the owner: an id and values that travel, and the text that they make in a language.

A program makes one with say("matching.covering", power_w=-1200.0). A Sentence is a str, its English text: code that
only shows it needs nothing else. On the bus it is {"id": ..., "values": {...}} (v2h.bus.coding), and the receiver makes
the text again: in English, or by in_language() in the language of the person who reads it.
The English texts stand in v2h.bus.catalogue and v2h.bus.faults alone; each other language has a home of its own
(v2h.web.german).
"""

import re
from collections.abc import Callable, Mapping
from functools import cache
from string import Formatter
from typing import Any, NamedTuple, Self

from v2h.bus.catalogue import TEXTS
from v2h.bus.faults import FAULTS


class Language(NamedTuple):
    """code: as in HTML's lang. texts: id -> text with the names of its values in braces. words: a mode, a state or
    another word that travels as a value -> as people read it; a word that is missing stays as it is. when: turns an
    English moment ("Tue 18:30", "24 Nov 18:30") into this language's. decimal: the mark in a number. quotes: both."""

    code: str
    texts: Mapping[str, str]
    words: Mapping[str, str]
    when: Callable[[str], str]
    decimal: str
    quotes: tuple[str, str]


FAULT_TEXTS = {f"fault.{name}": kind.what for name, kind in FAULTS.items()} | {
    f"fault.{name}.do": kind.do for name, kind in FAULTS.items()
}
"""The fault table as sentences: what happened, and what to do."""
ENGLISH = Language("en", TEXTS | FAULT_TEXTS, {"v2h": "V2H"}, str, ".", ("“", "”"))


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
    return Sentence(sentence_id, values, _text(ENGLISH.texts[sentence_id], values, ENGLISH))


def fault_words(name: str) -> tuple[Sentence, Sentence] | None:
    """What happened in this fault, and what to do; None for a fault that this version does not know."""
    return (say(f"fault.{name}"), say(f"fault.{name}.do")) if name in FAULTS else None


def in_language(value: Any, language: Language) -> Any:
    """The value with the text of each Sentence in this language, also in lists and dictionaries and within another
    sentence; anything else as it is. A sentence that cannot be made there stays English."""
    if isinstance(value, Sentence):
        values = {key: in_language(one, language) for key, one in value.values.items()}
        try:
            return _text(language.texts[value.id], values, language)
        except (KeyError, TypeError, ValueError, OverflowError):
            return str(value)
    if isinstance(value, dict):
        return {key: in_language(one, language) for key, one in value.items()}
    return [in_language(one, language) for one in value] if isinstance(value, list | tuple) else value


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
def _parts(template: str) -> tuple[tuple[str, str | None, str], ...]:
    """(literal, name of the value that follows, its format) each; parsed once: manager speaks ten times a second."""
    return tuple((literal, name, spec or "") for literal, name, spec, _ in Formatter().parse(template))


def _text(template: str, values: Mapping[str, Any], language: Language) -> str:
    return "".join(
        literal if name is None else literal + _shown(values[name], spec, language)
        for literal, name, spec in _parts(template)
    )


def _shown(value: Any, spec: str, language: Language) -> str:
    if spec in FORMATS:
        return FORMATS[spec](value, language)
    if isinstance(value, list | tuple):
        return "; ".join(map(str, value))
    return _decimal(format(value, spec), language) if isinstance(value, float | int) else format(value, spec)


def _decimal(text: str, language: Language) -> str:
    return text if language.decimal == "." else text.replace(".", language.decimal)


def _quoted(name: str, language: Language) -> str:
    before, after = language.quotes
    return f" {before}{name}{after}" if name else ""


def _ended(text: str) -> str:
    return text if text.endswith((".", "!", "?")) else text + "."


def _capital(text: str) -> str:
    return text if re.match(r"\w+[._]\w", text) else text[:1].upper() + text[1:]


FORMATS: dict[str, Callable[[Any, Language], str]] = {
    "kw": lambda power_w, language: _decimal(f"{abs(power_w) / 1000:.1f} kW", language),
    "number": lambda text, language: _decimal(str(text), language),
    "clause": lambda sentence, _: str(sentence).removesuffix("."),
    "capital": lambda text, _: _capital(text),
    "ended": lambda text, _: _ended(str(text)),
    "sentence": lambda text, _: _ended(_capital(str(text))),
    "sentences": lambda texts, _: " ".join(_ended(_capital(str(text))) for text in texts),
    "joined": lambda texts, _: ", ".join(map(str, texts)),
    "word": lambda word, language: language.words.get(str(word), str(word)),
    "mode": lambda mode, language: language.words.get(str(mode), str(mode)),
    "when": lambda moment, language: language.when(str(moment)),
    "quoted": _quoted,
    "brackets": lambda text, _: f" ({text})" if text else "",
}
"""Formats of our own beside those of str.format. kw: kW from W without the sign; number: a number that is a text
already; clause: a sentence within another, so without its full stop; capital: with a capital first letter, unless the
first word is the name of a file or a key; ended: with a full stop, unless there is one, or a question mark; sentence,
sentences: with both; joined: a list with commas; word, mode: by the language's words; when: a moment; quoted: a name in
quotation marks with a blank before it, nothing for an empty one; brackets: a text in brackets, nothing for an empty
one. Without a format a list is joined by "; "."""
