"""The firewall: everything from the network is dropped, except what the table DOORS lets in.

    python3 -m v2h.oneshot.firewall [--print]   gives the rules to nft, or prints them

systemd runs it as root before the tree and ssh start, and again when the owner's edits of v2h.toml change, because a
door is open only while the configuration needs it. Connections that this machine opens itself (meters, names, time)
need no door: their answers belong to a known connection. A program that listens to the network adds a row here, and
README.md lists the rows.
"""

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from v2h.ccs import sdp
from v2h.config.files import config_paths
from v2h.config.loading import load
from v2h.config.meter_kinds import SmaMeter
from v2h.config.page_edits import read_edits
from v2h.config.site import Config
from v2h.meters.sma import PORT as SMA_PORT
from v2h.ports.plc import INTERFACE
from v2h.runtime.paths import SITE_EDITS

NFT = "/usr/sbin/nft"
OWNERS_KEYS = Path("/boot/firmware/authorized_keys")
LOOPBACK = ("localhost", "127.", "[::1]")


class Needs(NamedTuple):
    """What decides which doors are open. has_key: the card holds an ssh key of the owner."""

    config: Config
    has_key: bool


class Door(NamedTuple):
    """One row. port: the open port, None while the door is closed. match: a further condition of nft's, or ""."""

    program: str
    what: str
    protocol: str
    port: Callable[[Needs], int | None]
    match: str = ""


def _page(needs: Needs) -> int | None:
    host, _, port = needs.config.web.listen.rpartition(":")
    return None if host.startswith(LOOPBACK) else int(port)


def _ssh(needs: Needs) -> int | None:
    return 22 if needs.has_key else None


def _old_page(needs: Needs) -> int | None:
    listen = needs.config.gateway.websocket.listen
    return None if not listen or listen.startswith(LOOPBACK) else int(listen.rpartition(":")[2])


def _multicast_meter(needs: Needs) -> int | None:
    meters = needs.config.meter.values()
    used = [*meters, *(meter.fallback for meter in meters)]
    return SMA_PORT if any(isinstance(meter, SmaMeter) for meter in used) else None


def _car_asks(needs: Needs) -> int | None:
    return None if needs.config.ccs is None else sdp.PORT


def _car_speaks(needs: Needs) -> int | None:
    return None if needs.config.ccs is None else sdp.TCP_PORT


FROM_CAR = f'iifname "{INTERFACE}" ip6 saddr fe80::/10'
NEIGHBOURS = f'iifname "{INTERFACE}" icmpv6 type {{ nd-neighbor-solicit, nd-neighbor-advert }} accept'
"""How a car finds the hardware address of the charger. Everything else of ICMP, a router's words too, stays out."""
DOORS = (
    Door("web", "the page", "tcp", _page),
    Door("sshd", "the owner's shell", "tcp", _ssh),
    Door("systemd-resolved", "the name v2h.local", "udp", lambda _: 5353),
    Door("systemd-networkd", "an address by DHCP", "udp", lambda _: 68, "udp sport 67"),
    Door("systemd-networkd", "an address by DHCPv6", "udp", lambda _: 546, "ip6 saddr fe80::/10 udp sport 547"),
    Door("gateway", "the predecessor's page", "tcp", _old_page),
    Door("meter", "an SMA or TQ meter", "udp", _multicast_meter),
    Door("ccs", "a CCS car asks where the charger is", "udp", _car_asks, FROM_CAR),
    Door("ccs", "a CCS car speaks to the charger", "tcp", _car_speaks, FROM_CAR),
)


def rules(needs: Needs) -> str:
    """The whole rule set in nft's language. It replaces the one that is loaded, in one step."""
    doors = [(door, door.port(needs)) for door in DOORS]
    opened = {
        f'{door.match} {door.protocol} dport {port} accept comment "{door.program}: {door.what}"'.strip(): door
        for door, port in doors
        if port is not None
    }
    for_cars = [line for line, door in opened.items() if door.match == FROM_CAR]
    accepted = [
        'iifname "lo" accept',
        # A car is a stranger: it reaches no door but its own, and none at all without [ccs] or with an error in it.
        # These rows come before the known connections, whose packets a car could forge.
        *([*for_cars, NEIGHBOURS] if for_cars else []),
        f'iifname "{INTERFACE}" drop',
        "ct state established,related accept",
        # Errors, ping, and how neighbours, routers and multicast groups are found.
        "meta l4proto { icmp, igmp, ipv6-icmp } accept",
        *(line for line, door in opened.items() if door.match != FROM_CAR),
    ]
    return "\n".join(
        [
            "table inet v2h",
            "delete table inet v2h",
            "table inet v2h {",
            "\tchain input {",
            "\t\ttype filter hook input priority filter; policy drop;",
            *(f"\t\t{line}" for line in accepted),
            "\t}",
            "\tchain forward {",
            "\t\ttype filter hook forward priority filter; policy drop;",
            "\t}",
            "}",
            "",
        ]
    )


def has_key(path: Path) -> bool:
    """Whether the file has a line that is no comment. False when it cannot be read, as for ssh.service itself."""
    try:
        lines = path.read_text("utf-8", "replace").splitlines()
    except OSError:
        return False
    return any(line.strip() and not line.lstrip().startswith("#") for line in lines)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python3 -m v2h.oneshot.firewall", description="Load the firewall's rules.")
    parser.add_argument("--print", action="store_true", help="print the rules and load nothing")
    arguments = parser.parse_args()
    text = rules(Needs(load(config_paths(), read_edits(SITE_EDITS)), has_key(OWNERS_KEYS)))
    if arguments.print:
        print(text, end="")
        return 0
    done = subprocess.run([NFT, "-f", "-"], input=text, text=True, check=False)
    if done.returncode != 0:
        print("v2h-firewall: nft refused the rules, so every port that a program opens can be reached", file=sys.stderr)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
