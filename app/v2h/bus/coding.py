"""What the messages of the bus have in common: each becomes a JSON object and comes back, checked.

A sentence for the owner travels as {"id", "values"} (v2h.bus.sentences). A receiver ignores keys that it does not know;
a missing key or a wrong type is a MessageError.
"""

import json
import re
from dataclasses import dataclass, fields
from functools import cache
from typing import ClassVar, Self

from v2h.bus.sentences import from_json as sentence_from_json
from v2h.bus.sentences import to_json
from v2h.checks import check_texts, finite

HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
"""Found in a message whose texts must be checked; to check the texts of every message would cost a small board time."""


class MessageError(ValueError):
    """A bus message that cannot be read. The text names the message class, the key and the value."""


_ENCODER = json.JSONEncoder(separators=(",", ":"))


class _Shape:
    """The names of a message's fields, all and by what they hold."""

    def __init__(self, cls: type["Message"]) -> None:
        held = [(f.name, f.type) for f in fields(cls)]
        self.names = tuple(name for name, _ in held)
        self.numbers = tuple(name for name, kind in held if kind in (float, int))
        self.numbers_or_none = tuple(name for name, kind in held if kind == float | None)
        self.texts = tuple(name for name, kind in held if kind is str)
        self.texts_or_none = tuple(name for name, kind in held if kind == str | None)


@dataclass(frozen=True, slots=True)
class Message:
    """Base of all messages: converts to JSON and from JSON."""

    TOPIC: ClassVar[str]
    RETAIN: ClassVar[bool] = False

    def to_json(self) -> bytes:
        names = _shape(type(self)).names  # type: ignore[arg-type]
        return _ENCODER.encode({name: to_json(getattr(self, name)) for name in names}).encode()

    @classmethod
    def from_json(cls, payload: bytes) -> Self:
        shape = _shape(cls)  # type: ignore[arg-type]
        try:
            data = json.loads(payload)
            if HALF_CHARACTER.search(payload):
                check_texts(data)
            values = {name: data[name] for name in shape.names if name in data}
            for name in (*shape.texts, *shape.texts_or_none):
                if type(values.get(name)) is dict:
                    values[name] = sentence_from_json(values[name])  # it came as the id and the values of a sentence
            message = cls(**values)
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise MessageError(f"{cls.__name__}: {error}; got {payload[:200]!r}") from error
        for name in shape.numbers:
            if not finite(value := getattr(message, name)):
                raise MessageError(f"{cls.__name__}: {name} = {value!r} is not a finite number")
        for name in shape.numbers_or_none:
            if (value := getattr(message, name)) is not None and not finite(value):
                raise MessageError(f"{cls.__name__}: {name} = {value!r} is not a finite number")
        for name in shape.texts:
            if not isinstance(value := getattr(message, name), str):
                raise MessageError(f"{cls.__name__}: {name} = {value!r} is no text")
        for name in shape.texts_or_none:
            if (value := getattr(message, name)) is not None and not isinstance(value, str):
                raise MessageError(f"{cls.__name__}: {name} = {value!r} is neither text nor null")
        message.check()
        return message

    def check(self) -> None:
        """Check what the types of a received message do not cover. Raises MessageError."""


@cache
def _shape(cls: type[Message]) -> _Shape:
    """Cached, because a small board reads many messages a second. (A class is hashable, but mypy looks at the __hash__
    of its instances; therefore the ignores above.)"""
    return _Shape(cls)
