"""inspect and extract against what went into the made dump."""

import json
import shutil
import struct
from pathlib import Path

import pytest

from tests.support.vendordump import DATA_FILES, SMALL, VERSIONS, Fdt, Made, fit, text
from v2h.config.site import load
from v2h.vendor import VendorError
from v2h.vendor.findings import content, numbers, shell_settings, snippet, versions, zone_of
from v2h.vendor.fit import NAMES, read_fit, squashfs_in
from v2h.vendor.layout import SECTOR
from v2h.vendor.shell.medium import Medium
from v2h.vendor.shell.unpack import describe, extract, inspect


def test_inspect_names_what_is_there(original: Made) -> None:
    found = inspect(Medium(original.path, SMALL))
    assert (found["boot_headers"], found["rom_starts"]) == ([256, 512], "the boot loader at sector 256")
    assert [slot["description"] for slot in found["slots"]] == list(VERSIONS)
    assert [slot["boot_status"] for slot in found["slots"]] == [f"{version} ok" for version in VERSIONS]
    for slot in found["slots"]:
        assert (slot["configuration"], slot["signed_by"]) == ("kernel_dtb_ovo_ramdisk", ["ssb_prod"])
        wanted = {kind: len(data) for kind, data in original.slots[slot["partition"]].items()}
        assert {image["type"]: image["bytes"] for image in slot["images"]} == wanted
        squashfs = slot["images"][2]["squashfs"]
        assert (squashfs["offset"], squashfs["compression"]) == (0, "xz")
        assert 0 <= wanted["ramdisk"] - squashfs["size"] < 4096, "mksquashfs fills up to 4 KiB"
    assert "partition 2: 8.0.0" in describe(found)
    assert json.loads(json.dumps(found)) == found


def test_extract_gives_what_went_in(original: Made, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = extract(Medium(original.path, SMALL), folder)
    for partition, images in original.slots.items():
        for kind, data in images.items():
            assert (folder / f"slot{partition}" / NAMES[kind]).read_bytes() == data
    for name, words in DATA_FILES.items():
        assert (folder / "data" / name).read_text() == words
    totals = json.loads((folder / "totals.json").read_text())
    assert totals == {"ssbTotalEnergy": 123456, "ssbStatus.json": {"mode": "idle", "sessions": 12}}
    calibration = json.loads((folder / "calibration.json").read_text())
    assert calibration == {"device1_voltage_attenuation_factor": 885, "device1_power_gain": 243270947}
    settings = json.loads((folder / "settings.json").read_text())
    assert settings == {"SSB_NO_AUTORUN": "0", "SSB_OPTS": "-d --x", "SSB_LOG_LEVEL": "info"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert done.files["slot1/kernel"] == len(original.slots[1]["kernel"])
    assert all("unsquashfs" in problem for problem in done.problems)


def test_the_offered_snippet_is_a_good_v2h_toml(original: Made, tmp_path: Path) -> None:
    extract(Medium(original.path, SMALL), tmp_path / "out")
    config = load([tmp_path / "out" / "v2h.toml.snippet"])
    assert config.errors == () and config.site.timezone == "Europe/London"
    assert "# p_lsb_w = 0.000243270947" in (tmp_path / "out" / "v2h.toml.snippet").read_text()


def test_the_root_is_unpacked_by_unsquashfs(original: Made, tmp_path: Path) -> None:
    if not (shutil.which("mksquashfs") and shutil.which("unsquashfs")):
        pytest.skip("squashfs-tools is not installed: make setup")
    done = extract(Medium(original.path, SMALL), tmp_path / "out")
    assert done.problems == []
    for name, words in original.root.items():
        assert (tmp_path / "out" / "slot3" / "root" / name).read_text() == words


def test_without_unsquashfs_the_rest_is_saved_and_the_package_named(
    original: Made, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    only = tmp_path / "bin"
    only.mkdir()
    (only / "debugfs").symlink_to("/usr/sbin/debugfs")
    monkeypatch.setattr("v2h.vendor.shell.unpack.PATH", str(only))
    done = extract(Medium(original.path, SMALL), tmp_path / "out")
    assert len(done.problems) == 3 and "apt-get install squashfs-tools" in done.problems[0]
    assert (tmp_path / "out" / "slot1" / "root.squashfs").read_bytes() == original.slots[1]["ramdisk"]


def test_a_damaged_slot_is_named_and_the_others_are_read(dump: Path, original: Made, tmp_path: Path) -> None:
    with dump.open("r+b") as file:
        file.seek(SMALL.partitions[1][0] * SECTOR)
        file.write(bytes(100_000))
    done = extract(Medium(dump, SMALL), tmp_path / "out")
    assert any(problem.startswith("partition 2: ") for problem in done.problems)
    assert (tmp_path / "out" / "slot3" / "kernel").read_bytes() == original.slots[3]["kernel"]
    assert not (tmp_path / "out" / "slot2" / "kernel").exists()


def test_extract_never_writes_into_a_folder_that_exists(original: Made, tmp_path: Path) -> None:
    with pytest.raises(VendorError, match="does not exist"):
        extract(Medium(original.path, SMALL), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_every_cut_of_a_fit_is_refused_or_read_in_words() -> None:
    blob = fit("8.0.0", {"kernel": b"k" * 300, "ramdisk": b"r" * 300})
    assert len(read_fit(blob).images) == 2
    for end in range(len(blob) - 1):
        with pytest.raises(VendorError):
            read_fit(blob[:end])


def test_images_behind_the_tree_are_found() -> None:
    """mkimage -E puts them there."""
    tree = Fdt()
    for name in ("", "images", "kernel@1"):
        tree.begin(name)
    tree.put("type", text("kernel"))
    tree.put("data-offset", struct.pack(">I", 8))
    tree.put("data-size", struct.pack(">I", 5))
    for _ in range(3):
        tree.end()
    blob = tree.blob()
    behind = blob + bytes(-len(blob) % 4) + b"12345678hello"
    assert read_fit(behind).images[0].data == b"hello"
    with pytest.raises(VendorError, match="cut off: 4 of 5 bytes"):
        read_fit(behind[:-1])


def test_a_squashfs_that_is_cut_off_is_named(original: Made) -> None:
    whole = original.slots[1]["ramdisk"]
    assert squashfs_in(b"other" + whole) is None
    found = squashfs_in(whole)
    assert found and squashfs_in(whole[: found.size]) == found
    for end in (50, found.size - 1):
        with pytest.raises(VendorError, match="cut off"):
            squashfs_in(whole[:end])


def test_values_are_taken_as_they_stand() -> None:
    assert shell_settings("# A=1\nA='b c'\nexport C=\n") == {"A": "b c", "C": ""}
    assert numbers("gain: -3.5e2, offset=7 x=abc time 12:30") == {"gain": -350.0, "offset": 7.0}
    assert content(b"\xff\x00") == {"bytes": 2, "hex": "ff00"}
    assert content(b"12 kWh\n") == "12 kWh"
    assert versions(["ovo-ssb-v3.1.0-67 built", "8.0.0"]) == ["ovo-ssb-v3.1.0-67", "8.0.0"]
    assert (zone_of("/usr/share/zoneinfo/Europe/London"), zone_of('"]\nx = 1')) == ("Europe/London", "")
    assert "[site]" not in snippet("", {})
