"""The lock of the Debian packages."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.buildscripts import ROOT, STEPS, run, scripts


@pytest.fixture
def locks(tmp_path: Path) -> tuple[Path, Path]:
    """A lock, and a list of installed packages that differs in three of them."""
    lock, installed = tmp_path / "packages.lock", tmp_path / "base.lock"
    lock.write_text("# how\nbash=5.2 aa\nold=1 cc\nopenssl=3.5.7-1 bb\n")
    installed.write_text("bash=5.2 dd\nnew=2 ee\nopenssl=3.5.9-1 ff\n")
    return lock, installed


def test_the_build_refuses_other_packages_and_names_them_and_both_ways_out(locks: tuple[Path, Path]) -> None:
    done = run(STEPS / "check-lock", "enforce", *locks)
    assert done.returncode == 1
    assert done.stdout.splitlines()[:5] == [
        "4 packages are not those of image/packages.lock:",
        "bash 5.2: another SHA-256 than in the lock",
        "new 2: not in the lock",
        "old 1: not installed",
        "openssl: the lock has 3.5.7-1, the mirror 3.5.9-1",
    ]
    assert "make lock" in done.stdout and "MIRROR=" in done.stdout
    assert len(done.stdout.splitlines()) < 20, "build-image shows the last 20 lines"


def test_a_build_for_tests_only_says_so(locks: tuple[Path, Path]) -> None:
    done = run(STEPS / "check-lock", "tell", *locks)
    assert (done.returncode, done.stdout) == (0, "==== 4 packages are not those of image/packages.lock ====\n")


def test_the_locked_packages_pass_in_silence(locks: tuple[Path, Path]) -> None:
    lock, _ = locks
    done = run(STEPS / "check-lock", "enforce", lock, lock)
    assert (done.returncode, done.stdout) == (0, "")


def test_the_lock_has_a_checksum_for_every_package() -> None:
    lines = [line for line in (ROOT / "image/packages.lock").read_text().splitlines() if line[0] != "#"]
    assert len(lines) > 150
    assert [line for line in lines if not re.fullmatch(r"[a-z0-9.+-]+=\S+ [0-9a-f]{64}", line)] == []


def test_a_package_is_listed_with_the_checksum_of_apts_lists(tmp_path: Path) -> None:
    lists = tmp_path / "root" / "var/lib/apt/lists"
    lists.mkdir(parents=True)
    stanza = "Package: {0}\nArchitecture: armhf\nVersion: {1}\nDescription: one\n two: three\nSHA256: {2}\n"
    texts = [
        stanza.format("bash", "5.2", "aa"),
        stanza.format("bash", "5.1", "bb"),
        stanza.format("can-utils", "1", "cc"),
    ]
    (lists / "mirror_dists_trixie_main_binary-armhf_Packages").write_text("\n".join(texts))

    def listed(installed: str) -> subprocess.CompletedProcess[str]:
        path = f"{tmp_path / 'bin'}:{os.environ['PATH']}"
        if not (tmp_path / "bin").exists():
            scripts(tmp_path / "bin", dpkg_query=f"cat {tmp_path / 'installed'}")
        (tmp_path / "installed").write_text(installed)
        return run(STEPS / "list-packages", tmp_path / "root", PATH=path)

    assert listed("can-utils\t1\tarmhf\nbash\t5.2\tarmhf\n").stdout == "bash=5.2 aa\ncan-utils=1 cc\n"
    refused = listed("bash\t5.3\tarmhf\n")
    assert refused.returncode == 1 and "bash" in refused.stderr
