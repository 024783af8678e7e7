"""The files on the card's FAT partition, which the owner edits: the defaults that they show are the real ones."""

import configparser
import dataclasses
import re
import tomllib
from pathlib import Path

from v2h.config.loading import load
from v2h.config.site import Config
from v2h.manager import clock_setter, clock_sources
from v2h.oneshot import set_clock

CARD = Path(__file__).resolve().parents[3] / "image" / "firmware"


def test_shipped_settings_change_nothing() -> None:
    assert load([CARD / "v2h.toml"]) == Config()


def test_every_setting_that_is_off_shows_its_default(tmp_path: Path) -> None:
    text = (CARD / "v2h.toml").read_text(encoding="utf-8")
    switched_on = re.sub(r"^# (?=\w+ = )", "", text, flags=re.MULTILINE)
    assert sum(map(len, tomllib.loads(switched_on).values())) >= 10, "the settings are there, and on"
    path = tmp_path / "v2h.toml"
    path.write_text(switched_on, encoding="utf-8")
    read = load([path])
    assert read.errors == ()
    assert dataclasses.asdict(read) == dataclasses.asdict(Config())


def test_nobody_may_log_in_to_a_new_card() -> None:
    lines = (CARD / "authorized_keys").read_text(encoding="utf-8").splitlines()
    assert lines
    assert all(line.startswith("#") for line in lines)


OVERLAY = CARD.parents[1] / "rootfs-overlay"


def test_the_door_to_the_clock_is_managers_alone_and_holds_one_right() -> None:
    units = OVERLAY / "etc" / "systemd" / "system"
    door = configparser.RawConfigParser(strict=False)
    door.optionxform = str  # type: ignore[assignment, method-assign]
    door.read([units / "v2h-clock.socket", units / "v2h-clock@.service"], encoding="utf-8")
    assert (door["Socket"]["SocketUser"], door["Socket"]["SocketMode"]) == ("v2h-manager", "0600")
    assert door["Socket"]["ListenSequentialPacket"] == str(clock_setter.SOCKET)
    assert (door["Service"]["CapabilityBoundingSet"], door["Service"]["NoNewPrivileges"]) == ("CAP_SYS_TIME", "yes")
    assert door["Service"]["ExecStart"] == f"/usr/bin/python3 -m {set_clock.__name__}"
    preset = (OVERLAY / "etc" / "systemd" / "system-preset" / "10-v2h.preset").read_text(encoding="utf-8").splitlines()
    assert "enable v2h-clock.socket" in preset
    assert (clock_sources.SYNCHRONISED, clock_sources.SYNCHRONISED.parent) == (
        set_clock.SYNCHRONISED,
        Path("/run/systemd/timesync"),
    )


def test_no_program_can_put_anothers_file_aside() -> None:
    folders = (OVERLAY / "usr" / "lib" / "v2h" / "data-folders.conf").read_text(encoding="utf-8")
    assert "\nd /data/v2h 1775 root v2h-data -\n" in folders
    users = (OVERLAY / "usr" / "lib" / "sysusers.d" / "v2h.conf").read_text(encoding="utf-8").splitlines()
    members = [line for line in users if line.endswith(" v2h-data")]
    assert members == ["m v2h-manager v2h-data", "m v2h-datalog v2h-data"]
    (number,) = (line.split()[2] for line in users if line.startswith("g v2h-data "))
    (data,) = (line for line in (OVERLAY / "etc" / "fstab").read_text().splitlines() if " /data " in line)
    assert f"resgid={number}" in data.split()[3].split(",")
