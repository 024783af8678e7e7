"""German has words for everything that English has, with the same values, and nothing on a page escapes translation."""

import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from jinja2 import Environment
from jinja2.ext import extract_from_ast

import v2h.web
from v2h.bus.states import Mode, State
from v2h.energy.owner_settings import TABLE
from v2h.energy.walltime import DAYS
from v2h.web import forms
from v2h.web.commands import COMMANDS
from v2h.web.german.language import GERMAN
from v2h.web.german.templates import SCRIPTS, TEMPLATES
from v2h.web.language import ENGLISH
from v2h.web.pages import TABS
from v2h.web.view.labels import CHECK_TONES

WEB = Path(v2h.web.__file__).parent
PAGES = {path.name: path.read_text(encoding="utf-8") for path in sorted((WEB / "templates").iterdir())}
FILES = {path.name: path.read_text(encoding="utf-8") for path in sorted((WEB / "static").glob("*.js"))}
JINJA = Environment(extensions=["jinja2.ext.i18n"])
TRANSLATED = re.compile(r"\{%-? *trans\b.*?endtrans *-?%\}", re.S)
COMMENT, EXPRESSION, STATEMENT, TAG = (
    re.compile(r"\{#.*?#\}", re.S), re.compile(r"\{\{.*?\}\}", re.S), re.compile(r"\{%.*?%\}", re.S),
    re.compile(r"<[^>]*>", re.S),
)  # fmt: skip
SPOKEN = re.compile(r'(?:aria-label|alt|placeholder|title)="([^"]*)"')
SAME = {"V2H", "v2h.toml", "A", "meter"}
"""Words of a template that are the same in each language."""
READ_BY_PEOPLE = ("text", "what", "why", "reason", "error", "sentence", "trouble", "row", "clock", "grid")


def values(text: str) -> Counter[tuple[str, str]]:
    return Counter((name, spec or "") for _, name, spec, _ in Formatter().parse(text) if name is not None)


def unlike(english: dict[str, str], german: dict[str, str], pattern: str) -> list[str]:
    """Texts whose places for values differ between the languages."""
    return [one for one in english if sorted(re.findall(pattern, one)) != sorted(re.findall(pattern, german[one]))]


def test_every_sentence_and_every_fault_has_german_words() -> None:
    assert sorted(ENGLISH.texts.keys() - GERMAN.texts.keys()) == []
    assert sorted(GERMAN.texts.keys() - ENGLISH.texts.keys()) == [], "words for an id that nobody says"
    assert [one for one, text in GERMAN.texts.items() if not text.strip()] == []


def test_a_sentence_has_the_same_values_in_each_language() -> None:
    unlike_it = [one for one, text in ENGLISH.texts.items() if values(text) != values(GERMAN.texts[one])]
    assert unlike_it == []


def test_every_word_that_travels_as_a_value_has_a_german_one() -> None:
    """The second row: roles and states of a meter, checks, slots, and who stopped."""
    words = [*State, *Mode, *CHECK_TONES, "grid", "solar", "charger", "good", "slow", "waiting", "silent", "frozen"]
    words += ["on-change", "import", "export"]
    assert [str(word) for word in (*words, "hold", "none", "panel", "car", *COMMANDS) if word not in GERMAN.words] == []


def messages() -> Iterator[tuple[str, str]]:
    """Every fixed text of the templates, of the forms and of the navigation, with its place."""
    for name, source in PAGES.items():
        for line, _, message in extract_from_ast(JINJA.parse(source), ("_", "gettext")):
            if isinstance(message, str):  # _(label): the rows below hold the labels
                yield f"{name}:{line}", message
    yield from (("pages.py", label) for _, _, label in TABS)
    yield from ((f"forms.py {kind}", field[1]) for kind, fields in forms.ENTRIES.items() for field in fields)
    yield from (("forms.py", text) for text in (*forms.GROUPS, *(day.capitalize() for day in DAYS)))
    yield from (("owner_settings.py", text) for row in TABLE.values() for text in (row.label, row.about))


def test_every_fixed_text_has_german_words_and_the_same_values() -> None:
    found = {text: place for place, text in messages()}
    assert len(found) > 200
    assert [f"{place}: {text}" for text, place in found.items() if text not in TEMPLATES] == []
    assert sorted(TEMPLATES.keys() - found.keys()) == [], "words that no template, form or setting has"
    assert unlike(TEMPLATES, TEMPLATES, r"%\(\w+\)s") == []
    assert unlike(TEMPLATES, TEMPLATES, r"<a [^>]*>|<b[^>]*>|<code>|data-t=\S+") == [], "another link or value"


