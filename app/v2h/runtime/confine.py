"""Which sockets a program may open: a filter in the kernel (seccomp) that the program sets on itself and cannot remove.

Linux asks for no right before it opens a raw CAN socket, and a sender on the bus is not known: whoever controls `web`
could speak to `charger` as the car. So each program may open only the families of sockets that it needs. The filter
also holds for threads that start later, for child processes and across exec.

    python3 -m v2h.runtime.confine COMMAND...   sets the filter without CAN and becomes COMMAND (the broker)

`datalog` records both buses and must not speak there; the kernel knows no CAN socket that only receives. So it opens
its two sockets before the filter, at the fixed numbers RECEIVE_ONLY, and no other afterwards. The filter refuses every
call that sends on these numbers, and every way to give such a socket another number: dup, fcntl, a message to itself
(sendmsg, which it refuses altogether), pidfd_getfd; also splice and asynchronous I/O, whose target it cannot see.

A socket of another family is refused with EACCES. io_uring is refused as well, because it opens sockets without the
system call that the filter sees. A call by another ABI of the processor (on a 64-bit desk x32 and 32-bit programs),
whose numbers have another meaning, kills the process.

Why not libseccomp: it compares all 64 bits of an argument, while the kernel uses the lower 32 bits of a family; and
Debian has its Python module for the system's interpreter only, which the desk does not use. Sources: seccomp(2),
linux/seccomp.h, linux/filter.h, linux/audit.h, the kernel's tables of system calls.
"""

import ctypes
import errno
import logging
import os
import socket
import struct
import sys
from collections.abc import Collection
from itertools import accumulate
from typing import NamedTuple

HOME = frozenset({socket.AF_UNIX, socket.AF_INET, socket.AF_INET6, socket.AF_NETLINK})
"""Netlink: the C library asks it for the machine's own addresses when it looks up a name."""
MAY_OPEN_CAN = frozenset({"guard", "charger"})
"""The programs that speak on a bus; docs/architecture.md names it for each."""
MAY_OPEN_PACKET = frozenset({"ccs"})
"""The only program with raw frames of Ethernet: the matching with a CCS car has its own Ethernet type."""
LISTENERS = frozenset({"datalog"})
RECEIVE_ONLY = {0: 200, 1: 201}
"""Bus -> number of the file, in a program of LISTENERS. The kernel gives the lowest free number and so never these."""
REFUSED = errno.EACCES
"""socket(2): no permission for a socket of this type. EAFNOSUPPORT would look like a kernel without CAN."""


class Abi(NamedTuple):
    """audit: the number of the architecture in linux/audit.h. The others are numbers of system calls. to_file: those
    that write to the file of their first argument, or give it another number. blind: those that may send without naming
    the socket in an argument."""

    audit: int
    socket: int
    to_file: tuple[int, ...]
    blind: tuple[int, ...]


_PIDFD_GETFD = 438  # the same on every machine
# to_file: write, writev, pwrite64, pwritev, pwritev2, send, sendto, sendfile, sendfile64, dup, dup2, dup3, fcntl,
# fcntl64; blind: sendmsg, sendmmsg, splice, io_setup, pidfd_getfd. Not every machine has all of them.
_ARM = Abi(
    0x4000_0028,
    281,
    (4, 146, 181, 362, 393, 289, 290, 187, 239, 41, 63, 358, 55, 221),
    (296, 374, 340, 243, _PIDFD_GETFD),
)
_ARM64 = Abi(0xC000_00B7, 198, (64, 66, 68, 70, 287, 206, 71, 23, 24, 25), (211, 269, 76, 0, _PIDFD_GETFD))
_X86_64 = Abi(0xC000_003E, 41, (1, 20, 18, 296, 328, 44, 40, 32, 33, 292, 72), (46, 307, 275, 206, _PIDFD_GETFD))
ABIS = {
    ("armv7l", 4): _ARM,
    ("armv8l", 4): _ARM,
    ("aarch64", 4): _ARM,
    ("aarch64", 8): _ARM64,
    ("x86_64", 8): _X86_64,
}
"""(machine, bytes in a pointer): the board and the usual desks. All are little-endian, and none has the old system call
socketcall, whose arguments a filter cannot see."""

_IO_URING_SETUP = 425  # the same on every machine
_X32 = 0x4000_0000  # numbers of x32 begin here; no other ABI above has one as large
_NUMBER_AT, _ARCH_AT, _FIRST_ARGUMENT_AT = 0, 4, 16  # struct seccomp_data; of an argument the lower 32 bits
_LOAD, _EQUAL, _AT_LEAST, _RETURN = 0x20, 0x15, 0x35, 0x06  # BPF: LD|W|ABS, JMP|JEQ|K, JMP|JGE|K, RET|K
_ALLOW, _ERRNO, _KILL_PROCESS = 0x7FFF_0000, 0x0005_0000, 0x8000_0000
_ROW = struct.Struct("=HBBI")  # struct sock_filter
_PR_SET_SECCOMP, _PR_SET_NO_NEW_PRIVS, _SECCOMP_MODE_FILTER = 22, 38, 2


