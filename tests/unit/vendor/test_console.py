"""A captured UART log in stages: the vendor's and this project's, with and without the terminal's times, bad starts."""

import json
from pathlib import Path

import pytest

from v2h.cli import main
from v2h.vendor.console import cut

VENDOR = """\
CCCCCC
U-Boot SPL 2017.11 (May 02 2019 - 10:00:00)
Trying to boot from MMC2
*** Warning - No device specified, using default environment
U-Boot 2017.11 (May 02 2019 - 10:00:00 +0000)
Hit any key to stop autoboot:  0
## Loading kernel from FIT Image at 82000000 ...
   Verifying Hash Integrity ... sha1,rsa2048:ssb_prod+ OK
Starting kernel ...
[    0.000000] Booting Linux on physical CPU 0x0
[    1.900000] lm75 2-0048: probe failed with error -121
[    2.100000] Run /sbin/init as init process
[    2.400000] rngd: started
[    4.800000] EXT4-fs (mmcblk0p4): mounted filesystem with ordered data mode
[    7.900000] omap_wdt: OMAP Watchdog Timer Rev 0x01: initial timeout 60 sec
[    8.300000] stpm3x spi1.0: CRC error
[   27.400000] IPv6: ADDRCONF(NETDEV_CHANGE): can0: link becomes ready
ovo login:
"""
ROLLBACK = """\
U-Boot SPL 2025.01+dfsg-1
U-Boot 2025.01+dfsg-1
Retrieving file: /extlinux/extlinux.conf
Starting kernel ...
[    0.000000] Booting Linux on physical CPU 0x0
[    3.000000] Kernel panic - not syncing: No working init found.
U-Boot SPL 2025.01+dfsg-1
U-Boot 2025.01+dfsg-1
Bootlimit (3) exceeded. Using altbootcmd.
Retrieving file: /extlinux/extlinux.conf
Starting kernel ...
[    0.000000] Booting Linux on physical CPU 0x0
[    5.000000] systemd[1]: systemd 257.13-1 running in system mode
"""


def stamped(log: str, begin_s: float, step_s: float) -> list[str]:
    """The log with a time of day in front of each line."""
    lines = []
    for number, line in enumerate(log.splitlines()):
        at_s = (begin_s + number * step_s) % 86_400
        lines.append(f"[{int(at_s // 3600):02}:{int(at_s // 60 % 60):02}:{at_s % 60:06.3f}] {line}")
    return lines


def test_the_vendors_start_in_stages() -> None:
    (start,) = cut(VENDOR.splitlines())
    names = ["ROM", "SPL", "U-Boot", "loading", "kernel", "user space", "log-in"]
    assert [stage.name for stage in start.stages] == names and start.complete
    assert [stage.line for stage in start.stages] == [1, 2, 5, 7, 9, 12, 18]
    stages = {stage.name: stage for stage in start.stages}
    assert (stages["kernel"].kernel_s, stages["kernel"].lasts_s) == (0.0, 1.9)
    assert (stages["user space"].kernel_s, stages["user space"].lasts_s) == (2.1, 25.3)
    landmarks = {landmark.text: landmark.kernel_s for landmark in start.landmarks}
    wanted = {"rngd": 2.4, "data partition mounted": 4.8, "watchdog": 7.9, "metering chip": 8.3, "CAN up": 27.4}
    assert landmarks == wanted
    assert [failure.line for failure in start.failures] == [11, 16]
    assert (start.failures[0].stage, start.failures[0].kernel_s) == ("kernel", 1.9)


def test_the_terminals_times_are_used_also_past_midnight() -> None:
    (start,) = cut(stamped(VENDOR, 86_395.0, 1.0))
    stages = {stage.name: stage for stage in start.stages}
    assert (stages["SPL"].t_s, stages["SPL"].lasts_s) == (1.0, 3.0)
    assert (stages["kernel"].t_s, stages["kernel"].lasts_s, stages["kernel"].kernel_s) == (8.0, 3.0, 0.0)
    assert (stages["log-in"].t_s, stages["log-in"].lasts_s) == (17.0, 0.0)


def test_a_panic_and_the_start_after_it() -> None:
    first, second = cut(ROLLBACK.splitlines())
    assert not first.complete and first.stages[-1].name == "kernel"
    assert [failure.text for failure in first.failures] == ["Kernel panic - not syncing: No working init found."]
    assert second.complete and second.failures[0].text == "Bootlimit (3) exceeded. Using altbootcmd."


def test_a_log_that_begins_in_the_middle_and_is_full_of_escapes() -> None:
    before, start = cut(["", "[   99.0] foo failed\r", "\x1b[0mU-Boot SPL 2025.01\r", "\x00U-Boot 2025.01"])
    assert [stage.name for stage in before.stages] == ["before"] and len(before.failures) == 1
    assert [stage.name for stage in start.stages] == ["SPL", "U-Boot"]


def test_a_person_who_logs_in_does_not_begin_a_new_start() -> None:
    assert len(cut([*VENDOR.splitlines(), "Welcome to OVO"])) == 1


@pytest.mark.parametrize(("log", "code"), [(VENDOR, 0), (ROLLBACK, 0), (ROLLBACK[:250], 1)])
def test_the_command(log: str, code: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "boot.log"
    file.write_text(log)
    assert main(["console", str(file)]) == code
    said = capsys.readouterr().out
    assert said.startswith("start 1: ") and ("reaches user space" in said) is (code == 0)
    assert main(["console", str(file), "--json"]) == code
    starts = json.loads(capsys.readouterr().out)["starts"]
    assert starts[-1]["complete"] is (code == 0) and len(starts) == len(cut(log.splitlines()))


def test_a_file_that_is_no_log(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "letter"
    file.write_bytes(b"Dear charger,\n\xff\n")
    assert main(["console", str(file)]) == 2
    assert "no line of ROM, U-Boot or kernel" in capsys.readouterr().err
    assert main(["console", str(tmp_path / "gone")]) == 2
    assert "No such file" in capsys.readouterr().err
