"""U-Boot's counter of starts: the third word of the clock's scratch registers, and the environment that makes it count.

U-Boot adds 1 at every start and writes 0xB001 into the upper half. It survives a warm reset, and is gone without power.
Without uboot.env U-Boot starts the active root and neither counts nor falls back.
"""

import binascii
import contextlib
import struct
import time
from pathlib import Path

REGISTERS = Path("/sys/bus/nvmem/devices/omap_rtc_scratch0/nvmem")
WORD_AT = 8
"""bootcount_davinci.c of U-Boot uses RTC scratch 2; the kernel shows the scratch registers as one file."""
EMULATED = Path("/sys/class/rtc/rtc0/wakealarm")
"""The emulated board's counter is the match register of its clock: an alarm overwrites it (emulate --u-boot)."""
COMPATIBLE = Path("/proc/device-tree/compatible")
ENVIRONMENT = Path("/boot/firmware/uboot.env")
ENVIRONMENT_B = 0x20000
NEEDED = frozenset({"bootcmd", "bootlimit", "altbootcmd"})


def is_emulated(compatible: Path = COMPATIBLE) -> bool:
    """Whether this is the board that QEMU emulates; a charger never is."""
    try:
        return b"arm,vexpress" in compatible.read_bytes().split(b"\0")
    except OSError:
        return False


def clear(registers: Path = REGISTERS, alarm: Path | None = None, now_s: float | None = None) -> None:
    """Set the counter to zero, without U-Boot's mark: no start was counted. alarm: the emulated board's file, None on a
    charger. Does nothing on a board that has neither. Raises OSError."""
    if registers.exists():
        with registers.open("r+b", buffering=0) as file:
            file.seek(WORD_AT)
            file.write(bytes(4))
    elif alarm is not None and alarm.exists():
        with contextlib.suppress(OSError):  # there is no alarm yet
            alarm.write_text("0\n")
        alarm.write_text(f"{(time.time() if now_s is None else now_s) + 86400:.0f}\n")


def counts(environment: bytes) -> bool:
    """Whether U-Boot takes these bytes of uboot.env for its environment, and falls back after failed starts: a CRC-32,
    then strings NAME=value with a zero byte after each, and one more at the end."""
    if len(environment) != ENVIRONMENT_B:
        return False
    (checksum,) = struct.unpack_from("<I", environment)
    if binascii.crc32(environment[4:]) != checksum:
        return False
    names = {field.partition(b"=")[0].decode("ascii", "replace") for field in environment[4:].split(b"\0")}
    return names >= NEEDED


def falls_back(path: Path = ENVIRONMENT) -> bool:
    """counts() of the card's own file; False when it cannot be read."""
    try:
        return counts(path.read_bytes())
    except OSError:
        return False
