"""The REST API from a program's side, for the `v2h` command: on the board itself or from a PC on its network.

The token is V2H_TOKEN, or the content of TOKEN_FILE, which nobody else may be able to read.
"""

import argparse
import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from http.client import HTTPException
from pathlib import Path
from typing import Any

from v2h.commands import CommandError

TOKEN_FILE = Path("~/.config/v2h/token")
TIMEOUT_S = 15.0
SILENT_S = 30.0
"""A stream says something every second."""
BAD_INPUT = (400, 404, 413, 415)


def add_arguments(parser: argparse.ArgumentParser, example: str) -> None:
    """What every command over the API takes, and its example."""
    parser.add_argument("--host", default="http://localhost", help="the charger, such as v2h.local (this machine)")
    parser.add_argument("--json", action="store_true", help="print the answer as JSON")
    parser.epilog = f"token for changes: V2H_TOKEN or {TOKEN_FILE} (mode 0600)\nexample: {example}"


class Api:
    """One appliance. Every method raises CommandError with what went wrong in words."""

    def __init__(self, host: str) -> None:
        self.url = (host if "://" in host else f"http://{host}").rstrip("/")
        if urllib.parse.urlsplit(self.url).scheme not in ("http", "https"):
            raise CommandError(f"--host {host!r} is no address of a web page", 2)

    def get(self, path: str, **query: object) -> dict[str, Any]:
        """The JSON object at /api/v1/PATH. query: parameters; those that are None are left out."""
        asked = urllib.parse.urlencode({name: value for name, value in query.items() if value is not None})
        return self._object(self._open(f"{path}?{asked}" if asked else path, None, TIMEOUT_S))

    def text(self, path: str) -> bytes:
        """The whole content of a download."""
        with self._open(path, None, TIMEOUT_S) as answer:
            return bytes(answer.read())

    def post(self, path: str, values: dict[str, Any]) -> dict[str, Any]:
        """Change something; the answer's JSON object."""
        return self._object(self._open(path, json.dumps(values).encode(), TIMEOUT_S))

    def live(self) -> Iterator[dict[str, Any]]:
        """The state, each time it changes, until the appliance ends the stream."""
        with self._open("stream", None, SILENT_S) as answer:
            for line in answer:
                if line.startswith(b"data: "):
                    yield json.loads(line[6:])

    def _open(self, path: str, body: bytes | None, timeout_s: float) -> Any:
        headers = {} if body is None else {"Content-Type": "application/json"}
        token = own_token()
        if token:
            headers["Authorization"] = f"Bearer {token}"
        request = urllib.request.Request(f"{self.url}/api/v1/{path}", body, headers)
        try:
            return urllib.request.urlopen(request, timeout=timeout_s)
        except urllib.error.HTTPError as error:
            raise CommandError(_words(error), 2 if error.code in BAD_INPUT else 1) from error
        except (OSError, HTTPException, ValueError) as error:
            why = getattr(error, "reason", error)
            raise CommandError(f"{self.url} does not answer: {why}", 1) from error

    def _object(self, opened: Any) -> dict[str, Any]:
        with opened as answer:
            try:
                value = json.load(answer)
            except (OSError, HTTPException, ValueError) as error:
                raise CommandError(f"{self.url} gave no JSON: {error}", 1) from error
        if not isinstance(value, dict):
            raise CommandError(f"{self.url} gave a {type(value).__name__}, not an object", 1)
        return value


def own_token() -> str:
    """The token of whoever runs this, "" without one. Raises CommandError when others could read its file."""
    given = os.environ.get("V2H_TOKEN")
    if given is not None:
        return given.strip()
    path = TOKEN_FILE.expanduser()
    try:
        if path.stat().st_mode & 0o077:
            raise CommandError(f"{path} can be read by others; run: chmod 600 {path}", 1)
        return path.read_text(encoding="ascii").strip()
    except FileNotFoundError:
        return ""
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path}: {error}", 1) from error


def _words(error: urllib.error.HTTPError) -> str:
    try:
        said = json.load(error)
        return str(said["error"])
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        return f"{error.url} answered {error.code} {error.reason}"
