"""Single steps of the image build, as far as they run without a build."""

import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.buildscripts import ROOT, STEPS, run, scripts


@pytest.mark.parametrize("script", ["build-image", "verify-image", "flash"])
def test_help_has_an_example(script: str) -> None:
    done = run(ROOT / "scripts" / script, "--help")
    assert done.returncode == 0
    assert "example:" in done.stdout


def test_two_boards_that_start_at_once_install_qemu_once(tmp_path: Path, build: Path) -> None:
    """The two workers of the test runner do this on a new machine."""
    tools, asked, held = tmp_path / "bin", tmp_path / "asked", tmp_path / "held"
    scripts(
        tools,
        sudo='exec "$@"',
        apt_get=f'mkdir {held} 2>/dev/null || {{ echo "E: Could not get lock"; exit 100; }}\n'
        f'echo "$1" >>{asked}; sleep 1\n'
        f'[ "$1" = update ] || for name in qemu-system-arm qemu-io mcopy; do\n'
        f'echo "#!/bin/sh" >{tools}/$name; chmod 755 {tools}/$name; done\n'
        f"rmdir {held}",
    )
    for name in ("sh", "cat", "chmod", "dirname", "flock", "id", "mkdir", "od", "rm", "rmdir", "sleep", "tr"):
        (tools / name).symlink_to(shutil.which(name) or name)
    boards = []
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "card.qcow2").touch()
        command = [ROOT / "scripts" / "emulate", "--keep-card", "--run-dir", tmp_path / name]
        environment = {**os.environ, "PATH": str(tools)}
        boards.append(subprocess.Popen(command, env=environment, stdin=subprocess.DEVNULL, stderr=subprocess.PIPE))
    assert [(board.communicate(timeout=60)[1], board.returncode)[1] for board in boards] == [0, 0]
    assert asked.read_text().split() == ["update", "install"]


def test_the_last_step_takes_the_rights_of_others_from_every_program(tmp_path: Path) -> None:
    for folder in ("boot", "etc/ssh", "etc/rauc", "usr/bin", "usr/lib/v2h", "var/lib/dbus", "var/tmp", "run", "tmp"):
        (tmp_path / folder).mkdir(parents=True)
    key = tmp_path / "out/development-key/cert.pem"
    key.parent.mkdir(parents=True)
    key.write_text("of this build\n")
    (tmp_path / "etc/rauc/system.conf").write_text("min-bundle-version=@VERSION@\n")
    for name in ("boot/vmlinuz-1", "boot/initrd.img-1", "usr/lib/os-release"):
        (tmp_path / name).touch()
    (tmp_path / "etc/shadow").write_text("root:!*:20000:0:99999:7:::\n")
    modes = {"su": (0o4755, 0o755), "chage": (0o2755, 0o755), "helper": (0o6750, 0o750), "ls": (0o755, 0o755)}
    for name, (before, _) in modes.items():
        (tmp_path / "usr/bin" / name).touch()
        (tmp_path / "usr/bin" / name).chmod(before)
    (tmp_path / "usr/bin").chmod(0o2775)
    words = {"ROOTDIR": str(tmp_path), "SOURCE_DATE_EPOCH": "1700000000", "OUT": str(tmp_path / "out")}
    done = run(ROOT / "image/steps/finish", "1", **words)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "etc/rauc/system.conf").read_text() == "min-bundle-version=20231114.80000\n"
    assert (tmp_path / "etc/rauc/keyring.pem").read_text() == "of this build\n"
    assert (tmp_path / "usr/lib/v2h/development-key").exists(), "no key for updates is in the project"
    for name, (_, after) in modes.items():
        assert (tmp_path / "usr/bin" / name).stat().st_mode & 0o7777 == after, name
    assert (tmp_path / "usr/bin").stat().st_mode & 0o7777 == 0o2775, "a folder runs nothing"


# What the build says while it works


