"""What CCS costs a card without `[ccs]`: the blocks of its files in the built root.

An update and the download are smaller: there the same files take 0.2 MB.
"""

import posixpath
from collections.abc import Iterable

import pytest

from tests.support.card import Root
from tests.support.ccsfiles import APP, OVERLAY, only_ccs

pytestmark = pytest.mark.image

PACKAGES = "/usr/lib/python3/dist-packages"
BLOCK_B = 4096
MOST_B = 1_000_000
RIG = "v2h/rig/ccs"
"""The simulated car and its modems are on each card because the emulated board boots the same image. They are not
compiled."""


def blocks_b(size: int) -> int:
    return -(-size // BLOCK_B) * BLOCK_B


def compiled_b(root: Root, sources: Iterable[str]) -> int:
    """What these Python files take, with what is compiled from them."""
    found = 0
    names: dict[str, set[str]] = {}
    for source in sources:
        names.setdefault(posixpath.dirname(source), set()).add(posixpath.basename(source))
    for folder, wanted in names.items():
        plain, compiled = root.directory(folder), root.directory(f"{folder}/__pycache__")
        both = {name: entry for name, entry in plain.items() if name in wanted} | {
            name: entry for name, entry in compiled.items() if f"{name.partition('.')[0]}.py" in wanted
        }
        assert len(both) == 2 * len(wanted), folder
        found += sum(blocks_b(entry.size) for entry in both.values())
    return found


def test_what_only_ccs_needs_takes_less_than_a_megabyte_of_the_root(root: Root) -> None:
    """Sources, compiled files, the three folders, and the files in /etc."""
    parts = {path.relative_to(APP.parent).as_posix() for path in only_ccs()}
    cars = {part for part in parts if posixpath.dirname(part) == RIG}
    folder = root.directory(f"{PACKAGES}/{RIG}")
    assert {f"{RIG}/{name}" for name in folder} == cars, "neither more nor compiled"
    cars_b = sum(blocks_b(folder[posixpath.basename(part)].size) for part in cars) + BLOCK_B
    ours_b = compiled_b(root, (f"{PACKAGES}/{part}" for part in parts - cars)) + 2 * BLOCK_B
    ours_b += sum(blocks_b(root.entry(path).size) for path in OVERLAY)
    print(f"\n{(ours_b + cars_b) / 1000:.0f} kB for CCS, {cars_b / 1000:.0f} kB of them for its simulated car")
    assert 500_000 < ours_b + cars_b < MOST_B
