"""The real broker with the real access list: which client may publish which topic, and that strangers are refused."""

import logging
import os
import select
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import paho.mqtt.client as mqtt
import pytest
from paho.mqtt.enums import CallbackAPIVersion

from v2h.bus.messages import MAY_PUBLISH
from v2h.rig.desk import OVERLAY, derive_broker, free_port


@dataclass(frozen=True)
class Broker:
    run: Path
    port: int


@pytest.fixture(scope="module")
def broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="v2h-broker-") as directory:
        run, port = Path(directory), free_port()
        env = {**os.environ, "V2H_RUN": str(run), "PATH": os.environ["PATH"] + ":/usr/sbin"}
        subprocess.run([sys.executable, "-m", "v2h.oneshot.broker_credentials"], env=env, check=True)
        (run / "mosquitto.conf").write_text(derive_broker(OVERLAY, run, port))
        child = subprocess.Popen(["mosquitto", "-c", str(run / "mosquitto.conf")], env=env, stderr=subprocess.PIPE)
        try:
            yield Broker(run, port)
        finally:
            child.terminate()
            _, said = child.communicate(timeout=10)
            logging.info("%s", said.decode())


class Client:
    """A client that the test runs step by step: it connects, then turn() runs it until a condition is true."""

    def __init__(self, broker: Broker, name: str, secret: str | None, client_id: str = "") -> None:
        self.reason: str | None = None
        self.subscribed = False
        self.heard: list[tuple[str, bytes]] = []
        self.mqtt = mqtt.Client(CallbackAPIVersion.VERSION2, client_id, protocol=mqtt.MQTTv311)
        if secret is not None:
            self.mqtt.username_pw_set(name, secret)
        self.mqtt.on_connect = lambda client, userdata, flags, reason, properties: setattr(self, "reason", str(reason))
        self.mqtt.on_subscribe = lambda *_: setattr(self, "subscribed", True)
        self.mqtt.on_message = lambda client, userdata, message: self.heard.append((message.topic, message.payload))
        deadline = time.monotonic() + 10
        while True:
            try:
                self.mqtt.connect("127.0.0.1", broker.port)
                break
            except ConnectionRefusedError:
                assert time.monotonic() < deadline, "the broker does not listen"
                time.sleep(0.05)
        self.turn(lambda: self.reason is not None)

    def turn(self, done: Callable[[], bool], timeout_s: float = 5.0) -> None:
        deadline = time.monotonic() + timeout_s
        while not done():
            assert time.monotonic() < deadline
            sock = self.mqtt.socket()
            if sock is None:
                return
            select.select([sock], [], [], 0.1)
            self.mqtt.loop_read()
            self.mqtt.loop_write()


def member(broker: Broker, name: str, client_id: str = "") -> Client:
    return Client(broker, name, (broker.run / "secrets" / name).read_text(), client_id)


def arrives(broker: Broker, name: str, topic: str) -> bool:
    """Return whether a message of `name` on `topic` reaches a listener. A second, allowed message marks the end: when
    it arrives, the first has been delivered or refused."""
    listener, sender = member(broker, "pulse"), member(broker, name)
    listener.mqtt.subscribe("v2h/#", qos=1)
    listener.turn(lambda: listener.subscribed)
    marker = MAY_PUBLISH[name][0].replace("#", "end-of-test").replace("+", "end-of-test")
    sender.mqtt.publish(topic, b"probe", qos=1)
    sender.mqtt.publish(marker, b"end", qos=1)
    sender.turn(lambda: not sender.mqtt.want_write())
    listener.turn(lambda: (marker, b"end") in listener.heard)
    return (topic, b"probe") in listener.heard


@pytest.mark.parametrize(
    ("name", "topic", "allowed"),
    [
        ("manager", "v2h/charger/setpoint", True),
        ("web", "v2h/charger/setpoint", False),
        ("web", "v2h/command/stop", True),
        ("meter", "v2h/meter/grid", True),
        ("web", "v2h/meter/grid", False),
        ("meter", "v2h/charger/state", False),
        ("panel", "v2h/guard/alive", False),
        ("guard", "v2h/guard/alive", True),
        ("datalog", "v2h/command/mode", False),
        ("cli", "v2h/manager/state", False),
        ("web", "v2h/event/web", True),
        ("web", "v2h/event/web/again", True),
        ("web", "v2h/event/guard", False),
        ("web", "v2h/event/guard/again", False),
        ("web", "v2h/event", False),
        ("web", "v2h/web/pairing-claim", True),
        ("web", "v2h/panel/pairing-press", False),
        ("panel", "v2h/panel/unlock", True),
        ("web", "v2h/panel/unlock", False),
        ("cli", "v2h/panel/unlock", False),
    ],
)
def test_each_name_publishes_only_its_own_topics(broker: Broker, name: str, topic: str, allowed: bool) -> None:
    assert arrives(broker, name, topic) is allowed


def test_nobody_throws_another_program_off_by_its_client_id(broker: Broker) -> None:
    listener, manager = member(broker, "pulse"), member(broker, "manager", "v2h-manager")
    listener.mqtt.subscribe("v2h/#", qos=1)
    listener.turn(lambda: listener.subscribed)
    thief = member(broker, "web", "v2h-manager")
    assert thief.reason == "Success"
    manager.mqtt.publish("v2h/manager/state", b"still here", qos=1)
    manager.turn(lambda: not manager.mqtt.want_write())
    listener.turn(lambda: ("v2h/manager/state", b"still here") in listener.heard)


@pytest.mark.parametrize(("name", "secret"), [("manager", "wrong"), ("stranger", "x"), ("", None)])
def test_strangers_are_refused(broker: Broker, name: str, secret: str | None) -> None:
    assert Client(broker, name, secret).reason == "Not authorized"


def test_secrets_are_new_at_every_boot_and_for_the_owner_alone(broker: Broker, tmp_path: Path) -> None:
    for name in MAY_PUBLISH:
        assert (broker.run / "secrets" / name).stat().st_mode & 0o777 == 0o400
    secrets = [(broker.run / "secrets" / name).read_text() for name in MAY_PUBLISH]
    assert len(set(secrets)) == len(secrets)
    env = {**os.environ, "V2H_RUN": str(tmp_path), "PATH": os.environ["PATH"] + ":/usr/sbin"}
    for _ in range(2):  # the second run replaces the files of the first
        subprocess.run([sys.executable, "-m", "v2h.oneshot.broker_credentials"], env=env, check=True)
    assert (tmp_path / "secrets" / "web").read_text() not in secrets
    plain = (tmp_path / "secrets" / "web").read_text()
    assert plain not in (tmp_path / "broker" / "passwords").read_text(), "hashed"
    for path in (tmp_path / "broker").iterdir():
        assert path.stat().st_mode & 0o007 == 0
