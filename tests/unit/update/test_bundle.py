"""A bundle says its board and its version, and one that is not for this card is refused."""

import json
import subprocess
from itertools import pairwise
from pathlib import Path

import pytest

from v2h.update.bundle import Bundle, Own, check_bundle, read_info, read_own
from v2h.update.refusals import RefusedError

ROOT = Path(__file__).resolve().parents[3]
OWN = Own("v2h-bonegreen", "20261130.57600")


def number(seconds: int) -> str:
    return subprocess.check_output([ROOT / "image/steps/update-number", str(seconds)], text=True).strip()


def test_what_rauc_prints() -> None:
    info = {"compatible": "v2h-bonegreen", "version": "20261201.60000", "build": "0.2.0", "format": "verity"}
    assert read_info(json.dumps(info)) == Bundle("v2h-bonegreen", "20261201.60000", "0.2.0")
    assert read_info(json.dumps({**info, "build": None})).version == "20261201.60000"


@pytest.mark.parametrize("info", ["", "[]", "{}", "null", '{"version": "1"}'])
def test_anything_else_is_no_bundle(info: str) -> None:
    with pytest.raises(RefusedError):
        read_info(info)


@pytest.mark.parametrize(
    ("compatible", "number", "sentence"),
    [
        ("v2h-bonegreen", "20261130.57600", None),
        ("v2h-bonegreen", "20261130.57601", None),
        ("v2h-bonegreen", "20261201.7", None),
        ("v2h-bonegreen", "20261130.57599", "update.older"),
        ("v2h-bonegreen", "20261129.86399", "update.older"),
        ("v2h-bonegreen", "0.2.0-5-gabc", "update.older"),
        ("other", "20261201.7", "update.other_board"),
    ],
)
def test_board_and_version(compatible: str, number: str, sentence: str | None) -> None:
    bundle = Bundle(compatible, number, "0.2.0")
    if sentence is None:
        check_bundle(bundle, OWN)
        return
    with pytest.raises(RefusedError) as refused:
        check_bundle(bundle, OWN)
    assert refused.value.sentence.id == sentence


def test_the_number_of_the_build_grows_with_the_commit() -> None:
    day = 1_764_460_800  # midnight
    numbers = [number(day + seconds) for seconds in (0, 9, 86_399, 86_400)]
    assert numbers == ["20251130.0", "20251130.9", "20251130.86399", "20251201.0"]
    for before, after in pairwise(numbers):
        check_bundle(Bundle("b", after, ""), Own("b", before))
        with pytest.raises(RefusedError):
            check_bundle(Bundle("b", before, ""), Own("b", after))


def test_the_cards_own_file_names_board_and_number() -> None:
    text = (ROOT / "rootfs-overlay/etc/rauc/system.conf").read_text()
    assert read_own(text.replace("@VERSION@", number(0))) == Own("v2h-bonegreen", "19700101.0")
    assert "compatible=v2h-bonegreen\n" in (ROOT / "image/steps/bundle").read_text()
