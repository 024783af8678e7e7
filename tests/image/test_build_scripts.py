"""The image build's scripts, as far as they run without a build: where the mirror comes from, what flash refuses."""

import base64
import json
import os
import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.support.imager import imager_schema

ROOT = Path(__file__).resolve().parents[2]
BUILD_IMAGE = (ROOT / "scripts" / "build-image").read_text()
NAMES_IN_BRACES = "$(ORIGIN) $(LABEL) $(SITE)"


def run(*command: str | Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, also when it fails; the output is text."""
    return subprocess.run(
        [str(word) for word in command],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        check=False,
    )


def scripts(folder: Path, **texts: str) -> str:
    """Write these programs into a new folder; return a PATH that begins with the folder."""
    folder.mkdir()
    for name, text in texts.items():
        program = folder / name.replace("_", "-")
        program.write_text(f"#!/bin/sh\n{text}\n")
        program.chmod(0o755)
    return f"{folder}:{os.environ['PATH']}"


@pytest.fixture
def apt_that_knows(tmp_path: Path):
    """Puts an apt-get first in PATH that knows only the given repositories ("ORIGIN LABEL SITE" each)."""

    def make(*repositories: str) -> str:
        lines = "\n".join(repositories)
        return scripts(tmp_path / "bin", apt_get=f"[ \"$3\" = '{NAMES_IN_BRACES}' ] && cat <<'EOF'\n{lines}\nEOF")

    return make


def sources(path: str, **environment: str) -> list[str]:
    """Return the lines that find-mirror prints when it contacts no mirror."""
    done = run(ROOT / "image" / "steps" / "find-mirror", "--no-probe", PATH=path, **environment)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


def test_mirror_is_the_one_of_the_machines_own_apt(apt_that_knows) -> None:
    path = apt_that_knows(
        "Acme Acme http://other.example/apt",
        "Debian Debian http://house.example/debian/",
        "Debian Debian-Security http://house.example/security",
    )
    assert sources(path) == [
        "deb http://house.example/debian trixie main",
        "deb http://house.example/debian trixie-updates main",
        "deb http://house.example/security trixie-security main",
    ]


def test_machine_without_security_source_builds_without_security(apt_that_knows) -> None:
    found = sources(apt_that_knows("Debian Debian http://house.example/debian"))
    assert found == [
        "deb http://house.example/debian trixie main",
        "deb http://house.example/debian trixie-updates main",
    ]


def test_installation_disc_is_no_mirror(apt_that_knows) -> None:
    found = sources(apt_that_knows("Debian Debian cdrom://[Debian 13]", "Debian Debian http://house.example/debian"))
    assert found[0] == "deb http://house.example/debian trixie main"


def test_mirror_list_of_a_cloud_image_is_resolved(apt_that_knows, tmp_path: Path) -> None:
    listed = tmp_path / "debian.list"
    listed.write_text("# the provider's\nhttps://cloud.example/debian\nhttps://second.example/debian\n")
    assert sources(apt_that_knows(f"Debian Debian mirror+file:{listed}"))[0] == (
        "deb https://cloud.example/debian trixie main"
    )


def test_mirror_variable_wins(apt_that_knows) -> None:
    path = apt_that_knows("Debian Debian http://house.example/debian")
    assert sources(path, MIRROR="http://mine.example/debian/") == [
        "deb http://mine.example/debian trixie main",
        "deb http://mine.example/debian trixie-updates main",
        "deb http://mine.example/debian-security trixie-security main",
    ]


def test_machine_without_a_mirror_is_told_what_to_do(apt_that_knows) -> None:
    done = run(ROOT / "image" / "steps" / "find-mirror", "--no-probe", PATH=apt_that_knows())
    assert done.returncode != 0
    assert "MIRROR=" in done.stderr
    assert "apt-get update" in done.stderr


# After apt has read a suite, find-mirror asks apt for the suite's codename.
CODENAME = 'case "$*" in *CODENAME*) echo {}; exit ;; esac'
NOT_WHOLE = "E: File has unexpected size (1 != 2). Mirror sync in progress?"


@pytest.mark.parametrize(("minutes", "finds"), [(2, True), (100, False)])
def test_a_mirror_that_is_being_updated_is_given_fifteen_minutes(tmp_path: Path, minutes: int, finds: bool) -> None:
    slept = tmp_path / "slept"
    slept.touch()
    path = scripts(
        tmp_path / "bin",
        apt_get=f"{CODENAME.format('trixie')}\n"
        f'[ $(wc -l <{slept}) -ge {minutes} ] || {{ echo "{NOT_WHOLE}"; exit 100; }}',
        sleep=f"echo $1 >>{slept}",
    )
    done = run(ROOT / "image" / "steps" / "find-mirror", PATH=path, MIRROR="http://mine.example/debian")
    assert slept.read_text().splitlines() == ["60"] * (minutes if finds else 15)
    assert (done.returncode == 0) is finds
    assert done.stdout.startswith("deb http://mine.example/debian trixie main\n") is finds
    assert "trying again in a minute" in done.stderr and (finds or NOT_WHOLE in done.stderr.splitlines()[-1])


@pytest.mark.parametrize(("codename", "finds"), [("trixie", True), ("forky", False)])
def test_the_release_is_taken_as_stable_where_only_that_is_whole(tmp_path: Path, codename: str, finds: bool) -> None:
    path = scripts(
        tmp_path / "bin",
        apt_get=f"{CODENAME.format(codename)}\n"
        'grep -q "debian.* stable" "$(dirname "$APT_CONFIG")/sources.list" && exit\n'
        f'echo "{NOT_WHOLE}"; exit 100',
        sleep="",
    )
    done = run(ROOT / "image" / "steps" / "find-mirror", PATH=path, MIRROR="http://mine.example/debian")
    names = [line.split()[2] for line in done.stdout.splitlines()]
    assert names == (["stable", "stable-updates", "stable-security"] if finds else [])
    assert (done.returncode == 0) is finds
    assert NOT_WHOLE in done.stderr


def test_a_mirror_without_the_suite_is_told_at_once(tmp_path: Path) -> None:
    path = scripts(tmp_path / "bin", apt_get='echo "E: no Release file"; exit 100', sleep="exit 1")
    done = run(ROOT / "image" / "steps" / "find-mirror", PATH=path, MIRROR="http://mine.example/debian")
    assert done.returncode != 0 and "has no trixie" in done.stderr and "no Release file" in done.stderr


@pytest.fixture
def image(tmp_path: Path) -> Path:
    """A small file in the place of v2h.img: flash uses only sizes and bytes."""
    path = tmp_path / "v2h.img"
    path.write_bytes(bytes(range(256)) * 4096)
    return path


def flash(device: Path, image: Path, yes: str = "1") -> subprocess.CompletedProcess[str]:
    return run(ROOT / "scripts" / "flash", device, image, YES=yes)


def test_flash_writes_and_reads_back(tmp_path: Path, image: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * (2 << 20))
    done = flash(card, image)
    assert done.returncode == 0, done.stderr
    written = card.read_bytes()
    assert written[: 1 << 20] == image.read_bytes()
    assert written[1 << 20 :] == b"\xff" * (1 << 20), "the rest of the card is left as it was"


def test_flash_writes_nothing_without_a_yes(tmp_path: Path, image: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * (2 << 20))
    done = flash(card, image, yes="")
    assert done.returncode != 0
    assert card.read_bytes() == b"\xff" * (2 << 20)


def test_flash_refuses_a_card_that_is_too_small(tmp_path: Path, image: Path) -> None:
    card = tmp_path / "card"
    card.write_bytes(b"\xff" * 1000)
    done = flash(card, image)
    assert done.returncode != 0
    assert "1000 bytes" in done.stderr
    assert card.read_bytes() == b"\xff" * 1000


@pytest.fixture
def machine_with_disk(tmp_path: Path):
    """Gives flash an lsblk that lists one disk with a partition, mounted or not, and a device node as the target."""

    def make(kind: str, read_only: str, mounted_at: str) -> tuple[str, Path]:
        device = next((node for node in Path("/dev").iterdir() if node.is_block_device()), None)
        if device is None or os.geteuid() != 0:
            pytest.skip("no block device to aim at, or not root")
        folder = tmp_path / "bin"
        folder.mkdir()
        lsblk = folder / "lsblk"
        lsblk.write_text(
            "#!/bin/sh\n"
            'case "$*" in\n'
            f"*TYPE*) echo {kind} ;;\n*RO*) echo {read_only} ;;\n"
            f'*MOUNTPOINTS*) echo "{mounted_at}" ;;\n'
            f"*) echo {device}; echo {device}p1 ;;\nesac\n"
        )
        lsblk.chmod(0o755)
        # If flash does not stop, these programs in its PATH write nothing.
        for tool in ("dd", "bmaptool", "blockdev"):
            (folder / tool).write_text("#!/bin/sh\necho $0 was called >&2\nexit 9\n")
            (folder / tool).chmod(0o755)
        return f"{folder}:{os.environ['PATH']}", device

    return make


@pytest.mark.parametrize(
    ("kind", "read_only", "mounted_at", "complaint"),
    [
        ("part", "0", "", "not a whole disk"),
        ("disk", "1", "", "write-protected"),
        ("disk", "0", "/", "is mounted at /"),
        ("disk", "0", "[SWAP]", "is mounted at [SWAP]"),
    ],
)
def test_flash_refuses_what_is_no_free_card(
    machine_with_disk, image: Path, kind: str, read_only: str, mounted_at: str, complaint: str
) -> None:
    path, device = machine_with_disk(kind, read_only, mounted_at)
    done = run(ROOT / "scripts" / "flash", device, image, YES="1", PATH=path)
    assert done.returncode != 0
    assert complaint in done.stderr
    assert "was called" not in done.stderr


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
    for folder in ("boot", "etc/ssh", "etc/rauc", "usr/bin", "usr/lib/v2h", "var/lib/dbus", "run", "dev", "tmp"):
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


# The lock of the packages


@pytest.fixture
def locks(tmp_path: Path) -> tuple[Path, Path]:
    """A lock, and a list of installed packages that differs in three of them."""
    lock, installed = tmp_path / "packages.lock", tmp_path / "base.lock"
    lock.write_text("# how\nbash=5.2 aa\nold=1 cc\nopenssl=3.5.7-1 bb\n")
    installed.write_text("bash=5.2 dd\nnew=2 ee\nopenssl=3.5.9-1 ff\n")
    return lock, installed


def test_the_build_refuses_other_packages_and_names_them_and_both_ways_out(locks: tuple[Path, Path]) -> None:
    done = run(ROOT / "image" / "steps" / "check-lock", "enforce", *locks)
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
    done = run(ROOT / "image" / "steps" / "check-lock", "tell", *locks)
    assert (done.returncode, done.stdout) == (0, "==== 4 packages are not those of image/packages.lock ====\n")


def test_the_locked_packages_pass_in_silence(locks: tuple[Path, Path]) -> None:
    lock, _ = locks
    done = run(ROOT / "image" / "steps" / "check-lock", "enforce", lock, lock)
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
        return run(ROOT / "image" / "steps" / "list-packages", tmp_path / "root", PATH=path)

    assert listed("can-utils\t1\tarmhf\nbash\t5.2\tarmhf\n").stdout == "bash=5.2 aa\ncan-utils=1 cc\n"
    refused = listed("bash\t5.3\tarmhf\n")
    assert refused.returncode == 1 and "bash" in refused.stderr


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


# U-Boot's environment


def environment(folder: Path, changes: str) -> subprocess.CompletedProcess[str]:
    (folder / "u-boot.img").write_bytes(b"\x7fcode\0bootcmd=run distro_bootcmd\0boot_targets=mmc0 dhcp\0a=1\0\0more")
    (folder / "u-boot.txt").write_text(changes)
    return run(ROOT / "image" / "steps" / "default-environment", folder / "u-boot.img", folder / "u-boot.txt")


def test_u_boots_environment_is_the_built_in_one_with_our_changes(tmp_path: Path) -> None:
    done = environment(tmp_path, "# why\nboot_targets=mmc0\nbootcmd+=; reset\nbootlimit=3\n")
    assert done.stdout.splitlines() == ["bootcmd=run distro_bootcmd; reset", "boot_targets=mmc0", "a=1", "bootlimit=3"]


def test_a_change_of_a_variable_that_u_boot_lost_stops_the_build(tmp_path: Path) -> None:
    done = environment(tmp_path, "bootdelay+=; reset\n")
    assert done.returncode != 0 and "bootdelay" in done.stderr


# The bill of materials


def test_the_bill_of_materials_names_each_package_by_its_purl(tmp_path: Path) -> None:
    (tmp_path / "packages.tsv").write_text("libc6\t2.41-12+deb13u5\tglibc\t2.41-12+deb13u5\t9000\n")
    (tmp_path / "packages.lock").write_text("libc6=2.41-12+deb13u5 " + "ab" * 32 + "\n")
    done = run(ROOT / "image" / "steps" / "sbom", tmp_path, VERSION="v1", SOURCE_DATE_EPOCH="86400")
    bill = json.loads(done.stdout)
    assert (bill["bomFormat"], bill["specVersion"]) == ("CycloneDX", "1.6")
    assert bill["metadata"]["timestamp"] == "1970-01-02T00:00:00Z"
    (component,) = bill["components"]
    assert component["purl"] == "pkg:deb/debian/libc6@2.41-12%2Bdeb13u5?arch=armhf&distro=debian-13"
    assert component["hashes"] == [{"alg": "SHA-256", "content": "ab" * 32}]
    assert bill["dependencies"] == [{"ref": "v2h", "dependsOn": [component["bom-ref"]]}]


# The manifest for Raspberry Pi Imager

MADE = {"v2h.img": {"bytes": 1 << 30, "sha256": "ab" * 32}, "v2h.img.xz": {"bytes": 75_000_000, "sha256": "cd" * 32}}


@pytest.mark.parametrize("names", [("v2h.img", "v2h.img.xz"), ("v2h.img",)])
def test_imager_gets_the_image_that_was_made(tmp_path: Path, names: tuple[str, ...]) -> None:
    parts = {name: MADE[name] for name in names}
    manifest = {"version": "0.3.0", "source_date_epoch": 1_700_000_000, "parts": parts}
    (tmp_path / "manifest.json").write_text(json.dumps(manifest))
    step = ROOT / "image" / "steps" / "imager-manifest"
    icon = ROOT / "app/v2h/web/static/icon.svg"
    done = run(step, tmp_path / "manifest.json", icon, IMAGE_FOLDER="https://example.org/v0.3.0/")
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert imager_schema().is_valid(document), list(imager_schema().iter_errors(document))
    (system,) = document["os_list"]
    assert (system["url"], system["release_date"]) == (f"https://example.org/v0.3.0/{names[-1]}", "2023-11-14")
    assert (system["extract_size"], system["extract_sha256"]) == (1 << 30, "ab" * 32), "of the image, not of the .xz"
    fetched = (system["image_download_size"], system["image_download_sha256"])
    assert fetched == (MADE[names[-1]]["bytes"], MADE[names[-1]]["sha256"])
    assert base64.b64decode(system["icon"].partition(",")[2]) == icon.read_bytes()


def test_the_address_of_a_folder_is_written_as_imager_reads_it(tmp_path: Path) -> None:
    function = re.search(r"^folder_url\(\) \{\n.*?^\}$", BUILD_IMAGE, re.DOTALL | re.MULTILINE)
    assert function is not None
    done = run("sh", "-euc", f'{function[0]}\nfolder_url "/a b/50%/c#d"')
    assert done.stdout == "file:///a%20b/50%25/c%23d\n"


# The signature


@pytest.fixture
def key(tmp_path: Path) -> Path:
    """A key for this test alone."""
    subprocess.run(
        ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "a person", "-f", tmp_path / "key"], check=True
    )
    return tmp_path / "key"


def signed(folder: Path, namespace: str = "v2h-release") -> subprocess.CompletedProcess[str]:
    """Check the signature as SECURITY.md says."""
    command = ["ssh-keygen", "-Y", "verify", "-f", "allowed_signers", "-I", "v2h-release", "-n", namespace]
    return subprocess.run(
        [*command, "-s", "SHA256SUMS.sig"],
        cwd=folder,
        input=(folder / "SHA256SUMS").read_text(),
        capture_output=True,
        text=True,
        check=False,
    )


def test_a_signed_build_verifies_and_a_changed_one_does_not(tmp_path: Path, key: Path) -> None:
    sums = tmp_path / "SHA256SUMS"
    sums.write_text("ab" * 32 + "  v2h.img\n")
    done = run(ROOT / "image" / "steps" / "sign", key, tmp_path)
    assert done.returncode == 0, done.stderr
    assert signed(tmp_path).returncode == 0, signed(tmp_path).stderr
    assert signed(tmp_path, "git").returncode != 0, "a signature for another purpose"
    assert "person" not in (tmp_path / "allowed_signers").read_text(), "the comment of a key is private"
    sums.write_text("cd" * 32 + "  v2h.img\n")
    assert signed(tmp_path).returncode != 0


def test_two_signatures_of_one_build_are_equal(tmp_path: Path, key: Path) -> None:
    (tmp_path / "SHA256SUMS").write_text("ab" * 32 + "  v2h.img\n")
    found = set()
    for _ in range(2):
        assert run(ROOT / "image" / "steps" / "sign", key, tmp_path).returncode == 0
        found.add((tmp_path / "SHA256SUMS.sig").read_text())
    assert len(found) == 1


def test_a_key_is_looked_at_before_the_build(tmp_path: Path, key: Path) -> None:
    def checked(path: Path, checkout: Path) -> subprocess.CompletedProcess[str]:
        return run(ROOT / "image" / "steps" / "sign", "--check", path, checkout)

    elsewhere = tmp_path / "checkout"
    elsewhere.mkdir()
    assert checked(key, elsewhere).returncode == 0
    inside = checked(key, tmp_path)
    assert inside.returncode == 1 and "lies in the checkout" in inside.stderr
    missing = checked(tmp_path / "none", elsewhere)
    assert missing.returncode == 1 and "ssh-keygen -t ed25519" in missing.stderr
    (tmp_path / "text").write_text("no key")
    wrong = checked(tmp_path / "text", elsewhere)
    assert wrong.returncode == 1 and "not a private ssh key" in wrong.stderr
    assert not list(elsewhere.iterdir())


def test_a_build_without_a_key_says_that_it_is_not_signed(tmp_path: Path, key: Path) -> None:
    function = re.search(r"^sign\(\) \{\n.*?^\}$", BUILD_IMAGE, re.DOTALL | re.MULTILINE)
    assert function is not None
    (tmp_path / "SHA256SUMS").write_text("ab" * 32 + "  v2h.img\n")
    words = ['say() { echo "$1"; }', f"here={ROOT} out={tmp_path}", function[0], "sign"]
    unsigned = run("sh", "-euc", "\n".join(words), KEY="")
    assert unsigned.stdout.startswith("not signed: KEY=") and not (tmp_path / "SHA256SUMS.sig").exists()
    done = run("sh", "-euc", "\n".join(words), KEY=str(key))
    assert done.stdout.startswith("signed: ") and signed(tmp_path).returncode == 0


# The licences


def test_the_licences_begin_with_ours_and_end_with_the_texts_that_they_refer_to(tmp_path: Path) -> None:
    shared = tmp_path / "usr/share"
    for name in ("doc/bash", "doc/libc6", "doc/v2h", "doc/without", "common-licenses"):
        (shared / name).mkdir(parents=True)
    for name in ("bash", "libc6", "v2h"):
        (shared / "doc" / name / "copyright").write_text(f"terms of {name}\n")
    (shared / "doc/libc-bin").symlink_to("libc6")
    (shared / "common-licenses/GPL-3").write_text("the whole text\n")
    (shared / "common-licenses/GPL").symlink_to("GPL-3")
    done = run(ROOT / "image" / "steps" / "licences", ROOTDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    named = re.findall(r"^==== (\S+) ====$", done.stdout, re.MULTILINE)
    assert named == ["v2h", "bash", "libc-bin", "libc6", "common-licenses/GPL-3"]
    assert done.stdout.count("terms of libc6") == 2 and done.stdout.count("the whole text") == 1
