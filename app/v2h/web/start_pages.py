"""The assistant of a first visit: one page with the steps, what each still needs, and a plain form for it.

Everybody who may read sees the steps. The forms belong to the owner's blueprint: only the session of a browser sends
them. The check reads what `v2h selftest` reads: it closes nothing and raises no voltage.
"""

import contextlib
from pathlib import Path
from typing import Any, NamedTuple

from flask import Blueprint, g, redirect, request
from werkzeug.wrappers import Response as AnyResponse

from v2h.bus.sentences import Sentence, from_json, say, to_json
from v2h.runtime.atomic_file import BadFileError, read_json, write_json
from v2h.selftest.checks import FAILED, Board, Result, check
from v2h.web.auth_store import AuthStore, RefusedError
from v2h.web.commands import BadCommandError, Commands
from v2h.web.commands import check as check_command
from v2h.web.owner_answers import page
from v2h.web.site_edits import SiteEdits, toml
from v2h.web.start_steps import DONE, WORDS, Known, steps
from v2h.web.state import LiveState

NUMBERS, TEXTS = ("fuse_a", "export_limit_w"), ("time_zone",)
"""Settings that the forms change."""
TABLES = {"meter": ("meter.grid",), "cable": ("cable", "car"), "limits": ("limits",)}
"""Tables of v2h.toml with a form in a step."""


class StartSources(NamedTuple):
    """data: folder of the log. file: keeps whether the owner has dismissed the page, and the last check."""

    state: LiveState
    commands: Commands
    keys: AuthStore
    site: SiteEdits
    data: Path
    file: Path


class Start:
    """The assistant's state. results: of the last check in this run of the program."""

    def __init__(self, sources: StartSources) -> None:
        self._from, self.results = sources, list[Result]()
        try:
            self._kept = read_json(sources.file)
        except BadFileError:
            self._kept = {}

    def known(self) -> Known:
        state, site = self._from.state, self._from.site
        settings, failed = state.settings, from_json(self._kept.get("failed"))
        has_password, view = self._from.keys.has_password, state.document()[0]["view"]
        values = None if settings is None else settings.settings
        return Known(has_password, view, values, site.in_force, site.coming(), failed)

    def open_steps(self) -> int:
        """How many steps are left; 0 after the owner has dismissed the page."""
        return 0 if self._kept.get("dismissed") else sum(step.state != DONE for step in steps(self.known()))

    def run_check(self) -> None:
        document = self._from.state.document()[0]
        board = Board(self._from.site.in_force, document, self._from.data)
        self.results = list(check(board, disk_too=False))
        self._keep(failed=[to_json(result.part) for result in self.results if result.verdict == FAILED])

    def dismiss(self) -> None:
        self._keep(dismissed=True)

    def _keep(self, **values: Any) -> None:
        self._kept = {**self._kept, **values}
        with contextlib.suppress(OSError):  # it is then only asked again after the next start
            write_json(self._from.file, self._kept)


def add_start(pages: Blueprint, owner: Blueprint, start: Start, sources: StartSources) -> None:
    """Add the page to the pages for readers, and its forms to the owner's."""
    site, commands = sources.site, sources.commands

    def start_page(error: RefusedError | None = None) -> AnyResponse:
        known = start.known()
        found = steps(known)
        mine = g.key is not None and g.key.kind == "session"
        forms = {form.table: form for form in site.forms({})} if mine else {}
        return page(
            "start.html",
            error,
            tab="start",
            typed={} if error is None else request.form,
            steps=found,
            left=sum(step.state != DONE for step in found),
            words=WORDS,
            settings=known.settings or {},
            tables=TABLES,
            forms=forms,
            seen=site.show().seen if mine else "",
            results=start.results,
            toml=toml,
        )

    @pages.get("/start")
    def show_start() -> AnyResponse:
        return start_page()

    @owner.post("/start/settings")
    def change_settings() -> AnyResponse:
        try:
            values = _settings(request.form.to_dict())
            check_command("settings", values)
            reply = commands.send("settings", values)
        except (RefusedError, BadCommandError) as error:
            return start_page(RefusedError(error.sentence, 400))
        if reply is None or not reply.ok:
            return start_page(RefusedError(say("command.no_answer") if reply is None else _why(reply.text), 409))
        return redirect("/start", 303)

    @owner.post("/start/check")
    def run_check() -> AnyResponse:
        start.run_check()
        return redirect("/start#check", 303)

    @owner.post("/start/dismiss")
    def dismiss() -> AnyResponse:
        start.dismiss()
        return redirect("/", 303)


def _why(text: str) -> str:
    """The reason within an answer of `manager` that is a refusal: the page itself says that nothing was done."""
    refused = isinstance(text, Sentence) and text.id == "answer.refused"
    return str(text) if not isinstance(text, Sentence) else text.values["why"] if refused else text


def _settings(form: dict[str, str]) -> dict[str, Any]:
    """The settings of a form; an empty number means no limit. Raises RefusedError."""
    values: dict[str, Any] = {key: form[key].strip() for key in TEXTS if key in form}
    for key in NUMBERS:
        text = form.get(key, "").strip()
        if key in form:
            try:
                values[key] = float(text) if text else None
            except ValueError:
                raise RefusedError(say("site.no_number", key=key, value=repr(text[:60])), 400) from None
    return values
