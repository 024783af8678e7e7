"""The filter of sockets: in real processes on this machine, and the same filter's rows for every other machine.

The filter cannot be removed again, so each process that sets it is one of its own.
"""

import ctypes
import errno
import json
import logging
import os
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from v2h.runtime import confine
from v2h.runtime.confine import ABIS, MAY_OPEN_CAN, Abi, families, filter_code

TRIES = """
import ctypes, errno, json, os, socket
libc = ctypes.CDLL(None, use_errno=True)
CALL = {machine: abi.socket for machine, abi in ABIS.items()}[os.uname().machine, ctypes.sizeof(ctypes.c_void_p)]

def why_not(number, *words):
    fd = libc.syscall(ctypes.c_long(number), *(ctypes.c_long(word) for word in words))
    if fd >= 0:
        os.close(fd)
    return "" if fd >= 0 else errno.errorcode[ctypes.get_errno()]

def tries():
    return {
        "can": why_not(CALL, socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW),
        "can, upper bits": why_not(CALL, socket.AF_CAN | 1 << 32, socket.SOCK_RAW, socket.CAN_RAW),
        "can, broadcast manager": why_not(CALL, socket.AF_CAN, socket.SOCK_DGRAM, socket.CAN_BCM),
        "packet": why_not(CALL, socket.AF_PACKET, socket.SOCK_RAW, 0),
        "io_uring": why_not(425, 1, 0),
        "inet": why_not(CALL, socket.AF_INET, socket.SOCK_STREAM, 0),
        "unix": why_not(CALL, socket.AF_UNIX, socket.SOCK_DGRAM, 0),
        "netlink": why_not(CALL, socket.AF_NETLINK, socket.SOCK_RAW, 0),
    }
"""
"""Source: ABIS is in scope; tries() returns for each attempt the name of its error, "" when it succeeds."""
SETUP = "from v2h.runtime.confine import ABIS, families, set_filter\n" + TRIES
REFUSED = {"can", "can, upper bits", "can, broadcast manager", "packet", "io_uring"}
ALLOW, REFUSE, KILL = 0x7FFF_0000, 0x0005_0000 | errno.EACCES, 0x8000_0000


def ran(source: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, "-c", source], capture_output=True, text=True, timeout=60)


def said(source: str) -> Any:
    """Return the JSON that this Python source prints."""
    process = ran(source)
    assert process.returncode == 0, process.stderr
    return json.loads(process.stdout)


def refused(words: dict[str, str]) -> set[str]:
    return {what for what, why in words.items() if why == "EACCES"}


def test_a_program_without_a_bus_opens_the_sockets_of_the_home_and_no_other() -> None:
    before, after = (
        said(f"{SETUP}print(json.dumps(tries()))"),
        said(f"{SETUP}set_filter(families('web'))\nprint(json.dumps(tries()))"),
    )
    assert refused(before) == set(), "without the filter this kernel refuses none of them in this way"
    assert refused(after) == REFUSED
    assert {what: after[what] for what in ("inet", "unix")} == {"inet": "", "unix": ""}
    assert after["netlink"] == before["netlink"]


@pytest.mark.parametrize("name", sorted(MAY_OPEN_CAN))
def test_a_program_with_a_bus_opens_it_and_still_no_packets(name: str) -> None:
    words = said(f"{SETUP}set_filter(families({name!r}))\nprint(json.dumps(tries()))")
    assert refused(words) == {"packet", "io_uring"}


def test_ccs_alone_opens_packets_and_no_bus() -> None:
    words = said(f"{SETUP}set_filter(families('ccs'))\nprint(json.dumps(tries()))")
    assert refused(words) == REFUSED - {"packet"}
    for name in ("guard", "charger", "datalog", "web", "meter", "manager", "panel", "pulse", "gateway", ""):
        assert socket.AF_PACKET not in families(name)


def test_only_two_programs_open_a_bus() -> None:
    assert frozenset({"guard", "charger"}) == MAY_OPEN_CAN
    for name in ("datalog", "web", "meter", "manager", "panel", "pulse", "gateway", "ccs", ""):
        assert socket.AF_CAN not in families(name)


def test_the_filter_holds_in_threads_children_and_across_exec() -> None:
    later = f"from v2h.runtime.confine import ABIS\n{TRIES}print(json.dumps(tries()))"
    source = f"""{SETUP}
import subprocess, sys, threading
set_filter(families("web"))
in_thread = []
thread = threading.Thread(target=lambda: in_thread.append(tries()))
thread.start(); thread.join()
child = subprocess.run([sys.executable, "-c", {later!r}], capture_output=True, text=True, check=True)
assert in_thread == [json.loads(child.stdout)]
os.execv(sys.executable, [sys.executable, "-c", {later!r}])
"""
    assert refused(said(source)) == REFUSED


