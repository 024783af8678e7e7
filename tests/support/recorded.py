"""Recordings that exist beside the project on some machines; docs/captures.md says where they come from.

Where a recording is missing, a test that needs it is skipped, with that reason in pytest's summary.
"""

from pathlib import Path

import pytest


def _beside(name: str) -> Path:
    for parent in Path(__file__).resolve().parents:
        if (path := parent / "shared" / "data" / name).is_file():
            return path
    return Path("/nonexistent") / name


LEAF_SESSION = _beside("leaf-v2g-charge.csv")
"""67 s of the vendor's charger with a Leaf ZE0, both buses (SavvyCAN)."""
HOUSE_LOAD = _beside("rae_household.csv")
"""A recorded house at 1 Hz (RAE dataset, Makonin 2018, CC BY)."""
needs_leaf_session = pytest.mark.skipif(
    not LEAF_SESSION.is_file(), reason="the recorded Leaf session is not at hand, see docs/captures.md"
)
needs_house_load = pytest.mark.skipif(
    not HOUSE_LOAD.is_file(), reason="the recorded house load is not at hand, see docs/captures.md"
)
