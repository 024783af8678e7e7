"""Mutants: the code of chademo, pre and safety with one small random change each, to find out which test notices it.

Own code, because no library does the job: mutmut 3 changes functions only, and much of this code is tables at module
level; cosmic-ray writes the mutant over the file on disk, has neither a removed line nor a change of 20 %, and takes
operators from installed packages only; mutatest is from 2022 and changes no number.

A mutant is an edit of the text, so that line numbers stay correct. Four operators:
  comparison  < <= > >= == !=, is, in, and their opposites; each of < <= > >= also moves its own boundary
  constant    a number by 20 % (0 and 1, True and False become the other; a bit mask + 1)
  and/or      one becomes the other
  removal     an assignment, expression or return in a function becomes `pass`
Not changed: strings, docstrings, annotations, decorators and the numbers inside f-strings (all text, or no behaviour);
assignments outside functions, because a missing name breaks the import, which is too easy to notice.
"""

import ast
import functools
import random
import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

APP = Path(__file__).resolve().parents[2] / "app"
ROOMS = ("chademo", "pre", "safety")
EQUIVALENT = Path(__file__).with_name("equivalent.toml")
COMPARISON, CONSTANT, LOGIC, REMOVAL = "comparison", "constant", "and/or", "removal"
_OTHERS = {
    "<": ("<=", ">="),
    "<=": ("<", ">"),
    ">": (">=", "<="),
    ">=": (">", "<"),
    "==": ("!=",),
    "!=": ("==",),
    "is not": ("is",),
    "is": ("is not",),
    "not in": ("in",),
    "in": ("not in",),
    "and": ("or",),
    "or": ("and",),
}
_WORD = re.compile(rb"#[^\n]*|not\s+in\b|is\s+not\b|is\b|in\b|and\b|or\b|[<>=!]=|[<>]")
_BITS = (ast.BitAnd, ast.BitOr, ast.BitXor, ast.LShift, ast.RShift)
_SCOPES = (ast.FunctionDef, ast.AsyncFunctionDef)


