"""Commands typed on a desk: scripts/demo, scripts/setup and `make flash` check their arguments before they act."""

import shutil
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]


def run(*words: object, cwd: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(word) for word in words], cwd=cwd, capture_output=True, text=True, timeout=60)


def demo(port: object) -> tuple[int, str, str]:
    """Exit code and output of a demo that is expected not to start; a demo that does start is ended in order."""
    words = [str(ROOT / "scripts" / "demo"), "--port", str(port)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as child:
        try:
            out, err = child.communicate(timeout=20)
        except subprocess.TimeoutExpired:
            child.terminate()
            out, err = child.communicate()
    return child.returncode, out, err


@pytest.fixture
def taken() -> Iterator[int]:
    """A port of the loopback on which another program listens."""
    with socket.create_server(("127.0.0.1", 0)) as other:
        yield other.getsockname()[1]


def test_the_demo_does_not_start_on_a_taken_port(taken: int) -> None:
    why = f"demo: port {taken} cannot be used: Address already in use; "
    assert demo(taken) == (2, "", f"{why}choose another, as in scripts/demo --port {taken + 11}\n")


@pytest.mark.slow
@pytest.mark.parametrize("port", ["0", "99999", "-1", "x", "80.5"])
def test_the_demo_wants_a_port_number(port: str) -> None:
    code, _, err = demo(port)
    assert code == 2
    assert f"argument --port: '{port}' is not a whole number from 1 to 65535" in err


def test_setup_leaves_the_environment_of_another_checkout_alone(tmp_path: Path) -> None:
    """Happened once: a linked .venv was cleared through the link."""
    other = tmp_path / "other" / "venv"
    other.mkdir(parents=True)
    (other / "kept").touch()
    checkout = tmp_path / "checkout"
    (checkout / "scripts").mkdir(parents=True)
    shutil.copy(ROOT / "scripts" / "setup", checkout / "scripts")
    shutil.copy(ROOT / "pyproject.toml", checkout)
    (checkout / ".venv").symlink_to(other)
    done = run(checkout / "scripts" / "setup", cwd=checkout)
    assert done.returncode == 0 and "used as it is" in done.stdout
    assert (other / "kept").exists()


def test_setup_knows_no_words() -> None:
    done = run(ROOT / "scripts" / "setup", "bogus")
    assert (done.returncode, done.stderr) == (2, "setup: unknown argument bogus; see --help\n")


@pytest.fixture
def tree(tmp_path: Path) -> Path:
    """A checkout without an image; the build script in it prints a line and writes a small file."""
    (tmp_path / "scripts").mkdir()
    for name in ("Makefile", "scripts/flash"):
        shutil.copy(ROOT / name, tmp_path / name)
    build = tmp_path / "scripts" / "build-image"
    build.write_text("#!/bin/sh\necho built\nmkdir -p build && echo image >build/v2h.img\n")
    build.chmod(0o755)
    return tmp_path


@pytest.mark.parametrize(
    ("device", "says"),
    [((), "usage: flash"), (("DEV=",), "usage: flash"), (("DEV=/dev/nope",), "/dev/nope does not exist")],
)
def test_flash_looks_at_the_device_before_an_image_is_built(tree: Path, device: tuple[str, ...], says: str) -> None:
    done = run("make", "flash", *device, cwd=tree)
    assert done.returncode != 0
    assert says in done.stderr and "built" not in done.stdout
    assert not (tree / "build").exists()


def test_flash_builds_a_missing_image_and_writes_it(tree: Path) -> None:
    card = tree / "card"
    card.write_bytes(bytes(64))
    done = run("make", "flash", f"DEV={card}", "YES=1", cwd=tree)
    assert done.returncode == 0, done.stderr
    assert "built" in done.stdout and card.read_bytes().startswith(b"image\n")
