"""A captured UART log in stages: the vendor's and this project's, with and without the terminal's times, bad starts."""

import json
from pathlib import Path

import pytest

from v2h.cli import main
from v2h.vendor.console import cut

VENDOR = """\
CCCCCC
U-Boot SPL 2017.11 (May 02 2019)
Trying to boot from MMC2
U-Boot 2017.11 (May 02 2019)
Hit any key to stop autoboot:  0
Loading /boot/fitImage from mmc:1:2
Checking FIT image at 0x89000000
description = 'version 524288 - version 8.0.0'
Loading /boot/fitImage from mmc:1:3
Checking FIT image at 0x8d000000
description = 'version 459266 - version 7.2.2'
## Loading kernel from FIT Image at 89000000 ...
Starting kernel ...
[    0.000000] Booting Linux on physical CPU 0x0
[    0.300000] 4819c000.i2c: could not find a pin, deferring probe
[    1.400000] musb: failed with status -517
[    1.900000] lm75: probe of 2-0048 failed with error -121
[    2.377660] VFS: Mounted root (squashfs filesystem) readonly on device 1:0.
Running sysctl: OK
Starting rngd: OK
[    4.800000] EXT4-fs (mmcblk0p4): mounted filesystem with ordered data mode
Populating /dev using udev: [    6.106640] udevd[114]: starting version 3.2.9
[    7.900000] omap_wdt: OMAP Watchdog Timer Rev 0x01: initial timeout 60 sec
[    8.310675] stpm3x spi1.0: CRC error reading 0x04
Waiting for interface eth1 to appear............... timeout!
[   27.400000] c_can_platform 481cc000.can can0: setting BTR=1c02 BRPE=0000
FAIL
Starting ntpd: [   28.154045] eth0: link is not ready
Applying Calibration
device1_voltage_attenuation_factor=885 device1_power_gain=243270947
Starting ssb daemon
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
    names = ["ROM", "SPL", "U-Boot", "loading", "kernel", "user space"]
    assert [stage.name for stage in start.stages] == names and start.complete
    assert [stage.line for stage in start.stages] == [1, 2, 4, 6, 13, 19]
    stages = {stage.name: stage for stage in start.stages}
    assert (stages["kernel"].kernel_s, stages["kernel"].lasts_s) == (0.0, 2.378)
    assert (stages["user space"].kernel_s, stages["user space"].lasts_s) == (4.8, 23.354)


def test_the_landmarks_of_the_vendors_start() -> None:
    (start,) = cut(VENDOR.splitlines())
    landmarks = {landmark.text: landmark.kernel_s for landmark in start.landmarks}
    timed = {"root mounted": 2.37766, "data partition mounted": 4.8, "udev": 6.10664, "watchdog": 7.9}
    timed |= {"metering chip": 8.310675, "CAN controller": 27.4, "CAN up": 27.4, "ntpd": 28.154045}
    assert landmarks == timed | {"rngd": None, "calibration applied": None, "vendor's application": None}
    after = {landmark.text: landmark.after_s for landmark in start.landmarks if landmark.kernel_s is None}
    assert after == {"rngd": 2.37766, "calibration applied": 28.154045, "vendor's application": 28.154045}


def test_what_failed_in_the_vendors_start_and_what_is_only_deferred() -> None:
    (start,) = cut(VENDOR.splitlines())
    lines = VENDOR.splitlines()
    failed = [lines[failure.line - 1].split("] ")[-1][:12] for failure in start.failures]
    assert failed == ["lm75: probe ", "stpm3x spi1.", "Waiting for ", "FAIL"]
    assert [(failure.stage, failure.kernel_s) for failure in start.failures[:2]] == [
        ("kernel", 1.9),
        ("user space", 8.310675),
    ]


def test_the_firmware_that_the_vendors_u_boot_started_and_its_calibration() -> None:
    (start,) = cut(VENDOR.splitlines())
    seen = [(image.partition, image.version, image.taken) for image in start.firmware]
    assert seen == [(2, "version 524288 - version 8.0.0", True), (3, "version 459266 - version 7.2.2", False)]
    assert start.calibration == {"device1_voltage_attenuation_factor": 885, "device1_power_gain": 243270947}


def test_the_terminals_times_are_used_also_past_midnight() -> None:
    (start,) = cut(stamped(VENDOR, 86_395.0, 1.0))
    stages = {stage.name: stage for stage in start.stages}
    assert (stages["SPL"].t_s, stages["SPL"].lasts_s) == (1.0, 2.0)
    assert (stages["kernel"].t_s, stages["kernel"].lasts_s, stages["kernel"].kernel_s) == (12.0, 6.0, 0.0)
    assert (stages["user space"].t_s, stages["user space"].lasts_s) == (18.0, 12.0)


def test_a_panic_and_the_start_after_it() -> None:
    first, second = cut(ROLLBACK.splitlines())
    assert not first.complete and first.stages[-1].name == "kernel"
    assert [failure.text for failure in first.failures] == ["Kernel panic - not syncing: No working init found."]
    assert second.complete and second.failures[0].text == "Bootlimit (3) exceeded. Using altbootcmd."


def test_a_start_that_hangs_is_shown_with_its_last_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "boot.log"
    file.write_text("U-Boot SPL 2025.01\nU-Boot 2025.01\nMMC: no card present\n\n")
    assert main(["console", str(file)]) == 1
    said = capsys.readouterr().out
    assert "start 1: ends in U-Boot, 0 lines" in said and "the last line, 3: MMC: no card present" in said


def test_a_log_that_begins_in_the_middle_and_is_full_of_escapes() -> None:
    before, start = cut(["", "[   99.0] foo failed\r", "\x1b[0mU-Boot SPL 2025.01\r", "\x00U-Boot 2025.01"])
    assert [stage.name for stage in before.stages] == ["before"] and len(before.failures) == 1
    assert [stage.name for stage in start.stages] == ["SPL", "U-Boot"]


def test_a_person_who_logs_in_does_not_begin_a_new_start() -> None:
    (start,) = cut([*VENDOR.splitlines(), "ovo login: ", "Welcome to OVO", "Starting sshd: OK"])
    assert start.stages[-1].name == "log-in"


@pytest.mark.parametrize(
    ("log", "code"), [(VENDOR, 0), (ROLLBACK, 0), (ROLLBACK[:250], 1)], ids=["vendor", "rollback", "cut off"]
)
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


def test_the_lines_that_a_person_reads(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "boot.log"
    file.write_text(VENDOR)
    assert main(["console", str(file)]) == 0
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "start 1: reaches user space, 4 lines say that something failed"
    for wanted in (
        "kernel       from line 13, kernel time 0.0 s, lasts 2.4 s",
        "partition 2: version 524288 - version 8.0.0, started",
        "partition 3: version 459266 - version 7.2.2",
        "> 28.2 s  vendor's application",
        "8.3 s  line 24, user space: stpm3x spi1.0: CRC error reading 0x04",
        "device1_power_gain = 243270947",
    ):
        assert wanted in lines
