"""`gateway` as a real process between two real brokers: ours, on which the test stands for charger and manager, and the
one of the house."""

import contextlib
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

from tests.support.faces import Colleagues, wait_for
from tests.support.homebroker import Broker
from tests.support.messages import charger, manager
from v2h.bus.messages import ChargerState, ManagerSettings, ManagerState, Reply
from v2h.config.site import Limits
from v2h.energy.owner_settings import bounds_as_json, check
from v2h.rig.desk import OVERLAY, derive_broker, free_port


def settings(now: float) -> ManagerSettings:
    """The settings that a new charger has."""
    return ManagerSettings(now, check({}, Limits(), "UTC").as_json(), bounds_as_json(Limits()))


class Reader:
    """A client on the broker of the house: what it has heard by topic, and its commands."""

    def __init__(self, port: int) -> None:
        self.heard: dict[str, str] = {}
        self.order: list[tuple[str, str]] = []
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv5)
        self.client.username_pw_set("me", "right")
        self.client.on_message = self._on_message
        self.client.on_connect = lambda client, *words: client.subscribe("#")
        self.client.connect("127.0.0.1", port)
        self.client.loop_start()

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        text = bytes(message.payload).decode(errors="replace")
        self.order.append((message.topic, text))
        if text:
            self.heard[message.topic] = text
        else:
            self.heard.pop(message.topic, None)

    def say(self, topic: str, payload: str | bytes, *, retain: bool = False, expiry_s: int | None = None) -> None:
        properties = Properties(PacketTypes.PUBLISH)
        if expiry_s is not None:
            properties.MessageExpiryInterval = expiry_s
        self.client.publish(topic, payload, qos=1, retain=retain, properties=properties).wait_for_publish(10)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()


@dataclass
class GatewayHome:
    """Both brokers and the program. orders: what reached our bus. answer: makes the replies of manager."""

    base: Path
    run: Path
    config: Path
    env: dict[str, str]
    others: Colleagues
    outside: Broker
    reader: Reader
    child: subprocess.Popen[bytes] | None = None
    over: threading.Event = field(default_factory=threading.Event)
    charger: ChargerState = field(default_factory=charger)
    manager: ManagerState = field(default_factory=manager)

    @property
    def orders(self) -> list[tuple[str, dict[str, Any]]]:
        return self.others.orders

    def start(self) -> None:
        self.child = subprocess.Popen([sys.executable, "-m", "v2h.programs.gateway"], env=self.env)

    def stop(self, number: int = signal.SIGTERM) -> int:
        assert self.child is not None
        self.child.send_signal(number)
        code = self.child.wait(10)
        self.child = None
        return code

    def feed(self) -> None:
        self.others.say("manager", settings(time.monotonic()))
        while not self.over.wait(0.2):
            now = time.monotonic()
            self.others.say("charger", replace(self.charger, t=now))
            self.others.say("manager", replace(self.manager, t=now))

    def until(self, what: str, done: Callable[[], bool], timeout_s: float = 15.0) -> None:
        wait_for(what, done, timeout_s)


@contextlib.contextmanager
def gateway_home(base: Path, toml: str = "", *, mqtt_keys: str = "") -> Iterator[GatewayHome]:
    """toml: more of v2h.toml. The program has not been started yet."""
    run, port = base / "run", free_port()
    for folder in (run, base / "data", base / "outside"):
        folder.mkdir()
    outside = Broker(base / "outside")
    config = base / "v2h.toml"
    config.write_text(
        f'[site]\nname = "Garage"\n[gateway.mqtt]\nhost = "127.0.0.1"\nport = {outside.port}\nuser = "me"\n'
        f'password = "right"\n{mqtt_keys}\n{toml}'
    )
    env = {
        **os.environ,
        "V2H_RUN": str(run),
        "V2H_DATA": str(base / "data"),
        "V2H_CONFIG": str(config),
        "V2H_BUS_PORT": str(port),
        "V2H_LOG_STDERR": "1",
        "PATH": os.environ["PATH"] + ":/usr/sbin",
    }
    subprocess.run([sys.executable, "-m", "v2h.oneshot.broker_credentials"], env=env, check=True)
    (run / "mosquitto.conf").write_text(derive_broker(OVERLAY, run, port))
    broker = subprocess.Popen(["mosquitto", "-c", str(run / "mosquitto.conf")], env=env)
    others, reader = Colleagues(run, port), Reader(outside.port)
    others.answer = lambda name, order: Reply(order["id"], True, f"{name} applied", order["values"])
    home = GatewayHome(base, run, config, env, others, outside, reader)
    feeder = threading.Thread(target=home.feed)
    feeder.start()
    try:
        yield home
    finally:
        home.over.set()
        feeder.join()
        if home.child is not None:
            home.stop()
        reader.close()
        others.close()
        outside.close()
        broker.terminate()
        broker.wait(10)
