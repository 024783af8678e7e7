"""The project's pages: their code blocks, links and headings, for tests that check them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parents[2]
_FENCE = re.compile(r"^```(\S*)(?: +(.*?))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")
_LINK = re.compile(r"\]\(([^)\s]+)\)|(?:src|href)=\"([^\"]+)\"")


class Block(NamedTuple):
    """A fenced block of code: its language, the word after it, and the text."""

    language: str
    name: str
    text: str


def pages() -> list[Path]:
    """Every page of the repository, except what is built or installed."""
    top = [*ROOT.glob("*.md"), *ROOT.glob(".github/**/*.md")]
    return sorted(
        [*top, *(path for folder in ("app", "docs", "image", "tests") for path in ROOT.glob(f"{folder}/**/*.md"))]
    )


def blocks(text: str) -> list[Block]:
    return [Block(*(part or "" for part in found.groups())) for found in _FENCE.finditer(text)]


def spans(text: str) -> list[str]:
    """Text in code font, outside of blocks."""
    return _SPAN.findall(_FENCE.sub("", text))


def links(text: str) -> list[str]:
    """Targets of links and pictures, outside of code."""
    return [one or other for one, other in _LINK.findall(_SPAN.sub("", _FENCE.sub("", text)))]


def anchors(text: str) -> set[str]:
    """The names of the headings, as GitHub makes them."""
    found: set[str] = set()
    for heading in re.findall(r"^#{1,6} +(.*?) *$", _FENCE.sub("", text), re.MULTILINE):
        words = re.sub(r"\[([^]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
        found.add(re.sub(r"[^\w\- ]", "", words).replace(" ", "-"))
    return found


def commands(text: str) -> Iterator[str]:
    """The shell lines of the code blocks, with continued lines joined."""
    for block in blocks(text):
        if block.language == "sh":
            yield from (line for line in block.text.replace("\\\n", " ").splitlines() if line.strip())
