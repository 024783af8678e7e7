"""inspect and extract against what went into the made dump."""

import contextlib
import json
import random
import struct
import subprocess
from pathlib import Path

import pytest

from tests.support.vendordump import (
    BOOT_STATUS,
    DATA_FILES,
    MADE_S,
    PACKED_FILES,
    SMALL,
    VERSIONS,
    Fdt,
    Made,
    fit,
    put_ext,
    text,
)
from v2h.config.loading import load
from v2h.vendor import VendorError
from v2h.vendor.describe import describe
from v2h.vendor.findings import (
    content,
    likely_slot,
    numbers,
    shell_settings,
    shown,
    snippet,
    version_number,
    versions,
    zone_of,
)
from v2h.vendor.fit import NAMES, read_fit, squashfs_in
from v2h.vendor.layout import SECTOR
from v2h.vendor.shell.medium import Medium
from v2h.vendor.shell.unpack import extract, inspect


def damage(dump: Path, made: Made, kind: str) -> None:
    """Change one byte of each such image in the dump."""
    whole = bytearray(dump.read_bytes())
    for images in made.slots.values():
        whole[whole.index(images[kind][-2000:]) + 1] ^= 1
    dump.write_bytes(whole)


def remove(dump: Path, partition: int, name: str) -> None:
    """Remove a file from an ext partition of the dump."""
    device = f"{dump}?offset={SMALL.partitions[partition - 1][0] * SECTOR}"
    subprocess.run(["/usr/sbin/debugfs", "-w", "-R", f"rm {name}", device], check=True, capture_output=True)


def test_inspect_names_what_is_there(original: Made) -> None:
    found = inspect(Medium(original.path, SMALL))
    assert (found["boot_headers"], found["rom_starts"]) == ([256, 512], "the boot loader at sector 256")
    assert [(part["start"], part["sectors"]) for part in found["partitions"]] == list(SMALL.partitions)
    assert [part["active"] for part in found["partitions"]] == [True, False, False, False]
    assert [slot["version"] for slot in found["slots"]] == list(VERSIONS)
    assert [slot["version_number"] for slot in found["slots"]] == [263168, 524288, 459266]
    assert [slot["versions"] for slot in found["slots"]] == [["ovo-ssb-v3.1.0-67"], ["8.0.0"], ["7.2.2"]]
    assert [slot["made_s"] for slot in found["slots"]] == list(MADE_S)
    assert found["probably_starts"] == 2, "as in the published log"
    for slot in found["slots"]:
        assert (slot["configuration"], slot["signed_by"]) == ("kernel_dtb_ovo_ramdisk", ["ssb_prod"])
        assert slot["boot_status"] == f"{len(BOOT_STATUS)} bytes, {BOOT_STATUS.hex()}"
        wanted = {kind: len(data) for kind, data in original.slots[slot["partition"]].items()}
        assert {image["type"]: image["bytes"] for image in slot["images"]} == wanted
        assert all(image["checksums"] == {"sha1": True} for image in slot["images"])
        squashfs = slot["images"][2]["squashfs"]
        assert (squashfs["offset"], squashfs["compression"]) == (0, "xz")
        assert 0 <= wanted["ramdisk"] - squashfs["size"] < 4096, "mksquashfs fills up to 4 KiB"
    settings = {"SSB_OPTS": "-d --x", "SSB_LOG_LEVEL": "info"}
    assert found["settings"] == {"found_in": "partition 4", "values": settings, "problem": ""}
    assert json.loads(json.dumps(found)) == found


def test_inspect_says_it_in_lines(original: Made) -> None:
    lines = describe(inspect(Medium(original.path, SMALL))).splitlines()
    assert "  partition 1: 2.1 MB, 4096 sectors from 3072 on, type 83, active" in lines
    assert "partition 2: version 524288 - version 8.0.0" in lines
    assert "  made 2020-07-28 09:20 UTC, signed by ssb_prod" in lines
    assert "  kernel: 300000 bytes, the kernel, sha1 right" in lines
    assert "U-Boot probably starts partition 2 (a guess from one published boot log" in "\n".join(lines)
    assert lines[-3:] == ["/etc/default/ssb: partition 4", "  SSB_OPTS = -d --x", "  SSB_LOG_LEVEL = info"]


def test_settings_that_partition_4_does_not_replace_are_those_of_the_root(
    dump: Path, original: Made, tmp_path: Path
) -> None:
    remove(dump, 4, "/etc/default/ssb")
    found = inspect(Medium(dump, SMALL))["settings"]
    assert found == {"found_in": "root file system of partition 2", "values": {"SSB_OPTS": "factory"}, "problem": ""}
    assert extract(Medium(dump, SMALL), tmp_path / "out").problems == []
    settings = json.loads((tmp_path / "out" / "settings.json").read_text())
    assert settings == {place: {"SSB_OPTS": "factory"} for place in ("slot1", "slot2", "slot3")}


def test_settings_that_are_nowhere_are_said_to_be_missing(original: Made, dump: Path, tmp_path: Path) -> None:
    remove(dump, 4, "/etc/default/ssb")
    for number in (1, 2, 3):
        remove(dump, number, "/boot/fitImage")
    found = inspect(Medium(dump, SMALL))
    assert (found["probably_starts"], found["settings"]["values"]) == (None, {})
    assert found["settings"]["problem"].startswith("partition 4: /etc/default/ssb: File not found")
    assert "U-Boot starts an unknown partition" in describe(found)
    assert "no etc/default/ssb, neither on partition 4" in extract(Medium(dump, SMALL), tmp_path / "out").problems[-1]


