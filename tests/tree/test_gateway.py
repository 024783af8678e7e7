"""`gateway` between two real brokers: values out, commands in, and what becomes of both when something is lost."""

import contextlib
import json
import signal
import socket
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.gatewayhome import GatewayHome, gateway_home
from tests.support.wsclient import WebSocket
from v2h.bus.messages import Event, Reply
from v2h.config.loading import load
from v2h.datalog.writer import StoreWriter
from v2h.oneshot.gateway_files import secrets_of
from v2h.rig.desk import free_port


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[GatewayHome]:
    with gateway_home(tmp_path_factory.mktemp("gateway")) as made:
        made.start()
        made.until("online", lambda: made.reader.heard.get("v2h/status") == "online", 30)
        made.until("state", lambda: json.loads(made.reader.heard.get("v2h/state", "{}")).get("soc_pct") == 62.0)
        yield made


def answers(home: GatewayHome) -> list[Any]:
    return [json.loads(text) for topic, text in home.reader.order if topic == "v2h/answer"]


def test_values_alone_and_together(home: GatewayHome) -> None:
    heard = home.reader.heard
    home.until("single values", lambda: heard.get("v2h/soc_pct") == "62.0")
    state = json.loads(heard["v2h/state"])
    assert (state["ev_power_w"], state["battery_power_w"], state["grid_power_w"]) == (3807.0, -3807.0, 4215.0)
    assert (heard["v2h/flowing"], heard["v2h/mode"]) == ("true", "charge")
    assert "v2h/charged_kwh" not in heard, "there is no log yet"


def test_a_command_is_that_of_the_page_and_is_answered(home: GatewayHome) -> None:
    home.reader.say("v2h/mode/set", "solar")
    home.until("order", lambda: ("mode", {"mode": "solar", "by": "MQTT"}) in home.orders)
    home.until("answer", lambda: answers(home)[-1:] != [])
    assert answers(home)[-1] == {
        "command": "mode", "ok": True, "text": "mode applied", "applied": {"mode": "solar", "by": "MQTT"},
    }  # fmt: skip


def test_the_expiry_of_a_message_is_the_lifetime_of_its_order(home: GatewayHome) -> None:
    home.reader.say("v2h/slot/set", '{"slot": "hold", "by": "Predbat"}', expiry_s=120)
    home.until("order", lambda: any(name == "slot" for name, _ in home.orders))
    values = next(values for name, values in home.orders if name == "slot")
    assert values.pop("lifetime_s") == pytest.approx(120, abs=2) and values == {"slot": "hold", "by": "Predbat"}


def test_a_number_sets_a_setting_and_nonsense_is_answered(home: GatewayHome) -> None:
    home.reader.say("v2h/soc_max_pct/set", "85")
    home.until("order", lambda: ("settings", {"soc_max_pct": 85.0}) in home.orders)
    before = len(home.orders)
    for topic, payload in (("soc_max_pct", "much"), ("mode", "{"), ("boost", "1"), ("evcc/enable", "perhaps")):
        home.reader.say(f"v2h/{topic}/set", payload)
    home.until("answers", lambda: sum(not one["ok"] for one in answers(home)) == 4)
    assert len(home.orders) == before


def test_evcc_is_answered_at_once(home: GatewayHome) -> None:
    home.until("reading", lambda: home.reader.heard.get("v2h/evcc/status") == "C")
    home.reader.say("v2h/evcc/enable/set", "false")
    home.until("echo", lambda: home.reader.heard.get("v2h/evcc/enabled") == "false", 3)
    home.reader.say("v2h/evcc/enable/set", "true")
    home.until("echo", lambda: home.reader.heard.get("v2h/evcc/enabled") == "true", 3)
    home.reader.say("v2h/evcc/maxcurrent/set", "10")
    wanted = {"slot": "charge", "amps": round(10 * 230 / 384.6, 1), "lifetime_s": 90.0, "by": "evcc"}
    home.until("order", lambda: ("slot", wanted) in home.orders)


