"""The stage "tree": mutants of the shells, which run in child processes, where a module seeded in this process has no
effect.

A shell is a module that deals with the kernel: sockets, processes, pipes. Its mutant is written into a copy of the
project, and the real-time tests of tests/tree that drive it run there. A test that fails while this machine stands
still is run again, as always (tests/conftest.py). Every process that a broken shell leaves running is ended.
"""

import ctypes
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STANDBY, PULSE, GUARD = (f"tests/tree/test_{name}.py" for name in ("standby", "pulse", "guard"))
SHELLS: dict[str, tuple[str, ...]] = {
    "safety/shell/backup_guard.py": (STANDBY, GUARD),
    "safety/shell/supervisor_listener.py": (PULSE,),
    "safety/shell/wire_server.py": (GUARD,),
    "safety/shell/wire_client.py": (GUARD,),
    "safety/shell/sweep.py": (GUARD,),
}
"""Each file below app/v2h, and its tests, the quickest first: 5 s, 18 s, 60 s on the unchanged program."""
TEST_LIMIT_S = 40
"""The slowest test takes 9 s."""
LIMIT_S = 200.0
CAUGHT, CRASHED, LATE = "caught", "crashed", "timed out"
_SET_CHILD_SUBREAPER = 36
_FAILED = re.compile(r"^(?:FAILED|ERROR) (\S+)(.*)", re.MULTILINE)


def noticed(file: str, source: str) -> tuple[str, str] | None:
    """(how, first failure) with this source in that file; None when no test fails. File "": the unchanged program."""
    tests = SHELLS[file] if file else (STANDBY, PULSE, GUARD)
    with tempfile.TemporaryDirectory(prefix="v2h-mutant-", ignore_cleanup_errors=True) as folder:
        copy = Path(folder)
        copy_project(copy)
        if file:
            (copy / "app" / "v2h" / file).write_text(source, encoding="utf-8")
        for test in tests:
            if (found := _run(copy, test)) is not None:
                return found
    return None


def copy_project(copy: Path) -> None:
    """Copy what these tests need of it; without bytecode, so that no old bytecode is used for the changed file."""
    for name in ("app", "tests"):
        shutil.copytree(ROOT / name, copy / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "pyproject.toml", copy)
    (copy / "rootfs-overlay").symlink_to(ROOT / "rootfs-overlay")


def _run(copy: Path, test: str) -> tuple[str, str] | None:
    """Run one test file in the copy up to its first failure. Output goes to a file: a child may hold a pipe open."""
    ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 1)  # an orphan becomes our child, so that we find it
    plain = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    env = {**plain, "PYTHONPATH": os.pathsep.join([str(copy / "app"), str(copy)])}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", f"--timeout={TEST_LIMIT_S}", test]
    with (copy / "said").open("w+", encoding="utf-8") as said:
        try:
            done = subprocess.run(
                command, cwd=copy, env=env, stdout=said, stderr=said, stdin=subprocess.DEVNULL, timeout=LIMIT_S
            )
        except subprocess.TimeoutExpired:
            return LATE, f"{test}: more than {LIMIT_S:.0f} s"
        finally:
            end_children()
            ctypes.CDLL(None).prctl(_SET_CHILD_SUBREAPER, 0)
        said.seek(0)
        return _verdict(done.returncode, said.read(), test)


def _verdict(code: int, text: str, test: str) -> tuple[str, str] | None:
    if code == 0:
        return None
    failed = _FAILED.search(text)
    if code != 1 or failed is None:
        return CRASHED, f"{test}: pytest ended with {code}"
    return (LATE if "Timeout (" in failed[2] or "Timeout >" in failed[2] else CAUGHT), failed[1]


def end_children() -> None:
    """Ends each child of this process, and then their children, which become ours."""
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children")
    while pids := children.read_text().split():
        for pid in map(int, pids):
            os.kill(pid, signal.SIGKILL)
            os.waitpid(pid, 0)
