"""What the real systemd-networkd makes of plc0 with the card's files, in a network namespace with a /run of its own:

    unshare --net --mount --propagation private python -m tests.support.plcnetworkd NETWORKD

prints one JSON object: the addresses of plc0; how many packet sockets listen there; how many sockets wait for routers
(one, that of the house); what the charger sends to the car by itself; and the addresses while the modem restarts (no
carrier).
"""

import json
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from tests.support.plcutils import ROOT, ip
from v2h.ports.plc import ALL_FRAMES, PlcPort
from v2h.rig.netspace import NetSpace

FILES = ROOT / "rootfs-overlay" / "etc" / "systemd" / "network"
LONG_S = 60.0
"""Only ends a test that would fail."""


def addresses(interface: str) -> list[str]:
    shown = subprocess.run(["ip", "-json", "address", "show", interface], capture_output=True, text=True, check=True)
    return [f"{found['family']} {found['scope']}" for found in json.loads(shown.stdout)[0]["addr_info"]]


def listening(interface: str) -> int:
    """How many packet sockets are bound to an interface: for DHCP, LLDP and the like."""
    lines = Path("/proc/net/packet").read_text().splitlines()[1:]
    return [int(line.split()[4]) for line in lines].count(socket.if_nametoindex(interface))


def kind(frame: bytes) -> str:
    """What a frame is for."""
    ethertype, header = frame[12:14].hex(), frame[14:]
    if ethertype == "86dd":  # IPv6: groups have a hop-by-hop header, the rest is ICMP or UDP
        icmp = {133: "router wanted", 135: "own address tested"}
        what = {0: "groups", 17: "UDP", 58: icmp.get(header[40], f"ICMP {header[40]}")}
        return what.get(header[6], f"IPv6 {header[6]}")
    return {"0800": "IPv4", "0806": "ARP", "88cc": "LLDP"}.get(ethertype, ethertype)


def heard(port: PlcPort, told: set[str]) -> set[str]:
    """The kinds of the frames that have arrived, added to `told`."""
    told |= {kind(frame) for frame in port.frames()}
    return told


def until(holds: Callable[[], bool], what: str) -> None:
    deadline = time.monotonic() + LONG_S
    while not holds():
        if time.monotonic() > deadline:
            raise SystemExit(f"not so after {LONG_S:g} s: {what}")
        time.sleep(0.05)


def main(networkd: str) -> None:
    mount("-t", "tmpfs", "none", "/run")
    mount("-o", "bind", str(FILES), "/etc/systemd/network")
    mount("-t", "sysfs", "-o", "ro", "none", "/sys")  # networkd takes it that there is no udev to wait for
    for name in ("links", "leases", "lldp"):
        Path("/run/systemd/netif", name).mkdir(parents=True)
    for path in (Path("/run/systemd/netif"), *Path("/run/systemd/netif").iterdir()):
        shutil.chown(path, "systemd-network", "systemd-network")
    outside = NetSpace()
    for ours, theirs in (("plc0", "car0"), ("home0", "house0")):
        ip("link", "add", "name", ours, "type", "veth", "peer", "name", theirs)
        ip("link", "set", theirs, "netns", outside.path)
        with outside.inside():
            ip("link", "set", theirs, "addrgenmode", "none", "up")
    with outside.inside():
        car, house = PlcPort("car0", ALL_FRAMES), PlcPort("house0", ALL_FRAMES)
    told = set[str]()
    with (
        tempfile.NamedTemporaryFile("w+") as words,
        subprocess.Popen([networkd], stdout=words, stderr=words) as process,
    ):
        try:
            until(lambda: heard(house, told) >= {"IPv4", "router wanted"}, "the house is asked for addresses")
            until(lambda: "plc0: Gained IPv6LL" in Path(words.name).read_text(), "plc0 has an address")
            found: dict[str, object] = {"plc0": addresses("plc0"), "listening": listening("plc0")}
            found["routers"] = len(Path("/proc/net/raw6").read_text().splitlines()) - 1
            found["sent"] = sorted(heard(car, set()))
            with outside.inside():
                ip("link", "set", "car0", "down")
            until(lambda: "plc0: Lost carrier" in Path(words.name).read_text(), "networkd has seen that")
            found["without carrier"] = addresses("plc0")
        finally:
            process.terminate()
    print(json.dumps(found))


def mount(*words: str) -> None:
    subprocess.run(["mount", *words], check=True)


if __name__ == "__main__":
    main(sys.argv[1])