def test_events_from_the_configured_level_up(home: GatewayHome) -> None:
    for level in ("info", "warning"):
        home.others.say("charger", Event(1.0, level, f"a-{level}", "Something happened", "charger"), "charger")
    home.until("event", lambda: "v2h/event" in home.reader.heard)
    codes = [json.loads(text)["code"] for topic, text in home.reader.order if topic == "v2h/event"]
    assert codes == ["a-warning"]


def test_home_assistant_finds_the_device_and_again_after_its_start(home: GatewayHome) -> None:
    def told() -> int:
        return sum(topic == "homeassistant/device/v2h/config" for topic, _ in home.reader.order)

    home.until("numbers", lambda: "number" in home.reader.heard.get("homeassistant/device/v2h/config", ""))
    before = told()
    home.reader.say("homeassistant/status", "online")
    home.until("again", lambda: told() > before)
    assert home.reader.heard["v2h/status"] == "online"


def test_the_last_will_and_the_return(home: GatewayHome) -> None:
    home.stop(signal.SIGKILL)
    home.until("offline", lambda: home.reader.heard["v2h/status"] == "offline", 10)
    home.start()
    home.until("online", lambda: home.reader.heard["v2h/status"] == "online", 30)


def test_a_restart_of_the_broker_does_not_flap(home: GatewayHome) -> None:
    home.until("online", lambda: home.reader.heard["v2h/status"] == "online", 30)
    home.reader.heard.clear()
    home.reader.order.clear()
    home.outside.restart()
    home.until("online again", lambda: home.reader.heard.get("v2h/status") == "online", 30)
    home.until(
        "everything again", lambda: {"homeassistant/device/v2h/config", "v2h/soc_pct"} <= home.reader.heard.keys()
    )
    statuses = [payload for topic, payload in home.reader.order if topic == "v2h/status"]
    assert "offline" not in statuses[statuses.index("online") :], "mosquitto itself sends all last wills when it ends"


def test_a_retained_command_is_ignored(tmp_path: Path) -> None:
    with gateway_home(tmp_path) as home:
        home.reader.say("v2h/mode/set", "charge", retain=True)
        home.start()
        home.until("online", lambda: home.reader.heard.get("v2h/status") == "online", 30)
        home.reader.say("v2h/resume/set", "PRESS")
        home.until("a later one", lambda: ("resume", {}) in home.orders)
        assert [name for name, _ in home.orders] == ["resume"]


def test_another_name_takes_the_old_entries_away_and_keeps_the_device(tmp_path: Path) -> None:
    with gateway_home(tmp_path) as home:
        heard = home.reader.heard

        def rename(more: str) -> None:
            assert home.stop() == 0
            home.config.write_text(home.config.read_text().replace('user = "me"', f'user = "me"\n{more}'))
            home.start()

        home.start()
        home.until("device", lambda: "homeassistant/device/v2h/config" in heard, 30)
        home.until("values", lambda: {"v2h/soc_pct", "v2h/evcc/status"} <= heard.keys())
        rename('topic = "shed/car"')
        home.until("new values", lambda: "shed/car/soc_pct" in heard, 30)
        assert not [topic for topic in heard if topic.startswith("v2h/")]
        device = json.loads(heard["homeassistant/device/v2h/config"])
        assert device["state_topic"] == "shed/car/state"
        assert device["components"]["soc_pct"]["unique_id"] == "v2h_soc_pct"
        home.reader.order.clear()
        rename('discovery_topic = "ha"')
        home.until("new place", lambda: "ha/device/v2h/config" in heard, 30)
        old = [text for topic, text in home.reader.order if topic == "homeassistant/device/v2h/config"]
        assert old == ['{"migrate_discovery":true}', ""]
        rename("discovery = false")
        home.until("no device", lambda: "ha/device/v2h/config" not in heard, 30)


