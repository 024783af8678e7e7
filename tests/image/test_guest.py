"""The system on the emulated board, checked as root over the serial line. test_guest_session.py tests the programs."""

import errno
import json
import re
import time

import pytest

from tests.support.guest import Guest
from tests.support.guest_owner import SLOWEST
from tests.support.runningtree import NAMES
from tests.support.safetypage import limit
from v2h.runtime.confine import MAY_OPEN_CAN

pytestmark = pytest.mark.guest

OUTPUTS = ("c1", "c2", "d1", "d2", "master", "plug-lock", "pre-ac")
MIB = 1 << 20

# Blink period and on-time of the chip's second rate (registers 4 and 5, auto-increment 0x10) are written, read back and
# restored in one transaction on the bus, so that no write of `panel` can come in between.
PCA9552 = """
from smbus2 import SMBus, i2c_msg
with SMBus(2) as bus:
    ask, before = i2c_msg.write(0x60, [0x14]), i2c_msg.read(0x60, 2)
    bus.i2c_rdwr(ask, before)
    back = i2c_msg.read(0x60, 2)
    bus.i2c_rdwr(i2c_msg.write(0x60, [0x14, 0x2B, 0x40]), i2c_msg.write(0x60, [0x14]), back,
                 i2c_msg.write(0x60, [0x14, *before]))
    print(list(back))
"""

# Reads four key events of the machine's keyboard.
KEYS = """
import evdev
paths = evdev.list_devices()
board = next(d for d in map(evdev.InputDevice, paths) if evdev.ecodes.KEY_F3 in d.capabilities().get(1, []))
print("listening", flush=True)
left = 4
for event in board.read_loop():
    if event.type == evdev.ecodes.EV_KEY and event.value in (0, 1):
        print(evdev.ecodes.KEY[event.code], event.value, flush=True)
        left -= 1
        if not left:
            break
"""

# As each program's user, with the filter of that program: which sockets does the kernel refuse?
SOCKETS = """
import json, os, pwd, socket
from v2h.runtime.confine import families, set_filter
from v2h.runtime.forked import leave
KINDS = {"can": (socket.AF_CAN, socket.SOCK_RAW, socket.CAN_RAW), "bcm": (socket.AF_CAN, socket.SOCK_DGRAM, 2),
         "packet": (socket.AF_PACKET, socket.SOCK_RAW, 0), "inet": (socket.AF_INET, socket.SOCK_STREAM, 0)}

def refused():
    for what, kind in KINDS.items():
        try:
            socket.socket(*kind).close()
        except OSError as error:
            yield f"{what} {error.errno}"

print("{", end="")
for n, name in enumerate(NAMES):
    print(end="," * (n > 0), flush=True)
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            user = pwd.getpwnam("mosquitto" if name == "broker" else f"v2h-{name}")
            os.setgroups([]), os.setgid(user.pw_gid), os.setuid(user.pw_uid)
            set_filter(families(name))
            print(f"{json.dumps(name)}: {json.dumps(list(refused()))}", end="", flush=True)
            code = 0
        finally:
            leave(code)
    os.waitpid(pid, 0)
print("}")
"""

