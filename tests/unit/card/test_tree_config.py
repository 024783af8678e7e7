"""The configuration of the supervised tree: all programs have the same keys, and no typo can break the board."""

import configparser
import importlib.util
import re
import shlex
import shutil
import socket
import subprocess
from pathlib import Path

import pytest

from v2h.bus.messages import MAY_PUBLISH
from v2h.oneshot.broker_credentials import access_list
from v2h.runtime.confine import families
from v2h.runtime.realtime import CHARGER_PRIORITY, GUARD_PRIORITY
from v2h.safety.heartbeats import ALLOWED

ROOT = Path(__file__).resolve().parents[3]
OVERLAY = ROOT / "rootfs-overlay"
SUPERVISOR = OVERLAY / "etc" / "supervisor"
UNITS = OVERLAY / "etc" / "systemd" / "system"
ALWAYS = ("broker", "guard", "charger", "meter", "manager", "panel", "datalog", "web", "pulse")
OPTIONAL = ("gateway", "ccs")
"""Programs that run only when v2h.toml asks for them."""
NAMES = ALWAYS + OPTIONAL
KEYS = ["command", "user", "priority", "autostart", "autorestart", "startsecs", "startretries", "stopsignal"]
KEYS += ["stopwaitsecs", "stdout_logfile", "stdout_syslog", "stderr_logfile", "stderr_syslog"]


def section(name: str) -> configparser.SectionProxy:
    parser = configparser.RawConfigParser()
    folder = SUPERVISOR / ("optional.d" if name in OPTIONAL else "conf.d")
    parser.read(folder / f"{name}.conf", encoding="utf-8")
    (only,) = parser.sections()
    assert only == ("eventlistener:" if name == "pulse" else "program:") + name
    return parser[only]


SETPRIV = ["/usr/bin/setpriv", "--reuid=v2h-ccs", "--regid=v2h", "--init-groups", "--inh-caps=-all,+net_raw"]
SETPRIV += ["--ambient-caps=-all,+net_raw", "--no-new-privs"]
"""How ccs becomes its own user with one right."""


def user_of(name: str) -> str:
    """The user as whom a program runs in the end."""
    program = section(name)
    found = re.search(r"setpriv --reuid=(\S+)", program["command"])
    return found[1] if found else program["user"]


def top() -> configparser.RawConfigParser:
    parser = configparser.RawConfigParser()
    parser.read(SUPERVISOR / "supervisord.conf", encoding="utf-8")
    return parser


def unit(name: str) -> dict[str, list[str]]:
    """Every key of a unit with all its values, without regard to the section."""
    values: dict[str, list[str]] = {}
    for line in (UNITS / name).read_text(encoding="utf-8").splitlines():
        if "=" in line and not line.startswith("#"):
            key, _, value = line.partition("=")
            values.setdefault(key, []).append(value)
    return values


def test_one_file_for_each_program_and_no_other() -> None:
    assert sorted(path.stem for path in (SUPERVISOR / "conf.d").iterdir()) == sorted(ALWAYS)
    assert sorted(path.stem for path in (SUPERVISOR / "optional.d").iterdir()) == sorted(OPTIONAL)


def test_an_optional_program_is_found_only_where_its_boot_step_puts_it() -> None:
    assert top()["include"]["files"].split() == ["/etc/supervisor/conf.d/*.conf", "/run/v2h/tree/*.conf"]
    step, drop_in = unit("v2h-gateway-files.service"), unit("supervisor.service.d/v2h.conf")
    assert step["ExecStart"] == ["/usr/bin/python3 -m v2h.oneshot.gateway_files"]
    assert step["Before"] == ["supervisor.service"] and step["Type"] == ["oneshot"]
    assert "v2h-gateway-files.service" in drop_in["Wants"][0] and "v2h-gateway-files.service" in drop_in["After"][0]
    assert "v2h-credentials.service" in step["After"][0], "its folder of secrets is made there"
    grep, options, pattern, path = shlex.split(step["ExecCondition"][0])
    assert (grep, options, path) == ("/usr/bin/grep", "-qsE", "/boot/firmware/v2h.toml")
    shipped = (ROOT / "image" / "firmware" / "v2h.toml").read_text(encoding="utf-8")
    assert not re.search(pattern, shipped, re.MULTILINE), "the card as shipped starts no gateway"
    assert re.search(pattern, '[gateway.mqtt]\nhost = "h"\n', re.MULTILINE)
    assert re.search(pattern, "[ccs]\n", re.MULTILINE)