@dataclass(frozen=True, slots=True)
class Mutant:
    """file: below app/v2h. line counts from 1. old and new: the text of that line, without its indentation."""

    file: str
    line: int
    operator: str
    old: str
    new: str
    source: str

    @property
    def module(self) -> str:
        return "v2h." + self.file.removesuffix(".py").replace("/", ".")

    @property
    def title(self) -> str:
        return f"app/v2h/{self.file}:{self.line}"


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that changes nothing that an invariant or a test could state; reason: why."""

    file: str
    line: str
    new: str
    reason: str

    def is_(self, mutant: Mutant) -> bool:
        return (self.file, self.line, self.new) == (mutant.file, mutant.old, mutant.new)


def equivalents() -> list[Equivalent]:
    """The list beside this file. Raises TypeError when an entry lacks a field or has an extra one."""
    return [Equivalent(**row) for row in tomllib.loads(EQUIVALENT.read_text(encoding="utf-8")).get("equivalent", [])]


@dataclass(frozen=True, slots=True)
class Place:
    """Bytes start to stop of the source, and each text that may replace them."""

    operator: str
    start: int
    stop: int
    others: tuple[str, ...]


class _Places(ast.NodeVisitor):
    def __init__(self, source: str) -> None:
        self.bytes = source.encode()
        self._lines = [0, *(found.end() for found in re.finditer(b"\n", self.bytes))]
        self._in_function = self._bits = False
        self.found: list[Place] = []

    def _span(self, node: ast.expr | ast.stmt) -> tuple[int, int]:
        assert node.end_lineno is not None and node.end_col_offset is not None
        return self._lines[node.lineno - 1] + node.col_offset, self._lines[node.end_lineno - 1] + node.end_col_offset

    def _between(self, operator: str, left: ast.expr, right: ast.expr) -> None:
        """The operator between two operands; a comment between them is skipped."""
        start, stop = self._span(left)[1], self._span(right)[0]
        for found in _WORD.finditer(self.bytes, start, stop):
            text = b" ".join(found.group().split()).decode()
            if text in _OTHERS:
                self.found.append(Place(operator, found.start(), found.end(), _OTHERS[text]))
                return

    def visit_Compare(self, node: ast.Compare) -> None:
        for left, right in pairwise((node.left, *node.comparators)):
            self._between(COMPARISON, left, right)
        self.generic_visit(node)

    def visit_BoolOp(self, node: ast.BoolOp) -> None:
        for left, right in pairwise(node.values):
            self._between(LOGIC, left, right)
        self.generic_visit(node)

    def visit_BinOp(self, node: ast.BinOp) -> None:
        outside, self._bits = self._bits, isinstance(node.op, _BITS)
        self.generic_visit(node)
        self._bits = outside

    def visit_Constant(self, node: ast.Constant) -> None:
        value, (start, stop) = node.value, self._span(node)
        text = self.bytes[start:stop].decode()
        if isinstance(value, bool):
            other = str(not value)
        elif isinstance(value, int):
            mask = self._bits or text[:2].lower() in ("0x", "0b")
            more = value + 1 if mask else max(value + 1, round(value * 1.2))
            other = str(1 - value) if value in (0, 1) and not mask else hex(more) if text[:2] == "0x" else str(more)
        elif isinstance(value, float):
            other = repr(round(value * 1.2, 9)) if value else "1.0"
        else:
            return
        self.found.append(Place(CONSTANT, start, stop, (other,)))

    def visit_JoinedStr(self, node: ast.JoinedStr) -> None:
        """Only text; and before Python 3.12 a node in here does not know its position."""

    def visit_arg(self, node: ast.arg) -> None:
        """An argument's annotation has no effect."""

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        if node.value is not None:
            self._remove(node)
            self.visit(node.value)

    def visit_ClassDef(self, node: ast.ClassDef) -> None:
        outside, self._in_function = self._in_function, False
        for statement in node.body:
            self.visit(statement)
        self._in_function = outside

    def visit_FunctionDef(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        outside, self._in_function = self._in_function, True
        self.visit(node.args)
        for statement in node.body:
            last = statement is node.body[-1] and isinstance(statement, ast.Return)
            if not (last and _is_none(statement.value)):  # type: ignore[attr-defined]
                self.visit(statement)
        self._in_function = outside

    def visit_AsyncFunctionDef(self, node: ast.AsyncFunctionDef) -> None:
        self.visit_FunctionDef(node)

    def _remove(self, node: ast.stmt) -> None:
        if self._in_function:
            self.found.append(Place(REMOVAL, *self._span(node), ("pass",)))

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):  # neither a docstring nor `...`
            self._remove(node)
            self.visit(node.value)

    def visit_Assign(self, node: ast.Assign) -> None:
        self._remove(node)
        self.generic_visit(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> None:
        self._remove(node)
        self.generic_visit(node)

    def visit_Return(self, node: ast.Return) -> None:
        self._remove(node)
        self.generic_visit(node)


def _is_none(value: ast.expr | None) -> bool:
    return value is None or (isinstance(value, ast.Constant) and value.value is None)


def places(source: str) -> list[Place]:
    """The places where this source can be changed, in the order of the text."""
    finder = _Places(source)
    finder.visit(ast.parse(source))
    return sorted(finder.found, key=lambda place: (place.start, -place.stop))


@functools.lru_cache(1)
def _meaning(source: str) -> str:
    return ast.dump(ast.parse(source))


def mutant(file: str, source: str, place: Place, new: str) -> Mutant | None:
    """The source with `new` at that place; None when it does not compile or is the same program."""
    raw = source.encode()
    changed = (raw[: place.start] + new.encode() + raw[place.stop :]).decode()
    try:
        if ast.dump(ast.parse(changed)) == _meaning(source):
            return None
        compile(changed, file, "exec", dont_inherit=True)
    except SyntaxError:
        return None
    line = raw[: place.start].count(b"\n")
    old_line, new_line = (text.splitlines()[line].strip() for text in (source, changed))
    return Mutant(file, line + 1, place.operator, old_line, new_line, changed)


def all_of(file: str, source: str) -> Iterator[Mutant]:
    """Every mutant of a source."""
    for place in places(source):
        for new in place.others:
            if (made := mutant(file, source, place, new)) is not None:
                yield made


def sources() -> dict[str, str]:
    """Each module of the three rooms, by its name below app/v2h."""
    home = APP / "v2h"
    files = sorted(path for room in ROOMS for path in (home / room).rglob("*.py"))
    return {path.relative_to(home).as_posix(): path.read_text(encoding="utf-8") for path in files}


def _shares(sizes: Sequence[int], count: int) -> list[int]:
    """`count` divided in proportion to the sizes; the remainder after rounding goes to the largest fractions."""
    total = sum(sizes) or 1
    shares = [count * size // total for size in sizes]
    late = sorted(range(len(sizes)), key=lambda i: (-(count * sizes[i] % total), i))
    for i in late[: count - sum(shares)]:
        shares[i] += 1
    return shares


def draw(texts: dict[str, str], count: int, seed: int) -> list[Mutant]:
    """`count` mutants, fewer when the sources have fewer places; one per place, distributed over the files in
    proportion to their places. The same seed and the same sources give the same mutants in the same order."""
    chance = random.Random(seed)
    found = {file: places(text) for file, text in texts.items()}
    shares = _shares([len(there) for there in found.values()], count)
    drawn: list[Mutant] = []
    for (file, there), share in zip(found.items(), shares, strict=True):
        chance.shuffle(there)
        made = (mutant(file, texts[file], place, chance.choice(place.others)) for place in there)
        drawn += [one for one, _ in zip((one for one in made if one is not None), range(share), strict=False)]
    chance.shuffle(drawn)
    return drawn
