"""The pages for owners against the software: a text in “quotes” is one that the software shows, and a piece of v2h.toml
is a good one."""

import re
from functools import cache
from pathlib import Path

import pytest

from tests.support.markdown import ROOT, blocks
from v2h.bus.catalogue import TEXTS
from v2h.bus.faults import FAULTS
from v2h.config.loading import load

PAGES = {
    name: (ROOT / name).read_text(encoding="utf-8")
    for name in ("README.md", "docs/install.md", "docs/faq.md", "docs/troubleshooting.md", "docs/cars.md")
}
QUOTE = re.compile("“([^”]+)”")
VALUE = re.compile(r"\{[^{}\"]*\}|\{\{.*?\}\}|\$\w+|\$\([^)]*\)")
"""A place for a value, in a Python text, a template, or a shell script."""


def folded(text: str) -> str:
    """With one kind of apostrophe and one blank between words, and without the quotation marks of joined strings."""
    return re.sub(r"\s+", " ", re.sub(r'"\s*\n\s*f?"', "", text.replace("’", "'")))


@cache
def shown() -> str:
    """Every text that people see; a value is left out, so that the parts around it stand on lines of their own."""
    app = ROOT / "app" / "v2h"
    files = [*app.glob("**/*.py"), *app.glob("web/templates/*"), *app.glob("web/static/*.js"), ROOT / "scripts/flash"]
    files.append(ROOT / "image/steps/check-lock")
    faults = [text for kind in FAULTS.values() for text in (kind.what, kind.do)]
    texts = [*TEXTS.values(), *faults, *(path.read_text(encoding="utf-8") for path in sorted(files))]
    return "\n".join(VALUE.sub("\n", folded(text)) for text in texts)


def unknown(text: str) -> list[str]:
    """Quotes of a page of which a part is shown nowhere. "…" stands for what is left out."""
    quotes = [folded(quote) for quote in QUOTE.findall(text)]
    return [quote for quote in quotes if any(part.strip() not in shown() for part in quote.split("…"))]


@pytest.mark.parametrize("name", PAGES)
def test_what_a_page_quotes_is_what_the_software_shows(name: str) -> None:
    assert unknown(PAGES[name]) == []


def test_a_quote_that_nobody_shows_is_found() -> None:
    text = "“The car fell silent.” “the car ended … starts in a row” “The car fell asleep.” “Waiting: the … sleeps.”"
    assert unknown(text) == ["The car fell asleep.", "Waiting: the … sleeps."]


def test_enough_is_quoted_for_the_check_to_mean_something() -> None:
    assert sum(len(QUOTE.findall(text)) for text in PAGES.values()) >= 80


TOML = [(name, block.text) for name, text in PAGES.items() for block in blocks(re.sub("^   ", "", text, flags=re.M))]
TOML = [(name, text) for name, text in TOML if text.startswith("[")]


@pytest.mark.parametrize(("name", "text"), TOML, ids=[text.split("]")[0][1:] for _, text in TOML])
def test_a_piece_of_the_owners_file_is_accepted(name: str, text: str, tmp_path: Path) -> None:
    card = tmp_path / "v2h.toml"
    card.write_text(text, encoding="utf-8")
    assert load([card]).errors == ()


def test_there_are_such_pieces() -> None:
    assert len(TOML) == 4
