"""When the time of day is trusted, and the socket through which an owner sets it."""

import os
import socket
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest

from v2h.energy.clock_trust import ClockReadings, Remembered, Trust, judge, worth_remembering
from v2h.manager import clock_sources
from v2h.manager.clock_sources import recall
from v2h.oneshot import set_clock

NOW = 1_800_000_000.0
HERE = ClockReadings(NOW, "boot-2", None, NOW + 0.4)
OWNER = Remembered("owner", NOW - 100, "boot-2")
BEFORE = Remembered("ntp", NOW - 7200, "boot-1")
NOBODY = Trust(False, "none", None)


@pytest.mark.parametrize(
    ("seen", "remembered", "trust"),
    [
        (HERE, None, NOBODY),
        (replace(HERE, ntp_s=NOW - 30), None, Trust(True, "ntp", 30.0)),
        (replace(HERE, ntp_s=NOW - 30), OWNER, Trust(True, "ntp", 30.0)),
        (HERE, OWNER, Trust(True, "owner", 100.0)),
        (replace(HERE, rtc_s=None), OWNER, Trust(True, "owner", 100.0)),
        (HERE, BEFORE, Trust(True, "rtc", 7200.0)),
        (replace(HERE, rtc_s=None), BEFORE, NOBODY),
        # The power was off: the RTC started again from its first value, the system clock got its last saved time.
        (replace(HERE, rtc_s=946_684_800.0), BEFORE, NOBODY),
        (replace(HERE, wall_s=946_684_800.0, rtc_s=946_684_800.0), BEFORE, NOBODY),
        # The RTC runs, but the system clock was not set from it.
        (replace(HERE, rtc_s=NOW + 500), BEFORE, NOBODY),
        # The clock was turned back after that.
        (replace(HERE, wall_s=NOW - 9000, rtc_s=NOW - 9000), BEFORE, NOBODY),
        (replace(HERE, wall_s=NOW - 9000), OWNER, NOBODY),
        # The clock was moved in this boot, forwards or back; nobody moved it; an older version kept no up_s.
        (replace(HERE, up_s=500.0), replace(OWNER, up_s=400.0), Trust(True, "owner", 100.0)),
        (replace(HERE, up_s=439.0), replace(OWNER, up_s=400.0), NOBODY),
        (replace(HERE, wall_s=NOW + 10 * 365 * 86400, up_s=500.0), replace(OWNER, up_s=400.0), NOBODY),
        (replace(HERE, wall_s=NOW + 13 * 3600, up_s=500.0), replace(OWNER, source="ntp", up_s=400.0), NOBODY),
        (replace(HERE, wall_s=NOW - 50, up_s=500.0), replace(OWNER, up_s=400.0), Trust(True, "owner", 50.0)),
        (replace(HERE, up_s=500.0), OWNER, Trust(True, "owner", 100.0)),
        (replace(HERE, up_s=50.0), replace(BEFORE, up_s=9000.0), Trust(True, "rtc", 7200.0)),
        # The clock has run for a month without a time server.
        (HERE, Remembered("ntp", NOW - 31 * 86400, "boot-1"), NOBODY),
    ],
)
def test_the_clock_is_trusted_only_for_a_reason(
    seen: ClockReadings, remembered: Remembered | None, trust: Trust
) -> None:
    assert judge(seen, remembered) == trust


def test_a_time_servers_word_is_remembered_once_a_boot_and_once_a_day() -> None:
    kept = replace(HERE, ntp_s=NOW - 30)
    assert not worth_remembering(HERE, None)
    assert worth_remembering(kept, None)
    assert worth_remembering(kept, BEFORE)
    assert not worth_remembering(kept, OWNER)
    assert worth_remembering(kept, replace(OWNER, wall_s=NOW - 90000))


