"""The pages for an owner who is logged in: API tokens, the browsers that are logged in, and a new password."""

import time
from collections.abc import Callable
from datetime import datetime
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.messages import PASSWORD_SET
from v2h.bus.sentences import say
from v2h.web.auth_store import SCOPES, AuthStore, RefusedError
from v2h.web.owner_answers import Tell, count_wrong, device, let_in, page


def add_account(pages: Blueprint, keys: AuthStore, tell: Tell, zone: Callable[[], ZoneInfo]) -> None:
    """Add these pages to the owner's blueprint. tell: publishes an event. zone: the owner's time zone."""

    def day(at_s: int | None) -> str:
        return say("page.not_known") if at_s is None else f"{datetime.fromtimestamp(at_s, zone()):%Y-%m-%d %H:%M}"

    def tokens_page(error: RefusedError | None = None, secret: str = "") -> Response:
        listed, trouble = keys.tokens(), keys.trouble or ""
        return page("tokens.html", error, tokens=listed, scopes=SCOPES, day=day, trouble=trouble, secret=secret)

    def account_page(error: RefusedError | None = None) -> Response:
        listed, mine, trouble = keys.sessions(), g.key.id, keys.trouble or ""
        return page("account.html", error, sessions=listed, mine=mine, day=day, trouble=trouble)

    def said_end(sentence: str) -> bool:
        """Report that a credential has ended. False when the card refused to write it down, which is then reported."""
        if keys.trouble is not None:
            tell("warning", "access-ended", say("owner.ended_for_now", trouble=keys.trouble))
            return False
        tell("info", "access-ended", sentence)
        return True

    @pages.get("/tokens")
    def tokens() -> AnyResponse:
        return tokens_page()

    @pages.post("/tokens")
    def make_token() -> AnyResponse:
        scope = request.form.get("scope", "operate")
        try:
            secret = keys.make_token(request.form.get("name", ""), scope)
        except RefusedError as error:
            return tokens_page(error)
        tell("info", "token_made", say("owner.token_made", scope=scope))
        return tokens_page(secret=secret)

    @pages.post("/tokens/<key_id>/revoke")
    def revoke(key_id: str) -> AnyResponse:
        if keys.revoke(key_id) is None:
            return redirect("/tokens", 303)
        if said_end(say("owner.token_revoked")):
            return redirect("/tokens", 303)
        response = tokens_page()
        response.status_code = 503
        return response

    @pages.get("/account")
    def account() -> AnyResponse:
        return account_page()

    @pages.post("/account/password")
    def change_password() -> AnyResponse:
        now, address, word = time.monotonic(), request.remote_addr or "", request.form.get("password", "")
        try:
            if word != request.form.get("again", ""):
                raise RefusedError(say("auth.new_differ"), 400)
            session = keys.change_password(request.form.get("old", ""), word, now, address, device())
        except RefusedError as error:
            count_wrong(error, keys, tell, now, address)
            return account_page(error)
        tell("warning", PASSWORD_SET, say("owner.password_changed", address=address))
        return let_in(session, keys)

    @pages.post("/account/<key_id>/end")
    def end_session(key_id: str) -> AnyResponse:
        if keys.revoke(key_id) is not None:
            said_end(say("owner.session_ended"))
        return redirect("/account", 303)

    @pages.post("/account/end-all")
    def end_all() -> AnyResponse:
        keys.end_sessions()
        said_end(say("owner.sessions_ended"))
        return redirect("/login", 303)