def test_no_new_rights_by_exec() -> None:
    shown = "print([line for line in open('/proc/self/status') if line.startswith(('NoNewPrivs', 'Seccomp:'))])"
    assert ran(f"{SETUP}set_filter(families('web'))\n{shown}").stdout == "['NoNewPrivs:\\t1\\n', 'Seccomp:\\t2\\n']\n"


def test_the_command_that_becomes_another_program(tmp_path: Path) -> None:
    words = [sys.executable, "-m", "v2h.runtime.confine"]
    source = f"from v2h.runtime.confine import ABIS\n{TRIES}print(json.dumps(tries()))"
    became = subprocess.run([*words, sys.executable, "-c", source], capture_output=True, text=True, check=True)
    assert refused(json.loads(became.stdout)) == REFUSED
    absent = subprocess.run([*words, str(tmp_path / "absent")], capture_output=True, text=True)
    assert absent.returncode == 1 and "cannot start" in absent.stderr and "No such file" in absent.stderr


@pytest.mark.skipif(os.uname().machine != "x86_64", reason="only this machine has a second ABI at hand")
def test_a_call_by_another_abi_ends_the_process() -> None:
    x32 = "libc.syscall(ctypes.c_long(0x40000000 | CALL), 29, 3, 1)\nprint('alive')"
    assert ran(SETUP + x32).stdout == "alive\n"
    assert ran(f"{SETUP}set_filter(families('web'))\n{x32}").returncode == -signal.SIGSYS


# The same rows for every machine, run by a small interpreter of BPF.


def verdict(code: bytes, audit: int, number: int, argument: int) -> int:
    """What the filter returns for a system call."""
    data = struct.pack("<IIQ6Q", number, audit, 0, argument, 0, 0, 0, 0, 0)
    rows, at, word = list(struct.iter_unpack("=HBBI", code)), 0, 0
    while True:
        operation, true, false, value = rows[at]
        at += 1
        if operation == 0x20:
            (word,) = struct.unpack_from("<I", data, value)
        elif operation == 0x06:
            return int(value)
        else:
            at += true if (word == value if operation == 0x15 else word >= value) else false


@pytest.mark.parametrize("abi", sorted(set(ABIS.values())), ids=str)
@pytest.mark.parametrize("name", ["web", "charger"])
def test_every_family_on_every_machine(abi: Abi, name: str) -> None:
    code, allowed = filter_code(abi, families(name)), families(name)
    for family in range(64):
        wanted = ALLOW if family in allowed else REFUSE
        assert verdict(code, abi.audit, abi.socket, family) == wanted, family
        assert verdict(code, abi.audit, abi.socket, family | 1 << 32) == wanted, family
    assert verdict(code, abi.audit, 425, 1) == REFUSE
    assert {verdict(code, abi.audit, number, 29) for number in range(500) if number not in (abi.socket, 425)} == {ALLOW}
    assert verdict(code, abi.audit, 0x4000_0000 | abi.socket, 29) == KILL
    others = {other.audit for other in ABIS.values()} - {abi.audit} | {0x4000_0003, 3}
    assert {verdict(code, audit, abi.socket, 1) for audit in others} == {KILL}


def test_this_machines_numbers_are_the_kernels() -> None:
    """A wrong number of `socket` would filter another call; /usr/include is not on every machine, so ask the kernel."""
    abi = ABIS[os.uname().machine, ctypes.sizeof(ctypes.c_void_p)]
    libc = ctypes.CDLL(None, use_errno=True)
    fd = libc.syscall(ctypes.c_long(abi.socket), socket.AF_UNIX, socket.SOCK_DGRAM, 0)
    with socket.socket(fileno=fd) as made:
        assert (made.family, made.type) == (socket.AF_UNIX, socket.SOCK_DGRAM)


# datalog's sockets: a pair of Unix sockets stands for them, because not every desk's kernel has CAN.

