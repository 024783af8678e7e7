"""A real Home Assistant in the tree of scripts/get-hass, used as a browser and an app use it.

It listens on the loopback and knows no name server, so it reaches nothing outside this machine.
"""

import contextlib
import json
import subprocess
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.support.faces import wait_for
from tests.support.wsclient import WebSocket
from v2h.rig.desk import free_port

ROOT = Path(__file__).resolve().parents[2]
TREE, KEY, WHY = ROOT / "build/hass", ROOT / "build/hass.key", ROOT / "build/hass.why"
ENTER = ROOT / "tests/hass/enter"
START_S = 100.0
PING, PONG = 9, 10
CLIENT = "http://127.0.0.1/"
FLOW = "/api/config/config_entries/flow"
OPTIONS = "/api/config/config_entries/options/flow"
CONFIGURATION = """\
homeassistant: {{name: Test, unit_system: metric, time_zone: UTC, country: DE, latitude: 52, longitude: 13}}
http: {{server_host: 127.0.0.1, server_port: {port}}}
recorder: {{commit_interval: 0}}
energy:
"""


def missing() -> str:
    """Why there is no Home Assistant on this machine; "" when it is there."""
    if KEY.is_file():
        return ""
    return WHY.read_text().strip() if WHY.is_file() else "scripts/get-hass has not been run"


