"""RAUC itself, in the tools of the image's build, makes a bundle from a small card, and refuses what it must refuse.

Needs root and build/tools. No bundle is installed here: this machine's kernel may have no device mapper, which RAUC
needs to read a bundle. RAUC's service speaks over a D-Bus of its own, in a mount namespace.
"""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.workshop import Workshop, workshop
from v2h.update.bundle import Bundle, Own, check_bundle, read_info
from v2h.update.rauc_words import refusal
from v2h.update.refusals import RefusedError

ROOT = Path(__file__).resolve().parents[2]
EPOCH = 1_764_517_215
LAYOUT = """label: dos
label-id: 0x56324831
start=4MiB,size=60MiB,type=c
start=64MiB,size=48MiB,type=83,bootable
start=112MiB,size=48MiB,type=83
start=160MiB,type=83
"""
CONFIGURATION = """[system]
compatible=v2h-bonegreen
bootloader=custom
bundle-formats=verity
min-bundle-version=20251130.56415
data-directory={here}/data
mountprefix={here}/mount
[keyring]
path={here}/development-key/cert.pem
[handlers]
bootloader-custom-backend={here}/backend
[slot.rootfs.0]
device={here}/slotA
type=raw
bootname=A
[slot.rootfs.1]
device={here}/slotB
type=raw
bootname=B
"""
BACKEND = """#!/bin/sh
echo "$@" >>{here}/calls
case "$1" in get-primary | get-current) echo A ;; get-state) echo good ;; esac
"""
INSTALL = """cd {here}
mkdir -p /run/dbus
dbus-daemon --session --address=unix:path=/run/dbus/system_bus_socket --nofork --nopidfile 2>/dev/null &
bus=$!
while [ ! -S /run/dbus/system_bus_socket ]; do sleep 0.1; done
rauc --conf=system.conf service --override-boot-slot=A >service.log 2>&1 &
service=$!
until rauc --conf=system.conf status >/dev/null 2>&1; do kill -0 $service; sleep 0.2; done
code=0
rauc --conf=system.conf install "$1" || code=$?
kill $service $bus
exit $code
"""


@pytest.fixture(scope="module")
def shop() -> Iterator[Workshop]:
    """The tools, the keys, a card with one small root, and its bundle v2h.raucb."""
    tools = ROOT / "build" / "tools"
    if os.geteuid() != 0 or not (tools / "usr/bin/rauc").exists():
        pytest.skip("needs root, and build/tools of make image")
    with workshop(tools) as made:
        for name in ("scratch", "data", "mount"):
            (made.folder / name).mkdir()
        made.must("steps/development-key", f"{made.here}/development-key")
        (made.folder / "root/etc/rauc").mkdir(parents=True)
        shutil.copy(made.folder / "development-key/cert.pem", made.folder / "root/etc/rauc/keyring.pem")
        (made.folder / "root/content").write_bytes(os.urandom(3_000_000))
        made.must("mke2fs", "-q", "-t", "ext4", "-b", "4096", "-O", "^has_journal", "-d", "root", "root.ext4", "48M")
        made.must("truncate", "-s", "200M", "v2h.img")
        made.must("sfdisk", "-q", "v2h.img", text=LAYOUT)
        made.must("dd", "if=root.ext4", "of=v2h.img", "bs=1M", "seek=64", "conv=notrunc")
        made.write("manifest.json", json.dumps({"version": "0.2.0-5-gabc", "source_date_epoch": EPOCH}))
        made.write("system.conf", CONFIGURATION)
        made.write("backend", BACKEND)
        made.write("install", INSTALL)
        pack(made, "development-key")
        yield made


def pack(shop: Workshop, key: str) -> str:
    return shop.must("steps/bundle", f"{shop.here}/{key}/key.pem", f"{shop.here}/{key}/cert.pem")


def info(shop: Workshop, bundle: str) -> "subprocess.CompletedProcess[str]":
    return shop.run("rauc", "--conf=system.conf", "info", "--output-format=json", bundle)