SILENT = """
import array, ctypes, fcntl, json, os, socket, tempfile
from v2h.runtime.confine import ABIS, RECEIVE_ONLY, families, set_filter
libc = ctypes.CDLL(None, use_errno=True)
ABI = ABIS[os.uname().machine, ctypes.sizeof(ctypes.c_void_p)]
near, far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
other, other_far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
HELD = RECEIVE_ONLY[1]
os.dup2(near.fileno(), HELD)
node = socket.socket(fileno=HELD)
file = tempfile.TemporaryFile()
file.write(b"x" * 16), file.flush()
pipe = os.pipe()
os.write(pipe[1], b"x" * 16)
pidfd = os.pidfd_open(os.getpid())

def call(number, *words):
    given = (word if isinstance(word, ctypes.Array) else ctypes.c_long(word) for word in words)
    return done(libc.syscall(ctypes.c_long(number), *given))

def done(code):
    if code < 0:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return code

def mmsg():  # sendmmsg of one struct msghdr, without any vector
    return call(ABI.blind[1], HELD, (ctypes.c_char * 64)(), 1, 0)

ways = {
    "write": lambda: os.write(HELD, b"x"),
    "write, upper bits": lambda: call(ABI.to_file[0], HELD | 1 << 32, (ctypes.c_char * 1)(), 1),
    "writev": lambda: os.writev(HELD, [b"x"]),
    "pwritev2": lambda: os.pwritev(HELD, [b"x"], -1),
    "send": lambda: node.send(b"x"),
    "sendto": lambda: node.sendto(b"x", ""),
    "sendmsg": lambda: node.sendmsg([b"x"]),
    "sendmmsg": mmsg,
    "sendfile": lambda: os.sendfile(HELD, file.fileno(), 0, 1),
    "splice": lambda: os.splice(pipe[0], HELD, 1),
    "dup": lambda: done(libc.dup(HELD)),
    "dup, as Python does it": lambda: os.dup(HELD),
    "dup2": lambda: os.dup2(HELD, 90),
    "dup2, inheritable": lambda: os.dup2(HELD, 91, inheritable=True),
    "fcntl": lambda: fcntl.fcntl(HELD, fcntl.F_DUPFD, 92),
    "by a message to itself": lambda: socket.send_fds(other, [b"x"], [HELD]),
    "pidfd_getfd": lambda: call(438, pidfd, HELD, 0),
    "io_setup": lambda: call(ABI.blind[3], 1, (ctypes.c_ulong * 1)()),
    "another socket": lambda: socket.socket(socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW),
}

def refused():
    found = []
    for name, way in ways.items():
        try:
            way()
        except OSError as error:
            if error.errno == 13:
                found.append(name)
    return found

def emptied(end):
    # how many messages waited there
    end.setblocking(False)
    count = 0
    while True:
        try:
            end.recv(16)
        except BlockingIOError:
            return count
        count += 1

def works():
    far.send(b"frame")
    assert node.recv(16) == b"frame"
    other.send(b"to the bus"), os.write(file.fileno(), b"log")
    os.close(os.dup(other.fileno()))
    assert other_far.recv(16) == b"to the bus"
"""


def test_a_listener_receives_and_cannot_send() -> None:
    """Every way is tried without the filter first, so that each is a real one."""
    source = f"""{SILENT}
before, ways_before = refused(), list(ways)
arrived = [emptied(far), emptied(other_far)]
set_filter(families("datalog"), RECEIVE_ONLY.values())
after = refused()
works()
print(json.dumps([before, ways_before, arrived, after, emptied(far)]))
"""
    before, ways, arrived, after, left = said(source)
    assert before == [] and min(arrived) > 0, "without the filter they are real ways"
    assert after == ways and left == 0


@pytest.mark.parametrize("abi", sorted(set(ABIS.values())), ids=str)
def test_the_same_on_every_machine(abi: Abi) -> None:
    code = filter_code(abi, families("datalog"), [200, 201])
    for number in abi.to_file:
        assert [verdict(code, abi.audit, number, file) for file in (3, 200, 201 | 1 << 32)] == [ALLOW, REFUSE, REFUSE]
    assert {verdict(code, abi.audit, number, 3) for number in abi.blind} == {REFUSE}
    given = {abi.socket, 425, *abi.to_file, *abi.blind}
    assert {verdict(code, abi.audit, number, 200) for number in range(500) if number not in given} == {ALLOW}
    assert verdict(code, abi.audit, abi.socket, socket.AF_CAN) == REFUSE


# The programs.


def test_a_machine_without_a_table_says_so_and_goes_on(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(confine, "ABIS", {})
    assert confine.confine("web", logging.getLogger("test_confine")) is False
    assert "no filter of sockets here" in caplog.text and os.uname().machine in caplog.text


def opened_by_a_reader(pipe: Path) -> int:
    """Wait until a process reads this pipe; return our end."""
    deadline = time.monotonic() + 20
    while True:
        try:
            return os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError as error:
            if error.errno != errno.ENXIO or time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def test_a_program_sets_the_filter_before_it_reads_its_configuration(tmp_path: Path) -> None:
    """The configuration is a pipe, so the program waits for us while it reads it."""
    pipe = tmp_path / "v2h.toml"
    os.mkfifo(pipe)
    env = {**os.environ, "V2H_RUN": str(tmp_path), "V2H_DATA": str(tmp_path), "V2H_CONFIG": str(pipe)}
    child = subprocess.Popen([sys.executable, "-m", "v2h.programs.panel"], env={**env, "V2H_LOG_STDERR": "1"})
    try:
        ours = opened_by_a_reader(pipe)
        status = Path(f"/proc/{child.pid}/status").read_text()
        os.close(ours)
        assert "Seccomp:\t2\n" in status and "NoNewPrivs:\t1\n" in status
    finally:
        child.kill()
        child.wait(10)
