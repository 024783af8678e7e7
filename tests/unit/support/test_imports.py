"""Code that tests share is in a module without tests: nothing imports from a test module or from a conftest.

An import of a test module runs its tests' fixtures and marks in a second place, and a moved test breaks other tests.
There is also one root: imports write out `tests.`, and no folder of the tests is on the path by itself.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.imports import statements

TESTS = Path(__file__).resolve().parents[2]
A_TEST = re.compile(r"(^|\.)(test_\w+|conftest)(\.|$)")
ROOTS = {path.stem for path in TESTS.iterdir() if path.name != "__init__.py"}
HELPERS = {path.stem for path in (TESTS / "support").glob("*.py")} - {"__init__"}


def imported(source: str) -> Iterator[str]:
    """Every dotted name that a source imports; a relative one begins with a dot."""
    for node in statements(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            begin = "." * node.level + (node.module or "")
            yield from (f"{begin}.{alias.name}" for alias in node.names)


def wrong(source: str) -> list[str]:
    """Imports of a test module or a conftest, relative ones, and those from another root."""
    return [
        name
        for name in imported(source)
        if (name.startswith("tests.") and A_TEST.search(name))
        or A_TEST.search(name.split(".")[0])
        or name.startswith(".")
        or name.split(".")[0] in ROOTS | HELPERS
    ]


def test_no_test_file_imports_from_a_test_module() -> None:
    files = {path.relative_to(TESTS).as_posix(): path.read_text(encoding="utf-8") for path in TESTS.rglob("*.py")}
    assert len(files) > 200
    assert {name: found for name, source in files.items() if (found := wrong(source))} == {}


@pytest.mark.parametrize(
    "source",
    [
        "from tests.unit.web.test_app import Log",
        "from tests.unit.web import test_app",
        "import tests.tree.conftest",
        "def f():\n    from tests.conftest import watching",
        "from test_app import Log",
        "from conftest import web",
        "from . import test_app",
        "from messages import charger",
        "import support.messages",
    ],
)
def test_the_check_can_fail(source: str) -> None:
    assert wrong(source)


@pytest.mark.parametrize("source", ["from tests.support.messages import charger", "import pytest", "import v2h.web"])
def test_what_is_right_passes(source: str) -> None:
    assert wrong(source) == []
