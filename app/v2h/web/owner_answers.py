"""What the owner's pages answer: a page with a refusal, the cookie of a log-in, the event about a wrong password."""

from collections.abc import Callable
from urllib.parse import urlsplit

from flask import Response, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.sentences import say
from v2h.web.auth import SESSION_COOKIE
from v2h.web.auth_store import DEVICE_S, SESSION_S, WRONG, AuthStore, RefusedError

RETURNS = ("/", "/start", "/schedule", "/settings", "/log", "/health", "/site", "/tokens", "/account")
"""Pages to which a log-in returns."""
DEVICE_COOKIE = "v2h_device"
Tell = Callable[[str, str, str], None]
"""Level, code and sentence of an event."""


def page(template: str, error: RefusedError | None = None, **values: object) -> Response:
    """The template with a refusal, if any, and the status of that refusal."""
    said = "" if error is None else say("page.ended", what=error.sentence)
    response = make_response(render_template(template, error=said, **values))
    if error is not None:
        response.status_code = error.status
        if error.retry_after_s:
            response.headers["Retry-After"] = str(int(error.retry_after_s) + 1)
    return response


def came_from() -> str:
    """The path of our own page that led to this one, "" for any other."""
    try:
        came = urlsplit(request.referrer or "")
    except ValueError:
        return ""
    return came.path if came.netloc == request.host and came.path in RETURNS else ""


def device() -> str:
    """The secret of a browser that has logged in before; "" from any other."""
    return request.cookies.get(DEVICE_COOKIE, "")


def let_in(session: str, keys: AuthStore, to: str = "/") -> AnyResponse:
    """Set the cookies of a log-in and redirect to the page `to`, if it is one of RETURNS. The cookies have no Secure
    flag, because the page is served over plain HTTP; the log-in page explains what that means."""
    response = redirect(to if to in RETURNS else "/", 303)
    response.set_cookie(SESSION_COOKIE, session, max_age=SESSION_S, httponly=True, samesite="Strict")
    if keys.holder(device(), "device") is None:
        known = keys.remember(request.remote_addr or "")
        response.set_cookie(DEVICE_COOKIE, known, max_age=DEVICE_S, httponly=True, samesite="Strict")
    return response


def count_wrong(error: RefusedError, keys: AuthStore, tell: Tell, now: float, address: str) -> None:
    """Report a wrong password, if it is one and the log does not hear of it too often."""
    if error.status == WRONG and (count := keys.attempts.failed(now, address)):
        tell("warning", "wrong-password", say("owner.wrong_password", count=count, address=address))
