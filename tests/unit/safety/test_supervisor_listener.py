"""The shell of `pulse` in virtual time, with real sockets and pipes: supervisord's events, heartbeats, and the messages
to systemd."""

import itertools
import logging
import os
import socket
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from v2h.runtime.supervisor_rpc import SupervisorError
from v2h.safety.shell import supervisor_listener
from v2h.safety.shell.supervisor_listener import Listener

NAMES = ("guard", "charger", "manager", "broker", "meter", "panel", "datalog", "web")
BITES_S = 20
"""s; the watchdog time that the listener sends to systemd at its start. After this time without a message systemd
restarts the tree."""


class Bench:
    """Stands for Program, its bus and supervisord. This process stands for every program, so they all have its pid."""

    name = "pulse"
    log = logging.getLogger("bench")

    def __init__(self, patch: pytest.MonkeyPatch, folder: Path) -> None:
        self.bus, self.stopping = self, False
        self.now = self.born = time.monotonic()
        self.mute, self.ticks, self.answers = set[str](), True, True
        self.events: list[tuple[str, str, str]] = []
        self.calls: list[tuple[object, ...]] = []
        self.timers: list[tuple[float, float, Callable[[float], None]]] = []
        self.readers: dict[int, Callable[[float], None]] = {}
        self.fed: list[tuple[float, str]] = []
        self.beats = folder / "pulse" / "beat.sock"
        self.beats.parent.mkdir()
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as left:  # left by a killed pulse
            left.bind(str(self.beats))
        patch.setattr(supervisor_listener, "BEAT_SOCKET", self.beats)
        patch.setattr(supervisor_listener, "call", self.call)
        self.systemd = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
        self.systemd.bind(str(folder / "notify"))
        patch.setenv("NOTIFY_SOCKET", str(folder / "notify"))
        (event_r, self.event_w), (self.answer_r, answer_w) = os.pipe(), os.pipe()
        os.set_blocking(self.answer_r, False)
        self.files = [os.fdopen(event_r, "r"), os.fdopen(answer_w, "w")]
        patch.setattr(supervisor_listener, "sys", SimpleNamespace(stdin=self.files[0], stdout=self.files[1]))
        self.listener = Listener(self)  # type: ignore[arg-type]
        self.hear_systemd()

    def watch(self, readable: Any, action: Callable[[float], None]) -> None:
        self.readers[readable.fileno()] = action

    def unwatch(self, fileno: int) -> None:
        del self.readers[fileno]

    def every(self, period_s: float, action: Callable[[float], None]) -> None:
        self.timers.append((self.now + period_s, period_s, action))

    def event(self, level: str, name: str, text: str, **more: object) -> None:
        self.events.append((level, name, text))

    def call(self, path: Path, method: str, *arguments: object) -> list[dict[str, object]]:
        if not self.answers:
            raise SupervisorError("nobody answers")
        if method != "getAllProcessInfo":
            self.calls.append((method, *arguments))
            return []
        up = {"statename": "RUNNING", "pid": os.getpid(), "now": 1000, "start": 990}
        return [{"name": name, **up} for name in (*NAMES, "pulse")]

    def hear_systemd(self) -> None:
        try:
            while True:
                self.fed.append((self.now - self.born, self.systemd.recv(200).decode()))
        except BlockingIOError:
            return

    def say(self, text: str) -> None:
        """Write `text` to the listener's standard input, as supervisord does, and call the loop's actions for it."""
        os.write(self.event_w, text.encode())
        for action in list(self.readers.values()):
            action(self.now)

    def heard(self) -> str:
        """Return what supervisord reads from the listener's standard output."""
        return os.read(self.answer_r, 65536).decode()

    def beat(self, name: str) -> None:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender:
            sender.sendto(f"{name} {os.getpid()}".encode(), str(self.beats))

    def walk(self, seconds: float) -> None:
        """Advance the clock: programs send heartbeats twice a second, supervisord ticks every 5 s, due timers run."""
        for _ in range(round(seconds * 4)):
            self.now += 0.25
            turn = round((self.now - self.born) * 4)
            if turn % 2 == 0:
                for name in set(NAMES) - self.mute - {"broker"}:
                    self.beat(name)
            if turn % 20 == 0 and self.ticks:
                self.say(event("TICK_5", f"when:{turn}"))
            for index, (due, period_s, action) in enumerate(self.timers):
                if self.now >= due - 1e-6:
                    self.timers[index] = (due + period_s, period_s, action)
                    action(self.now)
            self.hear_systemd()


def event(name: str, payload: str) -> str:
    return f"ver:3.0 server:supervisor serial:1 pool:pulse poolserial:1 eventname:{name} len:{len(payload)}\n{payload}"


def process(state: str, name: str, more: str = "") -> str:
    return event(f"PROCESS_STATE_{state}", f"processname:{name} groupname:{name} from_state:RUNNING{more}")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Bench]:
    bench = Bench(monkeypatch, tmp_path)
    yield bench
    bench.listener.close()
    bench.listener._socket.close()
    bench.systemd.close()
    for fd in (bench.event_w, bench.answer_r):
        os.close(fd)
    for file in bench.files:
        file.close()


