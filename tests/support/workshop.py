"""RAUC and the other programs in the tools of the image's build, run as root in a mount namespace of their own."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


class Workshop:
    """A folder inside the tools tree. Inside the tree its path is `here`."""

    def __init__(self, tools: Path) -> None:
        self.tools, self.here = tools, f"/tmp/test-bundle-{os.getpid()}"
        self.folder = Path(f"{tools}{self.here}")

    def run(self, *words: str, text: str | None = None) -> "subprocess.CompletedProcess[str]":
        """Run a program of the tools tree in a mount namespace of its own, with /dev, /proc and an empty /run."""
        mounts = (
            'mount --bind /dev "$0/dev" && mount -t proc proc "$0/proc" && mount -t tmpfs tmpfs "$0/run" && '
            'exec chroot "$0" /usr/bin/env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 '
            'OUT="$1" SCRATCH="$1/scratch" '
            'sh -ec \'cd "$OUT" && exec "$@"\' sh "${@:2}"'
        )
        command = ["unshare", "--mount", "bash", "-ec", mounts, str(self.tools), self.here, *words]
        return subprocess.run(command, input=text, capture_output=True, text=True)

    def must(self, *words: str, text: str | None = None) -> str:
        done = self.run(*words, text=text)
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    def write(self, name: str, text: str) -> None:
        path = self.folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text.replace("{here}", self.here))
        path.chmod(0o755)

    def sign(self, key: str, content: str, bundle: str) -> None:
        """Pack the folder `content` as a bundle, signed with the pair in the folder `key`. RAUC checks it by that same
        certificate, whatever a card knows."""
        pair = f"--cert={key}/cert.pem", f"--key={key}/key.pem"
        self.must("rauc", "bundle", *pair, f"--keyring={key}/cert.pem", content, bundle)


@contextmanager
def workshop(tools: Path) -> Iterator[Workshop]:
    """An empty workshop with image/steps and a key of its own in foreign-key/; deleted at the end."""
    made = Workshop(tools)
    made.folder.mkdir(parents=True)
    try:
        shutil.copytree(Path(__file__).resolve().parents[2] / "image" / "steps", made.folder / "steps")
        made.must("steps/development-key", f"{made.here}/foreign-key")
        yield made
    finally:
        shutil.rmtree(made.folder)
