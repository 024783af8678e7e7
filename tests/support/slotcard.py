"""A card with two roots that U-Boot starts in the emulated board, damaged as a test wants it.

The serial line's log tells what U-Boot did; nothing is typed, so that a prompt would be seen.
"""

import json
import re
import shutil
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Self, TypeVar

from tests.support.card import Card
from tests.support.guest import REPOSITORY
from tests.support.machine import GuestError
from v2h.slots.mbr import SLOTS, active_slot, with_active
from v2h.slots.state import Slots, encode

Found = TypeVar("Found")
ROOTS = SLOTS
EXTLINUX = "/boot/extlinux/extlinux.conf"
TRIED = re.compile(r"append: root=PARTUUID=56324831-0(\d)")
STARTED = re.compile(r"Kernel command line:[^\r\n]* root=PARTUUID=56324831-0(\d)")
BANNER = re.compile(r"^U-Boot 20", re.MULTILINE)
RESET = re.compile(r"resetting \.\.\.")
BAD_ENVIRONMENT = re.compile(r"Loading Environment from FAT[^\r\n]*bad CRC")
PROMPT = re.compile(r"^=> ", re.MULTILINE)
COUNTER, COUNTED = 0x10017004, 0xB001
"""Where this board's U-Boot counts the starts (image/emulation/u-boot.config), and the mark in the upper half of it."""


def started(console: str) -> list[int]:
    """The roots whose kernel ran, one for each start of U-Boot that came so far. A kernel may say its command line
    twice: to the early console, and to the one that takes over."""
    return [int(said[1]) for start in BANNER.split(console) if (said := STARTED.search(start))]


class SlotCard:
    """card.img in a folder of its own, both roots the same, and the QEMU that starts it. Ends QEMU at its exit."""

    def __init__(self, folder: Path, words: str = "", card: Path | None = None) -> None:
        """words: further arguments for the kernels of both roots. card: moved here, in place of a new one."""
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        self.folder, self.path = folder, folder / "card.img"
        self._log = folder / "console.log"
        self._qemu: subprocess.Popen[bytes] | None = None
        if card is not None:
            card.rename(self.path)
        else:
            self._emulate("--both-slots", "--card-only", "--password", "not-used-here", "--words", words).wait(600)
        self._starts = [partition.start for partition in Card(self.path).partitions()]

    def _emulate(self, *words: str) -> subprocess.Popen[bytes]:
        command = [REPOSITORY / "scripts" / "emulate", "--u-boot", "--headless", "--run-dir", self.folder, *words]
        with (self.folder / "emulate.log").open("ab") as log:
            return subprocess.Popen(
                ["setpriv", "--pdeathsig", "TERM", *command], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._qemu is not None:
            self._qemu.terminate()
            self._qemu.wait(20)
        self.path.unlink(missing_ok=True)

    # The card.

    def activate(self, root: int) -> None:
        self._write(0, with_active(Card(self.path).read(0, 512), root))

    def active(self) -> int:
        return active_slot(Card(self.path).read(0, 512))

    def empty(self, root: int) -> None:
        """As on a new card."""
        self._write(self._starts[root - 1], bytes(1 << 20))

    def damage_kernel(self, root: int) -> None:
        """The first block of the kernel is lost: U-Boot loads it and does not know it."""
        (kernel,) = re.findall(r"linux (\S+)", self._debugfs(root, f"cat {EXTLINUX}"))
        block = int(self._debugfs(root, f"blocks {kernel}").split()[0])
        self._write(self._starts[root - 1] + block * 4096, bytes(4096))

    def lose_environment(self) -> None:
        """uboot.env holds only zeros."""
        (self.folder / "uboot.env").write_bytes(bytes(0x20000))
        at = f"{self.path}@@{self._starts[0]}"
        subprocess.run(["mcopy", "-o", "-i", at, self.folder / "uboot.env", "::uboot.env"], check=True, timeout=60)

    def add_words(self, root: int, words: str) -> None:
        """Further arguments for the kernel of one root."""
        self.write_file(root, EXTLINUX, self._debugfs(root, f"cat {EXTLINUX}").replace(" ro ", f" ro {words} "))

    def write_file(self, partition: int, path: str, text: str) -> None:
        """A file of partition 2, 3 or 4 (data) is replaced, or is new in a folder that is there."""
        file = self.folder / "file"
        file.write_text(text)
        self._debugfs(partition, f"rm {path}", "-w")
        self._debugfs(partition, f"write {file} {path}", "-w")
        assert self._debugfs(partition, f"cat {path}") == text, f"{path} did not reach partition {partition}"

    def remember(self, slots: Slots) -> None:
        """slot.json on the data partition of this new card."""
        self._debugfs(4, "mkdir /system", "-w")
        self.write_file(4, "/system/slot.json", json.dumps(encode(slots)))

    def _write(self, at: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def _debugfs(self, root: int, request: str, *options: str) -> str:
        where = f"{self.path}?offset={self._starts[root - 1]}"
        command = ["/usr/sbin/debugfs", *options, "-R", request, where]
        return subprocess.run(command, capture_output=True, check=True, timeout=60, text=True).stdout

    # The board.

    def switch_on(self) -> None:
        self._qemu = self._emulate("--keep-card", "--counted-time", "--port", "0")

    def console(self) -> str:
        return self._log.read_text("utf-8", "replace") if self._log.exists() else ""

    def wait(self, pattern: re.Pattern[str], count: int, timeout_s: float) -> list[str]:
        """Waits until the pattern was seen `count` times; returns what its group matched. Raises GuestError."""
        return self._wait(lambda: pattern.findall(self.console()), pattern.pattern, count, timeout_s)

    def _wait(self, seen: Callable[[], list[Found]], what: str, count: int, timeout_s: float) -> list[Found]:
        deadline = time.monotonic() + timeout_s
        while len(found := seen()) < count:
            over = self._qemu is None or self._qemu.poll() is not None
            if over or time.monotonic() > deadline:
                last = self.console()[-2000:] + (self.folder / "emulate.log").read_text()[-1000:]
                raise GuestError(f"{what} was seen {len(found)} times, not {count}:\n{last}")
            time.sleep(0.25)
        return found[:count]

    def tries(self, count: int, timeout_s: float) -> list[list[int]]:
        """For each start, in order, the roots whose kernel U-Boot loaded before the reset."""
        self.wait(RESET, count, timeout_s)
        starts = BANNER.split(self.console())[1 : count + 1]
        return [[int(root) for root in TRIED.findall(start)] for start in starts]

    def roots(self, count: int, timeout_s: float) -> list[int]:
        """The roots whose kernel ran, as the kernels themselves said."""
        return self._wait(lambda: started(self.console()), STARTED.pattern, count, timeout_s)

    def resets(self) -> int:
        return len(RESET.findall(self.console()))

    def prompts(self) -> int:
        return len(PROMPT.findall(self.console()))