def test_the_broker_of_the_house_may_be_gone(tmp_path: Path) -> None:
    with gateway_home(tmp_path) as home:
        home.config.write_text(home.config.read_text().replace(f"port = {home.outside.port}", "port = 9"))
        home.start()
        home.until("alive on our bus", lambda: alive(home), 30)
        assert home.stop() == 0


def alive(home: GatewayHome) -> bool:
    """Whether the program reads our bus: it subscribes to everything before it is alive there."""
    return json.loads(home.others.alive.get("gateway", "{}")).get("alive", False) is True


@pytest.mark.parametrize(
    ("toml", "listens", "connects"),
    [
        ('[gateway.notify]\nwebhook = "http://127.0.0.1:9/hook"', False, False),
        ('[gateway.websocket]\nlisten = "127.0.0.1:{free}"', True, False),
        ('[gateway.mqtt]\nhost = "127.0.0.1"\nport = {outside}\nuser = "me"\npassword = "right"', False, True),
    ],
)
def test_a_face_that_is_not_configured_opens_no_socket(
    tmp_path: Path, toml: str, listens: bool, connects: bool
) -> None:
    free = free_port()
    with gateway_home(tmp_path) as home:
        home.config.write_text(toml.format(free=free, outside=home.outside.port))
        home.start()
        home.until("alive on our bus", lambda: alive(home), 30)
        if connects:
            home.until("online", lambda: home.reader.heard.get("v2h/status") == "online")
        assert home.child is not None
        ours, sockets = int(home.env["V2H_BUS_PORT"]), tcp(home.child.pid)
        assert {own for own, _, state in sockets if state == LISTENS} == ({free} if listens else set())
        peers = {peer for _, peer, state in sockets if state == CONNECTED} - {own for own, _, _ in sockets}
        assert peers == ({ours, home.outside.port} if connects else {ours})


LISTENS, CONNECTED = "0A", "01"


def tcp(pid: int) -> list[tuple[int, int, str]]:
    """The TCP sockets of a process: own port, the peer's port, and the state as the kernel writes it."""
    held = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
    lines = [line.split() for kind in ("tcp", "tcp6") for line in Path(f"/proc/net/{kind}").read_text().splitlines()]
    return [
        (int(line[1].rpartition(":")[2], 16), int(line[2].rpartition(":")[2], 16), line[3])
        for line in lines
        if f"socket:[{line[9]}]" in held
    ]


def test_the_secrets_of_the_gateway_and_no_others(tmp_path: Path) -> None:
    card = tmp_path / "v2h.toml"
    card.write_text(
        '[gateway.mqtt]\nhost = "h"\npassword = "p1"\n[meter.grid]\nkind = "http"\nurl = "http://m"\npassword = "p2"\n'
    )
    known = secrets_of(load([card]).gateway)
    assert known["mqtt"] == {"password": "p1"} and "p2" not in json.dumps(known)
    assert replace(load([card]).gateway.mqtt, password="x").password == "x"


# The predecessor's WebSocket.

SAID = json.loads((Path(__file__).resolve().parents[1] / "data/predecessor/messages.json").read_text())
TOKEN = "a-token-of-sixteen"


@contextlib.contextmanager
def old_page(folder: Path, more: str = "", web: str = "") -> Iterator[tuple[GatewayHome, int]]:
    port = free_port()
    toml = f'[gateway.websocket]\nlisten = "127.0.0.1:{port}"\n{more}\n{web}'
    with gateway_home(folder, toml) as home:
        home.start()
        home.until("alive on our bus", lambda: alive(home), 30)
        yield home, port