# A second machine on a cable of its own (veth), at 192.0.2.2. Which of the ports at 192.0.2.1 does it reach?
NEIGHBOUR = """
import json, pathlib, socket, subprocess
def sh(line):
    subprocess.run(line, shell=True, check=True)
ours = pathlib.Path("/run/systemd/network/05-neighbour.network")
ours.parent.mkdir(exist_ok=True)
ours.write_text("[Match]\\nName=near far\\n[Link]\\nUnmanaged=yes\\n")
sh("networkctl reload; ip netns add neighbour; ip link add near type veth peer name far netns neighbour")
try:
    sh("ip addr add 192.0.2.1/24 dev near; ip link set near up")
    sh("ip -n neighbour addr add 192.0.2.2/24 dev far; ip -n neighbour link set far up")
    tcp, udp = socket.create_server(("192.0.2.1", 4444)), socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    udp.bind(("192.0.2.1", 4444)), udp.settimeout(2)
    def reaches(port):
        knock = f"import socket; socket.create_connection(('192.0.2.1', {port}), 5)"
        return subprocess.run(["ip", "netns", "exec", "neighbour", "python3", "-c", knock], stderr=-3).returncode == 0
    found = {"tcp 80": reaches(80), "tcp 4444": reaches(4444)}
    shout = "import socket; socket.socket(2, 2).sendto(b'x', ('192.0.2.1', 4444))"
    sh(f'ip netns exec neighbour python3 -c "{shout}"')
    try:
        found["udp 4444"] = bool(udp.recv(9))
    except TimeoutError:
        found["udp 4444"] = False
finally:
    sh("ip netns del neighbour")
    ours.unlink()
print(json.dumps(found))
"""


def python(guest: Guest, program: str, timeout_s: float = 60) -> str:
    guest.out(f"cat >/run/v2h-test.py <<'END'\n{program}\nEND")
    return guest.out("python3 /run/v2h-test.py", timeout_s)


def test_the_board_is_the_emulated_one_on_debians_kernel(guest: Guest) -> None:
    assert "arm,vexpress" in guest.out("tr '\\0' ' ' </proc/device-tree/compatible")
    assert re.fullmatch(r"\d+\.\d+\.\d+\S*-armmp", guest.out("uname -r"))
    print(f"\n{guest.out('systemd-analyze time')}")


def test_systemd_has_nothing_to_complain_of(guest: Guest) -> None:
    assert guest.out("systemctl --failed --no-legend --plain") == ""
    assert guest.out("journalctl -b -q --no-pager -g 'ordering cycle' || true") == ""
    assert guest.out("cat /proc/sys/kernel/tainted") == "0"


def test_root_is_read_only(guest: Guest) -> None:
    assert "ro" in guest.out("findmnt -no OPTIONS /").split(",")
    code, said = guest.sh("touch /etc/v2h-test")
    assert code != 0
    assert "Read-only file system" in said


def test_data_partition_is_mounted_and_has_grown_to_the_end_of_the_card(guest: Guest) -> None:
    mounted = json.loads(guest.out("findmnt -bJ -o SOURCE,OPTIONS,SIZE /data"))["filesystems"][0]
    assert "rw" in mounted["options"].split(",")
    name = mounted["source"].removeprefix("/dev/")
    sectors = json.loads(guest.out(f"lsblk -bJ -o NAME,SIZE,START /dev/{name}"))["blockdevices"][0]
    card = int(guest.out("blockdev --getsize64 /dev/vda"))
    assert card - (sectors["start"] * 512 + sectors["size"]) < 8 * MIB
    assert mounted["size"] > 0.9 * sectors["size"]


def test_the_clocks_last_time_is_kept_on_the_data_partition_from_the_first_boot_on(guest: Guest) -> None:
    """In the first boot systemd once took this mount away when the partition grew."""
    source = guest.out("findmnt -no SOURCE /data")
    assert guest.out("findmnt -no SOURCE /var/lib/systemd") == f"{source}[/system/systemd]"
    assert guest.out("journalctl -b -q --no-pager -o cat -g 'Unmounted' || true") == ""
    built_s = int(guest.out("stat -c %Y /usr/lib/clock-epoch"))
    assert int(guest.out("date +%s")) >= built_s, "the clock shows a time before the build"


def test_owners_partition_is_mounted_read_only(guest: Guest) -> None:
    assert "ro" in guest.out("findmnt -no OPTIONS /boot/firmware").split(",")
    assert "v2h.toml" in guest.out("ls /boot/firmware")


