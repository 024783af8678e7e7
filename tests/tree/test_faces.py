"""`web`, `datalog` and `panel` as real processes on a real broker: from the page to the bus and back, lights and
buttons, and rows on disk."""

import json
import select
import signal
import socket
import sqlite3
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Iterator
from datetime import UTC, datetime
from http.client import HTTPConnection
from typing import Any

import pytest

from tests.support.faces import PASSWORD, PROGRAMS, Faces, all_alive, running, state_of, view, wait_for
from tests.support.messages import charger, manager
from tests.support.ownerlogin import log_in
from v2h.bus.messages import Event, ManagerSchedule, Pairing, Reply
from v2h.bus.states import STATE_EVENT
from v2h.config.site import Limits
from v2h.energy.readyby import CarNow
from v2h.energy.schedule_json import schedule_parts
from v2h.energy.schedulefile import read_schedule
from v2h.energy.steps import result


@pytest.fixture(scope="module")
def faces(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Faces]:
    with running(tmp_path_factory.mktemp("faces")) as made:
        yield made


def test_bus_to_page_and_back(faces: Faces) -> None:
    faces.charger, faces.manager = charger(power_w=-1523.0), manager(mode="v2h", why="Covering the house")
    wait_for("headline", lambda: view(faces)["headline"] == "The car supplies 1.52 kW")
    assert view(faces)["why"] == "Covering the house."
    faces.others.answer = lambda name, order: Reply(order["id"], True, "charging with 7 A", {"mode": "charge"})
    status, reply = faces.post("mode", {"mode": "charge", "amps": 7, "soc_limit_pct": 80})
    assert (status, reply["text"]) == (200, "charging with 7 A")
    assert faces.others.orders[-1] == ("mode", {"mode": "charge", "amps": 7, "soc_limit_pct": 80})
    faces.others.answer = lambda name, order: Reply(order["id"], False, "no car")
    assert faces.post("mode", {"mode": "v2h"})[0] == 409
    faces.others.answer = lambda name, order: None
    began = time.monotonic()
    assert faces.post("stop", {})[0] == 504
    assert 1.9 < time.monotonic() - began < 3.5


def test_stop_answers_within_a_second_while_all_streams_are_taken(faces: Faces) -> None:
    faces.others.answer = lambda name, order: Reply(order["id"], True, "stopping")
    address = ("127.0.0.1", int(faces.url.rpartition(":")[2]))
    links = [socket.create_connection(address, source_address=(f"127.0.0.{n + 2}", 0)) for n in range(20)]
    try:
        for link in links:
            link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        heads = [link.recv(200).split(b"\r\n")[0] for link in links]
        assert heads.count(b"HTTP/1.1 200 OK") == 8
        assert heads.count(b"HTTP/1.1 503 SERVICE UNAVAILABLE") == 12
        began = time.monotonic()
        assert faces.post("stop", {})[0] == 200
        assert time.monotonic() - began < 1.0
    finally:
        for link in links:
            link.close()

    def seat_free() -> bool:
        with socket.create_connection(address) as link:
            link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
            return link.recv(200).startswith(b"HTTP/1.1 200")

    wait_for("seats given back", seat_free)


def test_buttons(faces: Faces) -> None:
    faces.others.orders.clear()
    faces.charger, faces.manager = charger(), manager(mode="v2h")
    wait_for("V2H shown", lambda: faces.chips.registers()[3] == 0x10)
    faces.chips.press("on_off", True)
    wait_for("stop at the press", lambda: faces.others.orders == [("stop", {})], 1.0)
    faces.chips.press("on_off", False)
    wait_for("the stop again, for nobody shows it", lambda: len(faces.others.orders) > 2, 2.0)
    faces.charger, faces.manager = charger(ended_by="us"), manager(mode="idle", stopped_by_owner=True)
    wait_for("idle manager heard: colour by power", lambda: faces.chips.registers()[3] == 0x04)
    faces.charger = charger(state="idle")
    wait_for("idle shown", lambda: faces.chips.registers()[3] == 0x01)
    assert {name for name, _ in faces.others.orders} == {"stop"}
    faces.others.orders.clear()
    time.sleep(1.2)
    assert faces.others.orders == [], "both have it"
    faces.chips.press("on_off", True)
    faces.chips.press("on_off", False)
    wait_for("V2H", lambda: faces.others.orders == [("mode", {"mode": "v2h"})], 1.0)
    faces.chips.press("boost", True)
    faces.chips.press("boost", False)
    wait_for("charge", lambda: faces.others.orders[1:] == [("mode", {"mode": "charge"})], 1.0)