@pytest.mark.parametrize("name", NAMES)
def test_same_keys_in_the_same_order(name: str) -> None:
    assert list(section(name)) == KEYS + (["events", "buffer_size"] if name == "pulse" else [])


@pytest.mark.parametrize("name", NAMES)
def test_values_that_must_not_differ(name: str) -> None:
    program = section(name)
    assert program["autostart"] == program["autorestart"] == "true"
    assert int(program["startretries"]) >= 1_000_000, "an appliance never gives up"
    assert program["stopsignal"] == "TERM"
    assert program["stdout_logfile"] == program["stderr_logfile"] == "NONE", "no log files on a read-only root"
    assert program["stderr_syslog"] == "true"
    assert program["stdout_syslog"] == ("false" if name == "pulse" else "true")
    assert user_of(name) == ("mosquitto" if name == "broker" else f"v2h-{name}"), "never root, never shared"
    assert (program["user"] == "root") == (name == "ccs")


@pytest.mark.parametrize("name", [name for name in NAMES if name != "broker"])
def test_command_is_the_programs_own_module(name: str) -> None:
    command = section(name)["command"]
    if name == "ccs":
        *setpriv, command = (
            command.partition("/usr/bin/python3")[0].split(),
            "".join(command.partition("/usr/bin/python3")[1:]),
        )
        assert setpriv == [SETPRIV]
    assert command == f"/usr/bin/python3 -m v2h.programs.{name}"
    assert importlib.util.find_spec(f"v2h.programs.{name}") is not None


def test_broker_runs_with_our_configuration() -> None:
    *filter_first, binary, option, path = section("broker")["command"].split()
    assert filter_first == ["/usr/bin/python3", "-m", "v2h.runtime.confine"]
    assert (binary, option) == ("/usr/sbin/mosquitto", "-c")
    assert (OVERLAY / path.lstrip("/")).is_file()


def test_stop_order_is_manager_charger_guard_then_who_writes_it_down() -> None:
    """supervisor stops the program with the highest priority first and waits for it."""
    stops = sorted(NAMES, key=lambda name: -int(section(name)["priority"]))
    order = [stops.index(name) for name in ("manager", "charger", "guard", "datalog", "broker", "pulse")]
    assert order == sorted(order)


def test_charger_has_time_to_end_a_session_and_systemd_for_all() -> None:
    waits = {name: float(section(name)["stopwaitsecs"]) for name in NAMES}
    assert waits["charger"] >= 75
    assert all(wait >= 5 for wait in waits.values())
    assert float(unit("supervisor.service.d/v2h.conf")["TimeoutStopSec"][-1]) > sum(waits.values())


def test_pulse_hears_of_everything() -> None:
    assert section("pulse")["events"] == "PROCESS_STATE,TICK_5"
    assert int(section("pulse")["buffer_size"]) >= 1024, "the default of 10 loses events"


def test_pulse_knows_every_program_and_only_those() -> None:
    assert set(ALLOWED) == set(NAMES) - {"pulse"}


def test_no_inet_server_and_a_socket_for_pulse_alone() -> None:
    parser = top()
    assert "inet_http_server" not in parser.sections()
    assert parser["unix_http_server"]["chmod"] == "0700"
    assert parser["unix_http_server"]["chown"] == "v2h-pulse:v2h"
    assert parser["unix_http_server"]["file"].startswith("/run/v2h/")
    assert parser["supervisord"]["logfile"] == "/dev/null"
    assert parser["supervisord"]["nodaemon"] == "true"


def test_service_leaves_no_child_behind_and_comes_back() -> None:
    drop_in = unit("supervisor.service.d/v2h.conf")
    assert drop_in["KillMode"] == ["control-group"], "mixed kills guard and charger without SIGTERM"
    assert drop_in["Restart"] == ["always"]
    assert drop_in["RestartSec"] == ["1"]
    assert drop_in["NotifyAccess"] == ["all"], "pulse is not systemd's main process"
    assert drop_in["StartLimitAction"] == ["reboot-force"]
    assert (drop_in["StartLimitIntervalSec"], drop_in["StartLimitBurst"]) == (["300"], ["4"])
    assert drop_in["Requires"] == ["v2h-credentials.service v2h-site.service"]
    assert unit("v2h-credentials.service")["ExecStart"] == ["/usr/bin/python3 -m v2h.oneshot.broker_credentials"]


