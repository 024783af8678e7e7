"""A meter whose values others publish on a broker of the home network (paho, in a thread).

A retained message is an old value and is not used. The topic may be silent for any time: the readings' age shows that,
and this module does not check it. With several topics, TopicSum makes one value of theirs.
"""

import re
import threading
import time
from typing import Any

from v2h.bus.paho_lazy import CallbackAPIVersion, mqtt
from v2h.bus.sentences import say
from v2h.config.files import config_paths
from v2h.config.meter_kinds import Meter, MqttMeter
from v2h.config.presets import JsonLayout, Preset, find, own_folders
from v2h.config.site import Hardware
from v2h.config.terms import read_topics
from v2h.meters import Measurement, MeterError, Refusal
from v2h.meters.inbox import Inbox
from v2h.meters.jsonvalues import measurement, parse
from v2h.meters.topicsum import TopicSum

GUESS_S = 0.5
TIMEOUT_S = 3.0
KEEPALIVE_S = 15
TURN_S = 0.5
"""How soon the thread of a closed source ends."""
SIGN_OF_LIFE_S = 30.0
"""Half of what Victron's GX waits for a sign of life of its readers before it stops to publish."""


def preset_of(spec: MqttMeter) -> Preset:
    """How to read the messages, and the topic of the sign of life: of the preset, or of the owner's path and scale."""
    preset = find("mqtt", spec.preset, config_paths()) if spec.preset else Preset("mqtt")
    layout = preset.layout
    if spec.path or not spec.preset:
        layout = JsonLayout((spec.path,))
    if spec.scale is not None:
        layout = layout._replace(scale=spec.scale)
    return preset._replace(layout=layout)


def sign_of_life(template: str, topic: str) -> str:
    """'R/{1}/keepalive' and 'N/c0619ab/system/...' -> 'R/c0619ab/keepalive'."""
    levels = topic.split("/")
    return re.sub(r"\{(\d)\}", lambda found: "".join(levels[int(found[1]) :][:1]), template)


class MqttSource:
    """One connection, with a client id that the broker assigns."""

    always_new = False
    guess_s = GUESS_S

    def __init__(self, spec: MqttMeter) -> None:
        self._place = f"{spec.host}:{spec.port:g}"
        self.title = f"mqtt {spec.topic} at {self._place}"
        self.note = ""
        self.wakes = self._inbox = Inbox()
        preset, terms = preset_of(spec), read_topics(spec.topic)
        self._spec, self._layout = spec, preset.layout
        self._topics = [topic for _, topic in terms]
        self._sum = TopicSum(terms)
        self._sign_of_life = sign_of_life(preset.keepalive, self._topics[0])
        self._sign_t = float("inf")
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

    def read(self, now: float) -> list[Measurement | Refusal]:
        return self._inbox.take()

    def close(self) -> None:
        self._over.set()
        self._inbox.close()

    def _run(self) -> None:
        try:
            try:
                if self._spec.tls:
                    self._encrypt()
                self._client.connect(self._spec.host, int(self._spec.port), KEEPALIVE_S)
            except MeterError:
                raise
            except OSError as error:
                if type(error).__name__ == "SSLCertVerificationError":  # without an import of ssl
                    text = say("meter.broker_certificate", place=self._place, error=str(error))
                else:
                    text = say("meter.broker_no_connection", place=self._place, error=str(error))
                raise MeterError(text) from error
            while not self._over.is_set():
                result = self._client.loop(max(0.0, min(TURN_S, self._sum.due - time.monotonic())))
                now = time.monotonic()
                if self._sign_of_life and now >= self._sign_t:
                    self._client.publish(self._sign_of_life, b"")
                    self._sign_t = now + SIGN_OF_LIFE_S
                if now >= self._sum.due:
                    self._put_sum(now)
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
            client.subscribe([(topic, 0) for topic in self._topics])
            self._sign_t = time.monotonic()

    def _on_subscribe(self, client: mqtt.Client, userdata: Any, mid: int, reasons: Any, properties: Any) -> None:
        if any(reason.is_failure for reason in reasons):
            self._refused = say("meter.broker_topic_refused", place=self._place, topic=self._spec.topic)

    def _on_message(self, client: mqtt.Client, userdata: Any, message: mqtt.MQTTMessage) -> None:
        if message.retain:
            return
        now = time.monotonic()
        try:
            value = measurement(parse(bytes(message.payload)), self._layout, now)
        except MeterError as error:
            self._refuse(now, error)
            return
        if len(self._topics) > 1:
            self._sum.take(message.topic, value)
        else:
            self._put(value)

    def _put_sum(self, now: float) -> None:
        try:
            value = self._sum.total(now)
        except MeterError as error:
            self._refuse(now, error)
            return
        if value is not None:
            self._put(value)

    def _put(self, value: Measurement) -> None:
        self.note = ""
        self._inbox.put(value)

    def _refuse(self, now: float, error: MeterError) -> None:
        self.note = error.args[0]
        self._inbox.put(Refusal(now, error.args[0]))

    def _encrypt(self) -> None:
        """Raises MeterError for a certificate that cannot be read."""
        name = self._spec.ca
        places = [folder / name for folder in own_folders(config_paths())]
        found = next((place for place in places if place.is_file()), places[0])
        try:
            self._client.tls_set(ca_certs=str(found) if name else None)
        except (OSError, ValueError) as error:
            raise MeterError(say("meter.broker_no_ca", name=name, error=str(error))) from error


def open_source(spec: Meter, hardware: Hardware) -> MqttSource:
    """Start to listen; the thread opens the connection."""
    assert isinstance(spec, MqttMeter)
    return MqttSource(spec)