def test_pairing_at_the_panel_lets_one_browser_set_the_password(faces: Faces) -> None:
    faces.post("stop", {})
    before = faces.owner
    browser = HTTPConnection(faces.url.removeprefix("http://"), timeout=10)

    def ask(method: str, form: dict[str, str] | None = None, cookie: str = "") -> tuple[int, str, str]:
        body = None if form is None else urllib.parse.urlencode(form)
        headers = {"Origin": faces.url, "Content-Type": "application/x-www-form-urlencoded", "Cookie": cookie}
        browser.request(method, "/pair", body, headers)
        answer = browser.getresponse()
        return answer.status, answer.headers.get("Set-Cookie", "").partition(";")[0], answer.read().decode()

    assert "is closed" in ask("GET")[2]
    said = Pairing(time.monotonic(), 120)
    faces.others.say("manager", said)
    time.sleep(0.5)
    assert "is closed" in ask("GET")[2], "the broker lets nobody but panel say that"
    faces.charger, faces.manager = charger(state="idle"), manager(mode="idle")
    wait_for("idle shown", lambda: faces.chips.registers()[3] == 0x01)
    faces.others.orders.clear()
    began = time.monotonic()
    for button in ("on_off", "boost"):
        faces.chips.press(button, True)
    wait_for("pairing shown: white, blinking", lambda: faces.chips.registers()[3] == 0x02)
    assert 5.0 <= time.monotonic() - began <= 6.5
    for button in ("on_off", "boost"):
        faces.chips.press(button, False)
    faces.charger = charger(state="energy")
    wait_for("a session shown though the window is open", lambda: faces.chips.registers()[3] == 0x04)
    faces.charger = charger(state="idle")
    wait_for("pairing shown again", lambda: faces.chips.registers()[3] == 0x02)
    wait_for("window open", lambda: ask("GET")[0] == 303)
    _, cookie, _ = ask("GET")
    _, nonce, page = ask("GET", cookie=cookie)
    assert "Now press on/off" in page
    wait_for("a browser waits: white, blinking fast", lambda: faces.chips.registers()[3] == 0x03)
    word = {"password": PASSWORD, "again": PASSWORD}
    assert ask("POST", word)[0] == ask("POST", word, nonce)[0] == 403
    faces.chips.press("on_off", True)
    faces.chips.press("on_off", False)
    wait_for("confirmed", lambda: "The window is yours" in ask("GET", cookie=nonce)[2])
    assert ask("POST", word, nonce)[0] == 303
    wait_for("the window was used: idle shown", lambda: faces.chips.registers()[3] == 0x01, 3.0)
    faces.chips.press("on_off", True)
    faces.chips.press("on_off", False)
    time.sleep(0.3)
    assert faces.others.orders == [], "no press in the window has started anything"
    wait_for("event", lambda: "pairing at the panel" in json.dumps(view(faces)["events"]))
    faces.owner = before
    assert faces.post("stop", {})[0] == 401, "what was given out before is void"
    faces.owner = {}
    faces.others.answer = lambda name, order: Reply(order["id"], True, "stopping")
    assert faces.post("stop", {})[0] == 200


@pytest.mark.parametrize(
    ("state", "mode", "power_w", "soc_pct", "registers"),
    [
        ("idle", "idle", None, None, "55 40 55 01"),
        ("energy", "charge", 3000.0, 62.0, "50 50 50 04"),
        ("energy", "v2h", -1200.0, 30.0, "15 40 54 10"),
        ("fault", "idle", 0.0, 100.0, "55 40 00 40"),
    ],
)
def test_lights(
    faces: Faces, state: str, mode: str, power_w: float | None, soc_pct: float | None, registers: str
) -> None:
    faces.charger = charger(state=state, power_w=power_w, soc_pct=soc_pct)
    faces.manager = manager(mode=mode)
    wait_for(registers, lambda: faces.chips.registers().hex(" ") == registers)


