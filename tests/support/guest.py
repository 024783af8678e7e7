"""The emulated board as a test sees it: its page over HTTP, a root shell over the serial line, its buttons over QMP.

Nothing is simulated here: `scripts/emulate` boots the built image, and this module talks to the three
sockets that QEMU opens. The board's clock counts its instructions, so the time that the board sees does not depend on
how busy this machine is; deadlines here are in this machine's time and must allow for a board at a fifth of its speed.
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
from typing import Self, TypeVar

from tests.support.hangup import hang_up
from tests.support.machine import GuestError, Machine, connected
from tests.support.ownerlogin import log_in

REPOSITORY = Path(__file__).resolve().parents[2]
Result = TypeVar("Result")
PROMPT = r"root@\S+:[^\r\n]*# "


class Serial:
    """The board's serial line, read continuously so that the board never waits for a reader."""

    def __init__(self, path: str) -> None:
        self._socket = connected(path)
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
        """Waits for the pattern and drops everything up to its end. None after the timeout."""
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
        hang_up(self._socket)


class Shell:
    """A root shell on the serial line. Output is sent as base64 between marks that no echo can imitate."""

    LINE = 1000  # characters per line; the tty takes 4095 at most

    def __init__(self, serial: Serial) -> None:
        self._serial = serial
        self._number = itertools.count(1)
        self._turn = threading.Lock()

    def log_in(self, timeout_s: float) -> None:
        """Waits until a shell answers, then switches off its echo and prompts."""
        deadline = time.monotonic() + timeout_s
        # Send nothing before the shell's prompt: bytes that the emulated serial line receives before the board listens
        # fill its buffer permanently, and the line never receives again.
        while not self._serial.expect(PROMPT, 5):
            if time.monotonic() > deadline:
                raise GuestError(f"no shell's prompt on the serial line after {timeout_s:.0f} s")
        while time.monotonic() < deadline:
            # Only a shell calculates 42 from 6*7; an echo of the line does not.
            self._serial.send("echo v2h-shell-$((6*7))")
            if self._serial.expect("v2h-shell-42", 3):
                self._serial.send("stty -echo; PS1=; PS2=; dmesg --console-off")
                self.run("true", 30)
                return
        raise GuestError(f"no shell on the serial line after {timeout_s:.0f} s")

    def run(self, command: str, timeout_s: float) -> tuple[int, str]:
        """Runs a command with bash, with empty standard input. Returns its exit code and all its output."""
        with self._turn:
            mark = f"v2h-{next(self._number)}-mark"
            encoded = base64.b64encode(command.encode()).decode()
            self._serial.send(": >/run/v2h-test.in")
            for start in range(0, len(encoded), self.LINE):
                self._serial.send(f"echo {encoded[start : start + self.LINE]} >>/run/v2h-test.in")
            # The mark is split in the line that is sent; only the command's output has it in one piece.
            self._serial.send(
                "base64 -d /run/v2h-test.in >/run/v2h-test.sh; "
                "bash /run/v2h-test.sh </dev/null >/run/v2h-test.out 2>&1; "
                f"""echo "{mark[:3]}""{mark[3:]}" $? "<$(base64 -w0 /run/v2h-test.out)>" """
            )
            answer = self._serial.expect(rf"{mark} (\d+) <([A-Za-z0-9+/=]*)>", timeout_s)
        if answer is None:
            raise GuestError(f"no answer within {timeout_s:.0f} s to: {command}")
        return int(answer[1]), base64.b64decode(answer[2]).decode("utf-8", "replace")


