"""The whole tree on this machine, against the rig: `make demo` and the tree tests.

Nothing is described twice: the configuration of supervisord and mosquitto is derived from rootfs-overlay. The desk runs
the same programs under the same supervisor with the same stop times, but as the caller's user, in a separate directory,
on free ports of the loopback, and with their output in files.
"""

import argparse
import compileall
import configparser
import contextlib
import io
import itertools
import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from v2h.arguments import whole
from v2h.rig.door import into_namespace, open_door, serve_door
from v2h.rig.netspace import ip
from v2h.rig.past_week import write

OVERLAY = Path(__file__).resolve().parents[3] / "rootfs-overlay"
APP = Path(__file__).resolve().parents[1]
BOARD_RUN = "/run/v2h"
STOP_S = 150.0
"""Time for the tree to stop in order: charger alone may take 75 s."""
START_S = 60.0
RIG = ["--profile", "desk", "--hold-outputs", "--web"]
"""The outputs keep their level when guard ends, as gpio-leds do on the board."""
PORTS, PORTS_EACH = range(20_000, 32_000), 50
_turns = itertools.count()
RIG_PRIORITY = 5
"""Lower than guard and charger."""
DEMO_TOML = '[site]\nname = "V2H demo, made-up week"\n'
"""The name stands on every page, so that nobody takes the charts for a measurement."""
CHADEMO_SAYS = "Press V2H there: the car wakes, closes its contactors and follows the house's load. Press stop to end."
CCS_SAYS = "Press Charge there: the modems match, the cable is checked, and the CCS car charges. Press stop to end."
NO_REAL_TIME = (
    "Note: this user may not run programs in real time. While the machine is busy a session may end with a fault such "
    "as “guard is silent”. On the board, and as root (sudo make demo), it does not."
)


@dataclass(frozen=True, slots=True)
class Desk:
    """A running tree. env: what a program or the `v2h` command needs to join it. password: the owner's password,
    generated for this tree."""

    run: Path
    data: Path
    bus_port: int
    page: str
    password: str
    env: Mapping[str, str]
    supervisord: subprocess.Popen[bytes]
    rig: subprocess.Popen[bytes]

    @property
    def supervisor_socket(self) -> Path:
        return self.run / "supervisor.sock"


class DeskError(RuntimeError):
    """The tree does not start; the message names the part and where its output is."""


def derive_supervisor(overlay: Path, run: Path) -> str:
    """One supervisord configuration for the desk, in `run`, from the board's files below `overlay`."""
    board = configparser.RawConfigParser(inline_comment_prefixes=(";",))
    top = overlay / "etc" / "supervisor"
    entries = [*sorted((top / "conf.d").glob("*.conf")), *sorted((run / "tree").glob("*.conf"))]
    board.read([top / "supervisord.conf", *entries], encoding="utf-8")
    board.remove_section("include")
    for section in board.sections():
        name = section.partition(":")[2]
        for key, value in {k: v.replace(BOARD_RUN, str(run)) for k, v in board.items(section)}.items():
            board.set(section, key, value)
        for key in ("user", "chown"):
            board.remove_option(section, key)
        if section.startswith(("program:", "eventlistener:")):
            command = _as_this_user(board.get(section, "command"))
            board.set(section, "command", command.replace("/etc/mosquitto", str(run / "mosquitto")))
            for stream in ("stdout", "stderr"):
                board.set(section, f"{stream}_syslog", "false")
            board.set(section, "stderr_logfile", str(run / "log" / f"{name}.log"))
    board.set("supervisord", "logfile", str(run / "log" / "supervisord.log"))
    board.set("supervisord", "pidfile", str(run / "supervisord.pid"))
    board.set("supervisord", "childlogdir", str(run / "log"))
    text = io.StringIO()
    board.write(text)
    return text.getvalue()


def _as_this_user(command: str) -> str:
    """A command of the board with this interpreter, and without a change of user before it."""
    _, interpreter, arguments = command.partition("/usr/bin/python3 ")
    return f"{sys.executable} {arguments}" if interpreter else command


def derive_broker(overlay: Path, run: Path, port: int) -> str:
    """mosquitto's configuration for the desk."""
    text = (overlay / "etc" / "mosquitto" / "v2h.conf").read_text(encoding="utf-8")
    for board, desk in (
        ("listener 1883 127.0.0.1", f"listener {port} 127.0.0.1"),
        (BOARD_RUN, str(run)),
        ("log_dest syslog", "log_dest stderr"),
    ):
        if board not in text:
            raise DeskError(f"mosquitto's configuration has no {board!r}: the desk cannot be derived from it")
        text = text.replace(board, desk)
    return f"{text}user {pwd.getpwuid(os.geteuid()).pw_name}\n"


