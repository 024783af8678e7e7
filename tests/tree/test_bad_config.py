"""With a v2h.toml that cannot be read the whole tree starts and stays idle, and the page names file, key and value."""

import html
import urllib.request

import pytest

from tests.support.runningtree import Tree
from v2h.rig.desk import desk_tree

MISSPELT = "[limits]\nmax_chrage_a = 10\nsoc_max_pct = 300\n"


@pytest.mark.parametrize(
    ("toml", "named"),
    [
        (MISSPELT, ["v2h.toml", "max_chrage_a", "max_charge_a", "soc_max_pct", "300"]),
        ("[limits\nmax_charge_a = 10\n", ["v2h.toml", "line 1"]),
    ],
    ids=["wrong keys", "no TOML at all"],
)
def test_idle_and_the_page_says_what_is_wrong(toml: str, named: list[str]) -> None:
    with desk_tree(toml=toml) as desk:
        tree = Tree(desk)

        def told() -> str:
            return " ".join((tree.state().get("manager") or {}).get("config_errors", []))

        tree.until(lambda: bool(told()), 20, "manager tells the errors")
        with urllib.request.urlopen(desk.page, timeout=5) as answer:
            page = html.unescape(answer.read().decode())
        for word in named:
            assert word in told() and word in page
        refused = tree.command("mode", mode="charge")
        assert not refused["ok"] and "v2h.toml" in refused["text"]
        assert tree.rig()["outputs"] == []
