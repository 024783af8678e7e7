"""The rule of the ROM, and the published layout."""

import subprocess
from pathlib import Path

import pytest

from tests.support.vendordump import SMALL, boot_header, mbr
from v2h.vendor import VendorError
from v2h.vendor.layout import OUR_DISK_ID, PUBLISHED, SECTOR, check, differences, read_table
from v2h.vendor.rom import Read, boot_headers, chosen, is_boot_header, starts_from

LINUX, FAT16, FAT32 = 0x83, 0x06, 0x0C
MBR = mbr(0, [(0x80 if n == 0 else 0, LINUX, *place) for n, place in enumerate(PUBLISHED.partitions)])
BYTES = 3_909_091_328


def disk(sectors: dict[int, bytes]) -> Read:
    image = bytearray(1000 * SECTOR)
    for number, content in sectors.items():
        image[number * SECTOR : number * SECTOR + len(content)] = content
    return lambda offset, size: bytes(image[offset : offset + size])


@pytest.mark.parametrize("number", [0, 256, 512, 768])
def test_a_boot_header_in_one_of_four_sectors_is_started(number: int) -> None:
    assert starts_from(disk({number: boot_header(b"")})) == f"the boot loader at sector {number}"


@pytest.mark.parametrize("number", [1, 255, 384, 769])
def test_a_boot_header_elsewhere_is_not(number: int) -> None:
    assert starts_from(disk({number: boot_header(b"")})) == ""


def test_emmc_before_and_card_after() -> None:
    card = disk({256: boot_header(b"card")})
    before = disk({0: MBR, 256: boot_header(b""), 512: boot_header(b"")})
    half = disk({0: MBR, 512: boot_header(b"")})
    after = disk({0: MBR})
    assert [chosen(emmc, card) for emmc in (before, half, after)] == ["eMMC", "eMMC", "SD"]
    assert chosen(after, disk({})) == ""


@pytest.mark.parametrize("begin", [bytes(4), b"\xff" * 4])
def test_a_header_that_begins_with_zeros_or_ones_is_no_image(begin: bytes) -> None:
    assert not is_boot_header(begin + boot_header(b"")[4:])


def test_u_boot_itself_is_no_header() -> None:
    assert boot_headers(disk({768: b"\x27\x05\x19\x56", 256: boot_header(b"")})).keys() == {256}


@pytest.mark.slow
@pytest.mark.parametrize(("kind", "option"), [(FAT16, ()), (FAT32, ("-F",))])
@pytest.mark.parametrize(
    ("name", "active", "starts"), [("MLO", 0x80, True), ("MLO", 0, False), ("MLO.TXT", 0x80, False)]
)
def test_the_file_mlo_on_an_active_fat(
    tmp_path: Path, kind: int, option: tuple[str, ...], name: str, active: int, starts: bool
) -> None:
    sectors, start = 80_000, 100
    image, file = tmp_path / "disk", tmp_path / name
    file.write_text("loader")
    with image.open("wb") as written:
        written.write(mbr(0, [(active, kind, start, sectors)]))
        written.truncate((start + sectors) * SECTOR)
    at = f"{image}@@{start * SECTOR}"
    format_it = ["mformat", "-i", at, "-T", str(sectors), "-h", "64", "-s", "32", *option, "::"]
    subprocess.run(format_it, check=True, capture_output=True)
    for other in ("A.TXT", name):
        subprocess.run(["mcopy", "-i", at, file, f"::{other}"], check=True, capture_output=True)
    with image.open("rb") as opened:
        content = opened.read()
    found = starts_from(lambda offset, size: content[offset : offset + size])
    assert found == ("the file MLO on partition 1" if starts else "")


def test_an_active_ext_partition_is_not_started() -> None:
    assert starts_from(disk({0: MBR})) == ""
    fat_in_name_only = mbr(0, [(0x80, FAT16, 100, 800)])
    assert starts_from(disk({0: fat_in_name_only})) == "", "random bytes are no FAT"


def test_the_published_table_is_taken_for_the_vendors() -> None:
    assert differences(read_table(MBR), BYTES) == []


@pytest.mark.parametrize(
    ("table", "size", "says"),
    [
        (mbr(OUR_DISK_ID, [(0x80, LINUX, *place) for place in PUBLISHED.partitions]), BYTES, "card of this project"),
        (mbr(7, [(0x80, LINUX, *place) for place in PUBLISHED.partitions]), BYTES, "disk id is 00000007"),
        (mbr(0, [(0x80, LINUX, *place) for place in PUBLISHED.partitions[:3]]), BYTES, r"in use are \[1, 2, 3\]"),
        (mbr(0, [(0x80, LINUX, *place) for place in SMALL.partitions]), BYTES, "partition 1 has 4096 sectors"),
        (MBR, 1_000_000_000, "the dump is cut off"),
    ],
)
def test_another_disk_is_refused_in_words(table: bytes, size: int, says: str) -> None:
    with pytest.raises(VendorError, match=says):
        check(read_table(table), size)


def test_a_disk_without_a_table_is_refused() -> None:
    with pytest.raises(VendorError, match="no partition table"):
        read_table(bytes(SECTOR))
