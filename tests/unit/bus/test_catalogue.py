"""The catalogue and the code agree: each id is said with the values that its text names, and each text is used."""

import ast
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

from v2h.bus.catalogue import TEXTS
from v2h.bus.sentences import FORMATS

APP = Path(__file__).resolve().parents[3] / "app" / "v2h"


def calls_of_say() -> Iterator[tuple[str, ast.Call]]:
    sources = {path: path.read_text(encoding="utf-8") for path in sorted(APP.rglob("*.py"))}
    for path in [path for path, source in sources.items() if "say(" in source]:
        for node in ast.walk(ast.parse(sources[path])):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "say":
                yield f"{path.relative_to(APP)}:{node.lineno}", node


def ids_of(node: ast.expr) -> list[str]:
    """Return the ids that the first argument can be: one, or one of two. Empty when an id is made at run time."""
    if isinstance(node, ast.IfExp):
        both = [ids_of(node.body), ids_of(node.orelse)]
        return both[0] + both[1] if all(both) else []
    return [node.value] if isinstance(node, ast.Constant) and isinstance(node.value, str) else []


def named(text: str) -> set[str]:
    return {name for _, name, _, _ in Formatter().parse(text) if name is not None}


def test_every_sentence_is_said_by_its_id_and_with_its_values() -> None:
    wrong = []
    for place, call in calls_of_say():
        if place.startswith("bus/sentences.py"):
            continue
        ids = ids_of(call.args[0])
        given = {keyword.arg for keyword in call.keywords}
        if not ids:
            wrong.append(f"{place}: the id is not written out")
        wrong += [f"{place}: {one} is not in the catalogue" for one in ids if one not in TEXTS]
        if None in given:  # **values: the values are written out elsewhere
            continue
        wrong += [
            f"{place}: {one} needs {sorted(named(TEXTS[one]))}, it has {sorted(map(str, given))}"
            for one in ids
            if one in TEXTS and named(TEXTS[one]) != given
        ]
    assert wrong == []


def test_every_text_is_used() -> None:
    said = {one for _, call in calls_of_say() for one in ids_of(call.args[0])}
    assert sorted(TEXTS.keys() - said) == []


def test_a_text_names_its_values_and_uses_known_formats() -> None:
    for one, text in TEXTS.items():
        for _, name, spec, conversion in Formatter().parse(text):
            assert name is None or (name.isidentifier() and conversion is None), one
            assert not spec or spec in FORMATS or spec[-1] in "fgdsx%", (one, spec)
