"""The application: access checks for every request, the page, the owner's pages, and the REST endpoints in /api/v1/."""

from pathlib import Path

from flask import Flask, redirect, request
from flask_compress import Compress
from werkzeug.exceptions import HTTPException, MethodNotAllowed, NotFound, RequestEntityTooLarge
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.messages import MOST_DOCUMENT_B
from v2h.bus.sentences import say
from v2h.update.shell.parts import Parts
from v2h.web.auth import API, refusal, stand_before
from v2h.web.auth_pages import owner_pages
from v2h.web.auth_store import AuthStore
from v2h.web.commands import Commands
from v2h.web.language import add_languages
from v2h.web.log_source import Archive
from v2h.web.neighbours import neighbours
from v2h.web.owner_answers import Tell
from v2h.web.pages import owners_zone, pages
from v2h.web.pairing import Window
from v2h.web.rest import Sources, rest
from v2h.web.rest_requests import answer
from v2h.web.site_edits import SiteEdits
from v2h.web.start_pages import Start, StartSources, add_start
from v2h.web.state import LiveState
from v2h.web.update_doors import UpdateSources, known, update_doors

MAX_STREAMS = 8
STREAM_LIFE_S = 900.0
MAX_BODY = 2 * MOST_DOCUMENT_B + 8192
"""Bytes: the longest schedule document that is allowed, indented for people, in a backup with all settings."""
STATIC_LIFE_S = 86400
COMPRESSED = ["text/html", "text/css", "text/javascript", "application/json", "image/svg+xml"]
"""The live stream is not compressed, because each of its events must be sent at once."""


def create_app(
    state: LiveState,
    commands: Commands,
    keys: AuthStore,
    *,
    window: Window,
    tell: Tell,
    site: SiteEdits,
    data: Path,
    archive: Archive | None = None,
    host_names: tuple[str, ...] = (),
    reading_open: bool = True,
    streams: int = MAX_STREAMS,
    stream_life_s: float = STREAM_LIFE_S,
    update: UpdateSources | None = None,
) -> Flask:
    """The WSGI application.

    window: the pairing window that `panel` opens. tell: publishes an event. site: the edits of v2h.toml. data: folder
    of the log and the captures. host_names: accepted in Host besides addresses, localhost and v2h.local. reading_open:
    whether everyone may read. update: None: beside `data`, and the installer of this machine.
    """
    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = MAX_BODY
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = STATIC_LIFE_S
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.config["COMPRESS_MIMETYPES"] = COMPRESSED
    Compress(app)
    add_languages(app)
    stand_before(app, keys, host_names=host_names, reading_open=reading_open)
    sources = Sources(state, commands, archive, data / "captures")
    app.register_blueprint(rest(sources, streams, stream_life_s))
    app.register_blueprint(neighbours(state, commands, answer))
    card = update or UpdateSources(Parts(data.parent / "update"))
    app.register_blueprint(update_doors(card, lambda: state.house().charger, tell))

    owner = owner_pages(keys, window, tell, lambda: owners_zone(state), site)
    first = StartSources(state, commands, keys, site, data, site.beside("start.json"))
    start = Start(first)
    readers = pages(state, archive, data / "captures", start.open_steps, lambda: known(card))
    add_start(readers, owner, start, first)
    app.register_blueprint(owner)
    app.register_blueprint(readers)

    @app.errorhandler(HTTPException)
    def say_what_is_wrong(error: HTTPException) -> AnyResponse:
        if isinstance(error, MethodNotAllowed) and request.method == "GET" and not request.path.startswith(API):
            return redirect("/" + request.path.split("/")[1], 303)  # the address of a form, loaded again
        said = say("request.wrong", request=f"{request.method} {request.path}", why=_why(error))
        response = refusal(said, error.code or 500)
        if isinstance(error, MethodNotAllowed):
            response.headers["Allow"] = ", ".join(sorted(error.valid_methods or ()))
        return response

    return app


def _why(error: HTTPException) -> str:
    if isinstance(error, RequestEntityTooLarge):
        return _too_long()
    if isinstance(error, NotFound) and error.description == NotFound.description:
        return say("request.not_found")
    return error.description or ""


def _too_long() -> str:
    sent_b, most_b = request.content_length, request.max_content_length or MAX_BODY
    if sent_b is None:
        return say("request.too_long", most_b=most_b)
    return say("request.too_long_by", sent_b=sent_b, over_b=sent_b - most_b)
