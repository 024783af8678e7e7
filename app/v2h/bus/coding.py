"""What the messages of the bus have in common: each becomes a JSON object and comes back, checked.

A sentence for the owner travels as {"id", "values"} (v2h.bus.sentences). A receiver ignores keys that it does not know;
a missing key or a wrong type is a MessageError.
"""

import json
import re
from dataclasses import dataclass, fields
from enum import Enum, auto
from functools import cache
from typing import Any, ClassVar, Self

from v2h.bus.sentences import from_json as sentence_from_json
from v2h.bus.sentences import to_json
from v2h.checks import check_texts, finite

HALF_CHARACTER = re.compile(rb"\\u[dD][89a-fA-F]")
"""Found in a message whose texts must be checked; to check the texts of every message would cost a small board time."""


class MessageError(ValueError):
    """A bus message that cannot be read. The text names the message class, the key and the value."""


_ENCODER = json.JSONEncoder(separators=(",", ":"))


class _Kind(Enum):
    NUMBER = auto()
    NUMBER_OR_NONE = auto()
    TEXT = auto()
    TEXT_OR_NONE = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class Message:
    """Base of all messages: converts to JSON and from JSON."""

    TOPIC: ClassVar[str]
    RETAIN: ClassVar[bool] = False

    def to_json(self) -> bytes:
        shape = _shape(type(self))  # type: ignore[arg-type]
        return _ENCODER.encode({name: to_json(getattr(self, name)) for name in shape}).encode()

    @classmethod
    def from_json(cls, payload: bytes) -> Self:
        shape = _shape(cls)  # type: ignore[arg-type]
        try:
            data = json.loads(payload)
            if HALF_CHARACTER.search(payload):
                check_texts(data)
            message = cls(**{name: _read(data[name], shape[name]) for name in shape if name in data})
        except (ValueError, TypeError, KeyError, OverflowError, RecursionError) as error:
            raise MessageError(f"{cls.__name__}: {error}; got {payload[:200]!r}") from error
        for name, kind in shape.items():
            if kind is _Kind.OTHER:
                continue
            value = getattr(message, name)
            if kind is _Kind.TEXT:
                if not isinstance(value, str):
                    raise MessageError(f"{cls.__name__}: {name} = {value!r} is no text")
            elif kind is _Kind.TEXT_OR_NONE:
                if not isinstance(value, str | None):
                    raise MessageError(f"{cls.__name__}: {name} = {value!r} is neither text nor null")
            elif value is None and kind is _Kind.NUMBER_OR_NONE:
                continue
            elif not finite(value):
                raise MessageError(f"{cls.__name__}: {name} = {value!r} is not a finite number")
        message.check()
        return message

    def check(self) -> None:
        """Check what the types of a received message do not cover. Raises MessageError."""


@cache
def _shape(cls: type[Message]) -> dict[str, _Kind]:
    """Field name -> what it holds. Cached, because a small board reads many messages a second. (A class is hashable,
    but mypy looks at the __hash__ of its instances; therefore the ignores above.)"""
    kinds = {
        float: _Kind.NUMBER,
        int: _Kind.NUMBER,
        float | None: _Kind.NUMBER_OR_NONE,
        str: _Kind.TEXT,
        str | None: _Kind.TEXT_OR_NONE,
    }
    return {f.name: kinds.get(f.type, _Kind.OTHER) for f in fields(cls)}


def _read(value: Any, kind: _Kind) -> Any:
    """A text may have come as the id and the values of a sentence."""
    return sentence_from_json(value) if kind in (_Kind.TEXT, _Kind.TEXT_OR_NONE) else value