class HomeAssistant:
    """One instance with one owner, and its MQTT integration on a broker. folder: its configuration, new."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir()
        self.port, self._log = free_port(), folder / "words"
        (folder / "configuration.yaml").write_text(CONFIGURATION.format(port=self.port))
        words = ["unshare", "--mount", "--propagation", "private", str(ENTER), str(TREE), str(folder)]
        words += ["hass", "--config", "/config", "--skip-pip", "--log-no-color"]
        with self._log.open("wb") as log:
            self._child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT)
        self._token, self._entry = "", ""

    def onboard(self) -> None:
        """Wait until it is up, make the owner and log in."""
        self.until("Home Assistant is up", lambda: self._fetch("GET", "/api/onboarding") is not None, START_S)
        made = self._fetch(
            "POST", "/api/onboarding/users",
            {"client_id": CLIENT, "name": "Me", "username": "me", "password": "right", "language": "en"},
        )  # fmt: skip
        form = {"client_id": CLIENT, "grant_type": "authorization_code", "code": made["auth_code"]}
        self._token = self._fetch("POST", "/auth/token", form=form)["access_token"]
        for step in ("core_config", "analytics"):
            self._fetch("POST", f"/api/onboarding/{step}", {})

    def add_mqtt(self, port: int, user: str, password: str) -> None:
        """The dialog of the MQTT integration."""
        flow = self._fetch("POST", FLOW, {"handler": "mqtt"})
        words = {"broker": "127.0.0.1", "port": port, "protocol": "5", "username": user, "password": password}
        tls = {"set_client_cert": False, "set_ca_cert": "off"}
        made = self._fetch("POST", f"{FLOW}/{flow['flow_id']}", {**words, "other_settings": tls})
        assert made["type"] == "create_entry", made
        self._entry = made["result"]["entry_id"]

    def read_prefix(self, prefix: str) -> None:
        """The dialog of its options: devices are looked for below another topic."""
        flow = self._fetch("POST", OPTIONS, {"handler": self._entry})
        words = {"discovery": True, "discovery_prefix": prefix, "birth_enable": True, "will_enable": True}
        made = self._fetch("POST", f"{OPTIONS}/{flow['flow_id']}", words)
        assert made["type"] == "create_entry", made
        self._fetch("POST", f"/api/config/config_entries/entry/{self._entry}/reload", {})

    def states(self) -> dict[str, dict[str, Any]]:
        """All entities by their ids."""
        return {row["entity_id"]: row for row in self._fetch("GET", "/api/states")}

    def state(self, entity: str) -> str:
        """The state of an entity as a text; "" when there is none."""
        row = self._fetch("GET", f"/api/states/{entity}")
        return "" if row is None else str(row["state"])

    def call(self, service: str, **data: Any) -> None:
        """Call a service such as "select.select_option", as an automation does."""
        domain, _, name = service.partition(".")
        done = self._fetch("POST", f"/api/services/{domain}/{name}", data)
        assert done is not None, f"{service} {data}: refused"

    def ask(self, kind: str, **data: Any) -> Any:
        """One request on the WebSocket, on a new connection; returns its result."""
        with contextlib.closing(self.listen()) as link:
            return ask(link, 1, kind, **data)

    def listen(self) -> WebSocket:
        """A new connection of its own, logged in. The caller closes it."""
        link = WebSocket(self.port, "/api/websocket")
        said = json.loads(link.receive()[1])
        assert said["type"] == "auth_required", said
        said = link.ask(json.dumps({"type": "auth", "access_token": self._token}))
        assert said["type"] == "auth_ok", said
        return link

    def until(self, what: str, done: Callable[[], bool], timeout_s: float = 30.0) -> None:
        def look() -> bool:
            assert self._child.poll() is None, f"Home Assistant ended with {self._child.returncode}: {self.words()}"
            return done()

        wait_for(what, look, timeout_s)

    def until_state(self, entity: str, wanted: str, timeout_s: float = 30.0) -> None:
        self.until(f"{entity} is {wanted}", lambda: self.state(entity) == wanted, timeout_s)

    def words(self) -> str:
        """What it has logged, its newest lines."""
        return self._log.read_text(errors="replace")[-3000:]

    def complaints(self) -> list[str]:
        """Its warnings and errors that are about MQTT."""
        lines = self._log.read_text(errors="replace").splitlines()
        return [line for line in lines if "mqtt" in line.lower() and (" WARNING " in line or " ERROR " in line)]

    def close(self) -> None:
        self._child.terminate()
        try:
            self._child.wait(30)
        except subprocess.TimeoutExpired:
            self._child.kill()
            self._child.wait()

    def _fetch(self, method: str, path: str, body: Any = None, form: dict[str, str] | None = None) -> Any:
        """The JSON of an answer; None when there is no such thing or nobody answers."""
        data = json.dumps(body).encode() if body is not None else None
        headers = {"Content-Type": "application/json"} if body is not None else {}
        if form is not None:
            data, headers = urllib.parse.urlencode(form).encode(), {}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}{path}", data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            with error:
                assert error.code in (400, 404), f"{method} {path}: {error.code} {error.read().decode()}"
                return None
        except OSError:
            return None


def heard(link: WebSocket) -> dict[str, Any]:
    """The next message. Answers the pings in front of it: Home Assistant closes a connection that does not."""
    while True:
        opcode, payload = link.receive()
        if opcode == PING:
            link.send(payload.decode(), opcode=PONG)
        else:
            said: dict[str, Any] = json.loads(payload)
            return said


def ask(link: WebSocket, number: int, kind: str, **data: Any) -> Any:
    """One request on a connection; returns its result. Events that come before it are dropped."""
    link.send(json.dumps({"id": number, "type": kind, **data}))
    while True:
        said = heard(link)
        if said.get("id") == number and said["type"] == "result":
            assert said["success"], said
            return said["result"]


class Availability:
    """The times at which an entity became unavailable or came back, from its changes of state. Needs a connection of
    its own."""

    def __init__(self, hass: HomeAssistant, entity: str) -> None:
        self._hass, self._entity = hass, entity
        self._link = hass.listen()
        ask(self._link, 1, "subscribe_events", event_type="state_changed")

    def until_now(self) -> list[bool]:
        """Each change so far, True for available; closes the connection. Events come in order, so all of them are in
        front of the answer to one more request."""
        found: list[bool] = []
        self._link.send(json.dumps({"id": 2, "type": "ping"}))
        while True:
            said = heard(self._link)
            if said.get("type") == "pong":
                self._link.close()
                return [one for n, one in enumerate(found) if n == 0 or one != found[n - 1]]
            changed = said["event"]["data"]
            if changed["entity_id"] == self._entity and changed["new_state"] is not None:
                found.append(changed["new_state"]["state"] != "unavailable")
