"""A signed update that is newer than the built image: the image's own root with another version, made as `make bundle`
makes it, and spoilt as a test wants it.
"""

import json
import shutil
import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.support.card import Card
from tests.support.guest import REPOSITORY

LATER_S = 60
"""The next version's commit is so much later than the image's."""


def next_version(build: Path, folder: Path, files: Mapping[str, str] | None = None) -> tuple[str, Path]:
    """Name and bundle of a version that is LATER_S newer. files: text of further files of its root, by their path; the
    folder of each must exist there. An old `folder` is replaced."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    manifest = json.loads((build / "manifest.json").read_text())
    version, epoch = f"{manifest['version']}-next", manifest["source_date_epoch"] + LATER_S
    image = folder / "v2h.img"
    subprocess.run(["cp", "--sparse=always", "--reflink=auto", build / "v2h.img", image], check=True)
    shutil.copytree(build / "development-key", folder / "development-key")
    (folder / "manifest.json").write_text(json.dumps(manifest | {"version": version, "source_date_epoch": epoch}))
    root = f"{image}?offset={Card(image).partitions()[1].start}"
    least = subprocess.check_output([REPOSITORY / "image" / "steps" / "update-number", str(epoch)], text=True).strip()
    changes = {
        "/usr/lib/os-release": _line(root, "/usr/lib/os-release", "IMAGE_VERSION", version),
        "/etc/rauc/system.conf": _line(root, "/etc/rauc/system.conf", "min-bundle-version", least),
        **(files or {}),
    }
    for path, text in changes.items():
        (folder / "file").write_text(text)
        asked = [f"rm {path}", f"write {folder}/file {path}"]
        _debugfs(root, *asked)
        assert _debugfs(root, f"cat {path}") == text, f"{path} did not reach the root"
    command = [REPOSITORY / "scripts" / "build-bundle", "--out", folder, "--tools", build / "tools"]
    made = subprocess.run(command, capture_output=True, text=True)
    assert made.returncode == 0, made.stdout + made.stderr
    image.unlink()
    return version, folder / "v2h.raucb"


def _line(root: str, path: str, name: str, value: str) -> str:
    """The file with another value in its one line NAME=."""
    lines = _debugfs(root, f"cat {path}").splitlines()
    assert sum(line.startswith(f"{name}=") for line in lines) == 1, f"{path} has not one line {name}="
    return "".join(f"{name}={value}\n" if line.startswith(f"{name}=") else f"{line}\n" for line in lines)


def _debugfs(root: str, *requests: str) -> str:
    command = ["/usr/sbin/debugfs", "-w", "-f", "/dev/stdin", root]
    if len(requests) == 1:
        command = ["/usr/sbin/debugfs", "-R", requests[0], root]
    done = subprocess.run(command, input="\n".join(requests), capture_output=True, text=True, check=True)
    return done.stdout
