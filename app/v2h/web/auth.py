"""Access checks. They run before every request of every route, so a new route is closed until it is opened here.

Only known host names are accepted. A change needs the owner: the session of a browser that logged in, together with its
CSRF token, or an API token in the Authorization header. v2h.toml sets whether everyone in the network may read, or only
the owner.
"""

import hmac
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, Response, g, jsonify, make_response, redirect, render_template, request
from werkzeug.exceptions import MethodNotAllowed
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.sentences import in_language, say
from v2h.web.auth_store import AuthStore, Kind, Scope, csrf_token
from v2h.web.commands import OPERATE
from v2h.web.language import asked
from v2h.web.request_checks import FORM, HEADERS, JSON, cross_site_refusal, foreign_site, host_refusal

SESSION_COOKIE = "v2h_session"
SAFE = ("GET", "HEAD", "OPTIONS")
API, METRICS = "/api/", "/metrics"
"""The paths for programs; all other paths are for people."""
OPEN_TO_ALL = ("static", "owner.log_in", "owner.do_log_in", "owner.pair", "owner.do_pair")
"""Endpoints that a person needs to become the owner. Those that change something check the request themselves."""
PIECE, BINARY = "update.put_piece", "application/octet-stream"
"""The one endpoint whose body is not JSON. A form of another site cannot send this type either."""
LASTING = ("static", "pages.chart_library")
"""Endpoints whose response a browser may cache."""
COMMAND = "rest.post_command"
OPERATING = ("rest.post_prices", "rest.post_setpoint", "rest.post_trips", "neighbours.put_evcc")
"""Endpoints beside commands for which a token that may operate is enough."""
OWNER_PAGES = "owner"
"""The blueprint of HTML forms; everything else takes JSON."""
OWNERS_READING = ("rest.get_database", "update.get_update")
"""Endpoints that only the owner may read, whoever may read the rest: they cost the card or say too much."""
NO_PASSWORD = say("auth.no_password")
LOG_IN = say("auth.log_in")
LOG_IN_TO_READ = say("auth.log_in_to_read")


def stand_before(app: Flask, keys: AuthStore, *, host_names: tuple[str, ...], reading_open: bool) -> None:
    """Install the access checks. They set `g.key`, the credential of the request (None: no valid one), `g.session`, the
    session's secret, and `g.may_still_look()`, whether the request may still read: its credential can be revoked while
    a stream that was opened with it is still running."""

    @app.before_request
    def only_known_hosts() -> AnyResponse | None:
        why = host_refusal(request.headers.get("Host", ""), host_names)
        return None if why is None else refusal(why, 403, template="foreign.html")

    @app.before_request
    def who_asks() -> AnyResponse | None:
        secret, kind = _brought(request.headers.get("Authorization"), request.cookies.get(SESSION_COOKIE, ""))
        g.session, g.key = secret if kind == "session" else "", keys.holder(secret, kind)
        g.may_still_look = lambda: reading_open or keys.holder(secret, kind) is not None
        if kind == "token" and g.key is None:
            return refusal(say("auth.bad_token"), 401)
        return None

    @app.before_request
    def only_own_changes() -> AnyResponse | None:
        if request.method in SAFE or isinstance(request.routing_exception, MethodNotAllowed):
            return None  # nothing here takes such a method, and the answer says which one it takes
        form = request.blueprint == OWNER_PAGES
        if g.key is None and not form and request.path.startswith(API):
            return None  # only_the_owner refuses it, and says how to become the owner
        if g.key is not None and g.key.kind == "token" and not request.content_length:
            why = foreign_site(request.headers)
            return None if why is None else refusal(why, 403)
        wanted = FORM if form else BINARY if request.endpoint == PIECE else JSON
        why = cross_site_refusal(request.headers, request.mimetype, wanted)
        if why is not None:
            return refusal(why, 415 if why.startswith("content type") else 403)
        if g.key is not None and g.key.kind == "session" and request.endpoint not in OPEN_TO_ALL:
            sent = request.form.get("csrf_token", "") if form else request.headers.get("X-CSRF-Token", "")
            if not hmac.compare_digest(sent.encode(errors="replace"), csrf_token(g.session).encode()):
                return refusal(say("auth.bad_csrf"), 403)
        return None

    @app.before_request
    def only_the_owner() -> AnyResponse | None:
        change = request.method not in SAFE
        if request.endpoint is None or request.endpoint in OPEN_TO_ALL or not (change or _is_private(reading_open)):
            return None
        if request.blueprint == OWNER_PAGES and (g.key is None or g.key.kind != "session"):
            return redirect("/login", 303)
        if g.key is not None:
            needed = _needed_scope()
            return (
                None if g.key.may(needed) else refusal(say("auth.not_in_scope", scope=g.key.scope, needed=needed), 403)
            )
        if not change and not _is_for_programs():
            return redirect("/login", 303)
        if not keys.has_password:
            return refusal(NO_PASSWORD, 403)
        return refusal(LOG_IN if change else LOG_IN_TO_READ, 401)

    @app.after_request
    def harden(response: Response) -> Response:
        response.headers.update(HEADERS)
        if request.endpoint not in LASTING:
            response.headers["Cache-Control"] = "no-store"
        if response.status_code == 401:
            response.headers["WWW-Authenticate"] = "Bearer"
        return response

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        """csrf_token: "" when nobody is logged in. may_change: whether this browser may change things. login_hint: the
        reason when it may not."""
        owner = getattr(g, "key", None) is not None
        hint = say("auth.owner_only") if keys.has_password else NO_PASSWORD
        return {
            "csrf_token": csrf_token(g.session) if owner else "",
            "may_change": owner,
            "login_hint": "" if owner else hint,
        }


def refusal(sentence: str, status: int, retry_after_s: float = 0.0, template: str = "refused.html") -> Response:
    """A response with the sentence and the status: {"ok": false, "error": sentence} for programs, a page for people."""
    if _is_for_programs():
        response = jsonify({"ok": False, "error": in_language(sentence, asked())})
    else:
        said = say("page.capital", what=sentence)
        response = make_response(render_template(template, sentence=said, back=_back()))
    response.status_code = status
    if retry_after_s > 0:
        response.headers["Retry-After"] = str(int(retry_after_s) + 1)
    return response


def _back() -> str:
    """The path that the browser came from, if it was another of our pages or the form that was refused; else "/"."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:
        return "/"
    again = request.method in SAFE and came.path == request.path
    return "/" + came.path.lstrip("/") if came.netloc == request.host and not again else "/"


def _needed_scope() -> Scope:
    """What a token must be allowed to do for this request."""
    if request.method in SAFE:
        return "read"
    name = (request.view_args or {}).get("name")
    operates = request.endpoint in OPERATING or (request.endpoint == COMMAND and name in OPERATE)
    return "operate" if operates else "configure"


def _is_for_programs() -> bool:
    return request.path.startswith(API) or request.path == METRICS


def _is_private(reading_open: bool) -> bool:
    return not reading_open or request.blueprint == OWNER_PAGES or request.endpoint in OWNERS_READING


def _brought(authorization: str | None, cookie: str) -> tuple[str, Kind]:
    """Secret and kind that the request carries. A header takes precedence over the cookie; if its scheme is not Bearer,
    the secret is empty."""
    if authorization is None:
        return cookie, "session"
    scheme, _, token = authorization.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else "", "token"
