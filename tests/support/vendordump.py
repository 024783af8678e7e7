"""A made dump of the vendor's eMMC with the published layout: boot header, U-Boot, three slots with a fitImage, and the
data partition. ext by Debian's mke2fs, the squashfs by mksquashfs (`make setup` installs both)."""

import gzip
import hashlib
import random
import shutil
import struct
import subprocess
from dataclasses import dataclass, field
from pathlib import Path

from v2h.vendor.layout import PUBLISHED, SECTOR, Layout
from v2h.vendor.shell.medium import chunks_of, sha256_of

SMALL = Layout(0, ((3_072, 4_096), (7_168, 4_096), (11_264, 4_096), (15_360, 4_096)))
"""The same layout with partitions of 2 MiB, for the tests that read everything many times."""
TINY = Layout(0, ((3_072, 8), (3_080, 8), (3_088, 8), (3_096, 8)))
"""Only the boot area has its size, for the tests that run a command a hundred times."""
VERSIONS = ("version 263168 (ovo-ssb-v3.1.0-67)", "version 524288 - version 8.0.0", "version 459266 - version 7.2.2")
"""The descriptions of the configurations; the fitImage's own description names no version."""
MADE_S = (1_556_833_000, 1_595_928_000, 1_584_699_000)
NODES = {"kernel": "kernel", "flat_dt": "fdt", "ramdisk": "ramdisk"}
BOOT_STATUS = b"\x01\0"
"""Its form is not published; the published one was shorter than what U-Boot wanted to read."""
KERNEL_BYTES, DTB_BYTES = 300_000, 39_340
HEADERS = (256, 512)
U_BOOT_SECTOR = 768
DATA_FILES = {
    "etc/default/ssb": '#SSB_NO_AUTORUN=1\nSSB_OPTS="-d --x"\nexport SSB_LOG_LEVEL=info\n',
    "etc/timezone": "Europe/London\n",
    "var/data/ssbStatus.json": '{"mode": "idle", "sessions": 12}\n',
    "var/data/ssbTotalEnergy": "123456\n",
    "var/log/calibration.log": "device1_voltage_attenuation_factor = 885\ndevice1_power_gain: 243270947\n",
    "var/log/ssb.log": "started\n",
}

PACKED_FILES = {
    "var/log/calibration.log.1.gz": gzip.compress(b"device1_power_gain = 1\ndevice2_power_gain = 2\n", mtime=0),
    "var/log/calibration.log.2.gz": b"\x1f\x8b no more gzip",
}


@dataclass
class Made:
    """What went into the dump. slots: partition -> type of image -> bytes; root: the files of each squashfs."""

    path: Path
    layout: Layout
    slots: dict[int, dict[str, bytes]] = field(default_factory=dict)
    root: dict[str, str] = field(
        default_factory=lambda: {"usr/bin/ssb": "not a program\n", "etc/default/ssb": "SSB_OPTS=factory\n"}
    )


def boot_header(noise: bytes) -> bytes:
    """A first sector as U-Boot's omapimage makes it: an entry for CHSETTINGS, the end of the table, the settings."""
    entry = struct.pack("<II12x12s", 0x40, 0x0C, b"CHSETTINGS")
    settings = struct.pack("<IBBHI", 0xC0C0C0C1, 0, 1, 0, 0)
    return (entry + b"\xff" * 32 + settings + noise).ljust(SECTOR, b"\0")[:SECTOR]


def mbr(disk_id: int, partitions: list[tuple[int, int, int, int]]) -> bytes:
    """partitions: (flag, kind, start, sectors)."""
    entries = b"".join(struct.pack("<B3xB3xII", *entry) for entry in partitions)
    return bytes(440) + struct.pack("<IH", disk_id, 0) + entries.ljust(64, b"\0") + b"\x55\xaa"


def make_dump(path: Path, layout: Layout = PUBLISHED, seed: int = 0, size: int | None = None) -> Made:
    """Write the dump as a sparse file. seed: another charger's content; size: bytes of the whole chip."""
    noise = random.Random(seed)
    made = make_boot_area(path, layout, noise, size)
    for number, version in enumerate(VERSIONS, 1):
        made.slots[number] = {
            "kernel": noise.randbytes(KERNEL_BYTES),
            "flat_dt": noise.randbytes(DTB_BYTES),
            "ramdisk": squashfs(path.parent, made.root),
        }
        image = fit(version, made.slots[number], MADE_S[number - 1])
        files = {"boot/fitImage": image, "boot/bootstatus": BOOT_STATUS}
        put_ext(path, layout.partitions[number - 1], files)
    put_ext(path, layout.partitions[3], {name: words.encode() for name, words in DATA_FILES.items()} | PACKED_FILES)
    return made


