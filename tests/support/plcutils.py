"""Debian's `pev` (package plc-utils-extra), and network namespaces in which it can speak to simulated modems, and in
which the card's firewall and network files are tried.

A machine that has no `pev` gets it with `apt-get download` into build/; nothing is installed. Where that or a namespace
is refused, a test is skipped and says why.
"""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
UNPACKED = ROOT / "build" / "plc-utils"
PACKAGE = "plc-utils-extra"


def ip(*words: str) -> None:
    """Run `ip`. Raises CalledProcessError; its text is on stderr."""
    subprocess.run(["ip", *words], check=True)


def in_namespace(*words: str) -> list[str]:
    """The command that runs a module of the tests in a network namespace of its own."""
    as_root = [] if os.geteuid() == 0 else ["--map-root-user"]
    return ["unshare", "--net", *as_root, sys.executable, "-m", *words]


def need_namespace() -> None:
    """Skip a test where no namespace with a veth pair can be made."""
    if shutil.which("ip") is None or shutil.which("unshare") is None:
        pytest.skip("this machine has no `ip` or no `unshare` (packages iproute2 and util-linux)")
    pair = "import tests.support.plcutils as p; p.ip('link', 'add', 'name', 'x0', 'type', 'veth', 'peer', 'name', 'x1')"
    words = in_namespace("x")[:-2]
    done = subprocess.run([*words, "-c", pair], cwd=ROOT, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no network namespace with a veth pair can be made here: {done.stderr.strip().splitlines()[-1]}")


def nft() -> str:
    """The path of `nft`. Skips the test where it is missing or the kernel refuses its rules."""
    program = shutil.which("nft", path=f"{os.environ['PATH']}:/usr/sbin")
    if program is None:
        pytest.skip("this machine has no `nft`: scripts/setup installs it (package nftables)")
    table = f"import subprocess; subprocess.run(['{program}', 'add', 'table', 'inet', 'x'], check=True)"
    done = subprocess.run([*in_namespace("x")[:-2], "-c", table], capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"the kernel of this machine takes no rules of nftables: {done.stderr.strip().splitlines()[0]}")
    return program


def networkd() -> str:
    """The path of systemd-networkd. Skips the test where it is missing or cannot be started by hand."""
    program = Path("/usr/lib/systemd/systemd-networkd")
    if not program.exists() or os.geteuid() != 0:
        pytest.skip("only root can start systemd-networkd in a namespace, and the package systemd must be there")
    return str(program)


def pev() -> str:
    """The path of `pev`. Skips the test where it can be had neither from the machine nor from Debian."""
    if found := shutil.which("pev"):
        return found
    program = UNPACKED / "usr" / "bin" / "pev"
    if not program.exists():
        UNPACKED.mkdir(parents=True, exist_ok=True)
        if shutil.which("apt-get") is None:
            pytest.skip(f"no `pev`, and no apt-get to fetch it with: install {PACKAGE}")
        done = subprocess.run(["apt-get", "download", PACKAGE], cwd=UNPACKED, capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no `pev`, and apt-get cannot fetch {PACKAGE}: {done.stderr.strip().splitlines()[-1]}")
        for package in UNPACKED.glob(f"{PACKAGE}_*.deb"):
            subprocess.run(["dpkg", "-x", package, UNPACKED], check=True)
    return str(program)
