"""Modbus, HTTP and MQTT meters against real servers on the loopback: values, failures, and a loop that never waits."""

import contextlib
import dataclasses
import itertools
import shutil
import socket
import statistics
import struct
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.hangup import hang_up
from tests.support.homebroker import Broker
from v2h.config.meter_kinds import HttpMeter, Meter, ModbusMeter, MqttMeter, RegisterTable
from v2h.config.site import Hardware
from v2h.meters import Measurement, MeterError, MeterSource, Refusal, open_meter
from v2h.rig.desk import free_port
from v2h.rig.homemeters import HttpFace, Look, ModbusFace, float_words, homewizard, sdm230, shelly_pro_em

LOOK = Look(-1234.5, 231.5, 49.98, 12_345.0, 678.0)


@contextlib.contextmanager
def opened(spec: Meter) -> Iterator[MeterSource]:
    source = open_meter(spec, Hardware())
    try:
        yield source
    finally:
        source.close()


def values(source: MeterSource, count: int, timeout_s: float = 10.0) -> list[Measurement]:
    """Reads as the program does: poll the descriptor, then read."""
    found: list[Measurement] = []
    deadline = time.monotonic() + timeout_s
    while len(found) < count:
        assert time.monotonic() < deadline, (source.title, source.note, found)
        began = time.monotonic()
        found += [answer for answer in source.read(began) if isinstance(answer, Measurement)]
        assert time.monotonic() - began < 0.5, "reading must not wait for the network"
        time.sleep(0.005)
    return found


def failure(source: MeterSource) -> str:
    with pytest.raises(MeterError) as caught:
        values(source, 1_000_000)
    return str(caught.value)


def refusal(source: MeterSource) -> str:
    """Why the first answer is not used; the connection stays open."""
    deadline = time.monotonic() + 10
    while True:
        for answer in source.read(time.monotonic()):
            if isinstance(answer, Refusal):
                return str(answer.why)
        assert time.monotonic() < deadline, (source.title, source.note)
        time.sleep(0.005)


@pytest.mark.slow
@pytest.mark.parametrize("rtu", [False, True])
def test_an_sdm230_on_tcp_and_behind_an_rtu_gateway(rtu: bool) -> None:
    port = free_port()
    face = ModbusFace(lambda: sdm230(LOOK), port, rtu=rtu)
    spec = ModbusMeter(host="127.0.0.1", port=port, framing="rtu" if rtu else "tcp", interval_s=0.05)
    with opened(spec) as source:
        told = values(source, 6)
        assert told[0].power_w == pytest.approx(-1234.5)
        assert 0.02 < statistics.median(b.t - a.t for a, b in itertools.pairwise(told)) < 0.15
        last = told[-1]
        assert (last.voltage_v, last.frequency_hz) == (pytest.approx(231.5), pytest.approx(49.98, abs=0.001))
        assert (last.import_wh, last.export_wh) == (pytest.approx(12_345, abs=1), pytest.approx(678, abs=0.1))
        assert last.current_a == pytest.approx(1234.5 / 231.5)
        face.close()
        assert f"127.0.0.1:{port}" in failure(source)


@pytest.mark.slow
def test_three_phases_summed_and_a_meter_of_ones_own() -> None:
    """SDM630: addresses from Eastron's protocol document. The other: two's complement, low word first, holding
    registers."""
    phases = {0: 230.0, 2: 231.0, 4: 232.0, 6: 1.0, 8: 2.0, 10: 3.0, 12: 100.0, 14: -250.0, 16: 75.5, 0x46: 50.0}
    words = float_words(phases | {0x48: 1.5, 0x4A: 2.5})
    port = free_port()
    face = ModbusFace(lambda: words, port, unit=7)
    with opened(ModbusMeter(host="127.0.0.1", port=port, unit=7, model="sdm630", interval_s=0.05)) as source:
        last = values(source, 5)[-1]
        assert last.power_w == pytest.approx(-74.5)
        assert last.phases[1] == {"power_w": -250.0, "voltage_v": 231.0, "current_a": 2.0}
        assert (last.voltage_v, last.import_wh) == (None, 1500.0)
    words.clear()
    words.update({40: 0xB1E0, 41: 0xFFFF})  # -20000
    table = RegisterTable(function="holding", format="int32", words="little", power="40 * 0.1")
    spec = ModbusMeter(host="127.0.0.1", port=port, unit=7, model="other", registers=table, interval_s=0.05)
    with opened(spec) as source:
        assert values(source, 1)[0].power_w == pytest.approx(-2000.0)
    face.close()


