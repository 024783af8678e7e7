"""The application: one page, its stream, and the REST doors under /api/v1/.

Every refusal under /api/ is a JSON object {"ok": false, "error": sentence}. GET /api/v1/stream carries the very
document of GET /api/v1/state, as server-sent events.
"""

import threading
import time
from collections.abc import Iterator
from typing import Any

from flask import Flask, Response, jsonify, render_template, request
from werkzeug.exceptions import HTTPException

from v2h import __version__
from v2h.web.access import HEADERS, cross_site_refusal, host_refusal
from v2h.web.commands import COMMANDS, BadCommandError, Commands, check
from v2h.web.state import LiveState, health

MAX_STREAMS = 8
STREAM_LIFE_S = 900.0
MAX_BODY = 4096
STATIC_LIFE_S = 86400


class StreamSeats:
    """The seats of the live stream: a counter with a limit."""

    def __init__(self, seats: int) -> None:
        self._free = threading.Semaphore(seats)

    def take(self) -> bool:
        return self._free.acquire(blocking=False)

    def leave(self) -> None:
        self._free.release()


def create_app(
    state: LiveState,
    commands: Commands,
    *,
    host_names: tuple[str, ...] = (),
    streams: int = MAX_STREAMS,
    stream_life_s: float = STREAM_LIFE_S,
) -> Flask:
    """The WSGI application. host_names: accepted in Host besides addresses, localhost and v2h.local."""
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_LIFE_S
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    seats = StreamSeats(streams)

    @app.before_request
    def only_known_hosts() -> tuple[Response, int] | None:
        why = host_refusal(request.headers.get("Host", ""), host_names)
        return None if why is None else _refusal(why, 403)

    @app.before_request
    def only_own_changes() -> tuple[Response, int] | None:
        if request.method in ("GET", "HEAD", "OPTIONS"):
            return None
        why = cross_site_refusal(request.headers, request.mimetype)
        return None if why is None else _refusal(why, 415 if why.startswith("content type") else 403)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint != "static":
            response.headers["Cache-Control"] = "no-store"
        return response

    @app.errorhandler(HTTPException)
    def say_what_is_wrong(error: HTTPException) -> tuple[Response, int]:
        return _refusal(f"{request.method} {request.path}: {error.description}", error.code or 500)

    @app.get("/")
    def page() -> str:
        document, _ = state.document()
        return render_template("page.html", view=document["view"], version=__version__, commands=COMMANDS)

    @app.get("/api/v1/state")
    def get_state() -> Response:
        return Response(state.document()[1], mimetype="application/json")

    @app.get("/api/v1/health")
    def get_health() -> tuple[Response, int]:
        found = health(state.document()[0])
        return jsonify(found), 200

    @app.get("/api/v1/stream")
    def get_stream() -> Response | tuple[Response, int]:
        if not seats.take():
            return _refusal(f"all {streams} live streams are taken; poll /api/v1/state instead", 503)
        response = Response(_events(state, stream_life_s), mimetype="text/event-stream")
        response.call_on_close(seats.leave)
        return response

    @app.post("/api/v1/command/<name>")
    def post_command(name: str) -> tuple[Response, int]:
        if name not in COMMANDS:
            return _refusal(f"unknown command {name!r}; known: {', '.join(COMMANDS)}", 404)
        values = request.get_json()
        if not isinstance(values, dict):
            return _refusal(f"the body must be a JSON object, not {values!r}", 400)
        try:
            check(name, values)
        except BadCommandError as error:
            return _refusal(str(error), 400)
        reply = commands.send(name, values)
        if reply is None:
            return _refusal("No answer within 2 s: the program that decides is not running or not on the bus", 504)
        answer: dict[str, Any] = {"ok": reply.ok, "text": reply.text, "applied": reply.applied}
        if not reply.ok:
            answer["error"] = reply.text
        return jsonify(answer), 200 if reply.ok else 409

    return app


def _refusal(sentence: str, status: int) -> tuple[Response, int]:
    return jsonify({"ok": False, "error": sentence}), status


def _events(state: LiveState, life_s: float) -> Iterator[bytes]:
    """Server-sent events until the stream is old or the program ends; the browser then comes back by itself."""
    end = time.monotonic() + life_s
    yield b"retry: 1000\n\n"
    last: bytes | None = None
    while time.monotonic() < end:
        last = state.next_json(last)
        if last is None:
            return
        yield b"data: " + last + b"\n\n"
