"""The emulated board, booted once: load steps with each kind of meter, memory, a plan, presses, and writes to the card.

Needs build/v2h.img. All times are by the board's own clock, which counts instructions. `against` is the value to
compare with: for a settling time the stated plant's, for memory 150 MB, for a press 0.2 s, for the card 80 MB a day
and a quarter of what the predecessor's scheme writes in the same minutes.
"""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import planner
from tests.bench.rows import row
from tests.support.cardwrites import counted
from tests.support.guest import Guest, GuestError
from tests.support.guest_owner import Owner
from tests.support.loadsteps import BAND_W, HIGH_W, HOLD_S, LOW_W, MODEL, TOPIC, meter_table, simulated_s
from tests.support.machine import BOOT_S
from tests.support.truth import first, record, rig
from v2h.energy.bench.metering import METERS

REPOSITORY = Path(__file__).resolve().parents[2]

STEPS = 5
PRESSES = 20
CARD_S = float(os.environ.get("BENCH_CARD_S", "1200"))
"""Seconds of V2H in which the card's writes are counted."""
GOALS = {"pss_mb": 150.0, "press_s": 0.2, "card_mb_a_day": 80.0}
PORTS = {"stpm3x": 0, "modbus": 1502, "mqtt": 1884, "http": 8081}
MOSQUITTO = f"listener {PORTS['mqtt']} 127.0.0.1\nallow_anonymous true\nuser root\n"

# Runs on the board: low load, settle, wait; high load; prints the seconds until the grid stays in the band.
STEP = f"""
import json, socket, struct, sys, time
def link(name):
    one = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    one.connect("/run/v2h/rig.sock")
    one.send(name)
    one.recv(100)
    return one
control, house = link(b"control"), link(b"house")
def load(watts):
    control.send(json.dumps({{"load_w": str(watts)}}).encode())
    control.recv(65536)
def off():
    house.send(b"?")
    return abs(struct.unpack("<4d", house.recv(64))[2]) > {BAND_W}
def settle(begin, at_most):
    last = begin
    while time.monotonic() < last + {HOLD_S}:
        if off():
            last = time.monotonic()
            if last > begin + at_most:
                sys.exit("not settled")
        time.sleep(0.02)
    return last - begin
load({LOW_W})
settle(time.monotonic(), 60)
time.sleep(float(sys.argv[1]))
load({HIGH_W})
print(settle(time.monotonic(), 30))
"""

# Runs on the board: at a release of boost, the seconds until any output changes; at a press of on/off, its time.
KEYS_SEEN = """
import os, struct, sys, time
NAMES = ("c1", "c2", "d1", "d2", "master", "plug-lock", "pre-ac")
files = [open("/sys/class/leds/" + name + "/brightness", "rb", buffering=0) for name in NAMES]
def outputs():
    return [os.pread(one.fileno(), 8, 0) for one in files]
EVENT = struct.Struct("@llHHi")
ON_OFF, BOOST, PRESSED, RELEASED = 59, 60, 1, 0
keyboard = os.open(sys.argv[1], os.O_RDONLY)
print("listening", flush=True)
while True:
    *_, kind, code, value = EVENT.unpack(os.read(keyboard, EVENT.size))
    at, before = time.monotonic(), outputs()
    if (kind, code, value) == (1, ON_OFF, PRESSED):
        print(at, flush=True)
    elif (kind, code, value) == (1, BOOST, RELEASED):
        while outputs() == before and time.monotonic() < at + 5:
            time.sleep(0.002)
        print(time.monotonic() - at, flush=True)
"""


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Boots the board and takes one measurement after the other."""
    with Guest(REPOSITORY / "build" / "bench-guest") as guest:
        guest.wait_for_shell(BOOT_S)
        guest.wait_for_page(BOOT_S)
        owner = Owner(guest)
        tell("booted")
        rows = memory(guest, tell) + planned(guest, tell) + presses(guest, owner, tell)
        owner.start_energy("v2h")
        return rows + card(guest, tell) + settling(guest, owner, tell)


def _until(guest: Guest, happened: Callable[[], bool], what: str) -> None:
    """Waits for at most 60 s of the board's time."""
    for _ in range(300):
        if happened():
            return
        guest.sleep(0.2)
    raise GuestError(f"{what}: nothing within 60 s")