def test_what_is_remembered_is_read_back_and_garbage_is_nothing(tmp_path: Path) -> None:
    import json

    path = tmp_path / "clock.json"
    assert recall(path) is None
    path.write_text(json.dumps(OWNER.as_json()))
    assert recall(path) == OWNER
    path.write_text(json.dumps(replace(OWNER, up_s=400.0).as_json()))
    assert recall(path) == replace(OWNER, up_s=400.0)
    for garbage in (
        "",
        "{",
        "[]",
        "{}",
        '{"source": "owner", "wall_s": 5, "boot": "b", "up_s": "x"}',
        '{"source": "owner", "wall_s": "x", "boot": "b"}',
        "5",
    ):
        path.write_text(garbage)
        assert recall(path) is None


def test_looking_reads_timesyncds_file_and_the_rtc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock_sources, "SYNCHRONISED", tmp_path / "synchronized")
    monkeypatch.setattr(clock_sources, "RTC", tmp_path / "since_epoch")
    seen = clock_sources.look(NOW)
    assert (seen.ntp_s, seen.rtc_s, len(seen.boot)) == (None, None, 36)
    (tmp_path / "synchronized").touch()
    os.utime(tmp_path / "synchronized", (NOW - 5, NOW - 5))
    (tmp_path / "since_epoch").write_text(f"{NOW:.0f}\n")
    seen = clock_sources.look(NOW)
    assert (seen.ntp_s, seen.rtc_s) == (NOW - 5, NOW)


# The privileged socket


def test_a_good_request_sets_clock_and_rtc_to_the_time_of_now() -> None:
    system: list[float] = []
    rtc: list[float] = []
    said = set_clock.answer(b"1800000000.250 100.0", 101.5, False, system.append, rtc.append)
    assert (said, system, rtc) == (b"ok", [1800000001.75], [1800000001.75])


@pytest.mark.parametrize(
    ("request_text", "ntp", "words"),
    [
        (b"1800000000 100", True, "kept by a time server"),
        (b"1800000000 50", False, "the request is 51 s old"),
        (b"1800000000 200", False, "the request is -99 s old"),
        (b"946684800 100", False, "is not between the years 2026 and 2100"),
        (b"5000000000 100", False, "is not between the years"),
        (b"nan 100", False, "is not between the years"),
        (b"1800000000 nan", False, "s old"),
        (b"1800000000", False, "is not two numbers"),
        (b"\xff\xff", False, "is not two numbers"),
        (b"", False, "is not two numbers"),
    ],
)
def test_a_bad_request_sets_nothing_and_says_why(request_text: bytes, ntp: bool, words: str) -> None:
    touched: list[float] = []
    said = set_clock.answer(request_text, 101.0, ntp, touched.append, touched.append)
    assert said.startswith(b"not set: ")
    assert words in said.decode()
    assert touched == []


def test_a_refusal_of_the_kernel_is_told() -> None:
    def refuse(wall_s: float) -> None:
        raise PermissionError(1, "Operation not permitted")

    assert b"Operation not permitted" in set_clock.answer(b"1800000000 100", 101.0, False, refuse, refuse)
    said = set_clock.answer(b"1800000000 100", 101.0, False, lambda wall_s: None, refuse)
    assert said.startswith(b"ok, but the RTC was not set")


def test_the_program_answers_on_the_socket_it_is_given() -> None:
    """Started as systemd does it: the connection is its standard input. The request is too old, so no clock is set."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs:
        ours.send(f"{time.time():.3f} {time.monotonic() - 3600:.3f}".encode())
        done = subprocess.run([sys.executable, "-m", "v2h.oneshot.set_clock"], stdin=theirs, timeout=20, check=False)
        assert done.returncode == 1
        assert b"the request is 3600 s old" in ours.recv(256)


def test_it_starts_light() -> None:
    """It imports only small parts of the standard library, because it must answer within a second on a slow core."""
    loaded = subprocess.run(
        [sys.executable, "-c", "import sys, v2h.oneshot.set_clock; print(*sys.modules)"],
        capture_output=True, text=True, check=True, timeout=20,
    ).stdout.split()  # fmt: skip
    assert not {"json", "paho", "flask", "dataclasses", "logging", "v2h.bus.messages", "v2h.config.site"} & set(loaded)