def test_a_warning_of_the_kernel_is_kept_on_the_data_partition(guest: Guest) -> None:
    """A line that a program writes there has the kernel's transport, but not its name."""
    guest.out("echo '<4>v2h-test: a warning' >/dev/kmsg")
    find = "grep -lr 'v2h-test: a warning' /data/system/warnings || true"
    deadline = time.monotonic() + SLOWEST * 70
    while not guest.out(find):
        assert time.monotonic() < deadline, guest.out("systemctl status --no-pager v2h-warnings.service || true")
        guest.sleep(2)
    assert int(guest.out("cat /data/system/warnings/*.log | wc -c")) < 64 * 1024, (
        "a boot takes a small part of the budget"
    )


def test_the_watchdog_is_armed_by_the_first_process(guest: Guest) -> None:
    promised = f"{limit('kernel-stops', 'watchdog'):g}"
    assert guest.out("systemctl show -P RuntimeWatchdogUSec") == f"{promised}s"
    assert guest.out("cat /sys/class/watchdog/watchdog0/timeout") == promised
    assert guest.out("cat /sys/class/watchdog/watchdog0/identity") == "Software Watchdog"
    assert guest.out("cat /sys/class/watchdog/watchdog0/state") == "active"
    assert guest.out("ls /sys/class/watchdog") == "watchdog0"


def test_a_panic_or_an_oops_starts_the_board_again_at_once(guest: Guest) -> None:
    """This test checks the settings; test_guest_panic.py causes a panic."""
    assert "panic=-1" in guest.out("cat /proc/cmdline").split()
    assert guest.out("cat /proc/sys/kernel/panic /proc/sys/kernel/panic_on_oops").split() == ["-1", "1"]


def test_the_tree_is_watched_with_20_s_once_pulse_has_spoken(guest: Guest) -> None:
    assert guest.out("systemctl show -P WatchdogUSec supervisor.service") == "20s"


def test_the_card_would_start_again(guest: Guest) -> None:
    """The self-test compares the card with the boot loader of the running system."""
    parts = {row["part"]: row for row in json.loads(guest.sh("v2h selftest --json 2>/dev/null", 300)[1])}
    assert parts["boot area"]["verdict"] == "ok", parts["boot area"]


@pytest.mark.parametrize("bus", ["can0", "can1"])
def test_can_bus_is_virtual_and_up(guest: Guest, bus: str) -> None:
    link = json.loads(guest.out(f"ip -details -json link show {bus}"))[0]
    assert link["linkinfo"]["info_kind"] == "vxcan"
    assert "UP" in link["flags"]


def test_panel_chip_keeps_what_is_written(guest: Guest) -> None:
    assert python(guest, PCA9552) == "[43, 64]"


@pytest.mark.parametrize("output", OUTPUTS)
def test_output_belongs_to_guard_alone(guest: Guest, output: str) -> None:
    path = f"/sys/class/leds/{output}"
    assert guest.out(f"stat -c '%U %a' {path}/brightness") == "v2h-guard 644"
    assert "[none]" in guest.out(f"cat {path}/trigger")
    code, said = guest.sh(f"setpriv --reuid v2h-charger --regid v2h --init-groups sh -c 'echo 1 >{path}/brightness'")
    assert code != 0
    assert "Permission denied" in said


def test_each_door_has_its_one_user(guest: Guest) -> None:
    assert guest.out("stat -c '%U %a' /dev/i2c-2") == "v2h-panel 600"
    keyboard = guest.out("grep -l AT.Raw /sys/class/input/event*/device/name").split("/")[4]
    assert guest.out(f"stat -c '%U %a' /dev/input/{keyboard}") == "v2h-panel 600"


def test_every_program_runs_as_its_own_user(guest: Guest) -> None:
    # One grep finds them; the brackets keep it from finding itself. One process for each entry of /proc would take the
    # emulator minutes.
    find = "grep -ls 'v2h[.]programs' /proc/[0-9]*/cmdline"
    tell = "do stat -c %U ${c%/cmdline} | tr '\\n' ' '; tr '\\0' ' ' <$c; echo; done"
    lines = guest.out(f"for c in $({find}); {tell}").splitlines()
    owners = {found[1]: line.split()[0] for line in lines if (found := re.search(r"-m v2h\.programs\.(\w+)", line))}
    assert owners == {name: f"v2h-{name}" for name in NAMES - {"broker"}}, "neither gateway nor ccs unless asked for"


