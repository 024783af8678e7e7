"""What a car and the house reach at a charger whose firewall the real kernel applies, between network namespaces:

    car: car0 --- plc0 :charger: home0 --- house0 :house

    unshare --net python -m tests.support.plcdoors NFT

prints one JSON object: for each stage (no rules, [ccs] configured, no [ccs]) the doors that are reached from each side,
and whether the charger has taken a router's word and a forged answer from the car's side. Everything that our programs
open listens here on all interfaces, which the real ones mostly do not: the firewall is tried alone.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path

from v2h.config.loading import load
from v2h.oneshot.firewall import Needs, rules
from v2h.rig.netspace import NetSpace, ip

CCS = '[ccs]\ninsulation_monitor = "serial:/dev/v2h-imd?unit=3"\n'
FACES = '[meter.grid]\nkind = "sma"\n[gateway.websocket]\nlisten = "0.0.0.0:5555"\n'
CONFIGURED = {"ccs": FACES + CCS, "no ccs": FACES}
TCP = {22: "ssh", 80: "page", 1883: "broker", 5555: "old page", 61851: "ccs"}
UDP = {546: "DHCPv6", 5353: "mDNS", 9522: "meter", 15118: "SDP", 40000: "any"}
LINK, HOME, HOME_4, HOUSE_4 = "fe80::5e", "2001:db8::1", "192.0.2.1", "192.0.2.2"
CHARGER_MAC = "02:00:00:00:5e:01"
BY_HOUSE, BY_HOUSE_4 = "car to the house's address", "car to the house's IPv4 address"
FORGED, ROUTED = "a forged answer", "a router"
ALL = sorted([*TCP.values(), *UDP.values()])
OF_HOUSE = ["mDNS", "meter", "old page", "page", "ssh"]
SHUT: dict[str, object] = {BY_HOUSE: [], BY_HOUSE_4: [], FORGED: False, ROUTED: False}
WANTED: dict[str, dict[str, object]] = {
    "no rules": {
        "car": ALL,
        BY_HOUSE: sorted(UDP.values()),
        BY_HOUSE_4: sorted(UDP.values()),
        "house": ALL,
        FORGED: True,
        ROUTED: True,
    },
    "ccs": {**SHUT, "car": ["SDP", "ccs"], "house": OF_HOUSE},
    "no ccs": {**SHUT, "car": [], "house": OF_HOUSE},
}
"""What is to be seen in each stage, by the side from which it is tried. Without rules everything that is tried can be
reached, but TCP by an address of the house, whose answers go to the house."""
QUIET_S, LONG_S = 0.5, 60.0
"""For what is wanted is waited long, and then for what else may come so long as nothing has come."""
ROUTER = bytes.fromhex("8600000040000708" + "00" * 8 + "0304 40c0 00000e10 00000e10 00000000 20010db80bad" + "00" * 10)
"""A router advertisement: a default route for 30 min, and the prefix 2001:db8:bad::/64."""


class Charger:
    """Programs that listen on everything."""

    def __init__(self) -> None:
        self.tcp = {port: socket.create_server(("::", port), family=socket.AF_INET6) for port in TCP}
        self.udp = {port: socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) for port in UDP}
        for port, node in self.udp.items():
            node.bind(("::", port))
            node.setblocking(False)

    def heard(self, word: bytes) -> set[int]:
        """The UDP ports at which this word has arrived."""
        return {port for port, node in self.udp.items() if word in received(node)}


def received(node: socket.socket) -> list[bytes]:
    found = []
    with suppress(BlockingIOError):
        while True:
            found.append(node.recv(100))
    return found


def reached(charger: Charger, space: NetSpace, address: str, interface: str, wanted: object) -> list[str]:
    """The doors that somebody in this namespace reaches at this address, by name."""
    assert isinstance(wanted, list)
    with space.inside():
        scope = socket.if_nametoindex(interface) if address.startswith("fe80") else 0
        tried = {port: socket.socket(socket.AF_INET6, socket.SOCK_STREAM) for port in TCP}
        shouting = socket.socket(socket.AF_INET6, socket.SOCK_DGRAM)
    word, found, news_t = os.urandom(8), set[str](), time.monotonic()
    deadline = news_t + LONG_S
    for port, node in tried.items():
        node.setblocking(False)
        node.connect_ex((address, port, 0, scope))
    while time.monotonic() - news_t < QUIET_S or (set(wanted) - found and time.monotonic() < deadline):
        for port in UDP:
            shouting.sendto(word, (address, port, 0, scope))
        time.sleep(0.02)
        more = {UDP[port] for port in charger.heard(word)} | {TCP[port] for port, node in tried.items() if up(node)}
        if more - found:
            found, news_t = found | more, time.monotonic()
    for node in (*tried.values(), shouting):
        node.close()
    return sorted(found)


def up(node: socket.socket) -> bool:
    try:
        node.getpeername()
    except OSError:
        return False
    return True


def forged(car: NetSpace, wanted: object) -> bool:
    """The charger asks a machine of the house. Does it hear an answer that the car gives in that machine's name?"""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.bind((HOME_4, 0))
        asking.sendto(b"time?", (HOUSE_4, 123))
        asking.settimeout(LONG_S if wanted else QUIET_S)
        with car.inside():
            answering = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        with answering:
            answering.bind((HOUSE_4, 123))
            answering.sendto(b"never", asking.getsockname())
            try:
                return asking.recv(100) == b"never"
            except OSError:
                return False