def test_modbus_failures_have_words() -> None:
    port = free_port()
    with opened(ModbusMeter(host="127.0.0.1", port=port)) as source:
        assert failure(source) == f"no connection to 127.0.0.1:{port}: is the address right, is it switched on?"
    face = ModbusFace(lambda: {0: 0, 1: 0}, port)
    with opened(ModbusMeter(host="127.0.0.1", port=port)) as source:
        assert "refuses input registers 0x0c to 0x0d" in failure(source)
    face.close()
    face = ModbusFace(lambda: float_words({0x0C: float("nan"), 0x4A: 0.0}), port)
    with opened(ModbusMeter(host="127.0.0.1", port=port)) as source:
        assert refusal(source) == "its power at register 0x0c is not a number"
    face.close()


@pytest.mark.slow
def test_a_gateway_that_gets_no_answer_now_and_then_keeps_its_connection() -> None:
    """Modbus TCP: the answer to a request is an exception 11, an exception 6, or 512 W, in turn."""
    server, connections = socket.create_server(("127.0.0.1", 0)), list[socket.socket]()

    def serve() -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = server.accept()
                connections.append(client)
                for turn in itertools.count():
                    head = client.recv(12)
                    if len(head) < 12:
                        break
                    body = (b"\x84\x0b", b"\x84\x06", b"\x04\x04" + struct.pack(">f", 512.0))[turn % 3]
                    client.sendall(head[:4] + struct.pack(">H", len(body) + 1) + head[6:7] + body)

    thread = threading.Thread(target=serve, daemon=True)
    thread.start()
    table = RegisterTable(power="12")
    spec = ModbusMeter(host="127.0.0.1", port=server.getsockname()[1], model="other", registers=table, interval_s=0.05)
    told: list[str] = []
    with opened(spec) as source:
        deadline = time.monotonic() + 10
        while sum(said == "512" for said in told) < 2:
            assert time.monotonic() < deadline, told
            told += [a.why if isinstance(a, Refusal) else f"{a.power_w:g}" for a in source.read(time.monotonic())]
            time.sleep(0.005)
        assert len(connections) == 1
    place = f"127.0.0.1:{spec.port:g}, unit 1 refuses input registers 0x0c to 0x0d"
    assert told[0] == f"{place}: exception 11: the gateway gets no answer from the meter; check its wires and the unit"
    assert told[1] == f"{place}: exception 6: the meter or its gateway is busy"
    hang_up(server, *connections)
    thread.join(5)


