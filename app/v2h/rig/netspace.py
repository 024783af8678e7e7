"""A second network namespace in this process, for the simulated car: between two interfaces of one namespace the kernel
takes a short way past the modems. Linux only; needs root, or the root of a user namespace."""

import ctypes
import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

_CLONE_NEWNET = 0x4000_0000  # linux/sched.h
_SELF = "/proc/thread-self/ns/net"


def _call(name: str, *words: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if getattr(libc, name)(*words) != 0:
        raise OSError(ctypes.get_errno(), f"{name}: {os.strerror(ctypes.get_errno())}")


class NetSpace:
    """A new namespace without interfaces. It lives until close(). Raises OSError where it may not be made."""

    def __init__(self) -> None:
        self._home = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
        _call("unshare", _CLONE_NEWNET)
        self._own = os.open(_SELF, os.O_RDONLY | os.O_CLOEXEC)
        _call("setns", self._home, _CLONE_NEWNET)

    @property
    def path(self) -> str:
        """For `ip link set INTERFACE netns PATH`."""
        return f"/proc/{os.getpid()}/fd/{self._own}"

    @contextmanager
    def inside(self) -> Iterator[None]:
        """This thread makes its sockets, and starts its children, in there. A socket stays where it was made."""
        _call("setns", self._own, _CLONE_NEWNET)
        try:
            yield
        finally:
            _call("setns", self._home, _CLONE_NEWNET)

    def close(self) -> None:
        os.close(self._own)
        os.close(self._home)


def ip(*words: str) -> None:
    """Run `ip`. Raises OSError with what it says."""
    done = subprocess.run(["ip", *words], capture_output=True, text=True)
    if done.returncode:
        raise OSError(f"ip {' '.join(words)}: {done.stderr.strip()}")