def test_the_owners_password_is_taken_off_the_card_before_any_program_starts() -> None:
    step = unit("v2h-owner-password.service")
    assert step["ExecStart"] == ["/usr/bin/python3 -m v2h.oneshot.take_password"]
    assert step["Before"] == ["supervisor.service"] and step["Type"] == ["oneshot"]
    assert step["WantsMountsFor"] == ["/data /boot/firmware"]
    (condition,) = step["ExecCondition"]
    grep, options, pattern, path = shlex.split(condition)
    assert (grep, options, path) == ("/usr/bin/grep", "-qsE", "/boot/firmware/v2h.toml")
    shipped = (ROOT / "image" / "firmware" / "v2h.toml").read_text(encoding="utf-8")
    assert not re.search(pattern, shipped, re.MULTILINE), "the card as shipped needs no such step"
    for line in ('password = "x"', "  web.password='x'", 'web = { password = "x" }'):
        assert re.search(pattern, f"[web]\n{line}\n", re.MULTILINE)
    assert "v2h-data-folders.service" in step["After"][0], "the folder is web's before the first file is in it"
    for key in ("PrivateTmp", "ProtectSystem", "ProtectHome", "PrivateMounts"):
        assert key not in step, "with a view of the mounts of its own it could not make the real one writable"
    drop_in = unit("supervisor.service.d/v2h.conf")
    assert "v2h-owner-password.service" in drop_in["Wants"][0], "wanted, not required: without it the charger works"
    assert "v2h-owner-password.service" in drop_in["After"][0]


def test_only_meter_reads_the_card_and_the_others_have_a_copy_before_they_start() -> None:
    mounts = (OVERLAY / "etc" / "fstab").read_text().splitlines()
    (card,) = (line.split() for line in mounts if "/boot/firmware" in line)
    options = dict(option.partition("=")[::2] for option in card[3].split(","))
    assert (options["uid"], options["dmask"], options["fmask"]) == ("0", "0027", "0137") and "umask" not in options
    users = (OVERLAY / "usr" / "lib" / "sysusers.d" / "v2h.conf").read_text().splitlines()
    assert f"g v2h-card {options['gid']}" in users, "FAT takes a number"
    assert [line for line in users if line.startswith("m ") and "v2h-card" in line] == ["m v2h-meter v2h-card"]
    step, drop_in = unit("v2h-site.service"), unit("supervisor.service.d/v2h.conf")
    assert step["ExecStart"] == ["/usr/bin/python3 -m v2h.oneshot.site_copy"]
    assert step["Before"] == ["supervisor.service"] and step["Type"] == ["oneshot"]
    assert "v2h-site.service" in drop_in["Requires"][0] and "v2h-site.service" in drop_in["After"][0]
    assert "v2h-owner-password.service" in step["After"][0], "the owner's password is gone before"


def test_hashes_are_webs_alone() -> None:
    folders = (OVERLAY / "usr" / "lib" / "v2h" / "data-folders.conf").read_text(encoding="utf-8").splitlines()
    made = {words[1]: words[2:5] for words in map(str.split, folders) if words[:1] == ["d"]}
    assert made["/data/web"] == ["0700", "v2h-web", "v2h"]
    assert made["/data/site"] == ["0750", "v2h-web", "v2h"], (
        "web writes the edits of v2h.toml, every program reads them"
    )
    assert "/data" not in made, "the parent stays root's: nobody can put another folder in its place"


def test_guard_and_charger_may_have_the_standing_they_ask_for() -> None:
    drop_in = unit("supervisor.service.d/v2h.conf")
    assert drop_in["LimitRTPRIO"] == [str(max(GUARD_PRIORITY, CHARGER_PRIORITY))]
    assert drop_in["LimitMEMLOCK"] == ["infinity"]


TAKEN_AWAY_BY = {
    "ProtectKernelTunables": "/sys: the outputs and the fan",
    "ProtectProc": "guard's look at supervisord",
    "PrivateDevices": "K, SPI, I2C and buttons",
    "ProtectClock": "every device that is not listed",
    "RestrictRealtime": "SCHED_FIFO",
    "MemoryDenyWriteExecute": "ctypes",
    "PrivateNetwork": "the page, the meters and CAN",
    "ProcSubset": "/proc/sys/kernel/random/boot_id",
}


