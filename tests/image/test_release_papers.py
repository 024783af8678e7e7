"""What lies beside an image: the bill of materials, Imager's manifest, the signature and the licences."""

import base64
import json
import re
import subprocess
from pathlib import Path

import pytest

from tests.support.buildscripts import ROOT, STEPS, run
from tests.support.imager import imager_schema

BUILD_IMAGE = (ROOT / "scripts" / "build-image").read_text()


# The bill of materials


def test_the_bill_of_materials_names_each_package_by_its_purl(tmp_path: Path) -> None:
    (tmp_path / "packages.tsv").write_text("libc6\t2.41-12+deb13u5\tglibc\t2.41-12+deb13u5\t9000\n")
    (tmp_path / "packages.lock").write_text("libc6=2.41-12+deb13u5 " + "ab" * 32 + "\n")
    done = run(STEPS / "sbom", tmp_path, VERSION="v1", SOURCE_DATE_EPOCH="86400")
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
    step = STEPS / "imager-manifest"
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
    done = run(STEPS / "sign", key, tmp_path)
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
        assert run(STEPS / "sign", key, tmp_path).returncode == 0
        found.add((tmp_path / "SHA256SUMS.sig").read_text())
    assert len(found) == 1


def test_a_key_is_looked_at_before_the_build(tmp_path: Path, key: Path) -> None:
    def checked(path: Path, checkout: Path) -> subprocess.CompletedProcess[str]:
        return run(STEPS / "sign", "--check", path, checkout)

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
    done = run(STEPS / "licences", ROOTDIR=str(tmp_path))
    assert done.returncode == 0, done.stderr
    named = re.findall(r"^==== (\S+) ====$", done.stdout, re.MULTILINE)
    assert named == ["v2h", "bash", "libc-bin", "libc6", "common-licenses/GPL-3"]
    assert done.stdout.count("terms of libc6") == 2 and done.stdout.count("the whole text") == 1
