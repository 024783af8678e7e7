"""Random topics and payloads at every face: no crash, no command out of noise, an answer from manager to every command
that comes out of almost good ones, and no growing memory.

V2H_FUZZ=10000 .venv/bin/pytest tests/unit/gateway/test_random_input.py does more of it by hand.
"""

import gc
import json
import os
import random
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

import v2h.programs.manager
from tests.support.fakelink import face
from tests.support.gatewayhouse import house
from tests.support.messages import charger
from tests.support.randommessages import WORDS, almost_good, noise
from tests.support.standin import StandIn
from tests.support.webapp import JSON, WebApp
from v2h.bus.messages import Command, Reply
from v2h.gateway import frames, predecessor
from v2h.gateway.orders import Order
from v2h.gateway.shell.house_broker import Connected, Heard, Lost
from v2h.programs.manager import Manager

COUNT = int(os.environ.get("V2H_FUZZ", "500"))
GROWTH_B = 200_000


@pytest.fixture
def generator() -> random.Random:
    return random.Random(20261130)


@pytest.fixture
def manager(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> StandIn:
    monkeypatch.setattr(v2h.programs.manager, "DATA", tmp_path)
    program = StandIn("manager", monkeypatch, v2h.programs.manager)
    Manager(program)  # type: ignore[arg-type]
    program.hear(charger(t=program.now, state="idle"))
    program.run(2)
    return program


def carried_out(manager: StandIn, order: Order) -> None:
    """manager answers every order; clear-fault is charger's."""
    manager.published.clear()
    assert manager.hear(Command("ask-1", "gateway", order.values), order.name)
    manager.run(1.0)
    if order.name != "clear-fault":
        assert any(isinstance(message, Reply) for _, message in manager.published), order


def growth_b(once: Callable[[int], None], count: int) -> int:
    """Bytes that are held after `count` calls, and were not after a tenth of them."""
    for number in range(count // 10):
        once(number)
    gc.collect()
    tracemalloc.start()
    for number in range(count // 10, count):
        once(number)
    gc.collect()
    held, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return held


@pytest.mark.slow
def test_noise_on_the_broker_of_the_house_commands_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: random.Random
) -> None:
    orders: list[Order] = []
    made, link = face(tmp_path, monkeypatch, lambda order, now, done: orders.append(order))
    now = time.monotonic()

    def once(number: int) -> None:
        topic = f"v2h/{generator.choice([*WORDS, noise(generator).decode('latin-1')])}{generator.choice(['/set', ''])}"
        item: Heard | Connected | Lost = Heard(topic, b"\xff" + noise(generator), generator.random() < 0.2, None)
        if number % 50 == 0:
            item = generator.choice((Connected(), Lost("gone")))
        link.heard.put(item)
        made.read(now + number)
        made.look(now + number)

    assert growth_b(once, COUNT) < GROWTH_B
    assert {order.name for order in orders} <= {"stop", "resume", "clear-fault"}, "a button takes any message"
    made.close()


def test_almost_good_messages_on_the_broker_of_the_house(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, generator: random.Random, manager: StandIn
) -> None:
    given = []

    def give(order: Order, now: float, done: Callable[[Reply | None, str], None]) -> None:
        given.append(order.name)
        carried_out(manager, order)
        done(None, "no answer in time")

    made, link = face(tmp_path, monkeypatch, give)
    for number in range(COUNT):
        topic = f"v2h/{generator.choice(WORDS)}/set"
        lifetime_s = generator.choice((None, 1.0, 60.0))
        link.heard.put(Heard(topic, almost_good(generator), False, lifetime_s))
        made.read(time.monotonic() + number)
    assert {"mode", "slot", "settings", "stop"} <= set(given) and link.counts.total() > COUNT / 2
    made.close()


@pytest.mark.slow
def test_evcc_over_http(tmp_path: Path, generator: random.Random) -> None:
    web = WebApp(tmp_path)
    client, headers = web.make().test_client(), {"Host": "v2h.local"} | JSON | web.token("operate")
    for _ in range(COUNT):
        name = generator.choice(("enable", "maxcurrent", "batterymode", "boost"))
        body = generator.choice((noise, almost_good))(generator)
        answer = client.put(f"/api/v1/evcc/{name}", data=body, headers=headers)
        assert answer.status_code in (200, 400, 404), body
        assert answer.is_json
    assert all(name == "slot" and values["by"] == "evcc" for name, values in web.orders)


def test_the_messages_of_the_old_page(generator: random.Random, manager: StandIn) -> None:
    seen, now = house(), time.monotonic()
    for _ in range(COUNT):
        text = generator.choice((noise, almost_good))(generator).decode(errors="replace")
        turn = predecessor.turn(text, seen, now, may_change=True)
        assert turn.answer is None or json.loads(turn.answer)
        if turn.order is not None:
            carried_out(manager, turn.order)


@pytest.mark.slow
def test_the_frames_of_the_old_page(generator: random.Random) -> None:
    hello = bytes.fromhex("818537fa213d7f9f4d5158")

    def once(number: int) -> None:
        decoder = frames.Decoder()
        data = bytearray(generator.choice((hello * 3, noise(generator), generator.randbytes(40))))
        if data and generator.random() < 0.5:
            data[generator.randrange(len(data))] ^= 1 << generator.randrange(8)
        try:
            for at in range(0, len(data), 7):
                assert all(len(message.payload) <= frames.MOST_MESSAGE_B for message in decoder.feed(data[at : at + 7]))
            frames.opening(bytes(data) + b"\r\n\r\n")
        except frames.ProtocolError as error:
            assert error.code in (frames.PROTOCOL, frames.TOO_BIG)

    assert growth_b(once, COUNT) < GROWTH_B