def memory(guest: Guest, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """PSS per program; guard's includes its backup guard."""
    find = "grep -lsE 'v2h[.]programs|mosquitto|supervisord' /proc/[0-9]*/cmdline"
    each = "echo $(tr '\\0' ' ' <$c) $(grep ^Pss: ${c%cmdline}smaps_rollup)"
    found: dict[str, float] = {}
    for line in guest.out(f"for c in $({find}); do {each}; done").splitlines():
        words = line.split()
        if "Pss:" not in words:
            continue
        name = next((word.rsplit(".", 1)[1] for word in words if word.startswith("v2h.programs.")), words[0])
        name = name if "/" not in name else "supervisord" if "supervisord" in line else "broker"
        found[name] = found.get(name, 0.0) + float(words[words.index("Pss:") + 1]) / 1000
    tell("PSS in MB: " + ", ".join(f"{name} {mb:.1f}" for name, mb in sorted(found.items())))
    goal = GOALS["pss_mb"]
    rows = [row(f"PSS on the board, {name}", mb, "MB", goal) for name, mb in sorted(found.items())]
    return [*rows, row("PSS on the board, all", sum(found.values()), "MB", goal)]


def planned(guest: Guest, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """One plan of 192 slots on the board, beside a loop that tells how fast the board is."""
    guest.out(f"cat >/run/plan.py <<'END'\n{planner.SCRIPT}\nEND")
    seen = json.loads(guest.out("cd / && python3 /run/plan.py", 900))
    tell(f"a loop of a million turns takes {seen['loop_s']:.2f} s on the board, a plan {seen['plan_s']:.2f} s")
    return planner.rows(seen, "on the board", planner.MOST_S)


def presses(guest: Guest, owner: Owner, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Boost starts a charge: from its release to the first output. On/off ends it: from the press to the 0 A order."""
    owner.to_idle()
    keyboard = guest.out("grep -l AT.Raw /sys/class/input/event*/device/name").split("/")[4]
    guest.out(f"cat >/run/keys.py <<'END'\n{KEYS_SEEN}\nEND")
    guest.out(f"python3 -I -S /run/keys.py /dev/input/{keyboard} >/run/keys 2>&1 &")
    starts: list[float] = []
    stops: list[float] = []

    def seen(key: str, lines: int) -> float:
        guest.keys(key)
        _until(guest, lambda: len(guest.out("cat /run/keys").splitlines()) > lines, f"the press of {key}")
        return float(guest.out("tail -n 1 /run/keys"))

    _until(guest, lambda: "listening" in guest.out("cat /run/keys"), "the keyboard's listener")
    for number in range(PRESSES // 2):
        starts.append(seen("f2", 2 * number + 1))
        owner.wait(lambda s: (s["charger"]["amps_a"] or 0) > 5, 90, "current into the car")
        pressed_t = seen("f1", 2 * number + 2)
        owner.wait_for_session("idle", 60)  # writing the record delays the board for longer than guard allows
        stops.append(first(record(guest), pressed_t, lambda row: row.set_a == 0.0))
    for what, times in (("start", starts), ("stop", stops)):
        tell(f"press to {what}: " + " ".join(f"{t:.3f}" for t in times))
    return [row(f"press to effect, median of {PRESSES}", statistics.median(starts + stops), "s", GOALS["press_s"])]


def card(guest: Guest, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Our writes, and those of the predecessor's scheme in the same time."""
    rig(guest, load_w="trace")
    with counted(guest) as mb:
        guest.sleep(CARD_S)
    tell(f"card: ours {mb['ours']:.1f} MB a day, the predecessor's scheme {mb['predecessor']:.1f}")
    return [
        row(f"written to the card in {CARD_S:.0f} s of V2H, a day", mb["ours"], "MB", GOALS["card_mb_a_day"]),
        row("the same beside a quarter of the predecessor's", mb["ours"], "MB", mb["predecessor"] / 4),
    ]


def settling(guest: Guest, owner: Owner, tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Five load steps with each kind of grid meter, each of them a real server on the board's loopback."""
    rig(guest, pre_lossless="1", load_w=str(LOW_W))
    guest.out(f"cat >/run/step.py <<'END'\n{STEP}\nEND\ncat >/run/broker.conf <<'END'\n{MOSQUITTO}\nEND")
    guest.out("mosquitto -d -c /run/broker.conf")
    words = f"--modbus {PORTS['modbus']} --http {PORTS['http']} --mqtt {PORTS['mqtt']}/{TOPIC}"
    guest.out(f"cd / && python3 -m v2h.rig.homemeters --rig /run/v2h/rig.sock {words} >/run/meters 2>&1 &")
    _until(guest, lambda: "ready" in guest.out("cat /run/meters"), "the meters' servers")
    rows = []
    for kind in MODEL:
        use_meter(guest, owner, kind)
        interval_s = METERS[MODEL[kind]].interval_s
        steps = [
            float(guest.out(f"python3 -I -S /run/step.py {1 + interval_s * (n + 0.5) / STEPS}", 900))
            for n in range(STEPS)
        ]
        _, expected_s = simulated_s(kind)
        tell(f"{kind}: {' '.join(f'{s:.2f}' for s in steps)} s, the stated plant {expected_s:.2f} s")
        rows.append(
            row(f"load step on the board, {kind}, median of {STEPS}", statistics.median(steps), "s", expected_s)
        )
    return rows


def use_meter(guest: Guest, owner: Owner, kind: str) -> None:
    """Write another [meter.grid] to v2h.toml, as its owner would, and restart the meter program."""
    table = meter_table(kind, PORTS[kind])
    toml = "/boot/firmware/v2h.toml"
    # The card's own [meter.grid] contains only comments.
    guest.out(f"[ -e /run/v2h.toml ] || sed '/^\\[meter.grid\\]/d' {toml} >/run/v2h.toml")
    guest.out(f"mount -o remount,rw /boot/firmware; cat /run/v2h.toml - >{toml} <<'END'\n{table}\nEND")
    guest.out("mount -o remount,ro /boot/firmware")
    old = guest.out("pgrep -f -o v2h.programs.meter")
    guest.out(f"kill {old}")
    deadline = time.monotonic() + 300
    while guest.sh("pgrep -f -o v2h.programs.meter")[1].strip() in ("", old):
        assert time.monotonic() < deadline, "the meter program did not come back"
        guest.sleep(1)
    guest.sleep(10)
    state = owner.state()
    assert state["config_errors"] == [] and state["charger"]["state"] == "energy", json.dumps(state)[:2000]
    if PORTS[kind]:
        assert guest.out(f"ss -Htan '( dport = :{PORTS[kind]} )'"), f"nobody asks the {kind} meter"
