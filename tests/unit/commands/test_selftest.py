"""`v2h selftest` on a board made of files: it reports what fails, and names what it cannot test."""

import json
import sqlite3
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.ext4sysfs import make_ext4_sysfs
from v2h.cli import main
from v2h.commands import selftest
from v2h.config.ccs import Ccs
from v2h.config.site import Cable, Config, Hardware
from v2h.safety.outputs import Output, line_name
from v2h.selftest.checks import FAILED, OK, UNTESTED, Board, interface_result

STATE: dict[str, Any] = {
    "programs": {"guard": {"alive": True}, "meter": {"alive": True}},
    "manager": {"grid_w": 40.0, "grid_age_s": 0.1, "clock": {"trusted": True, "source": "ntp"}},
    "charger": {"cable_v": 1.2, "k_on": False, "ages_s": {"converter": None}},
}
LINK = {
    "flags": ["UP"],
    "linkinfo": {"info_kind": "can", "info_data": {"state": "ERROR-ACTIVE", "bittiming": {"bitrate": 500000}}},
}


@pytest.fixture
def board(tmp_path: Path) -> Board:
    """A board whose files are all in order."""
    root, data = tmp_path / "root", tmp_path / "data"
    data.mkdir()
    for output in Output:
        led = root / "sys/class/leds" / line_name(output)
        led.mkdir(parents=True)
        (led / "brightness").write_text("0\n")
    keys = root / "sys/class/input/event0/device"
    keys.mkdir(parents=True)
    (keys / "name").write_text("gpio-keys\n")
    with sqlite3.connect(data / "v2h.sqlite3") as database:
        database.execute("create table events (text)")
        database.executemany("insert into events values (?)", [("x" * 900,)] * 100)
    hardware = Hardware(pca9552="rig:/nowhere/pca9552", pre_can="can:serial/x", car_can="can:socketcan/absent0")
    return Board(replace(Config(), hardware=hardware, cable=Cable(scale_v_per_v=100)), STATE, data, root)


def verdicts(board: Board) -> dict[str, str]:
    return {result.part: result.verdict for result in selftest.check(board)}


def test_each_part_has_a_verdict(board: Board) -> None:
    assert verdicts(board) == {
        "programs": OK,
        "v2h.toml": OK,
        "panel LEDs": FAILED,
        "grid meter": OK,
        "cable ADC": OK,
        "converter": UNTESTED,
        "CAN to converter": UNTESTED,
        "CAN to car": FAILED,
        "outputs": OK,
        "K": OK,
        "buttons": OK,
        "plug lock": UNTESTED,
        "clock": OK,
        "boot area": UNTESTED,
        "data partition": verdicts(board)["data partition"],
        "file system": verdicts(board)["file system"],
        "log": OK,
    }


@pytest.mark.parametrize(
    ("changes", "part", "verdict"),
    [
        ({"programs": {"guard": {"alive": False}}}, "programs", FAILED),
        ({"manager": {"grid_age_s": 9.0, "grid_w": None}}, "grid meter", FAILED),
        ({"manager": {"grid_age_s": 9.0, "grid_w": 0.0}}, "grid meter", OK),
        ({"manager": {"grid_age_s": None}}, "grid meter", FAILED),
        ({"manager": {"clock": {"trusted": False}}}, "clock", FAILED),
        ({"manager": None}, "clock", FAILED),
        ({"charger": {"cable_v": None}}, "cable ADC", FAILED),
        ({"charger": None}, "cable ADC", UNTESTED),
        ({"charger": None}, "K", UNTESTED),
        ({"charger": {"ages_s": {"converter": 0.1}}}, "converter", OK),
    ],
)
def test_what_programs_say_is_judged(board: Board, changes: dict[str, Any], part: str, verdict: str) -> None:
    assert verdicts(board._replace(state={**STATE, **changes}))[part] == verdict


def test_a_clock_that_nobody_set_says_how_to_set_it(board: Board) -> None:
    state = {**STATE, "manager": {"clock": {"trusted": False}}}
    found = {result.part: result for result in selftest.check(board._replace(state=state))}
    assert found["clock"].seen == "source none; v2h clock set gives it this machine's time."


def test_without_the_page_nothing_is_called_good_that_it_would_have_said(board: Board) -> None:
    found = verdicts(board._replace(state=None))
    assert found["programs"] == FAILED
    assert {found[part] for part in ("grid meter", "cable ADC", "converter", "K")} == {UNTESTED}


def test_of_another_machines_charger_only_what_its_programs_say_is_judged(board: Board) -> None:
    (board.root / "sys/class/leds/c1/brightness").unlink()
    far = board._replace(here=False, state={**STATE, "charger": None, "config_errors": ["site.name = 3 is no text"]})
    found = {result.part: result for result in selftest.check(far)}
    of_here = {"panel LEDs", "CAN to converter", "CAN to car", "outputs", "buttons"}
    of_here |= {"data partition", "file system", "log"}
    assert {found[part].verdict for part in of_here} == {UNTESTED}
    assert {found[part].seen for part in of_here} == {
        "a part of the board, and this machine is not the charger’s board"
    }
    assert (found["v2h.toml"].verdict, found["v2h.toml"].seen) == (FAILED, "site.name = 3 is no text")
    assert found.keys() == verdicts(board).keys()
    assert (found["grid meter"].verdict, found["clock"].verdict) == (OK, OK)
    assert found["cable ADC"].verdict == UNTESTED
    silent = verdicts(far._replace(state=None))
    assert {part for part, verdict in silent.items() if verdict != UNTESTED} == {"programs"}


