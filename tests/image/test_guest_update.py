"""A signed update on the emulated board: uploaded over HTTP as an owner, installed by RAUC into slot B, and the active
flag of the card's partition table is on slot B. Whether the board then starts from it is U-Boot's part.
"""

import hashlib
import json
import subprocess
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.guest import Guest
from tests.support.machine import AT_LENGTH, BOOT_S
from tests.support.ownerlogin import log_in
from v2h.update.pieces import MOST_PIECE_B

pytestmark = [
    pytest.mark.guest,
    pytest.mark.timeout(6 * BOOT_S),
    pytest.mark.xdist_group("update"),
    pytest.mark.skipif(not AT_LENGTH, reason="a boot, an upload and an installation: make long, or set BOARD=long"),
]
ROOT = Path(__file__).resolve().parents[2]
MOST_MEMORY_MB = 60
"""Of RAUC's service; with more, the board with its 512 MB would need another installer."""


@pytest.fixture(scope="module")
def board(build: Path) -> Iterator[Guest]:
    """A board of its own: after the test its flag is on slot B."""
    with Guest(build / "guest" / "update" / "run") as booted:
        booted.wait_for_shell(BOOT_S)
        booted.wait_for_page(BOOT_S)
        booted.out("systemctl start v2h-update.socket")  # off on the card, see docs/update.md
        yield booted


@pytest.fixture(scope="module")
def bundle(build: Path) -> Path:
    """The image as an update, signed with its build's development key; made again only for another image."""
    found = build / "v2h.raucb"
    if found.exists() and found.stat().st_mtime > (build / "v2h.img").stat().st_mtime:
        return found
    made = subprocess.run([ROOT / "scripts" / "build-bundle"], capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    return found


class Owner:
    """The owner's requests to the doors of the update."""

    def __init__(self, board: Guest) -> None:
        self.url = f"http://127.0.0.1:{board.port}"
        self.header = log_in(self.url, board.password)

    def ask(self, method: str, path: str, body: bytes | None = None, kind: str = "application/json") -> Any:
        request = urllib.request.Request(
            f"{self.url}/api/v1/update{path}", body, {"Content-Type": kind, **self.header}, method=method
        )
        with urllib.request.urlopen(request, timeout=120) as answer:
            return json.load(answer)

    def bring(self, name: str, content: bytes) -> None:
        stated = {"name": name, "size_b": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        have_b = self.ask("POST", "/upload", json.dumps(stated).encode())["applied"]["have_b"]
        while have_b < len(content):
            piece = content[have_b : have_b + MOST_PIECE_B]
            reply = self.ask("PUT", f"/upload?offset_b={have_b}", piece, "application/octet-stream")
            have_b = reply["applied"]["have_b"]

    def install(self) -> dict[str, Any]:
        """What is known when the installation has ended."""
        self.ask("POST", "/install", b"{}")
        while True:
            known: dict[str, Any] = self.ask("GET", "")["update"]
            if known["phase"] in ("installed", "refused"):
                return known
            time.sleep(2)


def flag(board: Guest) -> str:
    """The number of the active partition."""
    return board.out("sfdisk --activate /dev/vda | sed 's/.*vda//'").strip()


def test_a_file_that_is_no_update_is_refused_in_words(board: Guest) -> None:
    owner = Owner(board)
    owner.bring("noise.raucb", bytes(range(256)) * 8192)
    known = owner.install()
    assert known["phase"] == "refused" and known["text"].startswith("The file is not a whole update")
    assert flag(board) == "2" and board.out("ls /data/update") == ""


def test_an_update_is_installed_into_slot_b_and_the_flag_follows(board: Guest, bundle: Path) -> None:
    owner, content = Owner(board), bundle.read_bytes()
    started = time.monotonic()
    owner.bring("v2h.raucb", content)
    uploaded = time.monotonic()
    known = owner.install()
    said = (
        f"{len(content) / 1e6:.1f} MB, upload {uploaded - started:.0f} s, install {time.monotonic() - uploaded:.0f} s"
    )
    journal = board.out("journalctl --boot -u rauc -u 'v2h-update@*' | tail -n 40", 120)
    assert known["phase"] == "installed", f"{known}\n{journal}"
    peak_kb = board.out("sed -n 's/^VmHWM: *//p' /proc/$(systemctl show -P MainPID rauc.service)/status").split()[0]
    print(f"\n{said}; RAUC took {int(peak_kb) / 1024:.0f} MB")
    assert int(peak_kb) < MOST_MEMORY_MB * 1024
    assert flag(board) == "3"
    slots = json.loads(board.out("cat /data/system/slot.json"))["slots"]
    assert slots["3"]["state"] == "good" and slots["3"]["version"] == known["version"] and not slots["3"]["confirmed"]
    size_b = int(board.out("dumpe2fs -h /dev/vda3 2>/dev/null | sed -n 's/^Block count: *//p'")) * 4096
    assert board.sh("e2fsck -fn /dev/vda3", 600)[0] == 0 and size_b < 512 * 2**20
    assert board.out("ls /data/update") == ""
