"""A meter whose values others publish on a broker of the home network (paho, in a thread).

A retained message is an old value and is not used. The topic may be silent for any time: the readings' age shows that,
and this module does not check it.
"""

import threading
import time
from typing import Any

from v2h.bus.paho_lazy import CallbackAPIVersion, mqtt
from v2h.bus.sentences import say
from v2h.config.files import config_paths
from v2h.config.meter_kinds import Meter, MqttMeter
from v2h.config.presets import JsonLayout, find
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError
from v2h.meters.inbox import Inbox
from v2h.meters.jsonvalues import measurement, parse

GUESS_S = 0.5
TIMEOUT_S = 3.0
KEEPALIVE_S = 15
TURN_S = 0.5
"""How soon the thread of a closed source ends."""


def layout_of(spec: MqttMeter) -> JsonLayout:
    """The preset's layout, or the owner's path and scale."""
    if spec.preset and not spec.path:
        layout = find("mqtt", spec.preset, config_paths()).layout
        return layout if spec.scale is None else layout._replace(scale=spec.scale)
    return JsonLayout((spec.path,), 1.0 if spec.scale is None else spec.scale)


class MqttSource:
    """One subscription, with a client id that the broker assigns."""

    always_new = False
    guess_s = GUESS_S

    def __init__(self, spec: MqttMeter) -> None:
        self._place = f"{spec.host}:{spec.port:g}"
        self.title = f"mqtt {spec.topic} at {self._place}"
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
        try:
            try:
                self._client.connect(self._spec.host, int(self._spec.port), KEEPALIVE_S)
            except OSError as error:
                raise MeterError(say("meter.broker_no_connection", place=self._place, error=str(error))) from error
            while not self._over.is_set():
                result = self._client.loop(TURN_S)
                if self._refused:
                    raise MeterError(self._refused)
                if result != mqtt.MQTT_ERR_SUCCESS:
                    error_text = mqtt.error_string(result)
                    raise MeterError(say("meter.broker_gone", place=self._place, error=error_text))
            self._client.disconnect()
        except Exception as failure:  # noqa: BLE001 - the loop raises it again, where an unknown one ends the program
            self._inbox.fail(failure)

    def _on_connect(self, client: mqtt.Client, userdata: Any, flags: Any, reason: Any, properties: Any) -> None:
        if reason.is_failure:
            self._refused = say("meter.broker_refuses", place=self._place, reason=str(reason))
        else:
            self.note = say("meter.broker_nothing_new", topic=self._spec.topic)
            client.subscribe(self._spec.topic)

    def _on_subscribe(self, client: mqtt.Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = say("meter.broker_topic_refused", place=self._place, topic=self._spec.topic)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            return
        try:
            value = measurement(parse(bytes(message.payload)), self._layout, time.monotonic())
        except MeterError as error:
            self.note = error.args[0]
        else:
            self.note = ""
            self._inbox.put(value)


def open_source(spec: Meter, hardware: Hardware) -> MqttSource:
    """Start to listen; the thread opens the connection."""
    assert isinstance(spec, MqttMeter)
    return MqttSource(spec)