def test_the_pages_of_the_predecessor_drive_the_charger(tmp_path: Path) -> None:
    """Each connection sends all at once, as timers that pile up do: each message has one answer, in order."""
    with old_page(tmp_path, 'clients = "127.0.0.1"') as (home, port):
        for connections in SAID["pages"].values():
            for rows in connections:
                link = WebSocket(port, origin="http://192.168.1.7")
                for text, _ in rows:
                    link.send(text)
                keys = [next(iter(json.loads(link.receive()[1]))) for _ in rows]
                assert keys == [key for _, key in rows]
                link.close()
        modes = [values["mode"] for name, values in home.orders if name == "mode"]
        assert modes == [
            "v2h",
            "charge",
            "charge",
            "discharge",
            "idle",
            "idle",
            "v2h",
            "discharge",
            "solar",
            "charge",
            "idle",
        ]
        (schedule,) = [values["schedule"] for name, values in home.orders if name == "schedule"]
        assert [row["mode"] for row in schedule["weekly"]] == ["v2h", "solar", "discharge", "idle", "charge"]
        link = WebSocket(port)
        for text, _ in SAID["refused"]:
            assert link.ask(text) == {"ack": "err"}
        link.send("still there?", opcode=9)
        assert link.receive() == (10, b"still there?")
        link.close()


def test_the_old_records_are_those_of_the_log(tmp_path: Path) -> None:
    begun_t = time.time() - 600
    with old_page(tmp_path) as (home, port):
        link = WebSocket(port)
        text = SAID["records"][1]
        assert link.ask(text) == {"ack": "err"}, "there is no log yet"
        store = StoreWriter(home.base / "data", "boot-1", "0.1.0")
        store.set_clock(begun_t, True)
        for second in (0, 10, 20, 30):
            store.add_sample(float(second), {"state": "energy" if second else "idle", "power_w": 100.0 * second})
        store.flush()
        assert [row["dc_kw"] for row in link.ask(text)["Records"]] == [3.0, 2.0]
        assert [row["dc_kw"] for row in link.ask(SAID["records"][2])["Records"]] == pytest.approx([1.0, 2.0, 3.0])
        store.close()
        link.close()


def test_a_refusal_of_manager_is_told_to_the_page(tmp_path: Path) -> None:
    with old_page(tmp_path, f'token = "{TOKEN}"') as (home, port):
        home.others.answer = lambda name, order: Reply(order["id"], name != "schedule", "no")
        link = WebSocket(port, f"/?token={TOKEN}", origin="null")
        assert link.ask('{"cmd":{"SetEvents":[{"time":"01:00","action":"Sleep"}]}}') == {"ack": "err"}
        assert link.ask('{"cmd":{"SetMode":"V2h"}}') == {"Mode": "V2h"}
        link.close()


def test_who_is_not_listed_and_has_no_token_only_looks(tmp_path: Path) -> None:
    with old_page(tmp_path, f'token = "{TOKEN}"\nclients = "10.0.0.1"') as (home, port):
        for path in ("/", "/?token=", "/?token=wrong", "/?token=%ff"):
            link = WebSocket(port, path)
            assert link.ask('{"cmd":{"SetMode":"V2h"}}') == {"ack": "err"}
            assert "Data" in link.ask('{"cmd":"GetData"}')
            link.close()
        assert home.orders == []


def test_a_foreign_site_in_a_listed_browser_cannot_command_and_a_closed_page_is_closed(tmp_path: Path) -> None:
    web = '[web]\nreading = "owner"'
    with old_page(tmp_path, f'token = "{TOKEN}"\nclients = "127.0.0.1"', web) as (_, port):
        for origin in ("https://example.com", "null"):
            with pytest.raises(ConnectionError):
                WebSocket(port, origin=origin)
        for path, origin in (("/", ""), ("/", "http://192.168.1.9"), (f"/?token={TOKEN}", "null")):
            link = WebSocket(port, path, origin)
            assert "Data" in link.ask('{"cmd":"GetData"}')
            link.close()


def test_a_foreign_site_does_not_even_look(tmp_path: Path) -> None:
    """A browser lets every site of the world open a WebSocket to the house, under a name of its own as well."""
    with old_page(tmp_path, f'token = "{TOKEN}"') as (home, port):
        for origin in (
            "https://example.com",
            f"http://rebound.example:{port}",
            "null",
            "http://8.8.8.8",
            "http://[bad",
        ):
            with pytest.raises(ConnectionError):
                WebSocket(port, origin=origin)
            link = WebSocket(port, f"/?token={TOKEN}", origin=origin)
            assert "Data" in link.ask('{"cmd":"GetData"}')
            link.close()
        for origin in ("", "http://192.168.1.9:8000", "http://nas"):
            link = WebSocket(port, origin=origin)
            assert "Data" in link.ask('{"cmd":"GetData"}')
            assert link.ask('{"cmd":{"SetMode":"V2h"}}') == {"ack": "err"}
            link.close()
        assert home.orders == []


