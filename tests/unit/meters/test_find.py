"""`v2h meter find`: real servers on addresses of the loopback, what is found there, and what is never asked."""

import json
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from v2h.cli import main
from v2h.config.loading import load
from v2h.config.presets import names
from v2h.config.site import Hardware
from v2h.meters import Measurement, open_meter
from v2h.meters.find import Answer, Found, NetworkError, Questions, addresses, ask, lines, search
from v2h.rig.desk import free_port
from v2h.rig.homemeters import HttpFace, Look, ModbusFace, float_words, homewizard, sdm230, shelly_pro_em

LOOK = Look(-1234.5, 231.5, 49.98, 12_345.0, 678.0)
PRESETS = names("http", [])
SDM630 = {0: 230.0, 2: 231.0, 4: 232.0, 6: 1.0, 8: 2.0, 10: 3.0, 12: 100.0, 14: -250.0, 16: 75.5, 0x46: 50.0, 0x4A: 2.5}
PRO_3EM = {"total_act_power": 300.0, "a_act_power": 100.0, "b_act_power": 100.0, "c_act_power": 100.0}


def emeters(*powers: float) -> dict[str, object]:
    """/status of a Shelly of the first generation with so many clamps."""
    return {"emeters": [{"power": power, "voltage": 230.0, "total": 1.0, "total_returned": 0.0} for power in powers]}


Documents = dict[str, Callable[[], object]]
HTTP_METERS: dict[str, tuple[Documents, float]] = {
    "shelly-pro-em": ({"/rpc/EM1.GetStatus?id=0": lambda: shelly_pro_em(LOOK)}, -1234.5),
    "shelly-pro-3em": ({"/rpc/EM.GetStatus?id=0": lambda: PRO_3EM}, 300.0),
    "homewizard": ({"/api/v1/data": lambda: homewizard(LOOK)}, -1234.0),
    "shelly-3em": ({"/status": lambda: emeters(100.0, 200.0, 300.0)}, 600.0),
    "shelly-em": ({"/status": lambda: emeters(100.0, 200.0)}, 100.0),
}
MODBUS_METERS = {
    ("sdm230", "tcp"): (sdm230(LOOK), -1234.5),
    ("sdm230", "rtu"): (sdm230(LOOK), -1234.5),
    ("sdm630", "tcp"): (float_words(SDM630), -74.5),
}


@contextmanager
def http(documents: Documents, host: str, port: int = 0) -> Iterator[int]:
    face = HttpFace(documents, port, host)
    try:
        yield face.port
    finally:
        face.close()


@contextmanager
def modbus(words: dict[int, int], host: str, port: int, *, rtu: bool = False, unit: int = 1) -> Iterator[None]:
    face = ModbusFace(lambda: words, port, rtu=rtu, unit=unit, host=host)
    try:
        yield
    finally:
        face.close()