def test_the_bundle_says_board_and_version_and_is_as_small_as_its_content(shop: Workshop) -> None:
    assert read_info(info(shop, "v2h.raucb").stdout) == Bundle("v2h-bonegreen", "20251130.56415", "0.2.0-5-gabc")
    image = json.loads(info(shop, "v2h.raucb").stdout)["images"][0]["rootfs"]
    assert 3_000_000 < image["size"] < 10_000_000, "48 MiB is the slot"


def test_the_certificate_holds_at_every_clock(shop: Workshop) -> None:
    dates = shop.must("openssl", "x509", "-in", "development-key/cert.pem", "-noout", "-dates")
    assert "Jan  1 00:00:00 1970" in dates and "Dec 31 23:59:59 9999" in dates
    key = shop.folder / "development-key/key.pem"
    assert key.stat().st_mode & 0o077 == 0 and "cert.pem" in {path.name for path in key.parent.iterdir()}


def test_a_key_is_made_once(shop: Workshop) -> None:
    before = (shop.folder / "development-key/key.pem").read_bytes()
    shop.must("steps/development-key", f"{shop.here}/development-key")
    assert (shop.folder / "development-key/key.pem").read_bytes() == before


def test_a_key_that_the_card_does_not_know_makes_no_bundle(shop: Workshop) -> None:
    before = (shop.folder / "v2h.raucb").read_bytes()
    done = shop.run("steps/bundle", f"{shop.here}/foreign-key/key.pem", f"{shop.here}/foreign-key/cert.pem")
    assert done.returncode != 0 and (shop.folder / "v2h.raucb").read_bytes() == before


def foreign(shop: Workshop) -> None:
    """A bundle that another key has signed."""
    shop.sign("foreign-key", "scratch/content", "bad.raucb")


def half(shop: Workshop) -> None:
    content = (shop.folder / "v2h.raucb").read_bytes()
    (shop.folder / "bad.raucb").write_bytes(content[: len(content) // 2])


def changed_signature(shop: Workshop) -> None:
    content = bytearray((shop.folder / "v2h.raucb").read_bytes())
    content[-12] ^= 1  # in the signature itself; the last 8 bytes are its size
    (shop.folder / "bad.raucb").write_bytes(content)


def noise(shop: Workshop) -> None:
    (shop.folder / "bad.raucb").write_bytes(os.urandom(2_000_000))


@pytest.mark.parametrize(
    ("spoil", "sentence"),
    [(foreign, "update.foreign"), (half, "update.torn"), (noise, "update.torn"), (changed_signature, "update.foreign")],
)
def test_what_rauc_refuses_reaches_no_slot_and_has_the_owners_words(
    shop: Workshop, spoil: object, sentence: str
) -> None:
    (shop.folder / "bad.raucb").unlink(missing_ok=True)
    (shop.folder / "calls").unlink(missing_ok=True)
    for slot in ("slotA", "slotB"):
        (shop.folder / slot).write_bytes(bytes(16_000_000))
    spoil(shop)  # type: ignore[operator]
    looked = info(shop, "bad.raucb")
    assert looked.returncode != 0 and refusal(looked.stderr).id == sentence
    done = shop.run("sh", "install", "bad.raucb")
    assert done.returncode != 0 and refusal(done.stdout + done.stderr).id == sentence
    assert (shop.folder / "slotB").read_bytes() == bytes(16_000_000)
    calls = {line.split()[0] for line in (shop.folder / "calls").read_text().splitlines()}
    assert "get-current" in calls and not [call for call in calls if call.startswith("set-")]


def test_another_board_and_an_older_version_are_refused_by_what_rauc_reads(shop: Workshop) -> None:
    bundle = read_info(info(shop, "v2h.raucb").stdout)
    check_bundle(bundle, Own("v2h-bonegreen", "20251130.56415"))
    for own in (Own("other-board", "20251130.56415"), Own("v2h-bonegreen", "20251130.56416")):
        with pytest.raises(RefusedError):
            check_bundle(bundle, own)
