"""The emulated board as a test sees it: its page by HTTP, a root shell by serial line, its buttons by QMP.

Nothing is simulated here: `scripts/emulate` boots the built image, and this module talks to the three
sockets that QEMU opens. The board's clock counts its instructions, so what the board sees of time does not depend on
how busy this machine is; deadlines here are this machine's and must leave room for a board at a fifth of its speed.
The shell exists because the emulator's kernel argument asks for it; the card's own boot file does not.
"""

import base64
import contextlib
import itertools
import json
import os
import re
import secrets
import shutil
import socket
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self, TypeVar

from ownerlogin import log_in

REPOSITORY = Path(__file__).resolve().parents[2]
Result = TypeVar("Result")


class GuestError(Exception):
    """The emulated board did not do what was asked of it: died, kept silent, refused."""


PROMPT = r"root@\S+:[^\r\n]*# "


class Serial:
    """The board's serial line, read all the time so that the board never waits for a reader."""

    def __init__(self, path: str) -> None:
        self._socket = _connected(path)
        self._arrived = threading.Condition()
        self._text = ""
        self._closed = False
        threading.Thread(target=self._read, name="serial", daemon=True).start()

    def _read(self) -> None:
        with contextlib.suppress(ConnectionError):
            while data := self._socket.recv(65536):
                with self._arrived:
                    self._text += data.decode("utf-8", "replace")
                    self._arrived.notify_all()
        with self._arrived:
            self._closed = True
            self._arrived.notify_all()

    def send(self, line: str) -> None:
        self._socket.sendall(line.encode() + b"\n")

    def expect(self, pattern: str, timeout_s: float) -> re.Match[str] | None:
        """Waits for the pattern, forgets everything up to its end. None when the time is over."""
        found: re.Match[str] | None = None

        def ready() -> bool:
            nonlocal found
            found = re.search(pattern, self._text)
            return found is not None or self._closed

        with self._arrived:
            self._arrived.wait_for(ready, timeout_s)
            if found is not None:
                self._text = self._text[found.end() :]
            elif self._closed:
                raise GuestError("the serial line closed: QEMU has ended")
        return found

    def close(self) -> None:
        self._socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class Shell:
    """A root shell on the serial line. Output travels as base64 between marks that no echo can forge."""

    LINE = 1000  # characters a line; the tty takes 4095 at most

    def __init__(self, serial: Serial) -> None:
        self._serial = serial
        self._number = itertools.count(1)
        self._turn = threading.Lock()

    def log_in(self, timeout_s: float) -> None:
        """Waits until a shell answers, then makes it quiet."""
        deadline = time.monotonic() + timeout_s
        # Not a letter before its prompt: what the emulated serial line receives before the board listens fills its
        # buffer for good, and the line stays deaf.
        while not self._serial.expect(PROMPT, 5):
            if time.monotonic() > deadline:
                raise GuestError(f"no shell's prompt on the serial line after {timeout_s:.0f} s")
        while time.monotonic() < deadline:
            # Only a shell turns 6*7 into 42; an echo of the line does not.
            self._serial.send("echo v2h-shell-$((6*7))")
            if self._serial.expect("v2h-shell-42", 3):
                self._serial.send("stty -echo; PS1=; PS2=; dmesg --console-off")
                self.run("true", 30)
                return
        raise GuestError(f"no shell on the serial line after {timeout_s:.0f} s")

    def run(self, command: str, timeout_s: float) -> tuple[int, str]:
        """Runs a command by bash, standard input empty. Returns its exit code and all its output."""
        with self._turn:
            mark = f"v2h-{next(self._number)}-mark"
            encoded = base64.b64encode(command.encode()).decode()
            self._serial.send(": >/run/v2h-test.in")
            for start in range(0, len(encoded), self.LINE):
                self._serial.send(f"echo {encoded[start : start + self.LINE]} >>/run/v2h-test.in")
            # The mark is split in the line that is sent, whole only in what it prints.
            self._serial.send(
                "base64 -d /run/v2h-test.in >/run/v2h-test.sh; "
                "bash /run/v2h-test.sh </dev/null >/run/v2h-test.out 2>&1; "
                f"""echo "{mark[:3]}""{mark[3:]}" $? "<$(base64 -w0 /run/v2h-test.out)>" """
            )
            answer = self._serial.expect(rf"{mark} (\d+) <([A-Za-z0-9+/=]*)>", timeout_s)
        if answer is None:
            raise GuestError(f"no answer within {timeout_s:.0f} s to: {command}")
        return int(answer[1]), base64.b64decode(answer[2]).decode("utf-8", "replace")


class Machine:
    """QEMU's control socket (QMP), used for the panel's two buttons."""

    def __init__(self, path: str) -> None:
        self._stream = _connected(path).makefile("rwb", buffering=0)
        self._reply()
        self.execute("qmp_capabilities")

    def _reply(self) -> dict[str, Any]:
        while line := self._stream.readline():
            message: dict[str, Any] = json.loads(line)
            if "event" not in message:
                return message
        raise GuestError("QEMU closed its control socket")

    def execute(self, command: str, **arguments: Any) -> Any:
        self._stream.write(json.dumps({"execute": command, "arguments": arguments}).encode() + b"\n")
        message = self._reply()
        if "error" in message:
            raise GuestError(f"QEMU refused {command}: {message['error']}")
        return message["return"]

    def keys(self, down: bool, *names: str) -> None:
        """Presses or releases keys ("f1", "f2"), one directly after the other."""
        for name in names:
            key = {"type": "qcode", "data": name}
            self.execute("input-send-event", events=[{"type": "key", "data": {"down": down, "key": key}}])


