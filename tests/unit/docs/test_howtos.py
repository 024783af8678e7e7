"""Carries out each how-to: its changes in a copy of the source, then its own commands there.

A block `diff PATH` is searched in that file and changed there, on any line; `python PATH` and `html PATH` make a file;
`sh try` is run.
"""

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.markdown import ROOT, Block, blocks

HOWTOS = sorted((ROOT / "docs" / "howto").glob("*.md"))
COPIED = ("app", "tests", "docs", "image", "scripts", "rootfs-overlay", "Makefile", "pyproject.toml", "README.md")
IGNORED = shutil.ignore_patterns("__pycache__", "page-*.png", "*.egg-info")


def changed(source: str, diff: str) -> str:
    """The source after a change that names no lines: the old text must be there exactly once."""
    lines = diff.splitlines(keepends=True)
    before = "".join(line[1:] for line in lines if not line.startswith("+"))
    after = "".join(line[1:] for line in lines if not line.startswith("-"))
    assert source.count(before) == 1, f"{source.count(before)} times in the source, wanted once:\n{before}"
    return source.replace(before, after)


def carry_out(block: Block, tree: Path) -> None:
    path = tree / block.name
    if block.language == "diff":
        path.write_text(changed(path.read_text(encoding="utf-8"), block.text), encoding="utf-8")
    else:
        assert not path.exists(), f"{block.name} is there already"
        path.write_text(block.text, encoding="utf-8")


def run(words: str, tree: Path) -> subprocess.CompletedProcess[str]:
    env = {"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "PYTHONPATH": "app:.", "HOME": str(tree), "LC_ALL": "C.UTF-8"}
    env["PYTHONPYCACHEPREFIX"] = str(tree.parent / "compiled")
    return subprocess.run(["sh", "-euc", words], cwd=tree, env=env, capture_output=True, text=True, timeout=250)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("howtos")


@pytest.fixture
def tree(folder: Path) -> Iterator[Path]:
    """A new copy for each page, always in the same place and with the times of the originals: what one page compiled
    serves the next one where a file has not changed."""
    made = folder / "tree"
    made.mkdir()
    for name in COPIED:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, made / name, ignore=IGNORED)
        else:
            shutil.copy2(ROOT / name, made / name)
    (made / ".venv").symlink_to((ROOT / ".venv").resolve())
    yield made
    shutil.rmtree(made)


@pytest.mark.slow
@pytest.mark.timeout(300)
@pytest.mark.parametrize("page", HOWTOS, ids=lambda page: page.stem)
def test_what_the_page_says_works(page: Path, tree: Path) -> None:
    found = blocks(page.read_text(encoding="utf-8"))
    made = [block for block in found if block.language in ("diff", "python", "html") and block.name]
    for block in made:
        carry_out(block, tree)
    tried = [block.text for block in found if (block.language, block.name) == ("sh", "try")]
    assert made and len(tried) == 1
    done = run(tried[0], tree)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
    python = " ".join(block.name for block in made if block.name.endswith(".py"))
    style = run(f".venv/bin/ruff check {python} && .venv/bin/ruff format --check {python}", tree)
    assert style.returncode == 0, style.stdout[-3000:]


def test_a_change_that_no_longer_fits_is_found() -> None:
    assert changed("a\nb\nc\n", " a\n-b\n+x\n") == "a\nx\nc\n"
    with pytest.raises(AssertionError, match="0 times"):
        changed("a\nc\n", " a\n-b\n+x\n")