def test_it_listens_as_soon_as_its_address_is_free(tmp_path: Path) -> None:
    """The address that DHCP gives comes after the start of the programs."""
    with contextlib.ExitStack() as held:
        taken = held.enter_context(socket.create_server(("127.0.0.1", 0)))
        port = taken.getsockname()[1]
        home = held.enter_context(gateway_home(tmp_path, f'[gateway.websocket]\nlisten = "127.0.0.1:{port}"'))
        home.start()
        home.until("alive on our bus", lambda: alive(home), 30)
        taken.close()

        def answers_there() -> bool:
            with contextlib.suppress(ConnectionError):
                link = WebSocket(port)
                answer = link.ask('{"cmd":"GetMode"}')
                link.close()
                return "Mode" in answer
            return False

        home.until("it listens", answers_there, 20)
        assert home.stop() == 0


def test_a_page_whose_timers_have_piled_up_still_works(tmp_path: Path) -> None:
    """Its static page begins a timer at each connection and ends none: in the end it asks hundreds of times at once."""
    reads = ['{"cmd":"GetData"}', '{"cmd":"GetMode"}'] * 150
    with old_page(tmp_path, 'clients = "127.0.0.1"') as (home, port):
        page = WebSocket(port)
        home.others.answer = lambda name, order: None
        page.send('{"cmd":{"SetEvents":[{"time":"01:00","action":"Sleep"}]}}')
        for text in (*reads, '{"cmd":{"SetMode":"Idle"}}'):
            page.send(text)
        keys = [next(iter(json.loads(page.receive()[1]))) for _ in range(len(reads) + 2)]
        assert keys[0] == "ack" and keys[-1] == "Mode"
        assert {"Data", "Mode"} <= set(keys[1:-1]) <= {"Data", "Mode", "ack"}, "what is too much is answered too"
        home.until("the stop", lambda: ("mode", {"mode": "idle", "by": "the old page"}) in home.orders)
        page.close()


def test_a_client_that_forgets_its_connections_shuts_nobody_out(tmp_path: Path) -> None:
    with old_page(tmp_path) as (_, port):
        forgotten = []
        with contextlib.suppress(ConnectionError):
            for _ in range(20):
                forgotten.append(WebSocket(port, source="127.0.0.2"))
        assert 4 <= len(forgotten) < 16
        other = WebSocket(port, source="127.0.0.3")
        assert "Mode" in other.ask('{"cmd":"GetMode"}') and "Mode" in forgotten[0].ask('{"cmd":"GetMode"}')
        for link in (other, *forgotten):
            link.close()


def test_a_client_that_breaks_the_protocol_is_closed_and_the_others_stay(tmp_path: Path) -> None:
    with old_page(tmp_path) as (_, port):
        good = WebSocket(port)
        for data in (b"\x81\x05Hello", b"\xff" * 50, b"\x81\xff" + b"\xff" * 8):
            bad = WebSocket(port)
            bad.send_raw(data)
            assert bad.receive()[0] == 8
            bad.close()
        for text, opcode in (('{"cmd":"GetDebug"}', 1), ("are you there?", 9)):
            flood = WebSocket(port)
            with contextlib.suppress(OSError):
                for _ in range(20_000):
                    flood.send(text, opcode)
            codes = []
            with contextlib.suppress(OSError):
                while True:
                    codes.append(flood.receive()[0])
            assert len(codes) < 15_000, "it is disconnected"
            flood.close()
        assert "Mode" in good.ask('{"cmd":"GetMode"}')
        good.close()
