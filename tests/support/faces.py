"""`web`, `datalog` and `panel` as real processes on a real broker.

The chips are the rig's models behind a socket of the test that uses the rig's protocol. On the bus the test takes the
place of `charger` and `manager`.
"""

import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.hangup import hang_up
from tests.support.messages import charger, manager
from tests.support.ownerlogin import log_in
from v2h.bus.coding import Message
from v2h.bus.messages import ChargerState, ManagerState, Reply
from v2h.ports.can import pack_frame
from v2h.ports.i2c import ACK
from v2h.rig.desk import OVERLAY, derive_broker, free_port
from v2h.rig.pca9552 import Pca9552

PROGRAMS = ("web", "datalog", "panel")
PASSWORD = "correct horse battery"
SHOW_WITHIN_S = 10.0


def wait_for(what: str, done: Callable[[], bool], timeout_s: float = SHOW_WITHIN_S) -> None:
    deadline = time.monotonic() + timeout_s
    while not done():
        assert time.monotonic() < deadline, f"not within {timeout_s} s: {what}"
        time.sleep(0.02)


def accepted(listening: socket.socket) -> Iterator[socket.socket]:
    """Yield each accepted connection until the listening socket is closed."""
    with contextlib.suppress(OSError):
        while True:
            yield listening.accept()[0]


