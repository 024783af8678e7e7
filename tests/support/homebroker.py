"""A real MQTT broker of the home network, with a login and, if wanted, an encrypted port."""

import os
import shutil
import subprocess
import time
from pathlib import Path
from typing import Any

import paho.mqtt.client as mqtt
from paho.mqtt.enums import CallbackAPIVersion

from v2h.config.meter_kinds import MqttMeter
from v2h.rig.desk import free_port


def certify(directory: Path) -> None:
    """Write broker.pem and broker.key: a certificate for 127.0.0.1 that proves itself."""
    key = "-newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes"
    name = "-days 2 -subj /CN=broker -addext subjectAltName=IP:127.0.0.1"
    files = f"-keyout {directory}/broker.key -out {directory}/broker.pem"
    subprocess.run(f"openssl req -x509 {key} {name} {files}".split(), check=True, capture_output=True)


class Broker:
    """mosquitto with one user, and a client on it. tls: a second port that is encrypted with directory/broker.pem."""

    def __init__(self, directory: Path, *, tls: bool = False) -> None:
        self.port = free_port()
        path = os.environ.get("PATH", "") + ":/usr/sbin"
        secret = directory / "passwords"
        secret.write_text("me:right\n")
        subprocess.run([str(shutil.which("mosquitto_passwd", path=path)), "-U", str(secret)], check=True)
        text = f"listener {self.port} 127.0.0.1\nallow_anonymous false\npassword_file {secret}\nuser root\n"
        if tls:
            self.tls_port = free_port()
            certify(directory)
            text += f"listener {self.tls_port} 127.0.0.1\n"
            text += f"certfile {directory}/broker.pem\nkeyfile {directory}/broker.key\n"
        (directory / "conf").write_text(text)
        self._command = [str(shutil.which("mosquitto", path=path)), "-c", str(directory / "conf")]
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)
        self.client = mqtt.Client(CallbackAPIVersion.VERSION2)
        self.client.username_pw_set("me", "right")
        deadline = time.monotonic() + 10
        while True:
            try:
                self.client.connect("127.0.0.1", self.port)
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.05)
        self.client.loop_start()

    def spec(self, **keys: Any) -> MqttMeter:
        return MqttMeter(**({"host": "127.0.0.1", "port": self.port, "user": "me", "password": "right"} | keys))

    def restart(self) -> None:
        """The broker forgets everything; its clients connect again."""
        self._process.terminate()
        self._process.wait(10)
        self._process = subprocess.Popen(self._command, stderr=subprocess.DEVNULL)

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()
        self._process.terminate()
        self._process.wait(10)
