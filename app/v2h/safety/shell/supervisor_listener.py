"""The shell around Beats: pulse's sockets and supervisor's listener protocol.

Input: beats (datagrams "NAME PID" on BEAT_SOCKET; the kernel adds the sender's pid), supervisor's PROCESS_STATE and
TICK_5 events on stdin. Output: SIGKILL for a program that is silent for too long (supervisor starts it again), events
on the bus, and WATCHDOG=1 to systemd while the critical programs work. v2h.safety.heartbeats defines what counts as
silent.

It kills through supervisor's own socket instead of being root: supervisord knows which process it started (the pid may
belong to another process by the time we signal it), and a watcher of beats needs no rights over the rest of the
machine. The way through supervisord has no disadvantage: if supervisord hangs, its events stop, the watchdog is not
fed, and systemd restarts the whole tree, which is the right remedy.
"""

import contextlib
import os
import socket
import struct
import sys
import time

from v2h.runtime.paths import BEAT_SOCKET, RUN
from v2h.runtime.program import Program
from v2h.runtime.sdnotify import notify
from v2h.runtime.supervisor_rpc import SupervisorError, call
from v2h.safety.heartbeats import JUDGE_S, Action, Beats

FEED_S = 1.0
WATCHDOG_S = 20
SUPERVISOR_SOCKET = RUN / "supervisor.sock"
_CREDENTIALS = struct.Struct("iII")  # struct ucred: pid, uid, gid


def parse_fields(text: str) -> dict[str, str]:
    """Parse a line 'key:value key:value' of supervisor."""
    return dict(pair.split(":", 1) for pair in text.split() if ":" in pair)


def take_event(buffer: bytearray) -> tuple[dict[str, str], dict[str, str]] | None:
    """Cut the first whole event off `buffer`: (header fields, payload fields); None while it is not complete."""
    line, newline, _ = bytes(buffer).partition(b"\n")
    if not newline:
        return None
    header = parse_fields(line.decode())
    end = len(line) + 1 + int(header["len"])
    if len(buffer) < end:
        return None
    payload = parse_fields(bytes(buffer[len(line) + 1 : end]).decode())
    del buffer[:end]
    return header, payload


class Listener:
    """One instance for the life of the program; call `close` on every way out."""

    def __init__(self, program: Program) -> None:
        self._program, self._log = program, program.log
        self._beats = Beats(time.monotonic())
        self._buffer = bytearray()
        self._lost: list[str] = []
        self._known = False
        self._feed(time.monotonic(), f"WATCHDOG_USEC={WATCHDOG_S * 1_000_000}\nWATCHDOG=1")
        self._socket = _beat_socket()
        program.watch(sys.stdin.buffer, self._read_events)
        program.every(JUDGE_S, self._judge)
        program.every(FEED_S, self._feed)
        _answer(b"READY\n")

    def _read_beats(self, now: float) -> None:
        with contextlib.suppress(BlockingIOError):
            while True:
                data, ancillary, _, _ = self._socket.recvmsg(64, socket.CMSG_SPACE(_CREDENTIALS.size))
                sender = next((_CREDENTIALS.unpack(x[2])[0] for x in ancillary if x[1] == socket.SCM_CREDENTIALS), 0)
                name = data.decode("ascii", errors="replace").partition(" ")[0]
                if name != self._program.name and not self._beats.beat(now, name, sender):
                    self._log.debug("beat %r of process %d does not count", data, sender)

    def _read_events(self, now: float) -> None:
        data = os.read(sys.stdin.fileno(), 65536)
        if not data:
            self._log.warning("supervisord closed our events: ending")
            self._program.unwatch(sys.stdin.fileno())
            self._program.stopping = True
        self._buffer += data
        while (event := take_event(self._buffer)) is not None:
            header, payload = event
            kind = header["eventname"]
            if kind.startswith("TICK"):
                self._beats.tick(now)
            elif kind.startswith("PROCESS_STATE_"):
                state, pid = kind.removeprefix("PROCESS_STATE_"), int(payload.get("pid", 0))
                expected = payload.get("expected", "1") == "1"
                self._act(self._beats.process(now, payload["processname"], state, pid, expected=expected))
            _answer(b"RESULT 2\nOKREADY\n")

    def _judge(self, now: float) -> None:
        if not self._known:
            self._ask_states(now)
        self._read_beats(now)  # the beats that wait in the socket were sent before now
        self._act(self._beats.judge(now))

    def _ask_states(self, now: float) -> None:
        """Read the states of programs that came up before pulse. Repeated at every turn until it succeeds."""
        try:
            infos = call(SUPERVISOR_SOCKET, "getAllProcessInfo")
        except SupervisorError as error:
            self._log.debug("supervisor does not answer yet: %s", error)
            return
        self._known = True
        for info in infos:
            up_s = max(0, info["now"] - info["start"])
            self._act(self._beats.process(now, info["name"], info["statename"], info["pid"], up_s=up_s))

    def _act(self, actions: list[Action]) -> None:
        for action in actions:
            self._program.bus.event("warning", f"program-{action.what}", action.text, program=action.name)
            try:
                if action.what == "kill":
                    call(SUPERVISOR_SOCKET, "signalProcess", action.name, "KILL")
                elif action.what == "start":
                    call(SUPERVISOR_SOCKET, "startProcess", action.name, False)
            except SupervisorError as error:
                self._log.error("%s", error)

    def _feed(self, now: float, words: str = "WATCHDOG=1") -> None:
        lost = self._beats.lost(now)
        if [text.partition(" ")[0] for text in lost] != [text.partition(" ")[0] for text in self._lost]:
            for text in lost:
                self._program.bus.event("fault", "watchdog-not-fed", text)
        self._lost = lost
        if not lost:
            notify(words)

    def close(self) -> None:
        BEAT_SOCKET.unlink(missing_ok=True)


def _beat_socket() -> socket.socket:
    """The datagram socket to which every program may send; the kernel adds the sender's pid to each datagram."""
    BEAT_SOCKET.parent.mkdir(parents=True, exist_ok=True)
    BEAT_SOCKET.unlink(missing_ok=True)
    beats = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_NONBLOCK)
    beats.setsockopt(socket.SOL_SOCKET, socket.SO_PASSCRED, 1)
    beats.bind(str(BEAT_SOCKET))
    BEAT_SOCKET.chmod(0o666)
    return beats


def _answer(text: bytes) -> None:
    """Write an answer of the listener protocol to stdout; nothing else may write there."""
    os.write(sys.stdout.fileno(), text)
