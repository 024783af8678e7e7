"""The application: the gate before everything, the page, the owner's pages, and the REST doors under /api/v1/."""

from pathlib import Path

from flask import Flask, Response, render_template, request
from werkzeug.exceptions import HTTPException

from v2h import __version__
from v2h.web.archive import Archive
from v2h.web.commands import COMMANDS, Commands
from v2h.web.gate import refusal, stand_before
from v2h.web.owner import Tell, owner_pages
from v2h.web.ownerkeys import OwnerKeys
from v2h.web.pairing import Window
from v2h.web.rest import Sources, rest
from v2h.web.state import LiveState

MAX_STREAMS = 8
STREAM_LIFE_S = 900.0
MAX_BODY = 49152
"""A schedule's document; the bus carries 65536."""
STATIC_LIFE_S = 86400


def create_app(
    state: LiveState,
    commands: Commands,
    keys: OwnerKeys,
    *,
    window: Window,
    tell: Tell,
    data: Path,
    archive: Archive | None = None,
    host_names: tuple[str, ...] = (),
    reading_open: bool = True,
    streams: int = MAX_STREAMS,
    stream_life_s: float = STREAM_LIFE_S,
) -> Flask:
    """The WSGI application.

    window: the pairing window that the panel opens. tell: publishes an event. data: folder of the log and the captures.
    host_names: accepted in Host besides addresses, localhost and v2h.local. reading_open: whether everyone may look.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_LIFE_S
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    stand_before(app, keys, host_names=host_names, reading_open=reading_open)
    app.register_blueprint(owner_pages(keys, window, tell))
    sources = Sources(state, commands, archive, data / "v2h.sqlite3", data / "captures")
    app.register_blueprint(rest(sources, streams, stream_life_s))

    @app.errorhandler(HTTPException)
    def say_what_is_wrong(error: HTTPException) -> Response:
        return refusal(f"{request.method} {request.path}: {error.description}", error.code or 500)

    @app.context_processor
    def for_base() -> dict[str, object]:
        return {"site": state.document()[0]["view"]["site"], "version": __version__}

    @app.get("/")
    def page() -> str:
        document, _ = state.document()
        return render_template("page.html", view=document["view"], version=__version__, commands=COMMANDS)

    return app
