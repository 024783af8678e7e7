"""A meter whose values others publish on a broker of the home network (paho, in a thread).

A retained message is an old value and is not used. The topic may be silent for as long as it likes: that is told by
the readings' age, not here.
"""

import threading
import time
from typing import Any

from v2h.config import Hardware
from v2h.meterconfig import MQTT_PRESETS, JsonLayout, Meter, MqttMeter
from v2h.meters import Measurement, MeterError
from v2h.meters.inbox import Inbox
from v2h.meters.jsonvalues import measurement, parse
from v2h.pahomqtt import CallbackAPIVersion, mqtt

GUESS_S = 0.5
TIMEOUT_S = 3.0
KEEPALIVE_S = 15
TURN_S = 0.5
"""How soon a closed source's thread is gone."""


def layout_of(spec: MqttMeter) -> JsonLayout:
    """The preset's, or the owner's path and scale."""
    if spec.preset and not spec.path:
        layout = MQTT_PRESETS[spec.preset].layout
        return layout if spec.scale is None else layout._replace(scale=spec.scale)
    return JsonLayout((spec.path,), 1.0 if spec.scale is None else spec.scale)


class MqttSource:
    """One subscription, by the broker's own name for us."""

    always_new = False
    guess_s = GUESS_S

    def __init__(self, spec: MqttMeter) -> None:
        self.title = f"mqtt {spec.topic} at {spec.host}:{spec.port:g}"
        self.note = ""
        self.wakes = self._inbox = Inbox()
        self._spec, self._layout = spec, layout_of(spec)
        self._over = threading.Event()
        self._client = mqtt.Client(CallbackAPIVersion.VERSION2, protocol=mqtt.MQTTv311)
        self._client.connect_timeout = TIMEOUT_S
        if spec.user:
            self._client.username_pw_set(spec.user, spec.password)
        self._client.on_connect = self._on_connect
        self._client.on_subscribe = self._on_subscribe
        self._client.on_message = self._on_message
        self._refused = ""
        threading.Thread(target=self._run, name=self.title, daemon=True).start()

    def read(self, now: float) -> list[Measurement]:
        return self._inbox.take()

    def close(self) -> None:
        self._over.set()
        self._inbox.close()

    def _run(self) -> None:
        place = f"{self._spec.host}:{self._spec.port:g}"
        try:
            try:
                self._client.connect(self._spec.host, int(self._spec.port), KEEPALIVE_S)
            except OSError as error:
                raise MeterError(f"no connection to the broker {place}: {error}") from error
            while not self._over.is_set():
                result = self._client.loop(TURN_S)
                if self._refused:
                    raise MeterError(f"the broker {place} {self._refused}")
                if result != mqtt.MQTT_ERR_SUCCESS:
                    raise MeterError(f"the broker {place} is gone: {mqtt.error_string(result)}")
            self._client.disconnect()
        except Exception as failure:  # noqa: BLE001 - the loop raises it again, where an unknown one ends the program
            self._inbox.fail(failure)

    def _on_connect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._refused = f"refuses us: {reason}. Are user and password right?"
        else:
            self.note = f"the broker has sent nothing new on {self._spec.topic} yet"
            client.subscribe(self._spec.topic)

    def _on_subscribe(self, client: mqtt.Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = f"does not let us read {self._spec.topic}"

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            return
        try:
            value = measurement(parse(bytes(message.payload)), self._layout, time.monotonic())
        except MeterError as error:
            self.note = str(error)
        else:
            self.note = ""
            self._inbox.put(value)


def open_source(spec: Meter, hardware: Hardware) -> MqttSource:
    """Begin listening; the connection is made in the thread."""
    assert isinstance(spec, MqttMeter)
    return MqttSource(spec)
