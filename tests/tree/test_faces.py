"""`web`, `datalog` and `panel` as real processes on a real broker: from the page to the bus and back, lights and
buttons, and rows on disk.

The chips are the rig's models behind a socket of the test that uses the rig's protocol. On the bus the test takes the
place of `charger` and `manager`.
"""

import contextlib
import json
import os
import select
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from tests.support.hangup import hang_up
from tests.support.messages import charger, manager
from tests.support.ownerlogin import log_in
from v2h.bus.messages import (
    PASSWORD_SET,
    ChargerState,
    Command,
    Event,
    ManagerSchedule,
    ManagerState,
    Message,
    Pairing,
    Reply,
)
from v2h.bus.states import STATE_EVENT
from v2h.config.site import Limits
from v2h.energy.readyby import CarNow
from v2h.energy.schedule_json import schedule_parts
from v2h.energy.schedulefile import read_schedule
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
    """Stands for `charger`, `manager` and `web` on the bus: publishes the messages of a test and answers commands."""

    def __init__(self, run: Path, port: int) -> None:
        self.orders: list[tuple[str, dict[str, Any]]] = []
        self.answer: Callable[[str, dict[str, Any]], Reply | None] = lambda name, order: None
        self._clients = {name: self._connect(name, run, port) for name in ("charger", "manager", "web")}
        self._clients["manager"].on_message = self._on_command
        self._clients["manager"].subscribe("v2h/command/+")

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


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    base = tmp_path_factory.mktemp("faces")
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
        wait_for("all three alive on the page", lambda: _all_alive(made), 30)
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


def _all_alive(made: Faces) -> bool:
    try:
        programs = made.get("/api/v1/state")["programs"]
    except OSError:
        return False
    return all(programs.get(name, {}).get("alive") for name in PROGRAMS)


def view(faces: Faces) -> Any:
    return faces.get("/api/v1/state")["view"]


def test_bus_to_page_and_back(faces: Faces) -> None:
    faces.charger, faces.manager = charger(power_w=-1523.0), manager(mode="v2h", why="Covering the house")
    wait_for("headline", lambda: view(faces)["headline"] == "The car supplies 1.52 kW")
    assert view(faces)["why"] == "Covering the house."
    faces.others.answer = lambda name, order: Reply(order["id"], True, "charging with 7 A", {"mode": "charge"})
    status, reply = faces.post("mode", {"mode": "charge", "amps": 7, "soc_limit_pct": 80})
    assert (status, reply["text"]) == (200, "charging with 7 A")
    assert faces.others.orders[-1] == ("mode", {"mode": "charge", "amps": 7, "soc_limit_pct": 80})
    faces.others.answer = lambda name, order: Reply(order["id"], False, "no car")
    assert faces.post("mode", {"mode": "v2h"})[0] == 409
    faces.others.answer = lambda name, order: None
    began = time.monotonic()
    assert faces.post("stop", {})[0] == 504
    assert 1.9 < time.monotonic() - began < 3.5


def test_stop_answers_within_a_second_while_all_streams_are_taken(faces: Faces) -> None:
    faces.others.answer = lambda name, order: Reply(order["id"], True, "stopping")
    address = ("127.0.0.1", int(faces.url.rpartition(":")[2]))
    links = [socket.create_connection(address) for _ in range(20)]
    try:
        for link in links:
            link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heads = [link.recv(200).split(b"\r\n")[0] for link in links]
        assert heads.count(b"HTTP/1.1 200 OK") == 8
        assert heads.count(b"HTTP/1.1 503 SERVICE UNAVAILABLE") == 12
        began = time.monotonic()
        assert faces.post("stop", {})[0] == 200
        assert time.monotonic() - began < 1.0
    finally:
        for link in links:
            link.close()

    def seat_free() -> bool:
        with socket.create_connection(address) as link:
            link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return link.recv(200).startswith(b"HTTP/1.1 200")

    wait_for("seats given back", seat_free)