def test_an_image_whose_checksum_is_wrong_is_named_and_saved_all_the_same(
    dump: Path, original: Made, tmp_path: Path
) -> None:
    damage(dump, original, "kernel")
    found = inspect(Medium(dump, SMALL))
    assert [slot["images"][0]["checksums"] for slot in found["slots"]] == [{"sha1": False}] * 3
    assert "kernel: 300000 bytes, the kernel, sha1 WRONG" in describe(found)
    done = extract(Medium(dump, SMALL), tmp_path / "out")
    assert done.problems == [f"partition {n}: the checksum of kernel is wrong: it is damaged" for n in (1, 2, 3)]
    assert (tmp_path / "out" / "slot1" / "kernel").stat().st_size == 300_000


@pytest.mark.parametrize(
    ("usable", "starts"),
    [
        ({1: VERSIONS[0], 2: VERSIONS[1], 3: VERSIONS[2]}, 2),
        ({1: VERSIONS[1], 2: VERSIONS[0], 3: VERSIONS[2]}, 3),
        ({1: VERSIONS[0], 3: VERSIONS[2]}, 3),
        ({1: VERSIONS[0]}, 1),
        ({1: VERSIONS[0], 2: "a version without a number"}, None),
        ({}, None),
    ],
)
def test_which_partition_u_boot_probably_starts(usable: dict[int, str], starts: int | None) -> None:
    assert likely_slot(usable) == starts


def test_extract_gives_what_went_in(original: Made, tmp_path: Path) -> None:
    folder = tmp_path / "out"
    done = extract(Medium(original.path, SMALL), folder)
    for partition, images in original.slots.items():
        for kind, data in images.items():
            assert (folder / f"slot{partition}" / NAMES[kind]).read_bytes() == data
        assert (folder / f"slot{partition}" / "bootstatus").read_bytes() == BOOT_STATUS
    for name, words in DATA_FILES.items():
        assert (folder / "data" / name).read_text() == words
    for name, packed in PACKED_FILES.items():
        assert (folder / "data" / name).read_bytes() == packed
    totals = json.loads((folder / "totals.json").read_text())
    assert totals == {"ssbTotalEnergy": 123456, "ssbStatus.json": {"mode": "idle", "sessions": 12}}
    calibration = json.loads((folder / "calibration.json").read_text())
    newest = {"device1_voltage_attenuation_factor": 885, "device1_power_gain": 243270947}
    assert calibration == {"device2_power_gain": 2, **newest}, "an older log counts where the newest says nothing"
    settings = json.loads((folder / "settings.json").read_text())
    assert settings["data"] == {"SSB_OPTS": "-d --x", "SSB_LOG_LEVEL": "info"}
    assert folder.stat().st_mode & 0o777 == 0o700
    assert done.files["slot1/kernel"] == len(original.slots[1]["kernel"])
    assert done.problems == []


def test_the_offered_snippet_is_a_good_v2h_toml(original: Made, tmp_path: Path) -> None:
    extract(Medium(original.path, SMALL), tmp_path / "out")
    config = load([tmp_path / "out" / "v2h.toml.snippet"])
    assert config.errors == () and config.site.timezone == "Europe/London"
    assert "# p_lsb_w = 0.000243270947" in (tmp_path / "out" / "v2h.toml.snippet").read_text()


def test_the_root_is_unpacked_by_unsquashfs(original: Made, tmp_path: Path) -> None:
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
    monkeypatch.setattr("v2h.vendor.shell.filesystems.PATH", str(only))
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


def test_a_second_image_of_a_type_and_one_of_another_type_are_saved_beside(dump: Path, tmp_path: Path) -> None:
    tree = Fdt()
    tree.begin("")
    tree.begin("images")
    images = (("fdt@1", "flat_dt", b"one"), ("fdt@2", "flat_dt", b"two"), ("logo", "firmware", b"three"))
    for name, kind, data in images:
        tree.begin(name)
        tree.put("type", text(kind))
        tree.put("data", data)
        tree.end()
    tree.end()
    tree.end()
    put_ext(dump, SMALL.partitions[0], {"boot/fitImage": tree.blob()})
    done = extract(Medium(dump, SMALL), tmp_path / "out")
    saved = {name: (tmp_path / "out" / name).read_bytes() for name in done.files if name.startswith("slot1/")}
    assert saved == {"slot1/board.dtb": b"one", "slot1/flat_dt-fdt@2": b"two", "slot1/firmware-logo": b"three"}


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


def test_a_fit_with_random_bytes_changed_is_refused_or_read_in_words() -> None:
    blob = fit("version 1 (a)", {"kernel": b"k" * 30, "ramdisk": b"r" * 30})
    draw = random.Random(3)
    read = 0
    for _ in range(3000):
        changed = bytearray(blob)
        for _ in range(draw.randint(1, 3)):
            changed[draw.randrange(len(changed))] = draw.randrange(256)
        with contextlib.suppress(VendorError):
            read += len(read_fit(bytes(changed)).images) > 0
    assert 0 < read < 3000


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
    assert numbers("gain = 5 gain = 1e999") == {"gain": 5.0}, "JSON has no infinity"
    assert content(b"\xff\x00") == {"bytes": 2, "hex": "ff00"}
    assert content(b"12 kWh\n") == "12 kWh"
    assert versions(["ovo-ssb-v3.1.0-67 built", "8.0.0"]) == ["ovo-ssb-v3.1.0-67", "8.0.0"]
    assert (shown(b"ok 3\n"), shown(b"\xff\1"), shown(b"")) == ("ok 3", "2 bytes, ff01", "")
    assert version_number("version 524288 - version 8.0.0") == 524288 and version_number("version 8.0.0") is None
    assert (zone_of("/usr/share/zoneinfo/Europe/London"), zone_of('"]\nx = 1')) == ("Europe/London", "")
    assert "[site]" not in snippet("", {})
