"""The program `ccs` on the emulated board: processor and memory without a car, processor and answers in a charge.

Needs build/v2h.img. The board starts again with a table [ccs], and its rig with a simulated CCS car, whose modems and
network namespace are on the board too. All times are by the board's own clock, which counts instructions: a wait for
memory or the card costs nothing there, and an instruction always takes 4 ns. So the figures are those of this model and
not of the real processor. The bench also prints the time of a plain loop, so that machines can be compared.

CPU is what the kernel charged to the process (utime + stime of /proc), in % of the board's only core.

An answer's time begins when CurrentDemandReq arrives at plc0 and ends when the frame with CurrentDemandRes leaves it;
the kernel stamps both. It contains the kernel's TCP, the wait for the processor (the rig runs before every program, at
a higher priority), the codec, the message machine, and the wait for `charger`. It does not contain modems and car. "At
the car" is the same exchange seen by the simulated car, with its own codec and both modems, all in the rig's one
process. `against` is the goal of each figure; for the time at the car the 250 ms after which cars give up.
"""

import json
import statistics
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.bench import planner
from tests.bench.rows import row
from tests.support.guest import Guest
from tests.support.guest_owner import Owner
from tests.support.guestccs import plug_ccs
from tests.support.machine import BOOT_S
from tests.support.truth import rig
from v2h.ccs.messages import DIN
from v2h.rig.ccs.car import REMEMBERED

REPOSITORY = Path(__file__).resolve().parents[2]
IDLE_S, CHARGE_S = 60.0, 60.0
SETTLED_S = 20.0
AMPS = 10
RHYTHM_S = 0.09
"""The rig looks at its clock every 20 ms: so the car asks every 100 ms."""
ASKED_HZ = 10.0
GOALS = {"idle_pct": 1.0, "pss_mb": 25.0, "charge_pct": 20.0, "answer_ms": 50.0, "car_ms": 250.0}

# Runs on the board: for some seconds it listens at plc0, then it prints what a process used, and how it answered.
WATCH = """
import json, os, socket, struct, sys, time
from v2h.ccs import exi
from v2h.ccs.v2gtp import HEADER_B
from v2h.ports.plc import ALL_FRAMES, INTERFACE
pid, seconds, namespace = int(sys.argv[1]), float(sys.argv[2]), sys.argv[3]
SO_TIMESTAMPNS, STAMP = 64, struct.Struct("=qq")  # asm-generic/socket.h: with 64 bits of seconds on every machine
ETHERNET_B, IPV6_B, IPV6, TCP = 14, 40, bytes([0x86, 0xDD]), 6

def family(one):
    with open(f"/proc/{one}/task/{one}/children") as file:
        return [one, *(each for child in file.read().split() for each in family(int(child)))]

def spent_s():
    ticks = 0
    for one in family(pid):
        with open(f"/proc/{one}/stat") as file:
            ticks += sum(map(int, file.read().rpartition(")")[2].split()[11:15]))
    return ticks / os.sysconf("SC_CLK_TCK")

def pss_mb():
    found = 0
    for one in family(pid):
        with open(f"/proc/{one}/smaps_rollup") as file:
            found += next(int(line.split()[1]) for line in file if line.startswith("Pss:"))
    return found / 1000

def message(data):
    '''The EXI of a frame; None for a frame without a message.'''
    if data[12:14] != IPV6 or data[ETHERNET_B + 6] != TCP:
        return None
    at = ETHERNET_B + IPV6_B
    payload = data[at + (data[at + 12] >> 4) * 4 : at + int.from_bytes(data[ETHERNET_B + 4 : ETHERNET_B + 6])]
    return payload[HEADER_B:] or None

node = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ALL_FRAMES))
node.bind((INTERFACE, ALL_FRAMES))
node.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
seen = []
begun_t, begun_s = time.monotonic(), spent_s()
while (left_s := begun_t + seconds - time.monotonic()) > 0:
    node.settimeout(left_s)
    try:
        data, notes, _, address = node.recvmsg(2048, 64)
    except TimeoutError:
        break
    whole_s, ns = STAMP.unpack(notes[0][2])
    seen.append((whole_s * 1000 + ns / 1e6, address[2] == socket.PACKET_OUTGOING, data))
used_s, took_s = spent_s() - begun_s, time.monotonic() - begun_t
asked_ms, answers_ms = [], []
for ms, ours, data in seen:
    body = message(data)
    name = "" if body is None else exi.decode(namespace, body).name
    if name == "CurrentDemandReq" and not ours:
        asked_ms.append(ms)
    elif name == "CurrentDemandRes" and ours and asked_ms:
        answers_ms.append(ms - asked_ms[-1])
times = {"asked_ms": asked_ms, "answers_ms": answers_ms}
print(json.dumps({"cpu_pct": 100 * used_s / took_s, "pss_mb": pss_mb()} | times))
"""