def free_port() -> int:
    """Return a TCP port of the loopback that is free now, and probably still free when the intended server binds it.

    The ports are below those that the kernel assigns by itself; each process has its own range and uses it in turn.
    """
    first = PORTS.start + os.getpid() * PORTS_EACH % len(PORTS)
    for _ in range(PORTS_EACH):
        port = first + next(_turns) % PORTS_EACH
        if not why_not(port):
            return port
    raise DeskError(f"none of the ports {first} to {first + PORTS_EACH - 1} is free")


def why_not(port: int) -> str:
    """Why the server cannot listen on that port of the loopback; "" when it can."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the server does: ignores closed connections
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            return error.strerror or str(error)
    return ""


@contextlib.contextmanager
def desk_tree(
    page_port: int | None = None,
    *,
    toml: str = "",
    rig_options: Sequence[str] = (),
    ccs: str = "",
    start_s: float = START_S,
    past_week: bool = False,
) -> Iterator[Desk]:
    """Start rig, broker and all programs; ready when the page answers. On exit, everything ends in order.

    toml: the owner's v2h.toml. rig_options: more arguments for `python -m v2h.rig serve`. ccs: instead, a car of
    `python -m v2h.rig.ccs --car`. past_week: the log begins with a made-up week, and the car has the charge of its end.
    Raises DeskError when the tree is not up within start_s.
    """
    compileall.compile_dir(APP, quiet=2)  # as on the card: no program compiles anything when it starts or restarts
    with tempfile.TemporaryDirectory(prefix="v2h-desk-") as directory, contextlib.ExitStack() as stack:
        run, data = Path(directory) / "run", Path(directory) / "data"
        for path in (run / "log", run / "mosquitto", run / "guard", run / "pulse", data):
            path.mkdir(parents=True)
        port, bus_port = page_port or free_port(), free_port()
        env = {
            **os.environ,
            "V2H_RUN": str(run),
            "V2H_DATA": str(data),
            "V2H_CONFIG": f"{run / 'v2h.toml'}:{run / 'rig.toml'}",
            "V2H_BUS_PORT": str(bus_port),
            "V2H_LOG_STDERR": "1",
        }
        (run / "v2h.toml").write_text(toml, encoding="utf-8")
        (run / "mosquitto" / "v2h.conf").write_text(derive_broker(OVERLAY, run, bus_port), encoding="utf-8")
        subprocess.run([sys.executable, "-m", "v2h.oneshot.broker_credentials"], env=env, check=True)
        if past_week:
            rig_options = [*rig_options, "--soc", f"{write(data, datetime.now(UTC)):.0f}"]
        password = _set_password(run / "password" / "v2h.toml", env)
        kind = ["v2h.rig.ccs", "--car", ccs] if ccs else ["v2h.rig", "serve"]
        rig = stack.enter_context(_child("rig", [*kind, *RIG, f"127.0.0.1:{port}", *rig_options], env, run, 10.0))
        with contextlib.suppress(PermissionError):  # the rig stands for hardware, which a busy machine does not delay
            os.sched_setscheduler(rig.pid, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(RIG_PRIORITY))
        _await("the rig", rig, run / "log" / "rig.log", start_s, (run / "rig.toml").exists)
        entries = str(OVERLAY / "etc/supervisor/optional.d")  # after the rig: its file may have a table [ccs]
        subprocess.run([sys.executable, "-m", "v2h.oneshot.gateway_files", "--conf", entries], env=env, check=True)
        (run / "supervisord.conf").write_text(derive_supervisor(OVERLAY, run), encoding="utf-8")
        words = ["supervisor.supervisord", "-c", str(run / "supervisord.conf")]
        tree = stack.enter_context(_child("tree", words, env, run, STOP_S))
        desk = Desk(run, data, bus_port, f"http://localhost:{port}", password, env, tree, rig)
        _await("the page", tree, run / "log" / "web.log", start_s, lambda: _answers(f"http://127.0.0.1:{port}/"))
        yield desk


def _set_password(card: Path, env: Mapping[str, str]) -> str:
    """Set the password by the board's own boot step, from a separate file: the owner's v2h.toml is not changed."""
    password = secrets.token_urlsafe(9)
    card.parent.mkdir()
    card.write_text(f'[web]\npassword = "{password}"\n', encoding="utf-8")
    words = [sys.executable, "-m", "v2h.oneshot.take_password"]
    subprocess.run(words, env={**env, "V2H_CONFIG": str(card)}, check=True, stdout=subprocess.DEVNULL)
    return password


@contextlib.contextmanager
def _child(
    name: str, module: list[str], env: Mapping[str, str], run: Path, stop_s: float
) -> Iterator[subprocess.Popen[bytes]]:
    """Run `python -m MODULE...` in its own session, so that Ctrl-C reaches only us; end it by SIGTERM to its pid. The
    kernel sends the same when this process dies without an end in order, so that no tree stays behind."""
    with (run / "log" / f"{name}.log").open("wb") as log:
        child = subprocess.Popen(
            ["setpriv", "--pdeathsig", "TERM", sys.executable, "-m", *module],
            env=env,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            yield child
        finally:
            child.send_signal(signal.SIGTERM)
            try:
                child.wait(stop_s)
            except subprocess.TimeoutExpired:
                os.killpg(child.pid, signal.SIGKILL)
                child.wait()


def _await(what: str, child: subprocess.Popen[bytes], log: Path, timeout_s: float, ready: Callable[[], bool]) -> None:
    deadline = time.monotonic() + timeout_s
    while not ready():
        if child.poll() is not None or time.monotonic() > deadline:
            state = f"ended with {child.returncode}" if child.returncode is not None else f"not up after {timeout_s} s"
            tail = log.read_text(errors="replace")[-2000:] if log.exists() else ""
            raise DeskError(f"{what}: {state}; last words in {log.name}:\n{tail}")
        time.sleep(0.1)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def may_run_in_real_time() -> bool:
    """Whether the kernel grants this user what guard and charger have on the board."""
    before, param = os.sched_getscheduler(0), os.sched_getparam(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO | os.SCHED_RESET_ON_FORK, os.sched_param(RIG_PRIORITY))
    except PermissionError:
        return False
    os.sched_setscheduler(0, before, param)
    return True


def _move(port: int, ccs: str) -> int:
    """Begin again in a network namespace, which has the modems of a CCS car."""
    try:
        door = open_door(port)
        into_namespace(["v2h.rig.desk", "--port", str(port), "--ccs", ccs, "--door", str(door.fileno())])
    except OSError as error:
        print(f"demo: no network namespace can be made: {error}", file=sys.stderr)
    return 1


def _interrupt(number: int, frame: object) -> None:
    raise KeyboardInterrupt


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="demo",
        description="The whole tree on this machine against a simulated charger, car and house.",
        epilog="example: scripts/demo --port 8080",
    )
    parser.add_argument(
        "--port", type=whole(1, 65535), default=8080, help="the page's port on localhost (default 8080)"
    )
    parser.add_argument(
        "--ccs", choices=("din", "iso2"), help="a CCS car of this dialect instead of a CHAdeMO car (Linux namespaces)"
    )
    parser.add_argument("--door", type=int, help=argparse.SUPPRESS)  # an open socket, from the call outside
    options = parser.parse_args()
    port, ccs = options.port, options.ccs
    if shutil.which("mosquitto", path=os.environ.get("PATH", "") + ":/usr/sbin") is None:
        print("demo: mosquitto is not installed; run scripts/setup", file=sys.stderr)
        return 1
    if options.door is None and (why := why_not(port)):
        other = port + 11 if port <= 65524 else 8091
        print(
            f"demo: port {port} cannot be used: {why}; choose another, as in scripts/demo --port {other}",
            file=sys.stderr,
        )
        return 2
    if ccs and options.door is None:
        return _move(port, ccs)
    if ccs:
        ip("link", "set", "lo", "up")
        serve_door(options.door, port)
    signal.signal(signal.SIGTERM, _interrupt)
    if not may_run_in_real_time():
        print(NO_REAL_TIME)
    try:
        with desk_tree(port, toml=DEMO_TOML, ccs=ccs or "", past_week=True) as desk:
            print(f"The status page is at {desk.page}. To change things there log in; the password is {desk.password}")
            print(CCS_SAYS if ccs else CHADEMO_SAYS)
            print(f"In a shell: {Path(sys.executable).with_name('v2h')} status --host localhost:{port}")
            print(f"Unplug the car, and more: V2H_RUN={desk.run} {sys.executable} -m v2h.rig set plugged=0")
            control = f"{Path(sys.executable).with_name('supervisorctl')} -s unix://{desk.supervisor_socket}"
            print(f"Start all programs again, after an edit of v2h.toml: {control} restart all")
            print(f"Words of all programs: {desk.run}/log    Ctrl-C ends everything.", flush=True)
            desk.supervisord.wait()
            print("demo: the tree ended by itself", file=sys.stderr)
            return 1
    except KeyboardInterrupt:
        print("\nended")
        return 0
    except (DeskError, OSError, subprocess.CalledProcessError) as error:
        print(f"demo: {error}", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