class Babbler:
    """A TCP server that sends the same bytes to each client; b"": it sends nothing."""

    def __init__(self, answer: bytes) -> None:
        self._answer, self._server = answer, socket.create_server(("127.0.0.1", 0))
        self.port = int(self._server.getsockname()[1])
        self._held: list[socket.socket] = []
        self._thread = threading.Thread(target=self._run, name="babbler", daemon=True)
        self._thread.start()

    def _run(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                client, _ = self._server.accept()
                self._held.append(client)
                client.recv(1000)
                if self._answer:
                    client.sendall(self._answer)

    def close(self) -> None:
        hang_up(self._server, *self._held)
        self._thread.join(5)


BABBLE = {
    "nothing": b"",
    "zeros": b"\0" * 40,
    "ones": b"\xff" * 300,
    "another": b"HTTP/1.1 200 OK\r\n\r\n",
    "all": bytes(range(256)),
}


@pytest.mark.slow
@pytest.mark.parametrize("what", BABBLE)
@pytest.mark.parametrize("kind", ["tcp", "rtu", "http", "mqtt"])
def test_a_silent_or_mad_device_is_a_failure_with_words(kind: str, what: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.meters.http.TIMEOUT_S", 0.5)  # the answer never comes, so a shorter timeout saves time
    monkeypatch.setattr("v2h.meters.modbus.TIMEOUT_S", 0.5)
    with contextlib.closing(Babbler(BABBLE[what])) as mad:
        spec: Meter
        if kind == "http":
            spec = HttpMeter(url=f"http://127.0.0.1:{mad.port}", path="a")
        elif kind == "mqtt":
            spec = MqttMeter(host="127.0.0.1", port=mad.port, topic="a")
        else:
            spec = ModbusMeter(host="127.0.0.1", port=mad.port, framing=kind)
        with opened(spec) as source:
            if kind == "mqtt" and what in ("nothing", "another"):
                time.sleep(1.0)  # TCP is up, but no MQTT packet is complete: no value comes, and Line gives up later
                assert source.read(0.0) == []
            else:
                assert failure(source)


@pytest.mark.slow
def test_http_meters_keep_their_connection_and_live_through_its_end() -> None:
    documents = {"/rpc/EM1.GetStatus?id=0": lambda: shelly_pro_em(LOOK), "/api/v1/data": lambda: homewizard(LOOK)}
    face = HttpFace(documents, 0)
    for preset in ("shelly-pro-em", "homewizard"):
        with opened(HttpMeter(preset=preset, url=f"http://127.0.0.1:{face.port}", interval_s=0.05)) as source:
            last = values(source, 3)[-1]
            assert last.power_w == pytest.approx(-1234.5, abs=0.6)
            assert last.voltage_v == 231.5
    with opened(HttpMeter(url=f"http://127.0.0.1:{face.port}/none", path="a")) as source:
        assert "/none with status 404" in failure(source)
    port = face.port
    with opened(HttpMeter(preset="homewizard", url=f"http://127.0.0.1:{port}", interval_s=0.05)) as source:
        values(source, 2)
        face.close()
        face = HttpFace(documents, port)
        values(source, 5)
        face.close()


def test_an_http_answer_without_the_power_says_what_it_was() -> None:
    face = HttpFace({"/": lambda: {"voltage": 230}}, 0)
    with opened(HttpMeter(url=f"http://127.0.0.1:{face.port}", path="power")) as source:
        assert failure(source) == 'there is no power in its answer {"voltage": 230}'
    face.close()


def test_an_http_answer_that_is_too_long_is_not_called_silence() -> None:
    face = HttpFace({"/": lambda: {"power": "1" * 70_000}}, 0)
    with opened(HttpMeter(url=f"http://127.0.0.1:{face.port}", path="power")) as source:
        assert failure(source) == f"127.0.0.1:{face.port} answers / with more than 65536 bytes"
    face.close()


@pytest.fixture
def broker() -> Iterator[Broker]:
    with tempfile.TemporaryDirectory(prefix="v2h-broker-") as directory:
        broker = Broker(Path(directory))
        yield broker
        broker.close()


def await_note(source: MeterSource, part: str) -> None:
    deadline = time.monotonic() + 10
    while part not in source.note:
        assert not any(isinstance(answer, Measurement) for answer in source.read(0.0))
        assert time.monotonic() < deadline, source.note
        time.sleep(0.01)


@pytest.mark.slow
def test_mqtt_takes_what_is_new_and_not_what_was_kept(broker: Broker) -> None:
    broker.client.publish("house/power", b'{"now": 9.9}', retain=True).wait_for_publish(5)
    with opened(broker.spec(topic="house/power", path="now", scale=1000)) as source:
        await_note(source, "nothing new on house/power yet")
        time.sleep(0.2)
        assert source.read(0.0) == []
        broker.client.publish("house/power", b'{"later": 1}')
        await_note(source, 'no now in its answer {"later": 1}')
        broker.client.publish("house/power", b'{"now": 0.512}')
        assert values(source, 1)[0].power_w == pytest.approx(512.0)
        assert source.note == ""


@pytest.mark.slow
def test_import_minus_export_from_two_topics(broker: Broker) -> None:
    with opened(broker.spec(topic="p1/taken - p1/given", scale=1000)) as source:
        await_note(source, "nothing new on p1/taken - p1/given yet")
        broker.client.publish("p1/taken", b"0.25")
        time.sleep(0.3)
        assert list(source.read(0.0)) == [], "half of a sum is none"
        broker.client.publish("p1/given", b"1.5")
        assert values(source, 1)[0].power_w == -1250
        for taken, given in ((b"0", b"2"), (b"3", b"0")):
            broker.client.publish("p1/taken", taken)
            broker.client.publish("p1/given", given)
        assert values(source, 2)[1].power_w == 3000
        broker.client.publish("p1/taken", b"4")
        assert values(source, 1)[0].power_w == 4000, "a publisher that sends only what changed"


@pytest.mark.slow
def test_a_sign_of_life_goes_to_the_topic_of_the_preset(broker: Broker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.meters.mqtt.SIGN_OF_LIFE_S", 0.2)
    heard: list[tuple[str, bytes]] = []
    broker.client.on_message = lambda client, userdata, message: heard.append((message.topic, message.payload))
    broker.client.subscribe("R/#")
    with opened(broker.spec(topic="N/c0619ab/system/0/Ac/Grid/L1/Power", preset="victron")) as source:
        deadline = time.monotonic() + 10
        while len(heard) < 2:
            assert time.monotonic() < deadline, heard
            time.sleep(0.01)
        assert set(heard) == {("R/c0619ab/keepalive", b"")}
        broker.client.publish("N/c0619ab/system/0/Ac/Grid/L1/Power", b'{"value": -321.5}')
        assert values(source, 1)[0].power_w == -321.5


@pytest.mark.slow
def test_mqtt_over_tls_proves_the_broker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("V2H_CONFIG", str(tmp_path / "v2h.toml"))
    with tempfile.TemporaryDirectory(prefix="v2h-broker-") as directory:
        broker = Broker(Path(directory), tls=True)
        try:
            (tmp_path / "meters").mkdir()
            shutil.copy(Path(directory) / "broker.pem", tmp_path / "meters" / "home.pem")
            spec = broker.spec(topic="x", port=broker.tls_port, tls=True, ca="home.pem")
            with opened(spec) as source:
                await_note(source, "nothing new")
                broker.client.publish("x", b"512")
                assert values(source, 1)[0].power_w == 512
            with opened(dataclasses.replace(spec, ca="")) as source:
                assert "is not proved: " in (said := failure(source)) and 'Write ca = "NAME.pem"' in said
            with opened(dataclasses.replace(spec, ca="none.pem")) as source:
                assert failure(source).startswith("there is no certificate none.pem in the folder meters")
            with opened(dataclasses.replace(spec, host="localhost")) as source:
                assert "is not proved: " in failure(source), "a good certificate of another name proves nothing"
        finally:
            broker.close()


def test_mqtt_failures_have_words(broker: Broker) -> None:
    with opened(broker.spec(topic="x", password="wrong")) as source:
        assert "Are user and password right?" in failure(source)
    with opened(broker.spec(topic="x", port=free_port())) as source:
        assert "no connection to the broker" in failure(source)
    with opened(broker.spec(topic="x")) as source:
        await_note(source, "nothing new")
        broker.close()
        assert "is gone" in failure(source)