def routed(car: NetSpace, wanted: object) -> bool:
    """Does the charger take an address and a route from a car that says that it is a router?"""
    with car.inside():
        router = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
        scope = socket.if_nametoindex("car0")
    with router:
        router.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
        router.sendto(ROUTER, ("ff02::1", 0, 0, scope))
    deadline = time.monotonic() + (LONG_S if wanted else QUIET_S)
    while time.monotonic() < deadline:
        if "20010db80bad" in Path("/proc/net/if_inet6").read_text():
            return True
        time.sleep(0.02)
    return False


def network(car: NetSpace, house: NetSpace) -> None:
    ip("link", "set", "lo", "up")
    for ours, mac, theirs, space in (
        ("plc0", CHARGER_MAC, "car0", car),
        ("home0", "02:00:00:00:5e:02", "house0", house),
    ):
        ip("link", "add", "name", ours, "address", mac, "type", "veth", "peer", "name", theirs)
        ip("link", "set", theirs, "netns", space.path)
        ip("link", "set", ours, "addrgenmode", "none", "up")
    ip("address", "add", f"{LINK}/64", "dev", "plc0", "nodad")
    ip("address", "add", f"{HOME}/64", "dev", "home0", "nodad")
    ip("address", "add", f"{HOME_4}/24", "dev", "home0")
    Path("/proc/sys/net/ipv6/conf/plc0/accept_ra").write_text("2")
    for space, interface, address in ((car, "car0", "2001:db8::3"), (house, "house0", "2001:db8::2")):
        with space.inside():
            ip("link", "set", interface, "addrgenmode", "none", "up")
            ip("address", "add", f"fe80::{interface == 'car0':x}e/64", "dev", interface, "nodad")
            ip("address", "add", f"{address}/64", "dev", interface, "nodad")
            ip("address", "add", f"{HOUSE_4}/24", "dev", interface)
    with car.inside():  # a hostile car needs no answer to find the house's address behind the modem
        ip("neighbour", "add", HOME, "lladdr", CHARGER_MAC, "dev", "car0")
        ip("neighbour", "add", HOME_4, "lladdr", CHARGER_MAC, "dev", "car0")


def load_rules(nft: str, toml: str) -> None:
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(toml)
        file.flush()
        config = load([Path(file.name)])
    assert config.errors == ()
    subprocess.run([nft, "-f", "-"], input=rules(Needs(config, has_key=True)), text=True, check=True)


def main(nft: str) -> None:
    car, house = NetSpace(), NetSpace()
    network(car, house)
    charger = Charger()
    found = {}
    for stage, wanted in WANTED.items():
        if stage in CONFIGURED:
            load_rules(nft, CONFIGURED[stage])
        ip("neighbour", "flush", "dev", "plc0")
        with car.inside():
            ip("neighbour", "flush", "dev", "car0")  # leaves what is permanent
        found[stage] = {
            "car": reached(charger, car, LINK, "car0", wanted["car"]),
            BY_HOUSE: reached(charger, car, HOME, "car0", wanted[BY_HOUSE]),
            BY_HOUSE_4: reached(charger, car, f"::ffff:{HOME_4}", "car0", wanted[BY_HOUSE_4]),
            "house": reached(charger, house, HOME, "house0", wanted["house"]),
            FORGED: forged(car, wanted[FORGED]),
            ROUTED: routed(car, wanted[ROUTED]),
        }
        ip("-6", "address", "flush", "dev", "plc0", "to", "2001:db8:bad::/64")
    print(json.dumps(found))


if __name__ == "__main__":
    main(sys.argv[1])
