"""The language of an answer. English is the language of the program; German has its home in v2h.web.german.

A page speaks the language that its reader chose by a link (?lang=de, kept in a cookie), else the one that the browser
prefers. The API speaks English unless ?lang= asks: scripts compare what it says. Sentences are found by their id, and
the fixed texts of templates, scripts and forms by their English text.
"""

from typing import Any

from flask import Flask, Response, g, request

from v2h.bus.sentences import ENGLISH, Language, Sentence, in_language
from v2h.web.german.language import GERMAN
from v2h.web.german.templates import SCRIPTS, TEMPLATES

LANGUAGES = {"en": ENGLISH, "de": GERMAN}
NAMES = {"en": "English", "de": "Deutsch"}
FIXED = {"en": {}, "de": TEMPLATES | SCRIPTS}
"""English text of a template, a form or a script -> text in that language."""
COOKIE = "v2h_language"
COOKIE_S = 365 * 86400


def asked() -> Language:
    """What ?lang= asks for; English otherwise."""
    return LANGUAGES.get(request.args.get("lang", ""), ENGLISH)


def language() -> Language:
    """The language of the page that is being made."""
    if "language" not in g:
        chosen = (request.args.get("lang"), request.cookies.get(COOKIE))
        known = next((code for code in chosen if code in LANGUAGES), None)
        g.language = LANGUAGES[known or request.accept_languages.best_match(LANGUAGES, ENGLISH.code)]
    return g.language  # type: ignore[no-any-return]


def here(value: Any) -> Any:
    """The value in the page's language. Every {{ expression }} of a template passes through it; the value of a trans
    block has to ask for it."""
    return in_language(value, language()) if isinstance(value, Sentence) else value


def fixed(english: str) -> str:
    """A fixed text in the page's language; one that is not known there stays English."""
    return FIXED[language().code].get(english, english)


def add_languages(app: Flask) -> None:
    """Install the above for all templates of the application, and remember the choice of a reader."""
    jinja = app.jinja_env
    jinja.add_extension("jinja2.ext.i18n")
    jinja.install_gettext_callables(fixed, lambda one, many, n: fixed(one if n == 1 else many))  # type: ignore[attr-defined]
    jinja.finalize = here
    jinja.filters["here"] = here

    @app.context_processor
    def for_every_page() -> dict[str, Any]:
        """script_words: the texts of the scripts, which English has in the scripts themselves."""
        code = language().code
        return {"lang": code, "languages": NAMES, "script_words": SCRIPTS if code == GERMAN.code else {}}

    @app.after_request
    def remember(response: Response) -> Response:
        code = request.args.get("lang", "")
        if code in LANGUAGES and not request.path.startswith("/api/"):
            response.set_cookie(COOKIE, code, max_age=COOKIE_S, httponly=True, samesite="Strict")
        return response