def test_only_two_programs_open_can(guest: Guest) -> None:
    """EACCES is the filter's answer. Packets need a right as well, so there the kernel would say EPERM."""
    names = ("broker", "guard", "charger", "meter", "manager", "panel", "datalog", "web", "pulse", "gateway")
    refused = json.loads(python(guest, f"NAMES = {names!r}\n{SOCKETS}"))
    kinds = {name: ("packet",) if name in MAY_OPEN_CAN else ("can", "bcm", "packet") for name in names}
    assert refused == {name: [f"{kind} {errno.EACCES}" for kind in kinds[name]] for name in names}


def test_every_running_program_has_its_filter(guest: Guest) -> None:
    """Each thread of each program, the broker and the children of guard and charger included."""
    find = "grep -lsE 'v2h[.]programs|sbin/mosquitt[o]' /proc/[0-9]*/cmdline"
    tell = "grep -hE '^(NoNewPrivs|Seccomp):' ${c%/cmdline}/task/*/status"
    lines = guest.out(f"for c in $({find}); do {tell}; done").splitlines()
    assert len(lines) >= 2 * 9
    assert {tuple(line.split()) for line in lines} == {("NoNewPrivs:", "1"), ("Seccomp:", "2")}


def test_the_tree_is_exposed_to_at_most_5_of_10(guest: Guest) -> None:
    *_, overall = guest.out("systemd-analyze security --no-pager supervisor.service").splitlines()
    print(f"\n{overall}")
    score = re.search(r"(\d+\.\d)", overall)
    assert score is not None and float(score[1]) <= 5.0


def test_the_page_is_all_that_listens_to_the_outside(guest: Guest) -> None:
    """There is no ssh without a key of the owner, and the bus listens only on loopback."""

    def outside(listening: str) -> set[str]:
        names = [line.split()[3] for line in guest.out(listening).splitlines()]
        return {at.rsplit(":", 1)[1] for at in names if not at.startswith(("127.", "[::1]")) and "%lo" not in at}

    assert outside("ss -Hltn") == {"80"}
    assert outside("ss -Hlun") - {"68", "546"} == {"5353"}, "beside networkd's own"


def test_the_firewall_lets_in_what_the_table_says_and_nothing_else(guest: Guest) -> None:
    """A neighbour in a network namespace knocks at the page, and at two doors that the table does not know."""
    loaded = guest.out("nft list table inet v2h")
    assert loaded.count("policy drop") == 2 and 'iifname "plc0" drop' in loaded
    assert re.findall(r"(tcp|udp) dport (\d+)", loaded) == [
        ("tcp", "80"),
        ("udp", "5353"),
        ("udp", "68"),
        ("udp", "546"),
    ]
    assert json.loads(python(guest, NEIGHBOUR, 300)) == {"tcp 80": True, "tcp 4444": False, "udp 4444": False}


def test_keys_pressed_together_arrive_together(guest: Guest) -> None:
    """The keys are the neighbours of the two buttons, so that `panel` does nothing."""
    guest.out(f"cat >/run/v2h-keys.py <<'END'\n{KEYS}\nEND")
    guest.out("rm -f /run/v2h-keys; python3 /run/v2h-keys.py >/run/v2h-keys 2>&1 & ")
    deadline = time.monotonic() + 60
    while "listening" not in guest.out("cat /run/v2h-keys"):
        assert time.monotonic() < deadline, "no keyboard"
        time.sleep(0.5)
    guest.keys("f3", "f4", hold_s=0.5)
    heard: list[str] = []
    while len(heard) < 5:
        assert time.monotonic() < deadline, heard
        heard = guest.out("cat /run/v2h-keys").splitlines()
    assert heard[1:] == ["KEY_F3 1", "KEY_F4 1", "KEY_F3 0", "KEY_F4 0"]