class Guest:
    """One booted image. `sh`, `sleep`, `keys` and `http` are all that tests need."""

    def __init__(self, run_dir: Path, port: int | None = None, extra: tuple[str, ...] = ()) -> None:
        """extra: further words for scripts/emulate."""
        shutil.rmtree(run_dir, ignore_errors=True)
        run_dir.mkdir(parents=True)
        self.run_dir = run_dir
        self.console_log = run_dir / "console.log"
        self.port = port or _free_port()
        self.password = secrets.token_urlsafe(9)
        self._switch_on("--password", self.password, *extra)

    def _switch_on(self, *extra: str) -> None:
        run_dir = self.run_dir
        self.started = time.monotonic()
        self._owner: dict[str, str] = {}
        words = ["--headless", "--counted-time", "--run-dir", str(run_dir), "--port", str(self.port), *extra]
        with (run_dir / "qemu.log").open("wb") as log:
            self.qemu = subprocess.Popen(
                # Should these tests be killed, QEMU goes with them.
                ["setpriv", "--pdeathsig", "TERM", REPOSITORY / "scripts" / "emulate", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        sockets = os.path.relpath(run_dir)
        try:
            self._machine = self._until(lambda: Machine(f"{sockets}/qmp.sock"), 300, "QEMU's control socket")
            self._serial = self._until(lambda: Serial(f"{sockets}/serial.sock"), 30, "QEMU's serial socket")
        except GuestError as error:
            self.close()
            raise GuestError(f"{error}\n{(run_dir / 'qemu.log').read_text()}") from error
        self._shell = Shell(self._serial)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut_power(self) -> Path:
        """Off at once. Returns the card as it is then."""
        self.qemu.kill()
        self.qemu.wait(20)
        return self.run_dir / "card.qcow2"

    def restore_power(self, timeout_s: float, *extra: str) -> None:
        """On again with that card; returns when shell and page answer."""
        self._switch_on("--keep-card", *extra)
        self.wait_for_shell(timeout_s)
        self.wait_for_page(timeout_s)

    def close(self) -> None:
        """Ends QEMU, which is the process this object started and no other."""
        self.qemu.terminate()
        self.qemu.wait(20)

    def _until(self, attempt: Callable[[], Result], timeout_s: float, what: str) -> Result:
        """Repeats an attempt to connect until it works, QEMU ends, or the time is over."""
        deadline = time.monotonic() + timeout_s
        while True:
            try:
                return attempt()
            except OSError as error:
                if self.qemu.poll() is not None:
                    code = self.qemu.returncode
                    raise GuestError(f"QEMU ended with code {code} before {what} answered") from error
                if time.monotonic() > deadline:
                    raise GuestError(f"{what} did not answer within {timeout_s:.0f} s: {error}") from error
            time.sleep(0.25)

    def wait_for_page(self, timeout_s: float) -> float:
        """Waits for the status page. Returns the seconds since QEMU was started."""
        self._until(lambda: self.http("/"), timeout_s, "the page")
        return time.monotonic() - self.started

    def last_words(self) -> str:
        """The end of the console's log: what the kernel, systemd and the shell said last."""
        return "\n".join(self.console_log.read_text("utf-8", "replace").splitlines()[-40:])

    def wait_for_shell(self, timeout_s: float) -> None:
        self._shell.log_in(timeout_s)

    def sh(self, command: str, timeout_s: float = 60) -> tuple[int, str]:
        """Runs a command as root on the board. Returns exit code and output."""
        return self._shell.run(command, timeout_s)

    def out(self, command: str, timeout_s: float = 60) -> str:
        """Runs a command that must succeed. Returns its output without the surrounding white space."""
        code, output = self.sh(command, timeout_s)
        if code != 0:
            raise GuestError(f"exit code {code} of: {command}\n{output}")
        return output.strip()

    def keys(self, *names: str, hold_s: float = 0.1) -> None:
        """Presses keys ("f1", "f2") together, for hold_s of the board's time and some 0.2 s."""
        self._machine.keys(True, *names)
        self.sleep(hold_s)
        self._machine.keys(False, *names)

    def sleep(self, seconds: float) -> None:
        """Waits by the board's own clock, which may go slower or faster than this machine's."""
        self.out(f"sleep {seconds}", 60 + 20 * seconds)

    def http(self, path: str, body: object = None, method: str | None = None) -> tuple[int, str]:
        """Asks the board's web server as a browser on this machine would. A body is sent as JSON, by POST, by the
        owner, who logs in once.

        Returns status and text, of an error page too. OSError while nobody answers.
        """
        data = None if body is None else json.dumps(body).encode()
        url = f"http://127.0.0.1:{self.port}"
        headers = {}
        if data is not None:
            self._owner = self._owner or log_in(url, self.password)
            headers = {"Content-Type": "application/json", **self._owner}
        request = urllib.request.Request(url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, answer.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()


def _connected(path: str) -> socket.socket:
    connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        connection.connect(path)
    except OSError:
        connection.close()
        raise
    return connection


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