class Guest:
    """One booted image. Tests need only `sh`, `sleep`, `keys` and `http`."""

    def __init__(
        self, run_dir: Path, port: int | None = None, extra: tuple[str, ...] = (), *, made_card: bool = False
    ) -> None:
        """extra: further arguments for scripts/emulate. made_card: start the card that lies in run_dir already; nobody
        knows its owner's password."""
        if not made_card:
            shutil.rmtree(run_dir, ignore_errors=True)
            run_dir.mkdir(parents=True)
        if "--u-boot" in extra:  # a new machine builds it first, in minutes that nothing else waits for
            subprocess.run([REPOSITORY / "scripts" / "u-boot-emulation"], stdin=subprocess.DEVNULL, check=True)
        self.run_dir = run_dir
        self.console_log = run_dir / "console.log"
        self.port = port or _free_port()
        self.password = secrets.token_urlsafe(9)
        self.switch_on(*(("--keep-card",) if made_card else ("--password", self.password)), *extra)

    def switch_on(self, *extra: str) -> None:
        """Starts QEMU with these arguments of scripts/emulate; returns when its sockets answer."""
        run_dir = self.run_dir
        self.started = time.monotonic()
        self._lines: list[Serial] = []
        self._owner: dict[str, str] = {}
        words = ["--headless", "--counted-time", "--run-dir", str(run_dir), "--port", str(self.port), *extra]
        with (run_dir / "qemu.log").open("wb") as log:
            self.qemu = subprocess.Popen(
                # If these tests are killed, QEMU ends too.
                ["setpriv", "--pdeathsig", "TERM", REPOSITORY / "scripts" / "emulate", *words],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        sockets = os.path.relpath(run_dir)
        try:
            self._machine = self._until(lambda: Machine(f"{sockets}/qmp.sock"), 300, "QEMU's control socket")
            self._serial = self._until(lambda: Serial(f"{sockets}/serial.sock"), 30, "QEMU's serial socket")
            self._lines.append(self._serial)
        except GuestError as error:
            self.close()
            raise GuestError(f"{error}\n{(run_dir / 'qemu.log').read_text()}") from error
        self._shell = Shell(self._serial)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def cut_power(self) -> Path:
        """Switches the power off at once. Returns the card as it is then."""
        self.qemu.kill()
        self.qemu.wait(20)
        self._hang_up()
        return self.run_dir / "card.qcow2"

    def restore_power(self, timeout_s: float, *extra: str) -> None:
        """Switches the power on again with that card; returns when shell and page answer."""
        self.switch_on("--keep-card", *extra)
        self.wait_for_shell(timeout_s)
        self.wait_for_page(timeout_s)

    def word(self, address: int) -> int:
        """The 32 bits at this physical address of the board, also of a device."""
        return self._machine.word(address)

    def halt(self, halted: bool) -> None:
        """Stops the board with its clock, or lets it go on."""
        self._machine.halt(halted)

    def close(self) -> None:
        """Ends QEMU, the process that this object started, and no other."""
        self.qemu.terminate()
        self.qemu.wait(20)
        self._hang_up()

    def _hang_up(self) -> None:
        while self._lines:
            self._lines.pop().close()

    def _until(self, attempt: Callable[[], Result], timeout_s: float, what: str) -> Result:
        """Repeats an attempt to connect until it succeeds, QEMU ends, or the timeout expires."""
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
        """The end of the console's log: the last messages of the kernel, systemd and the shell."""
        return "\n".join(self.console_log.read_text("utf-8", "replace").splitlines()[-40:])

    def pass_over(self, pattern: str, timeout_s: float) -> None:
        """Waits for the pattern on the serial line and drops everything up to it: a shell of a start before it, too."""
        if self._serial.expect(pattern, timeout_s) is None:
            raise GuestError(f"no {pattern!r} on the serial line after {timeout_s:.0f} s\n{self.last_words()}")

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
        """Presses keys ("f1", "f2") together, for hold_s of the board's time plus some 0.2 s."""
        self._machine.keys(True, *names)
        self.sleep(hold_s)
        self._machine.keys(False, *names)

    def sleep(self, seconds: float) -> None:
        """Waits by the board's own clock, which may run slower or faster than this machine's."""
        self.out(f"sleep {seconds}", 60 + 20 * seconds)

    def seconds_to_reset(self, line: str, timeout_s: float) -> float:
        """Types a line into the root shell that resets the board, and leaves the board there.

        Returns the board's seconds from the line to the last check before the reset, up to 178. GuestError when there
        is no reset. The clock of a board that idles or stands still jumps, so the board must be busy.
        """
        self._machine.stand_still_at_reset()
        deadline = time.monotonic() + timeout_s
        ticks, passed_s = self._machine.ticks(), 0.0
        self._serial.send(line)
        while True:
            now_s = self._machine.since_s(ticks)
            if self._machine.stands_still():
                return passed_s
            passed_s = now_s
            if time.monotonic() > deadline:
                raise GuestError(f"no reset within {timeout_s:.0f} s of {line!r}\n{self.last_words()}")
            time.sleep(0.05)

    def http(self, path: str, body: object = None, method: str | None = None) -> tuple[int, str]:
        """Sends a request to the board's web server as a browser on this machine would. A body is sent as JSON, by
        POST, as the owner, who logs in once.

        Returns status and text, also of an error page. OSError while nothing answers.
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


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
