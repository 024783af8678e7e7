"""Recordings that lie beside the project on some machines; every test that wants one must do without it."""

from pathlib import Path


def _beside(name: str) -> Path | None:
    for parent in Path(__file__).resolve().parents:
        if (path := parent / "shared" / "data" / name).is_file():
            return path
    return None


LEAF_SESSION = _beside("leaf-v2g-charge.csv")
"""67 s of the vendor's charger with a Leaf ZE0, both buses (SavvyCAN); None where it is not at hand."""
