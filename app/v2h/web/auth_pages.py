"""The owner's own pages: log-in and log-out, pairing, API tokens. They are plain HTML forms, so that password managers
and browsers without scripts can use them. auth.py decides who may open them. Log-in and pairing are open to all and
check the request themselves: by the password, and by the nonce of the browser that opened the pairing window first.

Any web page can make a browser request /pair, even with an image alone, and over plain HTTP no header shows which site
caused the request. So the window is given only to a browser that returns a cookie which it received a moment ago: a
browser does not send a Strict cookie with a request that another site caused."""

import time
from collections.abc import Callable

from flask import Blueprint, Response, g, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.messages import PASSWORD_SET
from v2h.bus.sentences import say
from v2h.web.auth import NO_PASSWORD, OWNER_PAGES, SESSION_COOKIE
from v2h.web.auth_store import WRONG, AuthStore, RefusedError
from v2h.web.pairing import LONGEST_S, Window

NONCE_COOKIE = "v2h_pairing"
ASKED = "asked"
"""Value of the cookie of a browser that has no nonce yet."""
REMEMBER_S = 30 * 86400
Tell = Callable[[str, str, str], None]
"""Level, code and sentence of an event."""


def owner_pages(keys: AuthStore, window: Window, tell: Tell) -> Blueprint:
    """The blueprint. tell: publishes an event."""
    pages = Blueprint(OWNER_PAGES, __name__)

    @pages.get("/login")
    def log_in() -> AnyResponse:
        return _page("login.html", missing="" if keys.has_password else NO_PASSWORD)

    @pages.post("/login")
    def do_log_in() -> AnyResponse:
        now, address = time.monotonic(), request.remote_addr or ""
        try:
            session = keys.log_in(request.form.get("password", ""), now, address)
        except RefusedError as error:
            if error.status == WRONG and (count := keys.attempts.failed(now, address)):
                tell("warning", "wrong-password", say("owner.wrong_password", count=count, address=address))
            return _page("login.html", error, missing="" if keys.has_password else NO_PASSWORD)
        return _let_in(session)

    @pages.get("/logout")
    def log_out() -> AnyResponse:
        return _page("logout.html")

    @pages.post("/logout")
    def do_log_out() -> AnyResponse:
        keys.revoke(g.key.id)
        if keys.trouble is not None:
            tell("warning", "owner_file", say("owner.logged_out_for_now", trouble=keys.trouble))
        response = redirect("/", 303)
        response.delete_cookie(SESSION_COOKIE)
        return response

    @pages.get("/pair")
    def pair() -> AnyResponse:
        now = time.monotonic()
        left_s, brought = window.left_s(now), request.cookies.get(NONCE_COOKIE)
        if left_s > 0 and brought is None:
            sent_back = "again" in request.args
            return _with_nonce(_page("pair.html", state="sent") if sent_back else redirect("/pair?again", 303), ASKED)
        nonce = window.claim(brought, now)
        state = "closed" if left_s == 0 else "in use" if nonce is None else "ours"
        response = _page("pair.html", state=state, left_s=round(left_s))
        return response if nonce is None else _with_nonce(response, nonce)

    @pages.post("/pair")
    def do_pair() -> AnyResponse:
        now = time.monotonic()
        if not window.owned_by(request.cookies.get(NONCE_COOKIE), now):
            state = "in use" if window.left_s(now) else "closed"
            return _page(
                "pair.html", RefusedError("this browser does not own an open pairing window", 403), state=state
            )
        word = request.form.get("password", "")
        try:
            if word != request.form.get("again", ""):
                raise RefusedError("the two passwords differ", 400)
            session = keys.set_password(word)
        except RefusedError as error:
            return _page("pair.html", error, state="ours", left_s=round(window.left_s(now)))
        window.close()
        tell("warning", PASSWORD_SET, say("owner.password_paired"))
        response = _let_in(session)
        response.delete_cookie(NONCE_COOKIE, path="/pair")
        return response

    def shown(error: RefusedError | None = None, secret: str = "") -> Response:
        return _page("tokens.html", error, tokens=keys.tokens(), trouble=keys.trouble or "", secret=secret)

    @pages.get("/tokens")
    def tokens() -> AnyResponse:
        return shown()

    @pages.post("/tokens")
    def make_token() -> AnyResponse:
        try:
            secret = keys.make_token(request.form.get("name", ""))
        except RefusedError as error:
            return shown(error)
        tell("info", "token_made", say("owner.token_made"))
        return shown(secret=secret)

    @pages.post("/tokens/<key_id>/revoke")
    def revoke(key_id: str) -> AnyResponse:
        if keys.revoke(key_id) is None:
            return redirect("/tokens", 303)
        if keys.trouble is not None:
            tell("warning", "token_revoked", say("owner.token_revoked_for_now", trouble=keys.trouble))
            response = shown()
            response.status_code = 503
            return response
        tell("info", "token_revoked", say("owner.token_revoked"))
        return redirect("/tokens", 303)

    return pages


def _page(template: str, error: RefusedError | None = None, **values: object) -> Response:
    response = make_response(render_template(template, error="" if error is None else str(error), **values))
    if error is not None:
        response.status_code = error.status
        if error.retry_after_s:
            response.headers["Retry-After"] = str(int(error.retry_after_s) + 1)
    return response


def _with_nonce(response: AnyResponse, nonce: str) -> AnyResponse:
    response.set_cookie(NONCE_COOKIE, nonce, max_age=int(LONGEST_S), path="/pair", httponly=True, samesite="Strict")
    return response


def _let_in(session: str) -> AnyResponse:
    """Set the session cookie and redirect to the start page. The cookie has no Secure flag, because the page is served
    over plain HTTP; the log-in page explains what that means."""
    response = redirect("/", 303)
    response.set_cookie(SESSION_COOKIE, session, max_age=REMEMBER_S, httponly=True, samesite="Strict")
    return response
