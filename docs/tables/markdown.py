"""Texts of a Markdown page: a table, a paragraph, a cell."""

import re
import textwrap
from collections.abc import Iterable


def number(value: float) -> str:
    """A whole number in all its digits: 100000, not 1e+05."""
    return str(int(value)) if float(value).is_integer() else f"{value:g}"


def prose(text: str) -> str:
    """A paragraph, wrapped at 120 characters like the repository's pages."""
    return textwrap.fill(text, 120, break_long_words=False, break_on_hyphens=False) + "\n\n"


def table(head: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    names = list(head)
    lines = [names, ["---"] * len(names), *([cell.replace("|", "\\|") for cell in row] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines) + "\n"


def code(text: object) -> str:
    return f"`{text}`" if text not in ("", None) else ""


def plain(text: str) -> str:
    """The text on one line."""
    return re.sub(r"\s+", " ", text).strip()
