"""What a Python file imports, read from its source."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path


@cache
def imports(path: Path) -> tuple[str, ...]:
    """Dotted names, each with and without the name taken from it, also inside functions and below TYPE_CHECKING.
    Kept, because several tests ask for the same files."""
    return tuple(_imports(path))


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements below this node, without their expressions, which are most of a tree."""
    for part in ast.iter_child_nodes(tree):
        if isinstance(part, ast.stmt | ast.ExceptHandler | ast.match_case):
            yield part
            yield from statements(part)


def _imports(path: Path) -> Iterator[str]:
    for node in statements(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
