"""What the pictures of the pages are made of: boxes, lines and texts as SVG, and the command that writes them.

A picture has its own background and follows the reader's light or dark mode, so it is legible on a page of either.
"""

import sys
from pathlib import Path
from typing import NamedTuple, Protocol
from xml.sax.saxutils import escape

STYLE = """
  svg { font-family: system-ui, sans-serif; font-size: 13px; }
  .ground { fill: #ffffff; }
  text { fill: #1a1f24; }
  .small { font-size: 11px; fill: #47525c; }
  .title { font-weight: 600; }
  .label { font-size: 11px; fill: #47525c; stroke: #ffffff; stroke-width: 5px; paint-order: stroke; }
  rect.program { fill: #e8f1fb; stroke: #1f6fb5; }
  rect.safety { fill: #fdeaea; stroke: #b3261e; stroke-width: 2; }
  rect.outside { fill: #f3f4f6; stroke: #6b7680; }
  rect.door { fill: #fff6dc; stroke: #9a6b00; }
  rect.bus { fill: #dff3e4; stroke: #1d7a3a; }
  rect.tree { fill: none; stroke: #6b7680; stroke-dasharray: 6 4; }
  path { fill: none; stroke: #47525c; stroke-width: 1.4; }
  path.wire { stroke: #b3261e; stroke-width: 4; }
  path.beat { stroke: #7a4fb5; stroke-dasharray: 3 3; }
  .wire-text { fill: #b3261e; font-weight: 600; }
  .beat-text { fill: #7a4fb5; font-size: 11px; }
  marker path { fill: #47525c; stroke: none; }
  @media (prefers-color-scheme: dark) {
    .ground { fill: #14181c; }
    text { fill: #e6eaee; }
    .small { fill: #aeb8c2; }
    .label { fill: #aeb8c2; stroke: #14181c; }
    rect.program { fill: #15304a; stroke: #6db3f2; }
    rect.safety { fill: #451a18; stroke: #ff8a80; }
    rect.outside { fill: #23292f; stroke: #8b96a1; }
    rect.door { fill: #3a2f10; stroke: #e0b040; }
    rect.bus { fill: #143420; stroke: #5fce82; }
    rect.tree { stroke: #8b96a1; }
    path { stroke: #aeb8c2; }
    path.wire { stroke: #ff8a80; }
    path.beat { stroke: #c3a2f0; }
    .wire-text { fill: #ff8a80; }
    .beat-text { fill: #c3a2f0; }
    marker path { fill: #aeb8c2; }
  }
"""


class Box(NamedTuple):
    """kind: a class of the style. lines: the first one is the title."""

    x: int
    y: int
    width: int
    height: int
    kind: str
    lines: tuple[str, ...]

    def svg(self) -> str:
        middle = self.x + self.width / 2
        first = self.y + self.height / 2 + 4.5 - 8 * (len(self.lines) - 1)
        words = [
            f'<text x="{middle:g}" y="{first + 16 * n:g}" text-anchor="middle" class="{"small" if n else "title"}">'
            f"{escape(line)}</text>"
            for n, line in enumerate(self.lines)
        ]
        size = f'x="{self.x}" y="{self.y}" width="{self.width}" height="{self.height}" rx="7"'
        return f'<rect class="{self.kind}" {size}/>' + "".join(words)


class Line(NamedTuple):
    """kind: "", "wire" or "beat". points: x and y in turn. both: arrows at both ends."""

    kind: str
    points: tuple[int, ...]
    both: bool = False

    def svg(self) -> str:
        pairs = [f"{x} {y}" for x, y in zip(self.points[::2], self.points[1::2], strict=True)]
        ends = ' marker-end="url(#tip)"' + (' marker-start="url(#tip)"' if self.both else "")
        return f'<path class="{self.kind}" d="M{" L".join(pairs)}"{"" if self.kind == "wire" else ends}/>'


class Text(NamedTuple):
    x: int
    y: int
    kind: str
    words: str

    def svg(self) -> str:
        return f'<text x="{self.x}" y="{self.y}" class="{self.kind}">{escape(self.words)}</text>'


class Part(Protocol):
    """One piece of a picture."""

    def svg(self) -> str: ...


class Picture(NamedTuple):
    """One file. size: width and height; all coordinates are in the same unit, one pixel of a page."""

    file: Path
    title: str
    size: tuple[int, int]
    parts: tuple[Part, ...]

    def svg(self) -> str:
        body = "\n".join(part.svg() for part in self.parts)
        width, height = self.size
        size = 'viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7"'
        tip = f'<marker id="tip" {size} orient="auto-start-reverse">'
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img">\n'
            f"<title>{escape(self.title)}</title>\n"
            f"<style>{STYLE}</style>\n"
            f'<defs>{tip}<path d="M0 0 L8 4 L0 8 z"/></marker></defs>\n'
            f'<rect class="ground" width="{width}" height="{height}"/>\n{body}\n</svg>\n'
        )


def run(about: str, pictures: tuple[Picture, ...]) -> int:
    """The command of a script that draws: writes its pictures, or with --check compares them with their files."""
    if sys.argv[1:] in (["-h"], ["--help"]):
        print(about)
        return 0
    old = [one.file for one in pictures if not one.file.is_file() or one.file.read_text(encoding="utf-8") != one.svg()]
    if sys.argv[1:] == ["--check"]:
        for file in old:
            print(f"docs/{file.name} is not what {Path(sys.argv[0]).name} draws; run it", file=sys.stderr)
        return 1 if old else 0
    for one in pictures:
        one.file.write_text(one.svg(), encoding="utf-8")
    return 0
