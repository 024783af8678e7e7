"""A client of the REST API for the `v2h` command: on the board itself or from a PC on its network.

The charger is the one that --host or V2H_HOST names, else this machine. The token is V2H_TOKEN, or the content of
TOKEN_FILE, which no other user may be able to read.
"""

import argparse
import json
import os
import socket
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

from v2h.commands import CommandError

TOKEN_FILE = Path("~/.config/v2h/token")
HERE = "http://localhost"
NAME_IT = "; name the charger with --host v2h.local, or in V2H_HOST"
TIMEOUT_S = 15.0
PIECE_BYTES = 65536
BINARY = "application/octet-stream"
SILENT_S = 30.0
"""Timeout of the stream, which sends a document every second."""
BAD_INPUT = (400, 404, 413, 415)
WHO_ARE_YOU = 401
NOT_NOW = 500
"""This status and all above it: a retry may succeed."""


class UnansweredError(CommandError):
    """There is no response, or not at this moment: a retry may succeed."""

    def __init__(self, text: str) -> None:
        super().__init__(text, 1)


def add_arguments(parser: argparse.ArgumentParser, example: str) -> None:
    """Add the arguments that every command over the API takes, and the example."""
    parser.add_argument("--host", help="the charger, such as v2h.local (V2H_HOST; without it this machine)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.epilog = f"token for changes: V2H_TOKEN or {TOKEN_FILE} (mode 0600)\nexample: {example}"


class Api:
    """One appliance. Every method raises CommandError with a message about what went wrong."""

    def __init__(self, host: str | None) -> None:
        """host: what --host gave, None without it."""
        source, name = _charger(host)
        self.url = web_address(name, source)
        self._hint = "" if source else NAME_IT

    @property
    def is_here(self) -> bool:
        """Whether the address is one of this machine: a socket here can be bound to it."""
        name = urllib.parse.urlsplit(self.url).hostname
        try:
            found = socket.getaddrinfo(name, 0, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError):  # the name is unknown, or is not a valid name
            return False
        return any(_can_have(family, address) for family, _, _, _, address in found)

    def get(self, path: str, holding: str, **query: object) -> dict[str, Any]:
        """The JSON object at /api/v1/PATH; it must have a list or an object at the key `holding`. query: parameters;
        those that are None are left out."""
        asked = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        answer = self._object(self._open(f"{path}?{asked}" if asked else path, None, TIMEOUT_S))
        return self._known(answer, path, holding)

    def post(self, path: str, values: dict[str, Any]) -> dict[str, Any]:
        """Change something and return the JSON object of the response."""
        return self._object(self._open(path, json.dumps(values, separators=(",", ":")).encode(), TIMEOUT_S))

    def put(self, path: str, body: bytes) -> dict[str, Any]:
        """Send a piece of a file and return the JSON object of the response."""
        return self._object(self._open(path, body, TIMEOUT_S, BINARY, "PUT"))

    def pieces(self, path: str) -> Iterator[bytes]:
        """The content of a file at /api/v1/PATH, piece by piece. Raises UnansweredError when it breaks off."""
        with self._open(path, None, TIMEOUT_S) as answer:
            left = answer.length  # None: not announced
            while True:
                try:
                    piece = answer.read(PIECE_BYTES)
                except (OSError, HTTPException) as error:
                    raise UnansweredError(f"{self.url} broke off: {error}") from error
                if not piece:
                    break
                left = None if left is None else left - len(piece)
                yield piece
        if left:
            raise UnansweredError(f"{self.url} broke off: {left} bytes are missing")

    def live(self) -> Iterator[dict[str, Any]]:
        """Yield the state each time it changes, until the appliance ends the stream. Raises UnansweredError when the
        stream breaks off."""
        with self._open("stream", None, SILENT_S) as answer:
            try:
                for line in answer:
                    if line.startswith(b"data: "):
                        yield self._known(json.loads(line[6:]), "stream", "view")
            except (OSError, HTTPException, ValueError) as error:
                raise UnansweredError(f"{self.url} broke off: {error}") from error

    def _open(
        self, path: str, body: bytes | None, timeout_s: float, kind: str = "application/json", method: str | None = None
    ) -> Any:
        headers = {} if body is None else {"Content-Type": kind}
        token = own_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", body, headers, method=method)
        try:
            return urllib.request.urlopen(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            raise self._refusal(error) from error
        except (OSError, HTTPException, ValueError) as error:
            why = getattr(error, "reason", error)
            raise UnansweredError(f"{self.url} does not answer: {why}{self._hint}") from error

    def _refusal(self, error: urllib.error.HTTPError) -> CommandError:
        words = _words(error)
        if error.code == WHO_ARE_YOU:
            words += f" A token is made at {self.url}/tokens and belongs into V2H_TOKEN or {TOKEN_FILE} (mode 0600)."
        if error.code >= NOT_NOW:
            return UnansweredError(words)
        return CommandError(words, 2 if error.code in BAD_INPUT else 1)

    def _object(self, opened: Any) -> dict[str, Any]:
        with opened as answer:
            try:
                value = json.load(answer)
            except (OSError, HTTPException) as error:
                raise UnansweredError(f"{self.url} broke off: {error}") from error
            except ValueError as error:
                raise CommandError(f"{self.url} gave no JSON: {error}", 1) from error
        if not isinstance(value, dict):
            raise CommandError(f"{self.url} gave a {type(value).__name__}, not an object", 1)
        return value

    def _known(self, answer: Any, path: str, holding: str) -> dict[str, Any]:
        """Return `answer` if it comes from the appliance. Raises CommandError if another server is at this address."""
        if isinstance(answer, dict) and isinstance(answer.get(holding), dict | list):
            return answer
        raise CommandError(f"{self.url} is no V2H charger: /api/v1/{path} has no {holding!r}", 1)


def _charger(host: str | None) -> tuple[str, str]:
    """Where the charger's name comes from ("": nobody gave one), and the name."""
    if host is not None:
        return "--host", host
    given = os.environ.get("V2H_HOST", "")
    return ("V2H_HOST", given) if given else ("", HERE)


def web_address(host: str, source: str) -> str:
    """The page's address that `host` means, without a slash at its end. source: who gave it. Raises CommandError."""
    url = (host if "://" in host else f"http://{host}").rstrip("/")
    try:
        parts = urllib.parse.urlsplit(url)
        good = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0 and parts.username is None
    except ValueError:  # the port is not a number, or a bracket is not closed
        good = False
    if not good or parts.query or parts.fragment or any(c.isspace() or not c.isprintable() for c in host):
        raise CommandError(f"{source} {host!r} is no address such as v2h.local, 192.168.1.20:8080 or [::1]:8080", 2)
    return url


def _can_have(family: int, address: Any) -> bool:
    try:
        with socket.socket(family, socket.SOCK_STREAM) as probe:
            probe.bind(address)
    except OSError:
        return False
    return True


def own_token() -> str:
    """This user's token, "" without one. Raises CommandError when other users could read its file, or when the content
    cannot be a token. The message does not show that content, because it may be another secret."""
    given = os.environ.get("V2H_TOKEN")
    if given is not None:
        return _one_word(given, "V2H_TOKEN")
    path = TOKEN_FILE.expanduser()
    try:
        if path.stat().st_mode & 0o077:
            raise CommandError(f"{path} can be read by others; run: chmod 600 {path}", 1)
        return _one_word(path.read_text(encoding="utf-8", errors="replace"), str(path))
    except FileNotFoundError:
        return ""
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}", 1) from error


def _one_word(text: str, source: str) -> str:
    word = text.strip()
    if word.isascii() and word.isprintable() and " " not in word:
        return word
    raise CommandError(f"{source} holds no token: it is one word of plain letters, with no comment or second line", 2)


def _words(error: urllib.error.HTTPError) -> str:
    try:
        said = json.load(error)
        return str(said["error"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return f"{error.url} answered {error.code} {error.reason}"
