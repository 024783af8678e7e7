"""The owner's own pages: log-in and log-out, pairing, account, v2h.toml. They are plain HTML forms, so that password
managers and browsers without scripts can use them. auth.py decides who may open them. Log-in and pairing are open to
all and check the request themselves: by the password, and by the nonce of the browser that was confirmed at the panel.

Any web page can make a browser request /pair, even with an image alone, and over plain HTTP no header shows which site
caused the request. So only a browser that returns a cookie which it received a moment ago can ask for the window: a
browser does not send a Strict cookie with a request that another site caused."""

import time
from collections.abc import Callable
from zoneinfo import ZoneInfo

from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.messages import PASSWORD_SET
from v2h.bus.sentences import say
from v2h.web.account_pages import add_account
from v2h.web.auth import NO_PASSWORD, OWNER_PAGES, SESSION_COOKIE
from v2h.web.auth_store import AuthStore, RefusedError
from v2h.web.owner_answers import Tell, came_from, count_wrong, device, let_in, page
from v2h.web.pairing import LONGEST_S, Standing, Window
from v2h.web.site_edits import SiteEdits
from v2h.web.site_pages import add_site

NONCE_COOKIE = "v2h_pairing"
ASKED = "asked"
"""Value of the cookie of a browser that has no nonce yet."""


def owner_pages(
    keys: AuthStore, window: Window, tell: Tell, zone: Callable[[], ZoneInfo], site: SiteEdits
) -> Blueprint:
    """The blueprint. tell: publishes an event. zone: the owner's time zone."""
    pages = Blueprint(OWNER_PAGES, __name__)

    @pages.get("/login")
    def log_in() -> AnyResponse:
        return page("login.html", missing="" if keys.has_password else NO_PASSWORD, to=came_from())

    @pages.post("/login")
    def do_log_in() -> AnyResponse:
        now, address = time.monotonic(), request.remote_addr or ""
        try:
            session = keys.log_in(request.form.get("password", ""), now, address, device())
        except RefusedError as error:
            count_wrong(error, keys, tell, now, address)
            missing = "" if keys.has_password else NO_PASSWORD
            return page("login.html", error, missing=missing, to=request.form.get("to", ""))
        return let_in(session, keys, request.form.get("to", ""))

    @pages.get("/logout")
    def log_out() -> AnyResponse:
        return page("logout.html")

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
        now, address = time.monotonic(), request.remote_addr or ""
        brought = request.cookies.get(NONCE_COOKIE)
        if window.left_s(now) > 0 and brought is None:
            sent_back = "again" in request.args
            return _with_nonce(page("pair.html", state="sent") if sent_back else redirect("/pair?again", 303), ASKED)
        asked = window.ask(brought, now, address)
        if asked.changed and asked.standing is Standing.WAITS:
            tell("warning", "pairing", say("owner.pairing_asked", address=address))
        elif asked.changed:
            first, second = window.addresses
            tell("warning", "pairing", say("owner.pairing_contested", first=first, second=second))
        response = page("pair.html", state=asked.standing, left_s=round(window.left_s(now)))
        return response if asked.nonce is None else _with_nonce(response, asked.nonce)

    @pages.post("/pair")
    def do_pair() -> AnyResponse:
        now, address = time.monotonic(), request.remote_addr or ""
        if not window.owned_by(request.cookies.get(NONCE_COOKIE), now):
            error = RefusedError(say("auth.not_confirmed"), 403)
            return page("pair.html", error, state="refused")
        word = request.form.get("password", "")
        try:
            if word != request.form.get("again", ""):
                raise RefusedError(say("auth.differ"), 400)
            session = keys.set_password(word, address)
        except RefusedError as error:
            return page("pair.html", error, state=Standing.OURS, left_s=round(window.left_s(now)))
        window.close()
        tell("warning", PASSWORD_SET, say("owner.password_paired", address=address))
        response = let_in(session, keys)
        response.delete_cookie(NONCE_COOKIE, path="/pair")
        return response

    add_account(pages, keys, tell, zone)
    add_site(pages, site, tell)
    return pages


def _with_nonce(response: AnyResponse, nonce: str) -> AnyResponse:
    response.set_cookie(NONCE_COOKIE, nonce, max_age=int(LONGEST_S), path="/pair", httponly=True, samesite="Strict")
    return response