def test_a_long_step_says_again_and_again_how_far_it_is(tmp_path: Path) -> None:
    """The functions of build-image, which reports every 0.2 s here and every 10 s there. fd 3 is the screen."""
    script = (ROOT / "scripts" / "build-image").read_text()
    functions = re.findall(r"^(?:say|watch|report|stage)\(\) \{\n.*?^\}$", script, re.DOTALL | re.MULTILINE)
    assert len(functions) == 4
    lines = ["==== Debian packages ====", "Setting up a:armhf (1.0) ...", "Unpacking linux-image:armhf (6.12) ..."]
    late = ["2026/11/30 03:10:15 update-initramfs | Adding module /usr/lib/modules/6.12/ext4.ko"]
    words = [
        *functions,
        f"started=$(date +%s) scratch={tmp_path} log={tmp_path}/log here={ROOT}",
        f"exec 3>&2; echo first >{tmp_path}/stage",
        f"work() {{ printf '%s\\n' {shlex.join(lines)}; sleep 1; echo {shlex.quote(late[0])}; sleep 0.5; }}",
        "stage 'no advice' work",
    ]
    said = run("sh", "-euc", "\n".join(words), REPORT_S="0.2")
    assert said.returncode == 0, said.stderr
    texts = [line.split("] ", 1)[1] for line in said.stderr.splitlines()]
    locked = len([line for line in (ROOT / "image/packages.lock").read_text().splitlines() if line[0] != "#"])
    assert texts[0] == "Debian packages"
    assert texts.count(f"  package 1 of {locked} unpacked: linux-image:armhf") >= 2
    assert texts[-1] == "  file 1 of the initrd: ext4.ko"
    log = (tmp_path / "log").read_text()
    assert all(line in log for line in [*lines, *late, *said.stderr.splitlines()])


# The kept initrd


def test_an_initrd_is_kept_until_something_changes_that_it_is_made_from(tmp_path: Path) -> None:
    source, out, old, new = (tmp_path / name for name in ("src", "out", "old", "new"))
    for path in ("image/initrd-modules", "image/steps/configure", "rootfs-overlay/etc/udev", "app/v2h.py", "base.key"):
        (source / path).parent.mkdir(parents=True, exist_ok=True)
        (source / path).write_text("before\n")
    for folder in (out, old / "boot", new / "boot"):
        folder.mkdir(parents=True)
    (old / "boot/initrd.img-6").write_text("made\n")
    found = new / "boot/initrd.img-6"

    def initrd(what: str, root: Path) -> None:
        done = run(STEPS / "initrd", what, ROOTDIR=str(root), OUT=str(out), SOURCE=str(source))
        assert done.returncode == 0, done.stderr

    initrd("load", new)
    assert not found.exists(), "no build has kept one yet"
    initrd("keep", old)
    (source / "app/v2h.py").write_text("after\n")
    initrd("load", new)
    assert found.read_text() == "made\n"
    for path in ("image/initrd-modules", "image/steps/configure", "rootfs-overlay/etc/udev", "base.key"):
        initrd("keep", old)
        found.unlink(missing_ok=True)
        (source / path).write_text("after\n")
        initrd("load", new)
        assert not found.exists(), f"{path} has changed"


# U-Boot's environment


def environment(folder: Path, changes: str) -> subprocess.CompletedProcess[str]:
    (folder / "u-boot.img").write_bytes(b"\x7fcode\0bootcmd=run distro_bootcmd\0boot_targets=mmc0 dhcp\0a=1\0\0more")
    (folder / "u-boot.txt").write_text(changes)
    return run(STEPS / "default-environment", folder / "u-boot.img", folder / "u-boot.txt")


def test_u_boots_environment_is_the_built_in_one_with_our_changes(tmp_path: Path) -> None:
    done = environment(tmp_path, "# why\nboot_targets=mmc0\nbootcmd+=; reset\nbootlimit=3\n")
    assert done.stdout.splitlines() == ["bootcmd=run distro_bootcmd; reset", "boot_targets=mmc0", "a=1", "bootlimit=3"]


def test_a_change_of_a_variable_that_u_boot_lost_stops_the_build(tmp_path: Path) -> None:
    done = environment(tmp_path, "bootdelay+=; reset\n")
    assert done.returncode != 0 and "bootdelay" in done.stderr