def make_boot_area(path: Path, layout: Layout, noise: random.Random, size: int | None = None) -> Made:
    """A disk with partition table, boot headers and U-Boot, and nothing in its partitions."""
    table = [(0x80 if n == 0 else 0, 0x83, start, sectors) for n, (start, sectors) in enumerate(layout.partitions)]
    end = sum(layout.partitions[-1]) * SECTOR
    with path.open("wb") as file:
        file.truncate(size or end + 100 * SECTOR)
        file.write(mbr(layout.disk_id, table))
        for number in HEADERS:
            file.seek(number * SECTOR)
            file.write(boot_header(noise.randbytes(64)) + noise.randbytes(40 * SECTOR))
        file.seek(U_BOOT_SECTOR * SECTOR)
        file.write(b"\x27\x05\x19\x56" + noise.randbytes(300_000))
    return Made(path, layout)


def put_ext(path: Path, place: tuple[int, int], files: dict[str, bytes]) -> None:
    """Make an ext4 with these files inside the dump."""
    folder = path.parent / "ext"
    for name, data in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    start, sectors = place
    options = f"offset={start * SECTOR},lazy_itable_init=1,lazy_journal_init=1"
    command = ["/usr/sbin/mke2fs", "-q", "-F", "-t", "ext4", "-E", options, "-d", str(folder), str(path)]
    subprocess.run([*command, f"{sectors // 2}k"], check=True, capture_output=True)
    shutil.rmtree(folder)


def squashfs(scratch: Path, files: dict[str, str]) -> bytes:
    folder, image = scratch / "squash", scratch / "squash.img"
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    subprocess.run(["mksquashfs", folder, image, "-comp", "xz", "-noappend", "-quiet"], check=True, capture_output=True)
    shutil.rmtree(folder)
    data = image.read_bytes()
    image.unlink()
    return data


def fit(version: str, images: dict[str, bytes], made_s: int = MADE_S[0]) -> bytes:
    """A fitImage: a flattened device tree with the images as properties, each with its SHA-1."""
    tree = Fdt()
    tree.begin("")
    tree.put("description", text("Boot Image"))
    tree.put("timestamp", struct.pack(">I", made_s))
    tree.begin("images")
    for kind, data in images.items():
        tree.begin(NODES[kind])
        tree.put("description", text(f"the {kind}"))
        tree.put("type", text(kind))
        tree.put("data", data)
        tree.begin("hash@1")
        tree.put("value", hashlib.sha1(data).digest())
        tree.put("algo", text("sha1"))
        tree.end()
        tree.end()
    tree.end()
    tree.begin("configurations")
    tree.put("default", text("kernel_dtb_ovo_ramdisk"))
    tree.begin("kernel_dtb_ovo_ramdisk")
    tree.put("description", text(version))
    tree.begin("signature@1")
    tree.put("key-name-hint", text("ssb_prod"))
    for _ in range(4):
        tree.end()
    return tree.blob()


def text(words: str) -> bytes:
    return words.encode() + b"\0"


class Fdt:
    """Writes a flattened device tree, node by node."""

    def __init__(self) -> None:
        self.structure, self.strings = b"", b""

    def begin(self, name: str) -> None:
        self.structure += struct.pack(">I", 1) + padded(text(name))

    def put(self, name: str, value: bytes) -> None:
        self.structure += struct.pack(">III", 3, len(value), len(self.strings)) + padded(value)
        self.strings += text(name)

    def end(self) -> None:
        self.structure += struct.pack(">I", 2)

    def blob(self) -> bytes:
        body = self.structure + struct.pack(">I", 9)
        at, strings_at = 56, 56 + len(body)
        total = strings_at + len(self.strings)
        head = (0xD00DFEED, total, at, strings_at, 40, 17, 16, 0, len(self.strings), len(body))
        return struct.pack(">10I", *head) + bytes(16) + body + self.strings


def padded(data: bytes) -> bytes:
    return data + bytes(-len(data) % 4)


def quiet(_: str) -> None:
    """A progress that says nothing."""


def yes(_: str) -> bool:
    """The owner who types the right letters."""
    return True


def total(path: Path) -> str:
    return sha256_of(chunks_of(path))


def differing(one: Path, other: Path) -> list[int]:
    """The sectors in which two files of the same size differ."""
    a, b = one.read_bytes(), other.read_bytes()
    assert len(a) == len(b)
    if a == b:
        return []
    places = range(0, len(a), SECTOR)
    return [at // SECTOR for at in places if a[at : at + SECTOR] != b[at : at + SECTOR]]
