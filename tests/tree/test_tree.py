"""The whole tree on the desk: every program runs, and each program that is killed without warning is restarted."""

import contextlib
import os
import signal
import urllib.request
from pathlib import Path

import pytest

from tests.support.runningtree import NAMES, Tree
from v2h.runtime.paths import CCS_SOCKET, OUTSIDE_SECRETS, RUN
from v2h.runtime.realtime import NICE
from v2h.web.server import THREADS


def test_every_program_runs_and_is_on_the_bus(tree: Tree) -> None:
    assert set(tree.processes()) == NAMES
    tree.until(lambda: {state for state, _ in tree.processes().values()} == {"RUNNING"}, 10, "all are RUNNING")
    assert tree.alive() == NAMES - {"broker"}
    assert tree.state()["manager"]["config_errors"] == []


def test_by_default_no_face_to_the_outside_adds_a_process_a_socket_or_a_secret(tree: Tree) -> None:
    assert "gateway" not in tree.processes() and "gateway" not in tree.state()["programs"]
    run = tree.desk.run
    assert not (run / "tree" / "gateway.conf").exists() and not (run / OUTSIDE_SECRETS).exists()
    processes = {pid for _, pid in tree.processes().values()} | {tree.desk.supervisord.pid}
    assert listening(processes) == {tree.desk.bus_port, int(tree.desk.page.rpartition(":")[2])}


def test_without_ccs_nothing_of_it_runs_or_listens(tree: Tree) -> None:
    """The car's discovery is by UDP, the matching by packets. tests/tree/test_ccs.py starts the program with [ccs]."""
    assert "ccs" not in tree.processes() and "ccs" not in tree.state()["programs"]
    run = tree.desk.run
    assert not (run / "tree" / "ccs.conf").exists() and not (run / CCS_SOCKET.relative_to(RUN)).exists()
    processes = {pid for _, pid in tree.processes().values()} | {tree.desk.supervisord.pid}
    assert rows("udp", "udp6", held_by=processes) == []
    assert rows("packet", held_by=processes) == []


def rows(*kinds: str, held_by: set[int]) -> list[list[str]]:
    """The sockets of these kinds that one of the processes holds: the columns of /proc/net."""
    held = set()
    for pid in held_by:
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with contextlib.suppress(FileNotFoundError):
                held.add(str(file.readlink()))
    lines = [line.split() for kind in kinds for line in Path(f"/proc/net/{kind}").read_text().splitlines()[1:]]
    return [line for line in lines if held & {f"socket:[{number}]" for number in (line[-1], *line[9:10])}]


def listening(pids: set[int]) -> set[int]:
    """TCP ports on which one of these processes listens."""
    found = rows("tcp", "tcp6", held_by=pids)
    return {int(row[1].rpartition(":")[2], 16) for row in found if row[3] == "0A"}


def test_the_page_is_the_page(tree: Tree) -> None:
    with urllib.request.urlopen(tree.desk.page) as answer:
        assert answer.headers["Content-Type"].startswith("text/html")
        assert b"<!doctype html>" in answer.read(100).lower()


@pytest.mark.parametrize("name", sorted(NAMES))
def test_killed_without_warning_it_comes_back_and_the_others_stay(tree: Tree, name: str) -> None:
    before = {program: pid for program, (_, pid) in tree.processes().items()}
    os.kill(before[name], signal.SIGKILL)

    def again() -> bool:
        state, pid = tree.processes().get(name, ("", 0))
        return state == "RUNNING" and pid != before[name]

    tree.until(again, 30, f"{name} runs again")
    tree.until(lambda: tree.alive() == NAMES - {"broker"}, 30, f"all are on the bus again after {name} was killed")
    after = {program: pid for program, (_, pid) in tree.processes().items()}
    assert {program for program in NAMES if after[program] != before[program]} == {name}
    tree.until(lambda: tree.state().get("charger") is not None, 10, "the page hears charger")
    charger = tree.state()["charger"]
    assert charger["state"] in ("idle", "fault"), "nobody starts a session by being restarted"
    assert not {"c1", "c2", "d1", "d2"} & set(charger["outputs"])


def test_every_thread_of_every_program_has_its_filter_of_sockets(tree: Tree) -> None:
    """tests/unit/runtime/test_confine.py tests what the filter refuses."""
    for name, (_, pid) in tree.processes().items():
        for status in Path(f"/proc/{pid}/task").glob("*/status"):
            text = status.read_text()
            assert "Seccomp:\t2\n" in text and "NoNewPrivs:\t1\n" in text, f"{name}, {status}"


def test_the_page_gives_way_to_the_programs_that_follow_the_load(tree: Tree) -> None:
    """Every thread of web, also those that serve requests."""
    pids = {name: pid for name, (_, pid) in tree.processes().items()}
    threads = [int(path.name) for path in Path(f"/proc/{pids['web']}/task").iterdir()]
    assert len(threads) > THREADS
    wanted = min(19, os.getpriority(os.PRIO_PROCESS, pids["meter"]) + NICE)
    assert {os.getpriority(os.PRIO_PROCESS, thread) for thread in threads} == {wanted}
