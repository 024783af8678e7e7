"""The page of v2h.toml for an owner who is logged in: the card's file, the page's edits, and a form for each table.

These pages belong to the owner's blueprint, so only the session of a browser opens and changes them, and no token.
"""

from flask import Blueprint, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.sentences import say
from v2h.config.meter_kinds import KINDS, ROLES
from v2h.web.auth_store import RefusedError
from v2h.web.owner_answers import Tell, page
from v2h.web.site_edits import SiteEdits, toml

OURS = ("csrf_token", "table", "seen", "back")
"""Fields of a form that are no keys."""
BACK = {"start": "/start"}
"""Pages that show one of the forms as well, and to which the browser then returns."""


def add_site(pages: Blueprint, site: SiteEdits, tell: Tell) -> None:
    """Add these pages to the owner's blueprint. tell: publishes an event."""

    def site_page(error: RefusedError | None = None) -> AnyResponse:
        """After a refusal the form still holds what was typed."""
        typed = {} if error is None else request.form
        kinds = {role: request.args.get(role) or typed.get(f"meter.{role}.kind", "") for role in ROLES}
        forms = list(site.forms({role: kind for role, kind in kinds.items() if kind}))
        known = site.show()
        return page(
            "site.html",
            error,
            known=known,
            forms=forms,
            roles=ROLES,
            kinds=tuple(KINDS),
            chosen=kinds,
            toml=toml,
            typed=typed,
        )

    @pages.get("/site")
    def show_site() -> AnyResponse:
        return site_page()

    @pages.post("/site")
    def change_site() -> AnyResponse:
        table, address = request.form.get("table", ""), request.remote_addr or ""
        texts = {key: text for key, text in request.form.items() if key not in OURS}
        try:
            page_says = site.change(table, texts, request.form.get("seen", ""))
        except RefusedError as error:
            return site_page(error)
        changes = ", ".join(f"{key} = {toml(value)}" for key, value in page_says.items())
        said = say("site.edited", address=address, changes=changes)
        tell("warning", "site-edited", said if changes else say("site.given_back", table=table, address=address))
        place = table.replace(".", "-")
        return redirect(BACK.get(request.form.get("back", ""), f"/site#s-{place}"), 303)

    @pages.post("/site/read")
    def read_gone() -> AnyResponse:
        try:
            site.forget_gone()
        except RefusedError as error:
            return site_page(error)
        return redirect("/site", 303)
