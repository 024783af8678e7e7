"""One base seed for the fresh sessions of a run, shown at the start of the run: FUZZ_SEED=N repeats them."""

import os
import random

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Set the seed in the controller; xdist's workers inherit its environment."""
    os.environ.setdefault("FUZZ_SEED", str(random.SystemRandom().randrange(1_000_000, 1_000_000_000)))


def pytest_report_header(config: pytest.Config) -> str:
    return f"fresh fuzz sessions: FUZZ_SEED={os.environ['FUZZ_SEED']} repeats them"
