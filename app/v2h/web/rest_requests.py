"""What the REST endpoints have in common: how a request is read and refused, and how a command's reply is answered."""

import json
from collections.abc import Callable
from typing import Any, TypeVar

from flask import Response, jsonify, request

from v2h.bus.messages import Reply
from v2h.bus.sentences import in_language, say
from v2h.checks import Count, Range, check_texts, shown
from v2h.web.auth import refusal
from v2h.web.language import asked

T = TypeVar("T", int, float)


class BadRequestError(ValueError):
    """The request cannot be used. The sentence names the part, its value and what is allowed."""

    def __init__(self, sentence: str) -> None:
        super().__init__(sentence)
        self.sentence = sentence


class UnknownYetError(RuntimeError):
    """A value has not been reported yet or cannot be read. The text names the program, or the reason."""


def answer(reply: Reply | None, prefix: str = "") -> Response:
    """The response for a reply: 200 done, 400 bad values, 409 refused for another reason, 504 no reply in time."""
    text = say("command.no_answer") if reply is None else reply.text
    if prefix:
        text = say("restore.failed", what=prefix, why=text)
    if reply is None:
        return refusal(text, 504)
    text = in_language(text, asked())
    answer: dict[str, Any] = {"ok": reply.ok, "text": text, "applied": reply.applied}
    if not reply.ok:
        answer["error"] = text
    response = jsonify(answer)
    response.status_code = 200 if reply.ok else 400 if reply.bad_input else 409
    return response


def json_body() -> dict[str, Any]:
    """The JSON object that was sent; {} without a body. Raises BadRequestError."""
    try:
        values = json.loads(request.get_data() or b"{}", parse_constant=_no_number)
        check_texts(values)
    except (ValueError, RecursionError) as error:
        raise BadRequestError(f"the body is no JSON that can be used: {error}") from error
    if not isinstance(values, dict):
        raise BadRequestError(f"the body must be a JSON object, not {values!r:.80}")
    return values


def _no_number(word: str) -> None:
    raise ValueError(f"{word} is not a number")


def number(name: str, default: float, low: float, high: float) -> float:
    """The number in a query parameter. Raises BadRequestError."""
    return _parameter(name, default, Range(low, high).read)


def whole(name: str, default: int, low: int, high: int) -> int:
    """The whole number in a query parameter. Raises BadRequestError."""
    return _parameter(name, default, Count(low, high).read)


def _parameter(name: str, default: T, read: Callable[[str], T]) -> T:
    text = request.args.get(name)
    if text is None:
        return default
    try:
        return read(text)
    except ValueError as expected:
        raise BadRequestError(f"{name} = {shown(text)} is not {expected}") from None
