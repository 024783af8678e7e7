"""Random documents for every door of the owner: legal ones, up to every limit, and hostile ones, spoilt by what broke
programs. `python -m tests.support.documents --help` runs as many as you like.
"""

import argparse
import random
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.support.document_doors import House
from tests.support.hostile_documents import every_field
from tests.support.legal_documents import WHOLE

RESTART_EVERY = 25


def run_every_field(folder: Path, patch: pytest.MonkeyPatch) -> int:
    """Return how many documents were sent. Raises what killed a program."""
    house, count = House(folder, patch), 0
    for name, whole in WHOLE.items():
        for document in every_field(whole):
            count += 1
            if isinstance(document, dict):
                house.spoilt_field(name, document)
            else:
                house.send(name, document)
            if count % RESTART_EVERY == 0:
                house.restart()
    return count


def run(folder: Path, patch: pytest.MonkeyPatch, seed: int, legal: int, hostile: int) -> None:
    """Raises what killed a program, after a line that repeats it."""
    house = House(folder, patch)
    doors: list[Callable[[random.Random], None]] = [
        house.command,
        house.command,
        house.spoilt_restore,
        house.meter,
        house.registers,
        house.toml,
    ]
    for n in range(legal + hostile):
        chance = random.Random(f"{seed} {n}")
        door = chance.choice((house.legal, house.api, house.restore) if n < legal else doors)
        try:
            door(chance)
            if n % RESTART_EVERY == 0:
                house.restart()
        except BaseException:
            print(f"document {n} of seed {seed} ({door.__name__})")
            raise


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legal", type=int, default=20_000)
    parser.add_argument("--hostile", type=int, default=50_000)
    parser.add_argument("--seed", type=int, default=time.time_ns() % 2**32)
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}", flush=True)
    begin = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        run(Path(folder), patch, chosen.seed, chosen.legal, chosen.hostile)
    print(f"{chosen.legal} legal, {chosen.hostile} hostile in {time.monotonic() - begin:.0f} s: all programs live")


if __name__ == "__main__":
    main()