@contextmanager
def refusing(status: int) -> Iterator[int]:
    """A web server that answers every request with this status."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_error(status)

        def log_message(self, format: str, *args: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    try:
        yield int(server.server_address[1])
    finally:
        server.shutdown()
        server.server_close()


def the_same_meter_from(toml: list[str], folder: Path) -> float:
    """The power in W that these lines of v2h.toml give when a meter is opened by them."""
    path = folder / "v2h.toml"
    path.write_text("\n".join(toml))
    config = load([path])
    assert config.errors == ()
    source = open_meter(config.meter["grid"], Hardware())
    try:
        deadline = time.monotonic() + 10
        while not (values := source.read(time.monotonic())):
            assert time.monotonic() < deadline
            time.sleep(0.01)
        return values[0].power_w
    finally:
        source.close()


@pytest.mark.parametrize("name", HTTP_METERS)
def test_each_http_preset_is_found_alone_and_its_lines_open_the_meter(name: str, tmp_path: Path) -> None:
    documents, power_w = HTTP_METERS[name]
    with http(documents, "127.0.0.9") as port:
        answer = ask("127.0.0.9", Questions(PRESETS, port, free_port()))
        (found,) = answer.found
        assert (found.name, found.value.power_w, answer.remarks) == (name, power_w, ())
        assert the_same_meter_from(lines("grid", found.spec), tmp_path) == power_w


@pytest.mark.slow
@pytest.mark.parametrize(("model", "framing"), MODBUS_METERS)
def test_each_modbus_meter_is_found_and_its_lines_open_it(model: str, framing: str, tmp_path: Path) -> None:
    words, power_w = MODBUS_METERS[model, framing]
    port = free_port()
    with modbus(words, "127.0.0.10", port, rtu=framing == "rtu", unit=7):
        (found,) = ask("127.0.0.10", Questions((), free_port(), port, 7)).found
        assert (found.name, found.value.power_w) == (model, pytest.approx(power_w))
        text = lines("grid", found.spec)
        assert text[:3] == ["[meter.grid]", 'kind = "modbus"', f'model = "{model}"']
        assert the_same_meter_from(text, tmp_path) == pytest.approx(power_w)


def test_usual_ports_are_not_written() -> None:
    port = free_port()
    with http(HTTP_METERS["homewizard"][0], "127.0.0.9", port):
        (found,) = ask("127.0.0.9", Questions(PRESETS, port, free_port())).found
    assert lines("solar", found.spec)[-1] == f'url = "http://127.0.0.9:{port}"'
    assert lines("solar", type(found.spec)(preset="homewizard", url="http://10.0.0.1")) == [  # type: ignore[call-arg]
        "[meter.solar]", 'kind = "http"', 'preset = "homewizard"', 'url = "http://10.0.0.1"',
    ]  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize(
    ("words", "unit", "says"),
    [
        (sdm230(LOOK), 2, "unit 2 does not answer"),
        (float_words({0x0C: 55.0, 0x4A: 0.0}), 1, "speaks Modbus, but not as an SDM120, SDM230 or SDM630 (unit 1)"),
        ({0: 0, 1: 0}, 1, "speaks Modbus, but not as an SDM120"),
    ],
)
def test_another_modbus_device_or_unit_is_a_remark(words: dict[int, int], unit: int, says: str) -> None:
    port = free_port()
    with modbus(words, "127.0.0.10", port):
        answer = ask("127.0.0.10", Questions((), free_port(), port, unit))
    (remark,) = answer.remarks
    assert answer.found == () and says in remark and remark.startswith("127.0.0.10 ")


@pytest.mark.parametrize(("status", "remarks"), [(401, 1), (403, 1), (404, 0)])
def test_a_device_with_a_password_is_one_remark(status: int, remarks: int) -> None:
    with refusing(status) as port:
        answer = ask("127.0.0.1", Questions(PRESETS, port, free_port()))
    assert answer.found == () and len(answer.remarks) == remarks
    assert all(f"with status {status}" in remark for remark in answer.remarks)


@pytest.mark.slow
def test_a_device_that_accepts_and_is_silent_costs_one_timeout_for_each_kind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("v2h.meters.http.TIMEOUT_S", 0.3)
    monkeypatch.setattr("v2h.meters.modbus.TIMEOUT_S", 0.3)
    with socket.create_server(("127.0.0.11", 0)) as silent:
        port = silent.getsockname()[1]
        answer = ask("127.0.0.11", Questions(PRESETS, port, port))
        silent.setblocking(False)
        calls = 0
        with suppress(BlockingIOError):
            while True:
                silent.accept()[0].close()
                calls += 1
    assert calls == 5, "for each kind whether the port is open, then one preset, and one model in each framing"
    assert answer.found == () and len(answer.remarks) == 1


# The network


def test_a_network_in_addresses() -> None:
    assert addresses("192.168.1.20/30") == ["192.168.1.21", "192.168.1.22"]
    assert addresses("192.168.1.20/24")[0] == "192.168.1.1", "an address of the network stands for it"
    assert addresses("10.0.0.7") == ["10.0.0.7"]
    assert len(addresses("10.1.0.0/22")) == 1022


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("10.0.0.0/21", "'10.0.0.0/21' has 2048 addresses; at most 1024 are searched, a /22"),
        ("8.8.8.0/24", "is not a home network"),
        ("0.0.0.0/0", "is not a home network"),
        ("fe80::/120", "is not a network such as 192.168.1.0/24"),
        ("192.168.1", "is not a network such as 192.168.1.0/24"),
        ("home", "is not a network"),
        ("", "is not a network"),
    ],
)
def test_what_is_no_home_network_is_refused(text: str, says: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(NetworkError):
        addresses(text)
    assert main(["meter", "find", text]) == 2
    assert says in capsys.readouterr().err


def test_without_a_network_nothing_is_searched(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["meter", "find"])
    assert ended.value.code == 2 and "required: network" in capsys.readouterr().err


def test_so_many_are_asked_at_once_and_each_once() -> None:
    lock, now, most, seen = threading.Lock(), 0, 0, list[str]()

    def probe(address: str) -> Answer:
        nonlocal now, most
        with lock:
            now, most = now + 1, max(most, now + 1)
            seen.append(address)
        time.sleep(0.02)
        with lock:
            now -= 1
        return Answer(address)

    where = addresses("10.0.0.0/26")
    assert sorted(answer.address for answer in search(where, probe, at_once=8)) == sorted(where) == sorted(seen)
    assert 1 < most <= 8


@pytest.mark.slow
def test_the_search_ends_in_its_time() -> None:
    over = threading.Event()

    def probe(address: str) -> Answer:
        if address != "10.0.0.1":
            over.wait(20)
        return Answer(address)

    began = time.monotonic()
    answers = list(search(addresses("10.0.0.0/28"), probe, longest_s=0.3))
    assert [answer.address for answer in answers] == ["10.0.0.1"] and time.monotonic() - began < 3.0
    over.set()


def test_a_device_that_no_code_expected_is_a_remark_and_the_search_goes_on() -> None:
    def probe(address: str) -> Answer:
        if address == "10.0.0.1":
            raise ZeroDivisionError("what it sent")
        return Answer(address)

    answers = {answer.address: answer.remarks for answer in search(addresses("10.0.0.0/30"), probe)}
    assert "10.0.0.1 cannot be read: ZeroDivisionError" in answers["10.0.0.1"][0] and answers["10.0.0.2"] == ()


# The command


@pytest.fixture
def house(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, socket.socket]]:
    """A Shelly and an SDM230 inside 127.0.0.8/29, and a listener outside of it. Yields Modbus port and listener."""
    port, modbus_port = free_port(), free_port()
    monkeypatch.setattr("v2h.commands.find_meter.HTTP_PORT", port)
    with ExitStack() as stack:
        stack.enter_context(http(HTTP_METERS["shelly-pro-em"][0], "127.0.0.9", port))
        stack.enter_context(modbus(sdm230(LOOK), "127.0.0.10", modbus_port))
        outside = stack.enter_context(socket.create_server(("127.0.0.16", port)))
        yield modbus_port, outside


def test_the_command_lists_meters_lines_and_progress(
    house: tuple[int, socket.socket], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    modbus_port, outside = house
    monkeypatch.setattr("v2h.commands.find_meter.EVERY", 4)
    assert main(["meter", "find", "127.0.0.8/29", "--modbus-port", str(modbus_port)]) == 0
    out, err = capsys.readouterr()
    assert '127.0.0.9  shelly-pro-em: 1234.5 W export now\n    [meter.grid]\n    kind = "http"\n' in out
    assert '127.0.0.10  sdm230: 1234.5 W export now\n    [meter.grid]\n    kind = "modbus"\n' in out
    assert "A kettle shows which one" in out
    first, last = err.splitlines()
    assert first.startswith("4 of 6 addresses asked, ") and last == "6 of 6 addresses asked, 2 found"
    outside.settimeout(0.05)
    with pytest.raises(TimeoutError):
        outside.accept()


def test_the_command_in_json(house: tuple[int, socket.socket], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["meter", "find", "127.0.0.9", "--modbus-port", str(house[0]), "--json"]) == 0
    said = json.loads(capsys.readouterr().out)
    assert (said["asked"], said["of"], said["remarks"]) == (1, 1, [])
    assert said["found"][0]["name"] == "shelly-pro-em" and said["found"][0]["power_w"] == -1234.5
    assert said["found"][0]["toml"].startswith('[meter.grid]\nkind = "http"\n')


def test_no_meter_is_a_failure_that_says_what_to_look_at(
    house: tuple[int, socket.socket], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["meter", "find", "127.0.0.12/31", "--modbus-port", str(house[0])]) == 1
    out, err = capsys.readouterr()
    assert out == "" and "no known meter answered" in err and "MQTT" in err


def test_an_unfinished_search_is_said(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    def short(where: list[str], probe: partial[Answer]) -> Iterator[Answer]:
        yield Answer(where[0], (Found("x", load([]).meter["grid"], Measurement(0.0, 5.0)),), ("perhaps",))

    monkeypatch.setattr("v2h.commands.find_meter.search", short)
    assert main(["meter", "find", "127.0.0.8/29"]) == 0
    assert "v2h meter: 5 addresses were not asked within 120 s" in capsys.readouterr().err


def test_ctrl_c_ends_a_search_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(where: list[str], probe: partial[Answer]) -> Iterator[Answer]:
        raise KeyboardInterrupt

    monkeypatch.setattr("v2h.commands.find_meter.search", interrupted)
    assert main(["meter", "find", "127.0.0.8/29"]) == 130


def test_the_owners_own_preset_is_asked_too_and_a_broken_one_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "v2h.toml"
    config.touch()
    (tmp_path / "meters").mkdir()
    mine = tmp_path / "meters" / "mine.toml"
    mine.write_text('kind = "http"\nresource = "/mine"\n[layout]\npower = ["w"]\n')
    monkeypatch.setenv("V2H_CONFIG", str(config))
    with http({"/mine": lambda: {"w": 42}}, "127.0.0.9") as port:
        monkeypatch.setattr("v2h.commands.find_meter.HTTP_PORT", port)
        assert main(["meter", "find", "127.0.0.9", "--modbus-port", str(free_port())]) == 0
        assert "127.0.0.9  mine: 42.0 W import now" in capsys.readouterr().out
        mine.write_text("kind = ")
        assert main(["meter", "find", "127.0.0.9"]) == 2
    assert "mine.toml: Invalid value" in capsys.readouterr().err