def test_whether_a_cable_without_a_reading_is_calibrated_the_machine_itself_knows(board: Board) -> None:
    silent = board._replace(state={**STATE, "charger": {"cable_v": None}})
    assert verdicts(silent)["cable ADC"] == FAILED
    assert verdicts(silent._replace(here=False))["cable ADC"] == UNTESTED


def test_a_log_that_has_lost_a_page_is_found(board: Board) -> None:
    assert verdicts(board)["log"] == OK
    with (board.data / "v2h.sqlite3").open("r+b") as file:  # its last page holds rows
        file.seek(-4096, 2)
        file.write(b"\xff" * 4096)
    assert verdicts(board)["log"] == FAILED


def test_files_of_the_board_are_judged(board: Board) -> None:
    (board.root / "sys/class/leds/c1/brightness").unlink()
    (board.root / "sys/class/input/event0/device/name").write_text("mouse\n")
    (board.data / "v2h.sqlite3").write_bytes(b"SQLite format 3\0" + b"broken" * 900)
    found = {result.part: result for result in selftest.check(board)}
    assert found["outputs"].verdict == FAILED and "missing: c1" in found["outputs"].seen
    assert found["buttons"].verdict == FAILED and found["log"].verdict == FAILED
    assert verdicts(board._replace(data=board.data / "gone"))["data partition"] == FAILED


def test_a_file_system_that_met_an_error_has_failed(board: Board) -> None:
    make_ext4_sysfs(board.root / "sys", board.data, "1\n")
    found = {result.part: result for result in selftest.check(board)}
    assert found["data partition"].verdict == FAILED and "cannot be written" in found["data partition"].seen
    assert found["file system"].verdict == FAILED and "1 errors" in found["file system"].seen


@pytest.mark.parametrize(
    ("changes", "verdict"),
    [
        ({}, OK),
        ({"flags": []}, FAILED),
        ({"linkinfo": {"info_kind": "vcan"}}, UNTESTED),
        ({"linkinfo": {"info_kind": "vxcan"}}, UNTESTED),
        ({"linkinfo": {"info_data": {"state": "BUS-OFF", "bittiming": {"bitrate": 500000}}}}, FAILED),
        ({"linkinfo": {"info_data": {"state": "ERROR-ACTIVE", "bittiming": {"bitrate": 250000}}}}, FAILED),
    ],
)
def test_can_interfaces(changes: dict[str, Any], verdict: str) -> None:
    assert interface_result("car_can", "can1", {**LINK, **changes}).verdict == verdict


def with_ccs(board: Board) -> Board:
    return board._replace(config=replace(board.config, ccs=Ccs(insulation_monitor="serial:/dev/v2h-imd?unit=3")))


def plc0(root: Path, carrier: str, *addressed: str) -> None:
    """An interface plc0 as the kernel shows it. addressed: the interfaces with a link-local address."""
    interface = root / "sys/class/net/plc0"
    interface.mkdir(parents=True)
    (interface / "carrier").write_text(f"{carrier}\n")
    (root / "proc/net").mkdir(parents=True)
    lines = [f"fe80000000000000000000fffe005e01 03 40 20 80 {name:>8}\n" for name in addressed]
    (root / "proc/net/if_inet6").write_text("".join(lines))


def test_without_ccs_nobody_looks_for_a_modem(board: Board) -> None:
    assert "CCS modem" not in verdicts(board) and "CCS modem" not in verdicts(board._replace(here=False))


@pytest.mark.parametrize(
    ("files", "verdict", "says"),
    [
        (None, FAILED, "there is no plc0: plug the Ethernet adapter of the modem into the board’s USB socket"),
        (("0", "plc0"), FAILED, "plc0 has no link: check the modem’s Ethernet cable and its supply"),
        (("1", "eth0"), FAILED, "plc0 has no link-local address: restart the board; if it stays so, "),
        (("1", "eth0", "plc0"), OK, "plc0 is there, with a link and its link-local address"),
    ],
)
def test_the_modem_of_ccs_is_judged_and_the_words_say_what_to_do(
    board: Board, files: tuple[str, ...] | None, verdict: str, says: str
) -> None:
    if files is not None:
        plc0(board.root, *files)
    found = {result.part: result for result in selftest.check(with_ccs(board))}
    assert found["CCS modem"].verdict == verdict and found["CCS modem"].seen.startswith(says)


def test_the_modem_of_another_charger_is_not_looked_for_here(board: Board) -> None:
    far = board._replace(here=False, state={**STATE, "ccs": {"pilot": "A"}})
    assert verdicts(far)["CCS modem"] == UNTESTED


def test_a_pc_that_serves_the_page_is_not_taken_for_the_board(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """As `make demo` does: the page is on localhost, but no part of a board is."""
    monkeypatch.setenv("V2H_CONFIG", str(tmp_path / "v2h.toml"))
    monkeypatch.setattr(selftest, "RUN", tmp_path / "run")
    of_board = {"panel LEDs", "CAN to converter", "CAN to car", "outputs", "buttons", "data partition", "log"}

    def found() -> dict[str, str]:
        main(["selftest", "--host", host, "--json"])
        rows = json.loads(capsys.readouterr().out)
        return {row["part"]: row["verdict"] for row in rows if row["part"] in of_board}

    assert found() == dict.fromkeys(of_board, UNTESTED)
    (tmp_path / "v2h.toml").touch()
    assert FAILED in found().values(), "here the file of a charger lies"