def test_the_limits_of_the_tree_leave_what_a_program_needs() -> None:
    drop_in = unit("supervisor.service.d/v2h.conf")
    assert {key: TAKEN_AWAY_BY[key] for key in TAKEN_AWAY_BY.keys() & drop_in.keys()} == {}
    (allowed,) = drop_in["RestrictAddressFamilies"]
    every = frozenset[int]().union(*(families(name) for name in NAMES))
    assert {getattr(socket, word) for word in allowed.split()} == every
    assert drop_in["ExecStopPost"] == ["+/usr/bin/python3 -m v2h.oneshot.make_safe"]


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="this machine has no systemd-analyze")
def test_the_exposure_of_the_tree_is_at_most_5(tmp_path: Path) -> None:
    folder, programs = tmp_path / "etc/systemd/system", tmp_path / "usr/bin"
    (folder / "supervisor.service.d").mkdir(parents=True)
    programs.mkdir(parents=True)
    debians = "[Service]\nExecStart=/usr/bin/supervisord -n -c /etc/supervisor/supervisord.conf\n"
    (folder / "supervisor.service").write_text(debians)
    shutil.copy(UNITS / "supervisor.service.d/v2h.conf", folder / "supervisor.service.d/v2h.conf")
    for name in ("supervisord", "python3", "tail", "kill"):
        (programs / name).touch(0o755)
    (tmp_path / "bin").symlink_to("usr/bin")
    words = ["systemd-analyze", "security", "--no-pager", "--offline=yes", f"--root={tmp_path}", "--threshold=50"]
    judged = subprocess.run([*words, "supervisor.service"], capture_output=True, text=True)
    assert judged.returncode == 0, judged.stdout[-400:] + judged.stderr
    assert "Overall exposure level" in judged.stdout
    print(judged.stdout.strip().splitlines()[-1])


def test_broker_is_local_and_closed() -> None:
    lines = (OVERLAY / "etc" / "mosquitto" / "v2h.conf").read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if line.startswith("listener")] == ["listener 1883 127.0.0.1"]
    assert {"allow_anonymous false", "persistence false"} <= set(lines)
    for key in ("password_file", "acl_file"):
        (value,) = [line.split()[1] for line in lines if line.startswith(key)]
        assert value.startswith("/run/v2h/broker/"), "no secret outlives a boot"


def test_access_list_gives_each_name_its_own_topics() -> None:
    assert access_list({"panel": ("v2h/panel/#", "v2h/event")}) == (
        "user panel\ntopic write v2h/panel/#\ntopic write v2h/event\ntopic read v2h/#\n"
    )
    assert set(MAY_PUBLISH) == set(NAMES) - {"broker"} | {"cli"}


def test_every_user_is_made_by_the_image() -> None:
    files = list(OVERLAY.glob("usr/lib/sysusers.d/*.conf"))
    lines = [line.split() for path in files for line in path.read_text(encoding="utf-8").splitlines()]
    made = {words[1] for words in lines if len(words) > 1 and words[0].startswith("u")}
    assert {user_of(name) for name in NAMES} - {"mosquitto"} <= made


def test_directories_of_this_boot_are_closed_to_the_others() -> None:
    lines = (OVERLAY / "usr" / "lib" / "tmpfiles.d" / "v2h.conf").read_text(encoding="utf-8").splitlines()
    made = {words[1]: words[2:5] for words in map(str.split, lines) if words[:1] == ["d"]}
    assert made["/run/v2h"] == ["0755", "root", "root"], "else one program could put its socket in another's place"
    assert made["/run/v2h/guard"] == ["2750", "v2h-guard", "v2h-wire"]
    assert made["/run/v2h/ccs"] == ["2750", "v2h-charger", "v2h-plug"]
    assert made["/run/v2h/secrets"] == ["0711", "root", "root"]
    assert made["/run/v2h/broker"] == ["0750", "root", "mosquitto"]
    sysusers = (OVERLAY / "usr" / "lib" / "sysusers.d" / "v2h.conf").read_text(encoding="utf-8").splitlines()
    assert [line.split()[1:] for line in sysusers if line.startswith("m ")] == [
        ["v2h-charger", "v2h-wire"],
        ["v2h-meter", "v2h-card"],
        ["v2h-manager", "v2h-data"],
        ["v2h-datalog", "v2h-data"],
        ["v2h-charger", "v2h-plug"],
        ["v2h-ccs", "v2h-plug"],
    ]