def test_the_watchdog_is_fed_in_time_as_long_as_all_work_and_supervisord_ticks(bench: Bench) -> None:
    bench.walk(400)
    assert bench.fed[0] == (0.0, f"WATCHDOG_USEC={BITES_S}000000\nWATCHDOG=1")
    assert {words for _, words in bench.fed[1:]} == {"WATCHDOG=1"}
    times = [t for t, _ in bench.fed] + [400.0]
    assert max(b - a for a, b in itertools.pairwise(times)) < BITES_S / 4, "missed once or twice, it must not bite"
    assert (bench.events, bench.calls) == ([], [])


def test_the_watchdog_starves_when_supervisord_ticks_no_more(bench: Bench) -> None:
    """A hung supervisord restarts no program: systemd must restart the tree."""
    bench.walk(200)
    bench.ticks = False
    bench.walk(80)
    assert max(t for t, _ in bench.fed) < 200 + 62
    assert [(level, name) for level, name, _ in bench.events] == [("fault", "watchdog-not-fed")], "told once"
    assert "supervisord" in bench.events[0][2]
    bench.ticks = True
    bench.walk(10)
    assert max(t for t, _ in bench.fed) > 280, "a supervisord that goes on is fed again"


def test_the_watchdog_starves_without_guard_however_often_it_is_killed(bench: Bench) -> None:
    bench.walk(200)
    bench.mute = {"guard"}
    bench.walk(80)
    assert max(t for t, _ in bench.fed) < 200 + 62
    assert [text.split()[0] for _, name, text in bench.events if name == "watchdog-not-fed"] == ["guard"]


def test_a_silent_guard_is_killed_within_2_s_and_nobody_else_is(bench: Bench) -> None:
    bench.walk(10)
    bench.mute = {"guard"}
    bench.walk(2)
    assert bench.calls == [("signalProcess", "guard", "KILL")]
    assert [(level, name) for level, name, _ in bench.events] == [("warning", "program-kill")]


def test_a_kill_that_supervisord_refuses_is_tried_again(bench: Bench) -> None:
    bench.walk(10)
    bench.mute, bench.answers = {"guard"}, False
    bench.walk(3)
    bench.answers = True
    bench.walk(2)
    assert ("signalProcess", "guard", "KILL") in bench.calls


def test_a_supervisord_that_does_not_answer_yet_is_asked_until_it_does(bench: Bench) -> None:
    bench.answers = False
    bench.walk(2)
    bench.answers = True
    bench.walk(8)
    bench.mute = {"guard"}
    bench.walk(2)
    assert bench.calls == [("signalProcess", "guard", "KILL")], "it knew that guard runs"


def test_each_event_is_answered_once_and_in_whatever_pieces_it_comes(bench: Bench) -> None:
    assert bench.heard() == "READY\n"
    two = event("TICK_5", "when:5") + process("RUNNING", "meter", " pid:7")
    for letter in two[:-1]:
        bench.say(letter)
    assert bench.heard() == "RESULT 2\nOKREADY\n"
    bench.say(two[-1])
    assert bench.heard() == "RESULT 2\nOKREADY\n"
    bench.say(two)
    assert bench.heard() == "RESULT 2\nOKREADY\n" * 2


def test_a_program_that_was_given_up_is_started_again(bench: Bench) -> None:
    bench.walk(10)
    bench.say(process("FATAL", "charger"))
    assert bench.calls == [("startProcess", "charger", False)]
    assert [(level, name) for level, name, _ in bench.events] == [("warning", "program-start")]


def test_an_end_is_told_unless_somebody_asked_for_it(bench: Bench) -> None:
    bench.walk(10)
    bench.say(process("EXITED", "meter", " expected:1 pid:7"))
    assert bench.events == []
    bench.say(process("EXITED", "web", " expected:0 pid:8"))
    assert [(level, name, text.split()[0]) for level, name, text in bench.events] == [
        ("warning", "program-tell", "web")
    ]


def test_a_beat_in_the_name_of_another_process_does_not_count(bench: Bench) -> None:
    """`guard` has a new process, which is silent. Heartbeats that another process sends under its name do not count."""
    bench.walk(10)
    bench.say(process("EXITED", "guard", " expected:1"))
    bench.say(process("STARTING", "guard"))
    bench.say(process("RUNNING", "guard", " pid:1"))
    bench.walk(95)
    assert ("signalProcess", "guard", "KILL") in bench.calls


def test_pulse_ends_with_the_supervisord_that_started_it(bench: Bench) -> None:
    os.close(bench.event_w)
    for action in list(bench.readers.values()):
        action(bench.now)
    assert bench.stopping
    assert bench.readers == {}, "a closed pipe would wake the loop for ever"
    bench.event_w = os.dup(bench.answer_r)


def test_it_leaves_no_socket_behind(bench: Bench) -> None:
    assert bench.beats.is_socket()
    assert bench.beats.stat().st_mode & 0o777 == 0o666, "every program of every user may beat"
    bench.listener.close()
    assert not bench.beats.exists()