def test_pairing_at_the_panel_lets_one_browser_set_the_password(faces: Faces) -> None:
    faces.post("stop", {})
    before = faces.owner
    browser = HTTPConnection(faces.url.removeprefix("http://"), timeout=10)

    def ask(method: str, form: dict[str, str] | None = None, cookie: str = "") -> tuple[int, str, str]:
        body = None if form is None else urllib.parse.urlencode(form)
        headers = {"Origin": faces.url, "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        browser.request(method, "/pair", body, headers)
        answer = browser.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", "").partition(";")[0], answer.read().decode()

    assert "is closed" in ask("GET")[2]
    said = Pairing(time.monotonic(), 120)
    faces.others.say("manager", said)
    time.sleep(0.5)
    assert "is closed" in ask("GET")[2], "the broker lets nobody but panel say that"
    panel = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
    panel.username_pw_set("panel", (faces.run / "secrets" / "panel").read_text())
    panel.connect("127.0.0.1", int(faces.env["V2H_BUS_PORT"]))
    panel.loop_start()
    panel.publish(said.TOPIC, Pairing(time.monotonic(), 120).to_json()).wait_for_publish(5)
    wait_for("window open", lambda: "is closed" not in ask("GET", cookie="v2h_pairing=other")[2])
    panel.publish(said.TOPIC, Pairing(time.monotonic(), 120).to_json()).wait_for_publish(5)
    time.sleep(0.5)
    panel.disconnect()
    panel.loop_stop()
    status, cookie, _ = ask("GET")
    assert status == 303, "only a browser that brings our cookie back was not sent by another site"
    _, nonce, page = ask("GET", cookie=cookie)
    assert "The window is yours" in page and "in use" in ask("GET", cookie=cookie)[2]
    word = {"password": PASSWORD, "again": PASSWORD}
    assert ask("POST", word)[0] == 403
    assert ask("POST", word, nonce)[0] == 303
    wait_for("event", lambda: "pairing at the panel" in json.dumps(view(faces)["events"]))
    faces.owner = before
    assert faces.post("stop", {})[0] == 401, "what was given out before is void"
    faces.owner = {}
    faces.others.answer = lambda name, order: Reply(order["id"], True, "stopping")
    assert faces.post("stop", {})[0] == 200


@pytest.mark.parametrize(
    ("state", "mode", "power_w", "soc_pct", "registers"),
    [
        ("idle", "idle", None, None, "55 40 55 01"),
        ("energy", "charge", 3000.0, 62.0, "50 50 50 04"),
        ("energy", "v2h", -1200.0, 30.0, "15 40 54 10"),
        ("fault", "idle", 0.0, 100.0, "55 40 00 40"),
    ],
)
def test_lights(
    faces: Faces, state: str, mode: str, power_w: float | None, soc_pct: float | None, registers: str
) -> None:
    faces.charger = charger(state=state, power_w=power_w, soc_pct=soc_pct)
    faces.manager = manager(mode=mode)
    wait_for(registers, lambda: faces.chips.registers().hex(" ") == registers)


def test_buttons(faces: Faces) -> None:
    faces.others.orders.clear()
    faces.charger, faces.manager = charger(), manager(mode="v2h")
    wait_for("V2H shown", lambda: faces.chips.registers()[3] == 0x10)
    faces.chips.press("on_off", True)
    wait_for("stop at the press", lambda: faces.others.orders == [("stop", {})], 1.0)
    faces.chips.press("on_off", False)
    wait_for("the stop again, for nobody shows it", lambda: len(faces.others.orders) > 2, 2.0)
    faces.charger, faces.manager = charger(ended_by="us"), manager(mode="idle", stopped_by_owner=True)
    wait_for("idle manager heard: colour by power", lambda: faces.chips.registers()[3] == 0x04)
    faces.charger = charger(state="idle")
    wait_for("idle shown", lambda: faces.chips.registers()[3] == 0x01)
    assert {name for name, _ in faces.others.orders} == {"stop"}
    faces.others.orders.clear()
    time.sleep(1.2)
    assert faces.others.orders == [], "both have it"
    faces.chips.press("on_off", True)
    faces.chips.press("on_off", False)
    wait_for("V2H", lambda: faces.others.orders == [("mode", {"mode": "v2h"})], 1.0)
    faces.chips.press("boost", True)
    faces.chips.press("boost", False)
    wait_for("charge", lambda: faces.others.orders[1:] == [("mode", {"mode": "charge"})], 1.0)
    began = time.monotonic()
    faces.chips.press("on_off", True)
    faces.chips.press("boost", True)
    wait_for("pairing shown: white, blinking", lambda: faces.chips.registers()[3] == 0x02)
    assert 5.0 <= time.monotonic() - began <= 6.5
    faces.chips.press("on_off", False)
    faces.chips.press("boost", False)
    faces.charger = charger(state="energy")
    wait_for("a session shown though the window is open", lambda: faces.chips.registers()[3] == 0x04)
    faces.charger = charger(state="idle")
    wait_for("pairing shown again", lambda: faces.chips.registers()[3] == 0x02)
    faces.others.say("web", Event(time.monotonic(), "warning", PASSWORD_SET, "from a browser", "web"))
    wait_for("the window was used: idle shown", lambda: faces.chips.registers()[3] == 0x01, 2.0)
    assert len(faces.others.orders) == 2, "no press of the pair has started anything"


def test_events_are_on_disk_at_once_and_samples_at_the_stop(faces: Faces) -> None:
    faces.charger, faces.manager = charger(state="energy", soc_pct=48.0), manager(mode="charge")
    document = {"version": 1, "prices": [{"start": "00:00", "end": "24:00", "import_price": 10, "export_price": 0.1}]}
    parts = schedule_parts(read_schedule(document, Limits(), "UTC"), datetime.now(UTC), CarNow())
    faces.others.say("manager", ManagerSchedule(time.monotonic(), document, source="schedule.json", **parts))
    wait_for("the broker has both", lambda: (view(faces)["soc"], view(faces)["mode"]) == ("48 %", "charge"))
    faces.others.say("charger", Event(time.monotonic(), "warning", "k_off", "permission gone", "charger", {"a": 1}))
    faces.wire.send(0x102, 10)
    database = faces.data / "v2h.sqlite3"

    def events() -> list[Any]:
        with sqlite3.connect(database) as connection:
            return list(connection.execute("select level, code, source from events where code = 'k_off'"))

    wait_for("event in the file", lambda: database.exists() and events() == [("warning", "k_off", "charger")])
    wait_for("event on the page", lambda: "Permission gone" in [row["label"] for row in view(faces)["events"]])

    captures = faces.data / "captures"
    faces.others.say(
        "charger", Event(time.monotonic(), "fault", STATE_EVENT, "tripped", "charger", {"fault": "guard_tripped"})
    )
    wait_for("the black box after a fault", lambda: any(captures.glob("*-guard_tripped.log")))
    faces.others.say("web", Command("ask-1", "test", {}), "capture")
    wait_for("the black box on file", lambda: any(captures.glob("*-asked-for.log")))
    (capture,) = captures.glob("*-asked-for.log")
    assert [line.split()[1:] for line in capture.read_text().splitlines()] == [["can0", f"102#{'0' * 16}"]] * 10

    assert faces.stop("datalog") == 0
    with sqlite3.connect(database) as connection:
        rows = list(connection.execute("select at, state, mode, soc_pct, can0_frames from samples_at order by at"))
        charged_wh, saved = connection.execute("select sum(charged_wh), sum(saved) from days").fetchone()
    assert rows[-1][0].startswith(time.strftime("%Y-", time.gmtime()))
    assert rows[-1][1:4] == ("energy", "charge", 48.0)
    assert sum(row[4] for row in rows) == 10
    assert charged_wh > 0
    # The house's 408 W cost the same with and without the car. The energy that was charged since the price is known
    # costs 10 per kWh.
    assert 0 < -saved <= 10 * charged_wh / 1000 + 0.001
    wait_for("page tells that the log stopped", lambda: _state_of(faces, "datalog") == "stopped")
    faces.start("datalog")
    wait_for("and that it is back", lambda: _state_of(faces, "datalog") == "running")


def test_what_was_told_while_the_log_was_dead_is_in_it_and_on_the_page_once(faces: Faces) -> None:
    """The event comes from `web`."""
    owner = log_in(faces.url, PASSWORD)
    child = faces.children.pop("datalog")
    child.kill()
    child.wait(5)
    wait_for("the page knows it", lambda: _state_of(faces, "datalog") == "stopped")
    form = urllib.parse.urlencode({"name": "test", "csrf_token": owner["X-CSRF-Token"]}).encode()
    request = urllib.request.Request(f"{faces.url}/tokens", form, {**owner, "Origin": faces.url})
    urllib.request.urlopen(request, timeout=10).close()
    told = "An API token was made on the page"
    wait_for("event on the page", lambda: told in json.dumps(view(faces)["events"]))
    faces.start("datalog")

    def events() -> list[Any]:
        with sqlite3.connect(faces.data / "v2h.sqlite3") as connection:
            return list(connection.execute("select level, source from events where code = 'token_made'"))

    wait_for("event in the file", lambda: events() == [("info", "web")])
    for _ in range(2):  # the second restart must not store the event again
        assert faces.stop("datalog") == 0
        faces.start("datalog")
        wait_for("it is back", lambda: _state_of(faces, "datalog") == "running")
        time.sleep(1.0)
    assert events() == [("info", "web")]
    assert json.dumps(view(faces)["events"]).count(told) == 1


def _state_of(faces: Faces, name: str) -> str:
    return next(row["state"] for row in view(faces)["programs"] if row["name"] == name)


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_killed_program_comes_back_and_says_so(faces: Faces, name: str) -> None:
    child = faces.children.pop(name)
    child.kill()
    child.wait(5)
    if name != "web":
        wait_for("last will on the page", lambda: _state_of(faces, name) == "stopped")
    faces.start(name)
    wait_for("alive again", lambda: _all_alive(faces), 20)
    assert child.returncode == -signal.SIGKILL


def test_panel_and_web_end_cleanly_and_the_lights_go_out(faces: Faces) -> None:
    assert faces.stop("panel") == 0
    assert faces.chips.registers().hex(" ") == "55 00 55 00"
    with socket.create_connection(("127.0.0.1", int(faces.url.rpartition(":")[2]))) as link:
        link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert select.select([link], [], [], 5)[0]
        began = time.monotonic()
        assert faces.stop("web") == 0
        assert time.monotonic() - began < 3.0
    for name in ("panel", "web"):
        faces.start(name)
    wait_for("back again", lambda: _all_alive(faces), 20)