def measure(tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Boots the board, and measures first without and then with a car."""
    with Guest(REPOSITORY / "build" / "bench-guest") as guest:
        guest.wait_for_shell(BOOT_S)
        guest.wait_for_page(BOOT_S)
        owner = Owner(guest)
        for name, script in (("loop", f"{planner.LOOP}print(loop_s)"), ("watch", WATCH)):
            guest.out(f"cat >/run/{name}.py <<'END'\n{script}\nEND")
        loop_s = float(guest.out("python3 /run/loop.py", 300))
        tell(f"booted; a loop of a million turns takes {loop_s:.2f} s on the board")
        plug_ccs(guest, owner, "din")
        rig(guest, plugged="0")
        guest.sleep(SETTLED_S)
        idle = watched(guest, IDLE_S)
        tell(f"no car: {idle['cpu_pct']:.2f} % of the core, {idle['pss_mb']:.1f} MB")
        rig(guest, plugged="1")
        owner.press("mode", mode="charge", amps=AMPS)
        owner.wait_for_session("energy", 150)
        rig(guest, ccs_rhythm_s=str(RHYTHM_S))
        guest.sleep(SETTLED_S)
        charging = watched(guest, CHARGE_S)
        charging["car_ms"] = rig(guest)["ccs"]["demand_ms"]
        assert owner.charger()["state"] == "energy", owner.state()
        return rows_of(idle, charging, tell)


def watched(guest: Guest, seconds: float) -> dict[str, Any]:
    """What WATCH prints of `ccs`."""
    pid = guest.out("pgrep -f -o v2h.programs.ccs")
    command = f"python3 /run/watch.py {pid} {seconds} {DIN.namespace}"
    seen: dict[str, Any] = json.loads(guest.out(command, 120 + 20 * seconds))
    return seen


def rows_of(idle: dict[str, Any], charging: dict[str, Any], tell: Callable[[str], None]) -> list[dict[str, Any]]:
    """Of two outputs of WATCH, the second with car_ms. The processor's time is scaled to ASKED_HZ."""
    asked_ms, answers_ms, car_ms = charging["asked_ms"], charging["answers_ms"], charging["car_ms"]
    assert len(answers_ms) > 100 and len(car_ms) == REMEMBERED, (len(answers_ms), len(car_ms))
    rate_hz = 1000 * (len(asked_ms) - 1) / (asked_ms[-1] - asked_ms[0])
    charge_pct = charging["cpu_pct"] * ASKED_HZ / rate_hz
    tell(f"charging: {charging['cpu_pct']:.2f} % at {rate_hz:.2f} Hz, {charging['pss_mb']:.1f} MB")
    for what, times in (("arrival to answer", answers_ms), ("at the car", car_ms)):
        tell(f"{what}: median {statistics.median(times):.1f} ms, p95 {p95(times):.1f}, longest {max(times):.1f}")
    pss_mb = max(idle["pss_mb"], charging["pss_mb"])
    return [
        row("CPU of ccs on the board, no car", idle["cpu_pct"], "%", GOALS["idle_pct"]),
        row("PSS of ccs on the board", pss_mb, "MB", GOALS["pss_mb"]),
        row("CPU of ccs on the board, CurrentDemand at 10 Hz", charge_pct, "%", GOALS["charge_pct"]),
        row("CurrentDemand answered on the board, p95", p95(answers_ms), "ms", GOALS["answer_ms"]),
        row("the same at the car, p95", p95(car_ms), "ms", GOALS["car_ms"]),
    ]


def p95(values: list[float]) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[94]
