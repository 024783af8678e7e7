"""A test that leaves a thread or a process behind fails in any case; a test that ends them in time does not."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[3]
BEGIN = """
import ctypes, subprocess, threading, time
import pytest
from flask import Flask
from tests.support import leftovers
from v2h.web.server import make_server
leftovers.GRACE_S = 0.3
prctl = ctypes.CDLL(None).prctl

def go_on(name):
    threading.Thread(target=time.sleep, args=(60,), name=name, daemon=True).start()
"""
UNTIDY = """
kept = []

@pytest.fixture
def served():
    go_on("of a fixture")
    yield

@pytest.fixture(scope="module")
def served_all():
    go_on("of a module")
    yield

def test_thread():
    go_on("of a test")

def test_fixture(served): ...

def test_application():
    server = make_server(Flask("left"), "127.0.0.1:0")
    threading.Thread(target=server.run, name="serving", daemon=True).start()

def test_process():
    subprocess.Popen(["sleep", "60"], preexec_fn=lambda: prctl(1, 9))  # it goes with us

def test_nobody_waited():
    kept.append(subprocess.Popen(["true"]))
    time.sleep(0.2)

def test_module(served_all): ...
"""
LEFT = {
    "test_thread": "thread of a test",
    "test_fixture": "thread of a fixture",
    "test_application": "thread waitress-0; .*thread serving",
    "test_process": r"process \d+, sleep 60",
    "test_nobody_waited": r"process \d+, ended, never waited for",
    "test_module": "thread of a module",
}
TIDY = """
class Long:
    def __init__(self):
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.over.wait)
        self.thread.start()

    def end(self):
        self.over.set()
        self.thread.join()

@pytest.fixture(scope="module")
def long():
    made = Long()
    yield made
    made.end()

def test_a_module_may_have_a_thread_between_tests(long): ...

def test_it_may_be_another_afterwards(long):
    long.end()
    long.__init__()

def test_a_thread_may_be_on_its_way_out(long):
    threading.Timer(0.1, lambda: None).start()

def test_a_child_that_was_waited_for():
    subprocess.run(["true"], check=True)
"""


def run(folder: Path, tests: str) -> str:
    (folder / "test_tiny.py").write_text(BEGIN + tests)
    options = ("-rE", "-p", "no:cacheprovider", "-p", "tests.support.leftovers", "--rootdir", folder)
    command = [sys.executable, "-m", "pytest", *options, "test_tiny.py"]
    env = {**os.environ, "PYTHONPATH": f"{ROOT}:{ROOT / 'app'}", "COLUMNS": "1000"}
    return subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, timeout=60, check=False).stdout


@pytest.mark.slow
def test_what_is_left_behind_fails_the_test_that_left_it(tmp_path: Path) -> None:
    said = run(tmp_path, UNTIDY)
    errors = dict(re.findall(r"^ERROR test_tiny.py::(\w+) - Failed: left behind: (.*)$", said, re.MULTILINE))
    assert set(errors) == set(LEFT), said
    assert [name for name, words in LEFT.items() if not re.match(words, errors[name])] == [], errors
    assert f"{len(LEFT)} passed, {len(LEFT)} errors" in said


@pytest.mark.slow
def test_what_ends_in_time_is_nothing_left(tmp_path: Path) -> None:
    assert " 4 passed in " in run(tmp_path, TIDY)