class Chips:
    """The pca9552 and the buttons on a seqpacket socket."""

    def __init__(self, path: Path) -> None:
        self.leds = Pca9552()
        self.button: socket.socket | None = None
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(path))
        self._listening.listen()
        self._links: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def registers(self) -> bytes:
        """Return the registers LS0..LS3 as read over the bus."""
        return self.leds.transact(0.0, b"\x16", 4) or b""

    def press(self, name: str, pressed: bool) -> None:
        assert self.button is not None
        self.button.send(f"{name} {int(pressed)}".encode())

    def close(self) -> None:
        hang_up(self._listening, *self._links)

    def _accept(self) -> None:
        for link in accepted(self._listening):
            self._links.append(link)
            chip = link.recv(100).decode()
            link.send(b"ok")
            if chip == "buttons":
                self.button = link
            else:
                threading.Thread(target=self._serve, args=(link,), daemon=True).start()

    def _serve(self, link: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while packet := link.recv(100):
                answer = self.leds.transact(time.monotonic(), packet[1:], packet[0])
                link.send(b"\x15" if answer is None else ACK + answer)


class CanWire:
    """A CAN bus with the protocol of the rig's hub."""

    def __init__(self, path: Path) -> None:
        self._listening = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._listening.bind(str(path))
        self._listening.listen()
        self.url = f"can:rig/{path}"
        self._links: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def send(self, can_id: int, times: int) -> None:
        """Send a frame of eight zero bytes, `times` times, to the node that connected last."""
        wait_for("a node on the bus", lambda: bool(self._links))
        for _ in range(times):
            self._links[-1].send(pack_frame(can_id, bytes(8)))

    def close(self) -> None:
        hang_up(self._listening, *self._links)

    def _accept(self) -> None:
        self._links.extend(accepted(self._listening))


class Colleagues:
    """Stands for `charger` and `manager` on the bus: publishes the messages of a test and answers commands."""

    def __init__(self, run: Path, port: int) -> None:
        self.orders: list[tuple[str, dict[str, Any]]] = []
        self.answer: Callable[[str, dict[str, Any]], Reply | None] = lambda name, order: None
        self.alive: dict[str, str] = {}
        self._clients = {name: self._connect(name, run, port) for name in ("charger", "manager")}
        self._clients["manager"].on_message = self._on_command
        self._clients["manager"].subscribe([("v2h/command/+", 0), ("v2h/+/alive", 0)])

    def say(self, who: str, message: Message, *parts: str) -> None:
        self._clients[who].publish(message.TOPIC.format(*parts), message.to_json(), retain=message.RETAIN)

    def _connect(self, name: str, run: Path, port: int) -> mqtt.Client:
        client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        client.username_pw_set(name, (run / "secrets" / name).read_text())
        wait_for("broker", lambda: _connects(client, port))
        client.loop_start()
        wait_for(f"{name} on the bus", client.is_connected)
        return client

    def _on_command(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.topic.endswith("/alive"):
            self.alive[message.topic.split("/")[1]] = message.payload.decode()
            return
        order = json.loads(message.payload)
        name = message.topic.rpartition("/")[2]
        self.orders.append((name, order["values"]))
        reply = self.answer(name, order)
        if reply is not None:
            self.say("manager", reply, order["id"])

    def close(self) -> None:
        for client in self._clients.values():
            client.disconnect()
            client.loop_stop()


def _connects(client: mqtt.Client, port: int) -> bool:
    try:
        client.connect("127.0.0.1", port)
    except ConnectionRefusedError:
        return False
    return True


@dataclass
class Faces:
    """The three running programs, and the chips, the bus and the files that they use."""

    run: Path
    data: Path
    url: str
    chips: Chips
    wire: CanWire
    others: Colleagues
    env: dict[str, str]
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    feeding: threading.Event = field(default_factory=threading.Event)
    owner: dict[str, str] = field(default_factory=dict)
    charger: ChargerState = field(default_factory=charger)
    manager: ManagerState = field(default_factory=manager)

    def start(self, name: str) -> None:
        self.children[name] = subprocess.Popen([sys.executable, "-m", f"v2h.programs.{name}"], env=self.env)

    def stop(self, name: str) -> int:
        child = self.children.pop(name)
        child.send_signal(signal.SIGTERM)
        return child.wait(10)

    def get(self, path: str) -> Any:
        with urllib.request.urlopen(self.url + path, timeout=5) as answer:
            return json.load(answer)

    def post(self, name: str, values: dict[str, Any]) -> tuple[int, Any]:
        self.owner = self.owner or log_in(self.url, PASSWORD)
        body, headers = json.dumps(values).encode(), {"Content-Type": "application/json", **self.owner}
        request = urllib.request.Request(f"{self.url}/api/v1/command/{name}", body, headers)
        try:
            with urllib.request.urlopen(request, timeout=5) as answer:
                return answer.status, json.load(answer)
        except urllib.error.HTTPError as refusal:
            return refusal.code, json.load(refusal)

    def feed(self) -> None:
        """Publish both states ten times a second, as `charger` and `manager` do, until `feeding` is set."""
        while not self.feeding.wait(0.1):
            now = time.monotonic()
            self.others.say("charger", replace(self.charger, t=now))
            self.others.say("manager", replace(self.manager, t=now))


@contextlib.contextmanager
def running(base: Path) -> Iterator[Faces]:
    """The three programs with all that they use, until the end of the block."""
    run, data, port, page = base / "run", base / "data", free_port(), free_port()
    run.mkdir()
    chips, wire = Chips(run / "rig.sock"), CanWire(run / "can1.sock")
    config = base / "v2h.toml"
    config.write_text(
        f'[site]\nname = "Tree"\n[web]\nlisten = "127.0.0.1:{page}"\npassword = "{PASSWORD}"\n[hardware]\n'
        f'pre_can = "{wire.url}"\ncar_can = "can:socketcan/absent0"\n'
        f'pca9552 = "rig:{run}/rig.sock/pca9552"\nbuttons = "rig:{run}/rig.sock/buttons"\n'
    )
    env = {
        **os.environ,
        "V2H_RUN": str(run),
        "V2H_DATA": str(data),
        "V2H_CONFIG": str(config),
        "V2H_BUS_PORT": str(port),
        "V2H_LOG_STDERR": "1",
        "PATH": os.environ["PATH"] + ":/usr/sbin",
    }
    subprocess.run([sys.executable, "-m", "v2h.oneshot.broker_credentials"], env=env, check=True)
    subprocess.run([sys.executable, "-m", "v2h.oneshot.take_password"], env=env, check=True)
    assert PASSWORD not in config.read_text()
    (run / "mosquitto.conf").write_text(derive_broker(OVERLAY, run, port))
    broker = subprocess.Popen(["mosquitto", "-c", str(run / "mosquitto.conf")], env=env)
    others = Colleagues(run, port)
    made = Faces(run, data, f"http://127.0.0.1:{page}", chips, wire, others, env)
    try:
        for name in PROGRAMS:
            made.start(name)
        feeder = threading.Thread(target=made.feed)
        feeder.start()
        wait_for("all three alive on the page", lambda: all_alive(made), 30)
        yield made
    finally:
        made.feeding.set()
        feeder.join()
        for name in list(made.children):
            made.stop(name)
        others.close()
        for hardware in (chips, wire):
            hardware.close()
        broker.terminate()
        broker.wait(10)


def all_alive(made: Faces) -> bool:
    """Whether the page says so of all three programs."""
    try:
        programs = made.get("/api/v1/state")["programs"]
    except OSError:
        return False
    return all(programs.get(name, {}).get("alive") for name in PROGRAMS)


def view(faces: Faces) -> Any:
    """What the page shows."""
    return faces.get("/api/v1/state")["view"]


def state_of(faces: Faces, name: str) -> str:
    """The page's word for the state of a program."""
    return next(row["state"] for row in view(faces)["programs"] if row["name"] == name)
