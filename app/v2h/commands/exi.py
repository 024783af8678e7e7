"""`v2h exi`: decodes the messages between a CCS car and its charger (EXI), or encodes them; one JSON object a line.

Decoding reads {"ns", "hex"} and writes {"ns", "hex", "message": {NAME: {...}}, "session"}; encoding is the reverse.
"ns" is the namespace of the dialect. A line that cannot be used gets {"error"} in its place.
"""

import argparse
import io
import json
import sys
from collections.abc import Callable

from v2h.ccs.bits import ExiError
from v2h.ccs.exi import DIN, HANDSHAKE, ISO2, Message, decode, encode

Line = dict[str, object]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Arguments of `v2h exi`."""
    parser.add_argument(
        "--encode", action="store_true", help='read {"ns", "message", "session"} and write the bytes as "hex"'
    )
    parser.description = (
        "Decode the messages between a CCS car and its charger. Reads JSON objects from stdin, one a line, and writes\n"
        'one line each: {"ns", "hex"} gives {"ns", "hex", "message": {NAME: {...}}, "session"}, and --encode the\n'
        'reverse. What cannot be used gives {"error"}. "hex" is the message without the eight bytes of V2GTP.\n'
        f'"ns" is {DIN}, {ISO2}\nor, for the choice of the dialect, {HANDSHAKE}.'
    )
    parser.epilog = f'example: v2h exi <<< \'{{"ns": "{ISO2}", "hex": "8098004011d01808000000380400"}}\''


def run(args: argparse.Namespace) -> int:
    """Answer every line of stdin. Returns 0: an error is the answer of its line."""
    answer = encoded if args.encode else decoded
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    for line in sys.stdin:
        if line.strip():
            print(json.dumps(answered(line, answer)), flush=True)
    return 0


def answered(line: str, answer: Callable[[Line], Line]) -> Line:
    """The answer to one line, or what is wrong with it."""
    try:
        asked = json.loads(line)
    except (ValueError, RecursionError) as error:
        return {"error": f"not JSON: {error}"}
    if not isinstance(asked, dict):
        return {"error": f"{asked!r} is not a JSON object"}
    try:
        return answer(asked)
    except ValueError as error:  # ExiError among them
        return {**{name: asked[name] for name in ("ns", "hex") if name in asked}, "error": str(error)}


def decoded(asked: Line) -> Line:
    """The line of one decoded message. Raises ValueError."""
    namespace, digits = _text(asked, "ns"), _text(asked, "hex")
    try:
        data = bytes.fromhex(digits)
    except ValueError as error:
        raise ExiError(f"hex is {digits!r}; an even number of hexadecimal digits is expected") from error
    message = decode(namespace, data)
    answer: Line = {"ns": namespace, "hex": digits, "message": {message.name: message.fields}}
    if message.session is not None:
        answer["session"] = message.session.hex().upper()
    if message.notification is not None:
        answer["notification"] = message.notification
    if message.trailing_zero:
        answer["trailing_zero"] = True
    return answer


def encoded(asked: Line) -> Line:
    """The line of one encoded message. Raises ValueError."""
    namespace, body, notification = _text(asked, "ns"), asked.get("message"), asked.get("notification")
    if not isinstance(body, dict) or len(body) != 1:
        raise ExiError('"message" must be an object with one name: {"message": {"SessionStopRes": {...}}}')
    ((name, fields),) = body.items()
    session = _text(asked, "session") if asked.get("session") is not None else None
    try:
        session_id = None if session is None or namespace == HANDSHAKE else bytes.fromhex(session)
    except ValueError as error:
        raise ExiError(f"session is {session!r}; up to 16 hexadecimal digits are expected") from error
    data = encode(namespace, Message(name, session_id, fields, notification))  # type: ignore[arg-type]
    return {**asked, "hex": data.hex()}


def _text(asked: Line, name: str) -> str:
    value = asked.get(name)
    if not isinstance(value, str):
        raise ExiError(f'"{name}" is {value!r}; a text is expected')
    return value