def test_events_are_on_disk_at_once_and_samples_at_the_stop(faces: Faces) -> None:
    faces.charger, faces.manager = charger(state="energy", soc_pct=48.0), manager(mode="charge")
    document = {"version": 1, "prices": [{"start": "00:00", "end": "24:00", "import_price": 10, "export_price": 0.1}]}
    parts = result(schedule_parts(read_schedule(document, Limits(), "UTC"), datetime.now(UTC), CarNow()))
    faces.others.say("manager", ManagerSchedule(time.monotonic(), document, source="schedule.json", **parts))
    wait_for("the broker has both", lambda: (view(faces)["soc"], view(faces)["mode"]) == ("48 %", "charge"))
    event = Event(time.monotonic(), "warning", "k_off", "permission gone", "guard", {"a": 1})
    faces.others.say("charger", event, "charger")
    faces.others.say("charger", event, "guard")  # the broker drops it, and the body's source counts for nothing
    faces.wire.send(0x102, 10)
    database = faces.data / "v2h.sqlite3"

    def events() -> list[Any]:
        with sqlite3.connect(database) as connection:
            return list(connection.execute("select level, code, source from events where code = 'k_off'"))

    wait_for("event in the file", lambda: database.exists() and events() == [("warning", "k_off", "charger")])
    wait_for("event on the page", lambda: "Permission gone" in [row["label"] for row in view(faces)["events"]])

    captures = faces.data / "captures"
    faces.others.say(
        "charger",
        Event(time.monotonic(), "fault", STATE_EVENT, "tripped", "charger", {"fault": "guard_tripped"}),
        "charger",
    )
    wait_for("the black box after a fault", lambda: any(captures.glob("*-guard_tripped.log")))
    faces.post("capture", {})
    wait_for("the black box on file", lambda: any(captures.glob("*-asked-for.log")))
    (capture,) = captures.glob("*-asked-for.log")
    assert [line.split()[1:] for line in capture.read_text().splitlines()] == [["can0", f"102#{'0' * 16}"]] * 10

    assert faces.stop("datalog") == 0
    with sqlite3.connect(database) as connection:
        rows = list(connection.execute("select at, state, mode, soc_pct, can0_frames from samples_at order by at"))
        charged_wh, saved = connection.execute("select sum(charged_wh), sum(saved) from days").fetchone()
    assert rows[-1][0].startswith(time.strftime("%Y-", time.gmtime()))
    assert rows[-1][1:4] == ("energy", "charge", 48.0)
    assert sum(row[4] for row in rows) == 10
    assert charged_wh > 0
    # The house's 408 W cost the same with and without the car. The energy that was charged since the price is known
    # costs 10 per kWh.
    assert 0 < -saved <= 10 * charged_wh / 1000 + 0.001
    wait_for("page tells that the log stopped", lambda: state_of(faces, "datalog") == "stopped")
    faces.start("datalog")
    wait_for("and that it is back", lambda: state_of(faces, "datalog") == "running")


def test_what_was_told_while_the_log_was_dead_is_in_it_and_on_the_page_once(faces: Faces) -> None:
    """The event comes from `web`."""
    owner = log_in(faces.url, PASSWORD)
    child = faces.children.pop("datalog")
    child.kill()
    child.wait(5)
    wait_for("the page knows it", lambda: state_of(faces, "datalog") == "stopped")
    form = urllib.parse.urlencode({"name": "test", "csrf_token": owner["X-CSRF-Token"]}).encode()
    request = urllib.request.Request(f"{faces.url}/tokens", form, {**owner, "Origin": faces.url})
    urllib.request.urlopen(request, timeout=10).close()
    told = "An API token was made on the page"
    wait_for("event on the page", lambda: told in json.dumps(view(faces)["events"]))
    faces.start("datalog")

    def events() -> list[Any]:
        with sqlite3.connect(faces.data / "v2h.sqlite3") as connection:
            return list(connection.execute("select level, source from events where code = 'token_made'"))

    wait_for("event in the file", lambda: events() == [("info", "web")])
    for _ in range(2):  # the second restart must not store the event again
        assert faces.stop("datalog") == 0
        faces.start("datalog")
        wait_for("it is back", lambda: state_of(faces, "datalog") == "running")
        time.sleep(1.0)
    assert events() == [("info", "web")]
    assert json.dumps(view(faces)["events"]).count(told) == 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_killed_program_comes_back_and_says_so(faces: Faces, name: str) -> None:
    child = faces.children.pop(name)
    child.kill()
    child.wait(5)
    if name != "web":
        wait_for("last will on the page", lambda: state_of(faces, name) == "stopped")
    faces.start(name)
    wait_for("alive again", lambda: all_alive(faces), 20)
    assert child.returncode == -signal.SIGKILL


def test_panel_and_web_end_cleanly_and_the_lights_go_out(faces: Faces) -> None:
    assert faces.stop("panel") == 0
    assert faces.chips.registers().hex(" ") == "55 00 55 00"
    with socket.create_connection(("127.0.0.1", int(faces.url.rpartition(":")[2]))) as link:
        link.sendall(b"GET /api/v1/stream HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert select.select([link], [], [], 5)[0]
        began = time.monotonic()
        assert faces.stop("web") == 0
        assert time.monotonic() - began < 3.0
    for name in ("panel", "web"):
        faces.start(name)
    wait_for("back again", lambda: all_alive(faces), 20)