def escaped(source: str) -> set[str]:
    """Texts that stand in {{ _("...") }}: a page shows their tags as letters. Only a trans block may hold tags."""
    outside = TRANSLATED.sub("", source)
    return {text for _, _, text in extract_from_ast(JINJA.parse(outside), ("_", "gettext")) if isinstance(text, str)}


def test_a_text_that_is_escaped_has_no_tag_in_any_language() -> None:
    texts = {text for source in PAGES.values() for text in escaped(source)}
    assert len(texts) > 150
    assert [text for text in texts if re.search("[<>]", text + TEMPLATES[text])] == []


def bare(source: str) -> list[str]:
    """Texts of a template outside every trans block and expression."""
    left = STATEMENT.sub("", EXPRESSION.sub("", TRANSLATED.sub("", COMMENT.sub("", source))))
    spoken = [text for text in SPOKEN.findall(left) if re.search(r"[A-Za-z]", text)]
    pieces = re.split(r"[<>\n]|\s{2,}", TAG.sub("\n", left))
    shown = [piece.strip(" ·:.,;()–[]") for piece in pieces]
    return [*spoken, *(word for word in shown if re.search(r"[A-Za-z]", word) and word not in SAME)]


@pytest.mark.parametrize("name", PAGES)
def test_no_text_of_a_template_escapes_translation(name: str) -> None:
    assert bare(PAGES[name]) == []


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("<p>Hello</p>", ["Hello"]),
        ('<nav aria-label="Pages"></nav>', ["Pages"]),
        ("<p>{{ _('Hello') }} · {% trans n=1 %}{{ n }} times{% endtrans %}</p>", []),
        ("<p>{% if x %}yes{% endif %}</p>", ["yes"]),
    ],
)
def test_the_check_of_templates_can_fail(source: str, found: list[str]) -> None:
    assert bare(source) == found


@pytest.mark.parametrize("name", PAGES)
def test_a_sentence_within_a_text_is_asked_for_in_the_language(name: str) -> None:
    """Expressions pass through here() by themselves, the values of a trans block do not."""
    heads = re.findall(r"\{%-? *trans ([^%]+?) *-?%\}", PAGES[name])
    parts = [part for head in heads for part in re.split(r", (?=\w+=)", head)]
    names = re.compile(rf"\b(?:{'|'.join(READ_BY_PEOPLE)})\b")
    assert [part for part in parts if names.search(part.partition("=")[2]) and "| here" not in part] == []


LITERAL = re.compile(r'(\bt\()?"((?:[^"\\]|\\.)*)"|`((?:[^`\\]|\\.)*)`')
CODE = re.compile(r"[.#\[\]=/]|^(use strict|input, select|Date|GET|POST|PUT|Content-Type|X-CSRF-Token|\(prefers-.*)$")
"""What tells a selector, a path or a name from a text for people."""


def literals(source: str) -> Iterator[tuple[bool, str]]:
    """(whether t() takes it, text) of each string that reads like words: with a blank or a capital letter."""
    for called, text, template in LITERAL.findall(re.sub(r"(?m)(^|\s)//.*$", "", source)):
        words = re.sub(r"\$\{[^}]*\}", "", text or template)
        if called or (re.search(r"[A-Za-z]{3}", words) and re.search(r" |^[A-Z]", words) and not CODE.search(words)):
            yield bool(called), text or template


def test_every_text_of_a_script_has_german_words_and_the_same_values() -> None:
    taken = {text for source in FILES.values() for called, text in literals(source) if called}
    bare_ones = [text for source in FILES.values() for called, text in literals(source) if not called]
    assert bare_ones == []
    assert sorted(taken ^ SCRIPTS.keys()) == []
    assert unlike(SCRIPTS, SCRIPTS, r"\{\w+\}") == []


def test_the_check_of_scripts_can_fail() -> None:
    source = 'setText(a, "Nothing here"); t("Saved"); at("Saved"); `Wrong: ${x}`; f("[data-t]"); // "A comment"'
    found = [(False, "Nothing here"), (True, "Saved"), (False, "Saved"), (False, "Wrong: ${x}")]
    assert list(literals(source)) == found