class _Program(ctypes.Structure):  # struct sock_fprog
    _fields_ = (("length", ctypes.c_ushort), ("rows", ctypes.c_char_p))


def families(name: str) -> frozenset[int]:
    """The families of sockets that this program may open."""
    can = {socket.AF_CAN} if name in MAY_OPEN_CAN else set()
    return HOME | can | ({socket.AF_PACKET} if name in MAY_OPEN_PACKET else set())


def filter_code(abi: Abi, allowed: frozenset[int], receive_only: Collection[int] = ()) -> bytes:
    """The filter as an array of struct sock_filter. receive_only: numbers of files on which nothing may be sent.

    Each row: operation, value, the block where to go on if it is true and if not; "" is the next row. A block goes on
    with the next one. A filter can jump only forward."""
    blind, to_file = (abi.blind, abi.to_file) if receive_only else ((), ())
    blocks: dict[str, list[tuple[int, int, str, str]]] = {
        "call": [
            (_LOAD, _ARCH_AT, "", ""),
            (_EQUAL, abi.audit, "", "kill"),
            (_LOAD, _NUMBER_AT, "", ""),
            (_AT_LEAST, _X32, "kill", ""),
            (_EQUAL, abi.socket, "family", ""),
            *((_EQUAL, number, "refuse", "") for number in (_IO_URING_SETUP, *blind)),
            *((_EQUAL, number, "file", "") for number in to_file),
            (_RETURN, _ALLOW, "", ""),
        ],
        "file": [
            (_LOAD, _FIRST_ARGUMENT_AT, "", ""),
            *((_EQUAL, number, "refuse", "") for number in receive_only),
            (_RETURN, _ALLOW, "", ""),
        ],
        "family": [
            (_LOAD, _FIRST_ARGUMENT_AT, "", ""),
            *((_EQUAL, int(family), "allow", "") for family in sorted(allowed)),
        ],
        "refuse": [(_RETURN, _ERRNO | REFUSED, "", "")],
        "allow": [(_RETURN, _ALLOW, "", "")],
        "kill": [(_RETURN, _KILL_PROCESS, "", "")],
    }
    starts = dict(zip(blocks, accumulate(map(len, blocks.values()), initial=0), strict=False))
    rows = enumerate(row for block in blocks.values() for row in block)
    return b"".join(
        _ROW.pack(operation, *(starts[label] - n - 1 if label else 0 for label in (true, false)), value)
        for n, (operation, value, true, false) in rows
    )


def hold_can() -> None:
    """Open the CAN sockets of a program of LISTENERS at their numbers; they are bound later. Raises OSError."""
    for number in RECEIVE_ONLY.values():
        with socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW) as node:
            os.dup2(node.fileno(), number, inheritable=False)


def set_filter(allowed: frozenset[int], receive_only: Collection[int] = ()) -> None:
    """Set the filter and NO_NEW_PRIVS on this thread; call it before another thread starts. Raises OSError when the
    kernel refuses, or when ABIS has no row for this machine."""
    machine = os.uname().machine, ctypes.sizeof(ctypes.c_void_p)
    if machine not in ABIS:
        raise OSError(errno.ENOSYS, "no table of system calls for {} with {}-byte pointers".format(*machine))
    code = filter_code(ABIS[machine], allowed, receive_only)
    program = _Program(len(code) // _ROW.size, code)  # named, so that it lives until the kernel has read it
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.addressof(program))


def _prctl(*words: int) -> None:
    whole = [ctypes.c_ulong(word) for word in (*words, 0, 0, 0, 0)[:5]]
    if ctypes.CDLL(None, use_errno=True).prctl(*whole) != 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))


def confine(name: str, log: logging.Logger) -> bool:
    """Set the filter of the program `name`. If the kernel has none (some desks), the program logs a line and goes on:
    a charger without a page is no safer. Returns whether the filter is set."""
    receive_only: Collection[int] = ()
    if name in LISTENERS:
        receive_only = RECEIVE_ONLY.values()
        try:
            hold_can()
        except OSError as error:
            log.warning("this kernel has no CAN to record: %s", error)
    try:
        set_filter(families(name), receive_only)
    except OSError as error:
        log.error("no filter of sockets here (%s): fine on a desk, not on a charger", error)
        return False
    return True


def main() -> int:
    log = logging.getLogger("v2h.confine")  # its errors go to stderr
    confine("", log)
    try:
        os.execv(sys.argv[1], sys.argv[1:])
    except (OSError, IndexError) as error:
        log.error("cannot start %s: %s", sys.argv[1:], error)
    return 1


if __name__ == "__main__":
    sys.exit(main())
